// SPDX-License-Identifier: Apache-2.0

import Bytes
import Faults
import Foundation
import Hiredis
import RedisURI
import Testing

extension IntegrationSuites {
    /// Servers with a port for TLS: who can prove who it is, is spoken with, and nobody else.
    @Suite("TLS with Redis", .serialized)
    struct RedisTransportSecurityTests {
        private let papers: RedisCertificates
        private static let host = RedisCertificates.host

        init() throws { papers = try RedisCertificates() }

        @Test("a server that proves who it is, by number, by name and by a pattern, is spoken with")
        func accepted() throws {
            let ours = papers.file("ours.pem")
            let cases = [
                ("server", "cafile=\(ours)"), ("server", "cafile=\(ours)&servername=\(Self.host)"),
                ("wildcard", "cafile=\(ours)&sni=\(Self.host)"),
            ]
            for (paper, query) in cases {
                let server = try RedisServer(tls: papers.settings(showing: paper))
                #expect(try Self.size(of: server, query) == 300_000, "\(paper) \(query)")
            }
        }

        @Test("with a certificate of its own a client is let in where one is asked for")
        func clientCertificate() throws {
            let server = try RedisServer(tls: papers.settings(showing: "server", clients: .required))
            let ours = "cafile=\(papers.file("ours.pem"))"
            func identity(_ name: String) -> String {
                "&cert=\(papers.file(name + ".pem"))&key=\(papers.file(name + ".key"))"
            }
            #expect(try Self.size(of: server, ours + identity("client")) == 300_000)
            let without = try Self.refusal(of: server, ours)
            #expect(without.code == .redisTLS && "\(without)".contains("certificate required"), "\(without)")
            let impostor = try Self.refusal(of: server, ours + identity("impostor"))
            #expect(impostor.code == .redisTLS && "\(impostor)".contains("unknown ca"), "\(impostor)")
        }

        @Test("a server that cannot prove who it is hears no password, and it is said why")
        func refused() throws {
            let (ours, other) = ("cafile=\(papers.file("ours.pem"))", "cafile=\(papers.file("other.pem"))")
            let cases = [
                ("server", other, "nobody who is believed"), ("server", "timeout=10", "nobody who is believed"),
                ("stranger", ours, "nobody who is believed"), ("expired", ours, "expired"),
                ("named", ours, "not for 127.0.0.1"),
                ("server", ours + "&servername=elsewhere.test", "not for elsewhere.test"),
                ("server", ours + "&servername=127.0.0.2", "not for 127.0.0.2"),
                ("wildcard", ours + "&servername=kedge.test", "not for kedge.test"),
                ("wildcard", ours + "&servername=a.b.kedge.test", "not for a.b.kedge.test"),
            ]
            for (paper, query, words) in cases {
                let server = try RedisServer(settings: ["requirepass canary"], tls: papers.settings(showing: paper))
                let fault = try Self.refusal(of: server, query, credentials: ":canary@")
                #expect(fault.code == .redisUnverified && fault.message.contains(words), "\(paper) \(query): \(fault)")
                #expect(!"\(fault)".contains("canary"))
                #expect(fault.code.remedy == .ask)
            }
        }

        @Test("a server of old protocols, a plain port, and a port for TLS met in plain are told apart")
        func mistaken() throws {
            let ours = "cafile=\(papers.file("ours.pem"))"
            let old = try RedisServer(tls: papers.settings(showing: "server") + ["tls-protocols TLSv1.1"])
            let fault = try Self.refusal(of: old, ours)
            #expect(fault.code == .redisTLS, "\(fault)")
            let server = try RedisServer(tls: papers.settings(showing: "server"))
            let plain = try Self.refusal("rediss://127.0.0.1:\(server.port)?\(ours)&timeout=1s")
            #expect([.redisTLS, .redisUnreachable].contains(plain.code), "\(plain)")
            #expect("\(plain)".contains("check that the port speaks TLS"), "\(plain)")
            let secure = try Self.refusal("redis://127.0.0.1:\(try #require(server.tlsPort))?timeout=5s")
            #expect(secure.code == .redisUnreachable && "\(secure)".contains("rediss://"), "\(secure)")
        }

        @Test("files that hold no certificate or no usable key are named")
        func unusableFiles() throws {
            let server = try RedisServer(tls: papers.settings(showing: "server"))
            let ours = "cafile=\(papers.file("ours.pem"))"
            let client = papers.file("client.pem")
            let cases = [
                ("cafile=/no/such.pem", "/no/such.pem"), ("cafile=\(papers.file("ours.key"))", "ours.key"),
                (ours + "&cert=/no/such.pem&key=/no/such.key", "/no/such.pem"),
                (ours + "&cert=\(client)&key=/no/such.key", "/no/such.key"),
                (ours + "&cert=\(client)&key=\(papers.file("server.key"))", "server.key"),
                (ours + "&cert=\(client)&key=\(papers.file("locked.key"))", "locked.key"),
            ]
            for (query, name) in cases {
                let fault = try Self.refusal(of: server, query)
                #expect(fault.code == .settingInvalid && fault.message.contains(name), "\(fault)")
            }
        }

        @Test("large values and many commands pass through TLS whole")
        func volume() throws {
            let server = try RedisServer(tls: papers.settings(showing: "server"))
            var connection = try Self.connect(to: server, "cafile=\(papers.file("ours.pem"))")
            let value = (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
            let stored = try connection.run([Array("SET".utf8), Array("k".utf8), value])
            #expect(stored == .status("OK"))
            for _ in 0..<20 { try connection.enqueue("GET", "k") }
            for _ in 0..<20 {
                try connection.awaitReply()
                let isSame = value.withRawSpan { connection.reply.bytes.isEqual(to: $0) }
                #expect(isSame)
            }
        }

        private static func address(_ server: RedisServer, _ query: String, credentials: String = "") throws -> String {
            "rediss://\(credentials)127.0.0.1:\(try #require(server.tlsPort))?\(query)"
        }

        private static func connect(to server: RedisServer, _ query: String) throws -> RedisConnection {
            let address = try RedisAddress(parsing: Redacted(address(server, query)))
            return try RedisConnection.connect(to: address.endpoints[0], as: address)
        }

        /// Writes and reads a value of 300,000 bytes over TLS; returns how long it is.
        private static func size(of server: RedisServer, _ query: String) throws -> Int {
            var connection = try connect(to: server, query)
            let value = String(repeating: "0123456789", count: 30_000)
            _ = try connection.run("SET", "value", value).orFault()
            guard try connection.run("GET", "value").text == value else { throw TestFailure("another value came back") }
            return value.utf8.count
        }

        private static func refusal(of server: RedisServer, _ query: String, credentials: String = "") throws -> Fault {
            try refusal(address(server, query, credentials: credentials))
        }

        private static func refusal(_ text: String) throws -> Fault {
            let address = try RedisAddress(parsing: Redacted(text))
            do throws(Fault) {
                _ = try RedisConnection.connect(to: address.endpoints[0], as: address)
            } catch {
                return error
            }
            throw TestFailure("\(Redacted(text)) was accepted")
        }
    }
}
