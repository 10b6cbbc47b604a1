// SPDX-License-Identifier: Apache-2.0

public import Changelog
public import Faults
import Synchronization
import Threads

/// A shard whose stream is open: what is needed to follow it.
public struct OpenShard: Sendable {
    /// Its lane.
    public let lane: Lane
    /// What anchors shall remember of it.
    public let facts: ShardFacts
    /// Where its commands come from.
    public let link: ReplicationLink
    /// How far the shard is exported: the link goes on behind it.
    public let offset: UInt64
    /// Where to end; nil to go on.
    public var target: Position?

    /// Makes one.
    public init(lane: Lane, facts: ShardFacts, link: ReplicationLink, offset: UInt64, target: Position? = nil) {
        self.lane = lane
        self.facts = facts
        self.link = link
        self.offset = offset
        self.target = target
    }

    var point: ReplicationPoint {
        ReplicationPoint(replicationID: facts.replicationID, offset: offset, database: 0)
    }
}

/// Opens the stream of a shard again whose link has ended, behind what was handed over. It may take its time, and gives
/// up when `isOver` says so.
public typealias ShardReopening =
    @Sendable (_ shard: AnchoredShard, _ isOver: @Sendable () -> Bool) -> Result<OpenShard, Fault>

/// One shard of a cluster that is followed; the reading thread's own.
final class ShardFollower {
    let lane: Lane
    let target: Position?
    var facts: ShardFacts { didSet { source.laneFacts = facts.facts } }
    private(set) var source: KeyspaceSource
    /// Whether everything up to the target is handed over.
    private(set) var isDone = false
    /// How many bytes had come when the source was last asked for more.
    private var seen: UInt64 = 0
    private var hasSeenEnd = false
    /// How far the shard was handed over when that many transactions of all shards were.
    private var handed: [(clock: UInt64, offset: UInt64)] = []
    private var reopening: Reopening?
    private let moves: SlotMoves

    init(_ shard: OpenShard, _ moves: SlotMoves) {
        lane = shard.lane
        target = shard.target
        facts = shard.facts
        self.moves = moves
        source = Self.source(shard, until: shard.target, moves)
        source.laneFacts = facts.facts
    }

    private static func source(_ shard: OpenShard, until target: Position?, _ moves: SlotMoves) -> KeyspaceSource {
        KeyspaceSource(shard.link, from: shard.point, until: target, in: shard.lane, moves: moves)
    }

    /// Whether asking the source may bring something.
    var hasNews: Bool {
        guard !isDone else { return false }
        if let reopening { return reopening.hasEnded }
        return source.isInsideUnit || source.link.commands.appendedByteCount > seen
            || source.link.commands.hasEnded && !hasSeenEnd
    }

    /// Whether another link is looked for.
    var isReopening: Bool { reopening != nil }

    /// Why the link has ended, where it has and nobody opens another.
    var ending: Fault? { reopening == nil ? source.ending : nil }

    /// Adds what is there to a batch, and never waits.
    func fill(_ batch: inout ChangeBatch) throws(Fault) {
        guard !isDone, reopening == nil else { return }
        seen = source.link.commands.appendedByteCount
        hasSeenEnd = source.link.commands.hasEnded
        let outcome = try source.fill(&batch, until: .now)
        if batch.isFull { seen = 0 }
        if outcome == .targetReached, source.ending == nil { isDone = true }
    }

    // MARK: Acknowledgement

    /// Remembers how far the shard is handed over at a time of the clock.
    func note(clock: UInt64) {
        let offset = source.position.rawValue
        guard offset != handed.last?.offset else { return }
        // What brought no transaction is durable with what came before.
        if handed.last?.clock == clock { handed.removeLast() }
        handed.append((clock, offset))
    }

    /// Tells the link how far everything is durable.
    func acknowledge(clock: UInt64) {
        guard let last = handed.lastIndex(where: { $0.clock <= clock }) else { return }
        source.link.acknowledge(handed[last].offset)
        handed.removeFirst(last + 1)
    }

    // MARK: Losing the link, and finding another

    /// Begins to open another link behind what is handed over.
    func reopen(_ open: @escaping ShardReopening) {
        guard
            let shard = AnchoredShard(lane, at: LanePoint(position: source.position), facts: facts.facts)
        else { return }
        source.link.close()
        reopening = Reopening { isOver in open(shard, isOver) }
    }

    /// Takes another link over, if it has been found; the fault says that there is none.
    func adopt() throws(Fault) {
        guard let result = reopening?.result else { return }
        let shard = try result.get()
        reopening = nil
        source = Self.source(shard, until: target, moves)
        facts = shard.facts
        (seen, hasSeenEnd) = (0, false)
    }

    func close() {
        if case .success(let shard)? = reopening?.end() { shard.link.close() }
        reopening = nil
        source.link.close()
    }
}

/// The search for another link of a shard, on a thread of its own.
private final class Reopening: Sendable {
    private let found = Mutex<Result<OpenShard, Fault>?>(nil)
    private let isOver = Atomic(false)
    private let thread: Mutex<WorkerThread<Void>?>

    init(_ body: @escaping @Sendable (@Sendable () -> Bool) -> Result<OpenShard, Fault>) {
        thread = Mutex(nil)
        let worker = WorkerThread { [self] in
            let result = body { self.isOver.load(ordering: .relaxed) }
            found.withLock { $0 = result }
        }
        thread.withLock { $0 = worker }
    }

    var result: Result<OpenShard, Fault>? { found.withLock { $0 } }
    var hasEnded: Bool { result != nil }

    /// Gives the search up; returns what it has found nevertheless.
    func end() -> Result<OpenShard, Fault>? {
        isOver.store(true, ordering: .relaxed)
        thread.withLock { $0.take() }?.join()
        return result
    }
}
