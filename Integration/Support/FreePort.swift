// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// Ports of the loopback for servers of tests: none is given twice in a run, and nobody listens at one that is given.
/// All lie below those that the kernel gives to connections.
enum FreePort {
    private static let given = Mutex<Set<Int>>([])

    /// One for a server of PostgreSQL.
    static func ofPostgres() throws -> Int { try next(in: 30_000..<32_700, with: []) }

    /// One for a server of Redis. The nodes of a cluster listen 10,000 above, too.
    static func ofRedis() throws -> Int { try next(in: 10_000..<20_000, with: [10_000]) }

    private static func next(in range: Range<Int>, with offsets: [Int]) throws -> Int {
        for _ in 0..<1000 {
            let port = Int.random(in: range)
            guard given.withLock({ $0.insert(port).inserted }) else { continue }
            if isFree(port), offsets.allSatisfy({ isFree(port + $0) }) { return port }
        }
        throw TestFailure("no port of \(range) is free")
    }

    private static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe bind(descriptor, address, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
