// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension IntegrationSuites {
    /// Streams to which anything is done at any time, with kedge stopped and running: what it says is missing is what is
    /// missing, or it says that it cannot tell.
    @Suite("Streams under torture", .serialized)
    struct StreamTortureTests {
        @Test("what is said to be missing is missing, and nothing else is", arguments: RedisPrograms.all)
        func torture(programs: RedisPrograms) throws {
            let rounds = Count.of("KEDGE_TEST_ROUNDS", default: 25)
            let seed = UInt64(Count.of("KEDGE_TEST_SEED", default: Int.random(in: 0...1_000_000_000)))
            print("Redis \(programs.version): seed \(seed), \(rounds) rounds")
            let torture = try StreamTorture(programs, seed: seed)
            for round in 0..<rounds { try torture.play(round) }
            try torture.scene.verify()
            print("Redis \(programs.version): \(torture.tally)")
        }
    }
}
