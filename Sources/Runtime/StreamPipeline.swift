// SPDX-License-Identifier: Apache-2.0

public import Anchors
public import Changelog
public import Export
public import Faults
import Synchronization
import Threads

/// The bounds of a pipeline.
public struct PipelineLimits: Hashable, Sendable {
    /// How many bytes of changes may wait between the two threads.
    public let queueByteCount: Int
    /// How many bytes make a batch.
    public let batchByteCount: Int
    /// Reading pauses while the sink has less room than this.
    public let minimumFreeByteCount: UInt64
    /// How long a stop waits for the end of the transaction in hand.
    public let stopGrace: Duration

    /// Makes bounds.
    public init(
        queueByteCount: Int = 4 << 20, minimumFreeByteCount: UInt64 = 1 << 30, stopGrace: Duration = .seconds(10)
    ) {
        self.queueByteCount = queueByteCount
        self.minimumFreeByteCount = minimumFreeByteCount
        self.stopGrace = stopGrace
        batchByteCount = max(64 << 10, min(1 << 20, queueByteCount / 4))
    }
}

/// Everything that a pipeline needs besides its source.
public struct PipelineParts<Encoder: SegmentEncoder & ~Copyable, Target: Sink, Chain: AnchorStore>: Sendable {
    /// Where segments come to rest.
    public let sink: Target
    /// Sets the anchors.
    public let publisher: Publisher<Target, Chain>
    /// What all records have in common.
    public let layout: RecordLayout
    /// How segments are compressed.
    public let compression: CompressionChoice
    /// When a segment is full.
    public let segmentLimits: SegmentLimits
    /// When an anchor is due.
    public let policy: AnchorPolicy
    /// The bounds.
    public let limits: PipelineLimits
    /// Counters for a display.
    public let progress: Progress
    /// Asks for the end.
    public let stop: StopSignal
    /// Where tests stop the process.
    public let crash: CrashPlan
    /// Decides where changes go; nil when all go into the folders of their tables.
    public let gate: (any RecordGate)?
    /// Told when reading pauses for want of room (true), and when it goes on (false).
    public let roomChanged: @Sendable (Bool) -> Void
    /// Whether there is a table of transactions; none unless somebody says so.
    public var transactions = TransactionsChoice.off

    /// Makes parts.
    public init(
        encoder: Encoder.Type, sink: Target, publisher: Publisher<Target, Chain>, layout: RecordLayout,
        compression: CompressionChoice, segmentLimits: SegmentLimits, policy: AnchorPolicy, limits: PipelineLimits,
        progress: Progress, stop: StopSignal, crash: CrashPlan, gate: (any RecordGate)? = nil,
        roomChanged: @escaping @Sendable (Bool) -> Void
    ) {
        self.sink = sink
        self.publisher = publisher
        self.layout = layout
        self.compression = compression
        self.segmentLimits = segmentLimits
        self.policy = policy
        self.limits = limits
        self.progress = progress
        self.stop = stop
        self.crash = crash
        self.gate = gate
        self.roomChanged = roomChanged
    }
}

/// How a pipeline came to its end.
public enum PipelineEnd: Sendable, Equatable {
    /// Everything up to the target is anchored and acknowledged.
    case targetReached
    /// Somebody asked for the end; everything anchored is acknowledged.
    case stopped
}

/// The walk itself: source, changelog, export, anchor; and the acknowledgement back.
///
/// Two threads: the caller's reads and decodes, another encodes, compresses and publishes. Batches are moved from one
/// to the other through one bounded queue. What comes back is one position, after its anchor is durable.
public final class StreamPipeline<Encoder: SegmentEncoder & ~Copyable, Target: Sink, Chain: AnchorStore>: Sendable {
    private let parts: PipelineParts<Encoder, Target, Chain>
    private let queue: BoundedQueue<ChangeBatch>
    private let spare: BoundedQueue<ChangeBatch>
    private let shared: Mutex<Shared>

    /// What the exporting thread tells the reading one.
    private struct Shared {
        var last: StoredAnchor
        var fault: Fault?
        var hasEnded = false
        var wholeBeforeRefusal: Position?
    }

    /// Makes a pipeline that goes on behind `last`.
    public init(_ parts: PipelineParts<Encoder, Target, Chain>, after last: StoredAnchor) {
        self.parts = parts
        queue = BoundedQueue(costLimit: parts.limits.queueByteCount)
        spare = BoundedQueue(costLimit: .max, capacity: 4)
        shared = Mutex(Shared(last: last))
    }

    /// The newest anchor.
    public var last: StoredAnchor { shared.withLock { $0.last } }

    /// Where the last whole transaction ends before a change that the gate has refused; nil when it has refused none.
    /// What lies between the newest anchor and here can still be anchored, by reading it again up to here.
    public var wholeBeforeRefusal: Position? { shared.withLock { $0.wholeBeforeRefusal } }

    /// Moves changes until the source's target is reached, somebody asks for the end, or something fails.
    public func run<Source: ChangeSource & ~Copyable>(_ source: inout Source) throws(Fault) -> PipelineEnd {
        let exporting = WorkerThread { [self] in exportAll() }
        var end = PipelineEnd.stopped
        var failure: Fault?
        do throws(Fault) {
            end = try readAll(&source)
        } catch {
            failure = error
            shared.withLock { $0.fault = $0.fault ?? error }
        }
        queue.close()
        while failure == nil, !shared.withLock({ $0.hasEnded }) {
            do throws(Fault) {
                try source.keepAlive()
                try attend(&source)
            } catch {
                failure = error
            }
            pause(.milliseconds(5))
        }
        exporting.join()
        if let fault = shared.withLock({ $0.fault }) ?? failure { throw fault }
        try attend(&source)
        try source.close()
        return end
    }

    // MARK: The reading thread

    private func readAll<Source: ChangeSource & ~Copyable>(_ source: inout Source) throws(Fault) -> PipelineEnd {
        var gate = RoomGate(minimum: parts.limits.minimumFreeByteCount)
        var stopDeadline: ContinuousClock.Instant?
        while true {
            try attend(&source)
            if parts.stop.isRequested {
                let deadline = stopDeadline ?? .now + parts.limits.stopGrace
                stopDeadline = deadline
                if !(isInsideTransaction.load() || isHeld.load()) || .now >= deadline { return .stopped }
            }
            if try !gate.isOpen(parts.sink, changed: parts.roomChanged) {
                pause(.milliseconds(200))
                continue
            }
            if try move(&source) == .targetReached { return .targetReached }
        }
    }

    /// Fills one batch and hands it over.
    private func move<Source: ChangeSource & ~Copyable>(_ source: inout Source) throws(Fault) -> FillOutcome {
        var batch = spare.next(until: .now) ?? ChangeBatch(byteLimit: parts.limits.batchByteCount)
        let outcome = try source.fill(&batch, until: .now + .milliseconds(100))
        guard !batch.isEmpty else {
            recycle(batch)
            return outcome
        }
        if let slice = batch.slices.last { isInsideTransaction.store(!slice.isComplete) }
        isHeld.store(batch.anchoring == .held)
        let cost = batch.byteCount
        var waiting: ChangeBatch? = batch
        while !queue.offer(&waiting, cost: cost, until: .now + .milliseconds(500)) {
            try attend(&source)
        }
        return outcome
    }

    /// Acknowledges what has become durable, keeps the source's side patient, and ends when the other thread has failed.
    private func attend<Source: ChangeSource & ~Copyable>(_ source: inout Source) throws(Fault) {
        let (position, fault) = shared.withLock { ($0.last.anchor.to, $0.fault) }
        if let fault { throw fault }
        try source.keepAlive()
        guard position.rawValue != acknowledged.load() else { return }
        try parts.crash.reach(.beforeAcknowledge)
        try source.acknowledge(position)
        acknowledged.store(position.rawValue)
        try parts.crash.reach(.afterAcknowledge)
    }

    // MARK: The exporting thread

    private func exportAll() {
        let recorder = SegmentRecorder<Encoder, Target>(
            layout: parts.layout, compression: parts.compression, limits: parts.segmentLimits, sink: parts.sink,
            gate: parts.gate)
        let exporter = Exporter(
            recorder: recorder, publisher: parts.publisher, policy: parts.policy, progress: parts.progress,
            transactions: parts.transactions, after: last, now: .now)
        do throws(Fault) {
            try exportAll(with: exporter)
        } catch {
            let (whole, anchored) = (exporter.wholeBeforeRefusal, exporter.last)
            exporter.discard()
            // It may have set an anchor in the middle of the batch that failed.
            note(exporter.last)
            shared.withLock {
                $0.fault = $0.fault ?? error
                $0.wholeBeforeRefusal = whole
                $0.last = anchored
            }
            queue.close()
        }
        shared.withLock { $0.hasEnded = true }
    }

    private func exportAll(with exporter: Exporter<Encoder, Target, Chain>) throws(Fault) {
        while !queue.isExhausted {
            guard let batch = queue.next(until: .now + .milliseconds(250)) else {
                note(try exporter.publishIfDue(now: .now))
                continue
            }
            note(try exporter.take(batch, now: .now))
            recycle(batch)
            guard shared.withLock({ $0.fault == nil }) else { break }
        }
        guard shared.withLock({ $0.fault == nil }) else {
            exporter.discard()
            return
        }
        note(try exporter.end(now: .now))
    }

    private func note(_ anchor: StoredAnchor?) {
        guard let anchor else { return }
        shared.withLock { $0.last = anchor }
    }

    private func recycle(_ batch: consuming ChangeBatch) {
        batch.removeAll()
        var empty: ChangeBatch? = batch
        _ = spare.offer(&empty, cost: 0, until: .now)
    }

    private let isInsideTransaction = Flag()
    private let isHeld = Flag()
    private let acknowledged = Counter()
}

/// A flag that one thread sets.
final class Flag: Sendable {
    private let value = Atomic(false)
    func load() -> Bool { value.load(ordering: .relaxed) }
    func store(_ new: Bool) { value.store(new, ordering: .relaxed) }
}

/// A number that one thread sets.
final class Counter: Sendable {
    private let value = Atomic<UInt64>(0)
    func load() -> UInt64 { value.load(ordering: .relaxed) }
    func store(_ new: UInt64) { value.store(new, ordering: .relaxed) }
}
