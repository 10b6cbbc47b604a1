// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Runtime

@Suite struct AnchorPolicyTests {
    private let policy = AnchorPolicy(
        interval: .seconds(10), transactionCount: 100, byteCount: 1000, idleInterval: .seconds(60), idleDistance: 500)

    @Test(arguments: [
        (0, 1, 0, false), (9, 99, 999, false), (10, 1, 0, true), (0, 100, 0, true), (0, 1, 1000, true),
    ])
    func `an anchor is due by time, by transactions or by bytes`(
        seconds: Int, transactions: Int, bytes: Int, isDue: Bool
    ) {
        #expect(policy.isDue(waiting: .seconds(seconds), transactions: transactions, bytes: bytes) == isDue)
    }

    @Test(arguments: [(0, 1, false), (59, 499, false), (60, 1, true), (0, 500, true), (3600, 0, false)])
    func `a move without changes is due by time or by distance, and no move never`(
        seconds: Int, distance: Int, isDue: Bool
    ) {
        #expect(policy.isIdleDue(waiting: .seconds(seconds), distance: UInt64(distance)) == isDue)
    }
}
