// SPDX-License-Identifier: Apache-2.0

import Anchors
import Changelog
import Faults
import RedisKeyspace

/// What becomes of every lane of an export, and which shards begin one. A value that does nothing.
struct Arrangement {
    /// A history that does not go on.
    struct Break {
        let shard: AnchoredShard
        let kind: AnchorKind
        let reason: String
        /// What the lane's facts are behind it.
        let facts: ShardFacts

        /// Whether an anchor tells of it already.
        var isRecorded: Bool { shard.facts.awaitsSnapshot && facts.awaitsSnapshot }
    }

    /// A lane that begins, or begins anew, with all data of a node.
    struct Beginning {
        let name: String
        let epoch: UInt16
        let node: ShardNode
    }

    let nodes: [ShardNode]
    let isFirst: Bool
    private(set) var breaks: [Break] = []
    /// Lanes that go on, and where.
    private(set) var going: [(shard: AnchoredShard, node: ShardNode)] = []
    private var renewed: [(shard: AnchoredShard, node: ShardNode)] = []
    private var newNodes: [ShardNode] = []
    private var highest = 0
    /// How far every followed server was when the run began to look, by lane.
    private var ends: [String: UInt64] = [:]

    /// Arranges the lanes behind an anchor; `isAgain` says that all shards are to be read anew.
    init(_ anchor: Anchor?, _ nodes: [ShardNode], isAgain: Bool) {
        self.nodes = nodes
        isFirst = anchor == nil
        let lanes = anchor?.lanes ?? []
        highest = lanes.compactMap { Int($0.lane.name.dropFirst(Self.prefix.count)) }.max() ?? 0
        let shards = lanes.compactMap { AnchoredShard($0.lane, at: $0.to, facts: $0.facts) }
        let plan = ShardPlan(shards, nodes)
        newNodes = plan.newNodes.map { nodes[$0] }
        for (shard, step) in zip(shards, plan.steps) {
            switch step {
            case .goesOn(let node) where isAgain && !nodes[node].slots.isEmpty:
                lose(.lost("a new snapshot was asked for"), shard, nodes[node])
            case .goesOn(let node): going.append((shard, nodes[node]))
            case .broken(let verdict, let node): lose(verdict, shard, nodes[node])
            case .left: continue
            case .gone(let reason):
                var facts = shard.facts
                facts.slots = SlotRanges([])
                facts.awaitsSnapshot = false
                breaks.append(Break(shard: shard, kind: .unknown, reason: reason, facts: facts))
            }
        }
    }

    private static let prefix = "shard-"

    /// A lane cannot be gone on with after all.
    mutating func lose(_ verdict: ResumeVerdict, _ shard: AnchoredShard, _ node: ShardNode) {
        going.removeAll { $0.shard.lane.name == shard.lane.name }
        var facts = shard.facts
        facts.awaitsSnapshot = true
        switch verdict {
        case .goesOn: return
        case .lost(let reason): breaks.append(Break(shard: shard, kind: .gap, reason: reason, facts: facts))
        case .fork(_, let reason): breaks.append(Break(shard: shard, kind: .fork, reason: reason, facts: facts))
        }
        renewed.append((shard, node))
    }

    /// The lanes that begin with this anchor. New ones are named in the order of their slots.
    func beginnings(isBare: Bool) throws(Fault) -> [Beginning] {
        var beginnings: [Beginning] = []
        for (shard, node) in renewed {
            guard shard.lane.epoch < .max else {
                throw Fault(
                    .exportFormat, "\(shard.lane.name) has no epoch left", hint: "begin another export with --to")
            }
            beginnings.append(Beginning(name: shard.lane.name, epoch: shard.lane.epoch + 1, node: node))
        }
        for (number, node) in newNodes.enumerated() {
            beginnings.append(Beginning(name: "\(Self.prefix)\(highest + number + 1)", epoch: 1, node: node))
        }
        return beginnings
    }

    /// The shard with the end of the run, if that is what is there now.
    func aimed(_ shard: OpenShard, _ isAimed: Bool) -> OpenShard {
        guard isAimed, let node = nodes.first(where: { $0.id == shard.facts.node }) else { return shard }
        var aimed = shard
        aimed.target = Position(rawValue: max(node.server.state.offset, shard.offset))
        return aimed
    }

    /// Who the source is, as anchors record it.
    var identity: SourceIdentity {
        guard let server = nodes.first?.server else {
            return SourceIdentity(kind: "redis", facts: [:], notation: .clock)
        }
        return SourceIdentity(
            kind: server.valkeyVersion == nil ? "redis" : "valkey",
            facts: [
                "mode": .text("replication"), "topology": .text("cluster"),
                "serverVersion": .text(server.valkeyVersion ?? server.version),
            ], notation: .clock)
    }
}
