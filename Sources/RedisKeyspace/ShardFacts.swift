// SPDX-License-Identifier: Apache-2.0

public import Changelog
import RedisCluster

/// Ranges of slots, in order, as anchors write them: `0-8191 9000`.
public struct SlotRanges: Hashable, Sendable {
    /// The ranges.
    public let ranges: [ClosedRange<Int>]

    /// Takes ranges over as they are.
    public init(_ ranges: [ClosedRange<Int>]) {
        self.ranges = ranges
    }

    /// Reads what an anchor says; what is no range is passed over.
    public init(text: String) {
        ranges = text.split(separator: " ").compactMap { word in
            let ends = word.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1],
                0 <= first, first <= last, last < KeySlot.count
            else { return nil }
            return first...last
        }
    }

    /// What an anchor says.
    public var text: String {
        ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: " ")
    }

    /// Whether there is no slot.
    public var isEmpty: Bool { ranges.isEmpty }

    /// How many slots both have.
    func common(with other: SlotRanges) -> Int {
        ranges.reduce(0) { sum, range in
            sum
                + other.ranges.reduce(0) { sum, other in
                    range.overlaps(other) ? sum + range.clamped(to: other).count : sum
                }
        }
    }
}

/// What anchors remember of a shard, as facts of its lane.
public struct ShardFacts: Hashable, Sendable {
    /// The identifier of the server's history.
    public var replicationID: String
    /// The name of the shard's master in the cluster.
    public var node: String
    /// The slots that the shard owned when somebody last asked.
    public var slots: SlotRanges
    /// Whether a gap is anchored, and the snapshot behind it is not.
    public var awaitsSnapshot: Bool

    /// Makes facts.
    public init(replicationID: String, node: String, slots: SlotRanges, awaitsSnapshot: Bool = false) {
        self.replicationID = replicationID
        self.node = node
        self.slots = slots
        self.awaitsSnapshot = awaitsSnapshot
    }

    /// Reads what an anchor remembers; nil when that is not of a shard.
    public init?(_ facts: [String: SourceIdentity.Fact]) {
        guard case .text(let id)? = facts["replid"], case .text(let node)? = facts["node"],
            case .text(let slots)? = facts["slots"]
        else { return nil }
        self.init(
            replicationID: id, node: node, slots: SlotRanges(text: slots),
            awaitsSnapshot: facts["awaits"] == .text("snapshot"))
    }

    /// As anchors hold them.
    public var facts: [String: SourceIdentity.Fact] {
        var facts: [String: SourceIdentity.Fact] = [
            "replid": .text(replicationID), "node": .text(node), "slots": .text(slots.text),
        ]
        if awaitsSnapshot { facts["awaits"] = .text("snapshot") }
        return facts
    }
}

/// A shard as an anchor has left it.
public struct AnchoredShard: Hashable, Sendable {
    /// Its lane.
    public let lane: Lane
    /// How far it is exported.
    public let offset: UInt64
    /// What the anchor remembers.
    public let facts: ShardFacts

    /// Makes one of the parts of an anchor; nil when they are not those of a shard.
    public init?(_ lane: Lane, at point: LanePoint, facts: [String: SourceIdentity.Fact]) {
        guard let facts = ShardFacts(facts) else { return nil }
        self.lane = lane
        offset = point.position.rawValue
        self.facts = facts
    }

    /// Where its stream goes on. A cluster has one database.
    public var point: ReplicationPoint {
        ReplicationPoint(replicationID: facts.replicationID, offset: offset, database: 0)
    }
}
