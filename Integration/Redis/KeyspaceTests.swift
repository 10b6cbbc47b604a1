// SPDX-License-Identifier: Apache-2.0

import Foundation
import Hiredis
import Testing

extension IntegrationSuites {
    /// The export of a keyspace is the keyspace.
    @Suite("The keyspace", .serialized)
    struct KeyspaceTests {
        @Test("snapshot and stream replayed are the source, by its own digest", arguments: RedisPrograms.all)
        func digest(programs: RedisPrograms) throws {
            let scene = try KeyspaceScene(programs)
            let seed = KeyspaceCount.seed
            print("seed \(seed)")
            var load = KeyspaceLoad(seed: seed)
            var connection = try scene.server.connect()
            try load.write(KeyspaceCount.steps, over: &connection)
            try scene.catchUp()
            try load.write(KeyspaceCount.steps, over: &connection)
            try scene.expectSameDigest()
            #expect(try scene.fullSyncCount() == 1)
        }
    }
}

/// How much of everything.
enum KeyspaceCount {
    private static func number(_ name: String, _ standard: Int) -> Int {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? standard
    }

    static let steps = number("KEDGE_TEST_REDIS_STEPS", 4000)
    static let kills = number("KEDGE_TEST_KILLS", 5)
    static let restarts = number("KEDGE_TEST_RESTARTS", 2)
    static let seed = UInt64(number("KEDGE_TEST_SEED", Int.random(in: 0..<1_000_000_000)))
}
