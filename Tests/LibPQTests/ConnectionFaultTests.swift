// SPDX-License-Identifier: Apache-2.0

import Faults
import Testing

@testable import LibPQ

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite struct ConnectionFaultTests {
    private static let server = "connection to server at \"db\" (10.0.0.7), port 5432 failed: "

    @Test(arguments: [
        "FATAL:  password authentication failed for user \"x\"", "FATAL:  database \"x\" does not exist",
        "FATAL:  no pg_hba.conf entry for replication connection", "fe_sendauth: no password supplied",
        "server does not support SSL, but SSL was required", "root certificate file \"x\" does not exist",
        "invalid sslmode value: \"x\"", "definition of service \"x\" not found",
    ])
    func `a server that refuses is not asked again`(words: String) {
        let fault = connectionFault(Self.server + words)
        #expect(fault.code == .postgresRefused && fault.detail == Self.server + words)
    }

    @Test(arguments: [
        "Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?",
        "Connection timed out", "timeout expired", "server closed the connection unexpectedly",
        "FATAL:  the database system is starting up", "FATAL:  the database system is shutting down",
        "FATAL:  the database system is in recovery mode", "FATAL:  sorry, too many clients already",
        "FATAL:  the database system is not yet accepting connections",
        "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute",
        "FATAL:  too many connections for role \"x\"", "FATAL:  too many connections for database \"x\"",
        "FATAL:  terminating connection due to administrator command",
    ])
    func `a server that cannot be reached may be reached later`(words: String) {
        #expect(connectionFault(Self.server + words).code == .postgresUnreachable)
    }

    @Test(arguments: [
        "postgresql://u:can%zzary@127.0.0.1:1/db", "postgresql://u:canary@[::1/db", "postgresql://u:canary@[::1]x/db",
        "host=127.0.0.1 port=1 password=a canary", "host=127.0.0.1 password=' canary", "postgresql://u:canary@h/d?a",
        "postgresql://canary/x@h/db?port=no", "postgresql://u:canary/x@h/db", "postgresql://u:x@canary@h.invalid/db",
    ])
    func `what libpq quotes of a connection string is not passed on`(source: String) throws {
        let fault = #expect(throws: Fault.self) { _ = try connect(source) }
        let text = try #require(fault?.description)
        #expect(!text.contains("canary") && !text.contains("zzary"), "\(text)")
    }

    @Test func `a closed port is unreachable, in libpq's words and without the password`() throws {
        let port = try closedPort()
        let fault = #expect(throws: Fault.self) { _ = try connect("postgresql://u:canary@127.0.0.1:\(port)/db") }
        #expect(fault?.code == .postgresUnreachable)
        #expect(fault?.detail?.contains("Connection refused") == true)
        #expect(fault?.detail?.contains("\(port)") == true)
        #expect(fault?.description.contains("canary") == false)
    }

    @Test func `defaults give way to the connection string, overrides do not`() throws {
        let port = try closedPort()
        let fault = #expect(throws: Fault.self) {
            _ = try PQConnection.connect(
                Redacted("host=127.0.0.1 port=1"), defaults: [("host", "127.0.0.2"), ("port", "2")],
                overrides: [("port", "\(port)")])
        }
        #expect(fault?.detail?.contains("127.0.0.1") == true && fault?.detail?.contains("\(port)") == true)
    }

    private func connect(_ source: String) throws(Fault) -> Int {
        try PQConnection.connect(Redacted(source), defaults: [("connect_timeout", "5")], overrides: []).serverVersion
    }

    /// A port of this host at which nobody listens: bound and not listened at, then given back.
    private func closedPort() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe bind(descriptor, generic, length) == 0 ? unsafe getsockname(descriptor, generic, &length) : -1
            }
        }
        try #require(status == 0)
        return UInt16(bigEndian: address.sin_port)
    }
}
