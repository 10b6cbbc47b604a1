// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import RedisState

/// What the text of `INFO replication` says of when something was read.
@Suite("Stamps")
struct StateStampTests {
    private static let identifier = String(repeating: "a", count: 40)

    @Test("an offset counts in the history that the server names")
    func moving() {
        let stamp = StateStamp(
            "# Replication\r\nrole:master\r\nmaster_replid:\(Self.identifier)\r\nmaster_repl_offset:1234\r\nrepl_backlog_active:1\r\n"
        )
        #expect(stamp.offset == 1234 && stamp.replicationID == Self.identifier && stamp.motion == .moving)
    }

    @Test("a master without a backlog counts nothing, a replica always does")
    func standing() {
        let text = "master_replid:\(Self.identifier)\r\nmaster_repl_offset:0\r\nrepl_backlog_active:0\r\nrole:"
        #expect(StateStamp(text + "master").motion == .standing)
        #expect(StateStamp(text + "slave").motion == .moving)
    }

    @Test(
        "a server that tells no offset, or no history, gives no stamp",
        arguments: ["", "role:master", "master_repl_offset:12", "master_replid:abc", "master_repl_offset:-1"])
    func none(text: String) {
        #expect(StateStamp(text).motion == .none)
        #expect(StateStamp(text).offset == nil || StateStamp(text).replicationID == nil)
    }
}
