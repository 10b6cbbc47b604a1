// SPDX-License-Identifier: Apache-2.0

/// Which shard of a cluster goes on with which lane of an export. A value that decides and does nothing.
///
/// A lane belongs to whoever has its history: the server with its identifier, or one that was promoted and had it before.
/// Names of nodes and slots only tell who takes the place of a history that nobody has.
public struct ShardPlan: Hashable, Sendable {
    /// What becomes of a lane; nodes are numbers of those that were given.
    public enum Step: Hashable, Sendable {
        /// The node has what follows.
        case goesOn(node: Int)
        /// The node is the shard's, and does not have what follows.
        case broken(ResumeVerdict, node: Int)
        /// The shard owned nothing any more, and its server is gone: the lane stands still.
        case left
        /// The shard owned slots, and none of the servers has its history or its place: others own its slots now.
        case gone(String)
    }

    /// One step for each lane.
    public private(set) var steps: [Step]
    /// The nodes that own slots and have no lane yet.
    public private(set) var newNodes: [Int] = []

    /// Decides.
    public init(_ lanes: [AnchoredShard], _ nodes: [ShardNode]) {
        var taken: Set<Int> = []
        var found = [Step?](repeating: nil, count: lanes.count)
        func assign(_ choose: (AnchoredShard, [Int]) -> (Int, ResumeVerdict)?) {
            for (number, lane) in lanes.enumerated() where found[number] == nil {
                guard let (node, verdict) = choose(lane, nodes.indices.filter { !taken.contains($0) }) else { continue }
                taken.insert(node)
                found[number] = verdict == .goesOn ? .goesOn(node: node) : .broken(verdict, node: node)
            }
        }
        assign { Self.successor(of: $0, among: $1, nodes) }
        // Who owns nothing has nothing to begin anew with.
        let owners = nodes.indices.filter { !nodes[$0].slots.isEmpty }
        assign { Self.sameHistory(as: $0, among: $1.filter(owners.contains), nodes) }
        assign { lane, free in
            free.first { owners.contains($0) && nodes[$0].id == lane.facts.node }.map {
                ($0, Self.verdict(lane, nodes[$0]))
            }
        }
        assign { Self.heir(of: $0, among: $1, nodes) }
        steps = zip(lanes, found).map { lane, step in
            step ?? (lane.facts.slots.isEmpty && !lane.facts.awaitsSnapshot ? .left : .gone(Self.goneReason))
        }
        newNodes = nodes.indices.filter { !taken.contains($0) && !nodes[$0].slots.isEmpty }
    }

    private static let goneReason =
        "its slots belong to other shards now and no server has its history: what it said last may be missing"

    /// Who can go on: rather the node of the same name, rather one that has not changed its history's name.
    private static func successor(
        of lane: AnchoredShard, among free: [Int], _ nodes: [ShardNode]
    ) -> (Int, ResumeVerdict)? {
        let able = free.filter { verdict(lane, nodes[$0]) == .goesOn }
        let best =
            able.first { nodes[$0].id == lane.facts.node }
            ?? able.first { nodes[$0].server.state.replicationID == lane.facts.replicationID } ?? able.first
        return best.map { ($0, .goesOn) }
    }

    /// Who has the history, and not what follows.
    private static func sameHistory(
        as lane: AnchoredShard, among free: [Int], _ nodes: [ShardNode]
    ) -> (Int, ResumeVerdict)? {
        free.first {
            let state = nodes[$0].server.state
            return state.replicationID == lane.facts.replicationID || state.formerID == lane.facts.replicationID
        }.map { ($0, verdict(lane, nodes[$0])) }
    }

    /// Who owns most of the slots now.
    private static func heir(
        of lane: AnchoredShard, among free: [Int], _ nodes: [ShardNode]
    ) -> (Int, ResumeVerdict)? {
        let best = free.max {
            nodes[$0].slots.common(with: lane.facts.slots) < nodes[$1].slots.common(with: lane.facts.slots)
        }
        guard let best, nodes[best].slots.common(with: lane.facts.slots) > 0 else { return nil }
        return (best, verdict(lane, nodes[best]))
    }

    /// A snapshot that was announced and is not there cannot be gone on from.
    private static func verdict(_ lane: AnchoredShard, _ node: ShardNode) -> ResumeVerdict {
        lane.facts.awaitsSnapshot
            ? .lost("the snapshot behind the gap was not finished") : ResumeVerdict(lane.point, at: node.server.state)
    }
}
