// SPDX-License-Identifier: Apache-2.0

public import Changelog
public import Faults
import RedisCluster
public import Threads

/// The commands of all shards of a cluster as one source of changes, each shard a lane.
///
/// Shards are taken in turn, as far as their bytes have come, and nobody waits for one that is silent. Inside of a
/// transaction of a shard no other has its turn. A shard whose link ends is looked for again while the others go on.
public struct ClusterKeyspaceSource: ChangeSource, ~Copyable {
    /// Why a source that has not reached its target says that it has.
    public enum Interruption: Sendable {
        /// A shard cannot be gone on with.
        case lost(lane: String, Fault)
        /// A shard has come that is not followed.
        case newShard
    }

    private let shards: [ShardFollower]
    private let bell: Monitor
    private let watch: TopologyWatch
    private let reopen: ShardReopening
    private let homes: SlotHomes
    /// How many transactions of all shards are handed over.
    private var clock: UInt64
    /// Whose turn it is.
    private var turn = 0
    private var seenTopology = 0
    private var owners: [String: SlotRanges]
    /// Why the source has come to its end without its target.
    public private(set) var interruption: Interruption?

    /// Follows `shards` behind the anchor that ends at `clock`. All links ring the same `bell`.
    public init(
        _ shards: [OpenShard], clock: Position, bell: Monitor, watch: TopologyWatch,
        reopen: @escaping ShardReopening
    ) {
        let homes = SlotHomes()
        for (number, shard) in shards.enumerated() { homes.settle(shard.facts.slots, at: number) }
        self.homes = homes
        self.shards = shards.enumerated().map { ShardFollower($1, SlotMoves(homes, shard: $0)) }
        self.clock = clock.rawValue
        self.bell = bell
        self.watch = watch
        self.reopen = reopen
        owners = Dictionary(shards.map { ($0.facts.node, $0.facts.slots) }, uniquingKeysWith: { first, _ in first })
    }

    // MARK: What a pipeline calls

    /// Adds what the next shard that has something has.
    public mutating func fill(
        _ batch: inout ChangeBatch, until deadline: ContinuousClock.Instant
    ) throws(Fault) -> FillOutcome {
        noteTopology()
        // Others may have something all the time; a transaction that was begun is ended first.
        if interruption != nil, !shards.contains(where: { $0.source.isInsideUnit }) { return .targetReached }
        while true {
            for _ in shards {
                try take(from: shards[turn], into: &batch)
                let isInside = shards[turn].source.isInsideUnit
                if !isInside { turn = (turn + 1) % shards.count }
                if !batch.isEmpty { return .more }
                if isInside { break }
            }
            if interruption != nil || shards.allSatisfy(\.isDone) { return .targetReached }
            guard wait(until: deadline) else { return .more }
        }
    }

    /// The links answer by themselves.
    public mutating func keepAlive() throws(Fault) {}

    /// Tells each link how far its shard is durable.
    public mutating func acknowledge(_ position: Position) throws(Fault) {
        for shard in shards { shard.acknowledge(clock: position.rawValue) }
    }

    /// Leaves all servers.
    public mutating func close() throws(Fault) {
        for shard in shards { shard.close() }
    }

    // MARK: Shards

    private mutating func take(from shard: ShardFollower, into batch: inout ChangeBatch) throws(Fault) {
        do throws(Fault) {
            try shard.adopt()
        } catch {
            interruption = interruption ?? .lost(lane: shard.lane.name, error)
            return
        }
        let before = batch.slices.count
        try shard.fill(&batch)
        for slice in batch.slices[before...] where slice.isComplete { clock += 1 }
        shard.note(clock: clock)
        guard let ending = shard.ending, !shard.isDone else { return }
        if ending.code.remedy == .retry {
            shard.reopen(reopen)
        } else {
            interruption = interruption ?? .lost(lane: shard.lane.name, ending)
        }
    }

    /// Waits until a shard may have something; false when none had before the deadline.
    private func wait(until deadline: ContinuousClock.Instant) -> Bool {
        bell.locked {
            while !shards.contains(where: \.hasNews) {
                guard .now < deadline else { return false }
                bell.wait(until: deadline)
            }
            return true
        }
    }

    // MARK: Slots

    /// Takes in who owns which slots now. Only what has changed is news: while a slot moves, the streams know better.
    private mutating func noteTopology() {
        guard let (number, topology) = watch.newest, number > seenTopology else { return }
        seenTopology = number
        for shard in topology.shards where owners[shard.master.id] != SlotRanges(shard.master.slots) {
            note(SlotRanges(shard.master.slots), of: shard.master.id)
        }
        for master in topology.vacantMasters { note(SlotRanges([]), of: master.master.id) }
    }

    private mutating func note(_ slots: SlotRanges, of node: String) {
        guard let number = shards.firstIndex(where: { $0.facts.node == node }) else {
            // A server that is promoted is none: whoever looks for its shard again finds it.
            if !slots.isEmpty, !shards.contains(where: \.isReopening) { interruption = interruption ?? .newShard }
            return
        }
        guard owners[node] != slots else { return }
        homes.settle(slots.without(owners[node]), at: number)
        owners[node] = slots
        shards[number].facts.slots = slots
    }
}

extension SlotRanges {
    /// The slots that `other` does not have.
    func without(_ other: SlotRanges?) -> SlotRanges {
        guard let other else { return self }
        let theirs = Set(other.ranges.flatMap { Array($0) })
        return SlotRanges(ranges.flatMap { Array($0) }.filter { !theirs.contains($0) }.map { $0...$0 })
    }
}
