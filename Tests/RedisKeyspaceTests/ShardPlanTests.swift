// SPDX-License-Identifier: Apache-2.0

import Changelog
import RedisFacts
import RedisURI
import Testing

@testable import RedisKeyspace

@Suite("Which shard goes on with which lane")
struct ShardPlanTests {
    private func id(_ letter: Character) -> String { String(repeating: letter, count: 40) }

    private func node(
        _ name: String, _ history: Character, slots: String, offset: UInt64 = 500, former: Character? = nil,
        formerEnd: Int = -1
    ) throws -> ShardNode {
        let lines = [
            "role:master", "master_replid:\(id(history))", "master_repl_offset:\(offset)", "repl_backlog_size:1000",
            "master_replid2:\(id(former ?? "0"))", "second_repl_offset:\(formerEnd)", "repl_backlog_active:1",
            "repl_backlog_first_byte_offset:1",
        ]
        let state = try #require(ReplicationState(ServerInfo(lines.joined(separator: "\r\n"))))
        return ShardNode(
            id: name, endpoint: .tcp(host: "h", port: 1), slots: SlotRanges(text: slots),
            server: KeyspaceServer(version: "7.0", valkeyVersion: nil, state: state, inputByteRate: 0, settings: [:]))
    }

    private func shard(
        _ number: Int, _ node: String, _ history: Character, slots: String, offset: UInt64 = 300, awaits: Bool = false
    ) throws -> AnchoredShard {
        let lane = Lane(name: "shard-\(number)", epoch: 1, notation: .offset, start: .zero)
        let facts = ShardFacts(
            replicationID: id(history), node: node, slots: SlotRanges(text: slots), awaitsSnapshot: awaits)
        return try #require(
            AnchoredShard(lane, at: LanePoint(position: Position(rawValue: offset)), facts: facts.facts))
    }

    private func node(losing step: ShardPlan.Step) -> Int? {
        if case .broken(.lost, let node) = step { node } else { nil }
    }

    @Test("lanes go on where their histories are, in whatever order the nodes come")
    func order() throws {
        let plan = ShardPlan(
            [try shard(1, "x", "a", slots: "0-8191"), try shard(2, "y", "b", slots: "8192-16383")],
            [try node("y", "b", slots: "8192-16383"), try node("x", "a", slots: "0-8191")])
        #expect(plan.steps == [.goesOn(node: 1), .goesOn(node: 0)] && plan.newNodes == [])
    }

    @Test("a promoted node goes on under another name, up to where it was promoted")
    func promoted() throws {
        let lane = try shard(1, "x", "a", slots: "0-8191")
        let heir = try node("z", "c", slots: "0-8191", former: "a", formerEnd: 301)
        #expect(ShardPlan([lane], [heir]).steps == [.goesOn(node: 0)])
        let late = try node("z", "c", slots: "0-8191", former: "a", formerEnd: 300)
        guard case .broken(.fork(from: 299, _), node: 0)? = ShardPlan([lane], [late]).steps.first else {
            Issue.record("no fork")
            return
        }
    }

    @Test("the history counts, not the name or the slots")
    func history() throws {
        let lanes = [try shard(1, "x", "a", slots: "0-8191"), try shard(2, "y", "b", slots: "8192-16383")]
        let nodes = [try node("x", "b", slots: "0-8191"), try node("y", "a", slots: "8192-16383")]
        #expect(ShardPlan(lanes, nodes).steps == [.goesOn(node: 1), .goesOn(node: 0)])
    }

    @Test("a history that nobody has is broken at the node of its name, else at the heir of its slots")
    func broken() throws {
        let lane = try shard(1, "x", "a", slots: "0-8191")
        let named = ShardPlan([lane], [try node("y", "b", slots: "0-8191"), try node("x", "c", slots: "9000")])
        #expect(node(losing: named.steps[0]) == 1)
        #expect(named.newNodes == [0])
        let heirs = ShardPlan([lane], [try node("y", "b", slots: "8000-16383"), try node("z", "c", slots: "0-7999")])
        #expect(node(losing: heirs.steps[0]) == 1)
        #expect(heirs.newNodes == [0])
    }

    @Test("a node that owns nothing goes on with its lane and begins none")
    func vacant() throws {
        let lane = try shard(1, "x", "a", slots: "0-9")
        let plan = ShardPlan([lane], [try node("x", "a", slots: ""), try node("n", "d", slots: "")])
        #expect(plan.steps == [.goesOn(node: 0)] && plan.newNodes == [])
    }

    @Test("a node that owns nothing and has another history takes no lane's place")
    func vacantAndChanged() throws {
        let plan = ShardPlan([try shard(1, "x", "a", slots: "")], [try node("x", "b", slots: "")])
        #expect(plan.steps == [.left] && plan.newNodes == [])
    }

    @Test("a lane without slots is left with its server, one with slots is missed")
    func gone() throws {
        let left = try shard(1, "x", "a", slots: "")
        let missed = try shard(2, "y", "b", slots: "7")
        let other = try shard(3, "z", "c", slots: "0-6 8-16383")
        let plan = ShardPlan([left, missed, other], [try node("z", "c", slots: "0-16383")])
        #expect(plan.steps[0] == .left && plan.steps[2] == .goesOn(node: 0))
        if case .gone = plan.steps[1] {} else { Issue.record("\(plan)") }
    }

    @Test("a snapshot that was announced is taken, although the history goes on")
    func awaited() throws {
        let plan = ShardPlan(
            [try shard(1, "x", "a", slots: "0-16383", awaits: true)], [try node("x", "a", slots: "0-16383")])
        #expect(node(losing: plan.steps[0]) == 0)
    }

    @Test(
        "slots are written in ranges and read back",
        arguments: ["", "0-16383", "0-5 7 9-11", "16383"])
    func ranges(text: String) {
        #expect(SlotRanges(text: text).text == text)
    }

    @Test("what is no range of slots is passed over", arguments: ["x", "5-", "-5", "7-5", "16384", "0-16384", "1-2-3"])
    func noRange(text: String) {
        #expect(SlotRanges(text: text).isEmpty)
    }

    @Test("facts come back from an anchor")
    func facts() throws {
        let facts = ShardFacts(
            replicationID: id("a"), node: "n", slots: SlotRanges(text: "1-3 9"), awaitsSnapshot: true)
        #expect(ShardFacts(facts.facts) == facts)
        #expect(ShardFacts(["replid": .text("x")]) == nil)
    }
}
