// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import PostgresAdapter

@Suite struct ServerPatienceTests {
    @Test(arguments: [
        (0, 10_000, 120), (500, 200, 10), (3000, 1000, 10), (30_000, 10_000, 60), (60_000, 10_000, 120),
        (600_000, 10_000, 1200),
    ])
    func `the server hears of kedge well within its timeout, and silence has a limit`(
        timeout: Int, status: Int, silence: Int
    ) {
        let patience = ServerPatience(timeout: .milliseconds(timeout))
        #expect(patience.statusInterval == .milliseconds(status))
        #expect(patience.silenceLimit == .seconds(silence))
    }
}
