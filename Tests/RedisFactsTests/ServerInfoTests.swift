// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import RedisFacts

/// What a server says of itself.
@Suite struct ServerInfoTests {
    private static let text = """
        # Server\r
        redis_version:7.0.15\r
        run_id:abc\r
        \r
        # Replication\r
        role:master\r
        # Commandstats\r
        cmdstat_xadd:calls=12,usec=30,usec_per_call=2.50,rejected_calls=0,failed_calls=0\r
        cmdstat_del:calls=3,usec=3\r
        cmdstat_rename:calls=1,usec=1\r
        cmdstat_xsetid:calls=2,usec=1\r
        cmdstat_json.set:calls=4,usec=1\r
        cmdstat_config|get:calls=9,usec=1\r
        cmdstat_xinfo|stream:calls=90,usec=1\r
        # Stats\r
        expired_keys:5\r
        evicted_keys:6\r
        """

    @Test func `fields are found by name, and headings are none`() {
        let info = ServerInfo(Self.text)
        #expect(info.version == "7.0.15" && info.runID == "abc" && info.isMaster)
        #expect(info["# Server"] == nil && info.number("expired_keys") == 5)
        #expect(info.isAtLeast(7, 0) && info.isAtLeast(6, 2) && !info.isAtLeast(7, 2))
    }

    @Test func `calls are counted by what they can do to a stream, and an unknown command can do everything`() {
        let counts = CommandCounts(ServerInfo(Self.text))
        #expect(counts == CommandCounts(server: "abc", adding: 12, removing: 14, replacing: 1, editing: 6))
        #expect(CommandCounts(counts.description) == counts)
    }

    @Test func `a replica and a server that counts nothing say nothing`() {
        let replica = ServerInfo(Self.text.replacing("role:master", with: "role:slave"))
        #expect(CommandCounts(replica).server == nil)
        #expect(CommandCounts(ServerInfo("run_id:a\nrole:master")).server == nil)
    }

    @Test func `who was a replica in between counts in another history`() {
        let text = "run_id:a\nrole:master\nmaster_replid:h1\ncmdstat_xadd:calls=5,usec=2"
        let before = CommandCounts(ServerInfo(text))
        let after = CommandCounts(ServerInfo(text.replacing("h1", with: "h2")))
        #expect(before.server == "a/h1" && CommandCounts(before.description) == before)
        #expect(CommandEvidence(from: before, to: after) == .none)
        #expect(CommandEvidence(from: before, to: before).provesIdentity(added: 0))
    }

    @Test func `a key that is given away to another server is gone here, and no other stands in its place`() {
        let given = CommandCounts(ServerInfo("run_id:a\nrole:master\ncmdstat_migrate:calls=3,usec=2"))
        #expect(given.removing == 3 && given.replacing == 0)
        let taken = CommandCounts(ServerInfo("run_id:a\nrole:master\ncmdstat_restore-asking:calls=3,usec=2"))
        #expect(taken.removing == 0 && taken.replacing == 3)
    }

    @Test func `forgetting the counts is as good as knowing none`() {
        let counts = CommandCounts(ServerInfo("run_id:a\nrole:master\ncmdstat_config|resetstat:calls=1,usec=2"))
        #expect(counts.editing == 1)
        let before = CommandCounts(server: "a", adding: 5, removing: 0, replacing: 0, editing: 0)
        #expect(CommandEvidence(from: before, to: counts) == .none)
    }

    @Test(arguments: [
        // Nothing can have taken the stream away.
        (0, 9, 5, true),
        // Something can, and nobody can have added so much since.
        (1, 4, 5, true),
        (1, 5, 5, false),
    ])
    func `a stream is the one that it was when no other can be there`(
        removed: Int64, added: Int64, says: Int64, isProven: Bool
    ) {
        let before = CommandCounts(server: "a", adding: 100, removing: 7, replacing: 0, editing: 3)
        let now = CommandCounts(server: "a", adding: 100 + added, removing: 7 + removed, replacing: 0, editing: 3)
        #expect(CommandEvidence(from: before, to: now).provesIdentity(added: says) == isProven)
    }

    @Test func `other servers, replaced keys and edited counters prove nothing`() {
        let before = CommandCounts(server: "a", adding: 100, removing: 7, replacing: 0, editing: 3)
        func evidence(_ server: String?, _ replacing: Int64, _ editing: Int64) -> CommandEvidence {
            CommandEvidence(
                from: before,
                to: CommandCounts(server: server, adding: 100, removing: 7, replacing: replacing, editing: editing))
        }
        #expect(evidence("b", 0, 3) == .none && evidence(nil, 0, 3) == .none)
        #expect(!evidence("a", 1, 3).provesIdentity(added: 50) && evidence("a", 1, 3).counters == .untouched)
        #expect(evidence("a", 0, 4).counters == .edited && !evidence("a", 0, 4).provesIdentity(added: 50))
        #expect(evidence("a", 0, 2) == .none)
        #expect(CommandEvidence(from: nil, to: before) == .none)
    }
}
