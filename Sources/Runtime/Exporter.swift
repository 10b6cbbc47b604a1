// SPDX-License-Identifier: Apache-2.0

import Anchors
import Changelog
import Export
import Faults

/// The exporting half of the pipeline: records the changes of batches and decides when an anchor is due.
///
/// It has no thread and no queue of its own: batches go in, anchors come out.
final class Exporter<Encoder: SegmentEncoder & ~Copyable, Target: Sink, Chain: AnchorStore> {
    private let recorder: SegmentRecorder<Encoder, Target>
    private let publisher: Publisher<Target, Chain>
    private let policy: AnchorPolicy
    private let progress: Progress
    private let epoch: UInt16
    private(set) var last: StoredAnchor

    private var pendingTransactions = 0
    private var pendingTimes: ClosedRange<Timestamp>?
    private var pendingNotices: [SourceNotice] = []
    private var pendingObservation: [UInt8]?
    private var lanes: LaneLedger
    /// Nil where the export has no table of transactions.
    private var transactions: TransactionLedger?
    private var pendingFacts: [String: SourceIdentity.Fact] = [:]
    private var isInsideTransaction = false
    /// Whether what was told is not complete without what comes.
    private var isHeld = false
    /// Up to where everything is in the recorder.
    private var complete: Position
    private var waitingSince: ContinuousClock.Instant?
    private var lastAnchorTime: ContinuousClock.Instant

    init(
        recorder: SegmentRecorder<Encoder, Target>, publisher: Publisher<Target, Chain>, policy: AnchorPolicy,
        progress: Progress, transactions: TransactionsChoice = .off, after last: StoredAnchor,
        now: ContinuousClock.Instant
    ) {
        self.recorder = recorder
        self.publisher = publisher
        self.policy = policy
        self.progress = progress
        self.last = last
        epoch = last.anchor.epoch
        lanes = LaneLedger(last.anchor)
        self.transactions = transactions == .on ? TransactionLedger() : nil
        complete = last.anchor.to
        lastAnchorTime = now
    }

    /// Records a batch; returns the newest anchor when one or more became due.
    func take(_ batch: borrowing ChangeBatch, now: ContinuousClock.Instant) throws(Fault) -> StoredAnchor? {
        var published: StoredAnchor?
        pendingNotices += batch.notices
        pendingObservation = batch.observation ?? pendingObservation
        if let laneBreak = batch.laneBreak { published = try publish(laneBreak, now: now) }
        // What marks and facts say holds at the end of the batch.
        let anchorsInside = batch.marks.isEmpty && batch.facts.isEmpty && batch.anchoring == .free && !isHeld
        for slice in batch.slices {
            if slice.transaction.isLarge, !isInsideTransaction, pendingTransactions > 0, anchorsInside {
                published = try publish(now: now)
            }
            if waitingSince == nil { waitingSince = now }
            try recorder.record(slice, of: batch)
            try note(slice, of: batch)
            progress.count(rows: slice.changes.count, bytes: 0, transactions: slice.isComplete ? 1 : 0)
            isInsideTransaction = !slice.isComplete
            if slice.isComplete {
                finish(slice.transaction)
                if anchorsInside, let anchor = try publishIfDue(now: now) { published = anchor }
            }
        }
        lanes.note(batch.marks)
        pendingFacts.merge(batch.facts) { _, new in new }
        progress.count(rows: 0, bytes: batch.byteCount)
        if let reached = batch.reached, !isInsideTransaction { complete = max(complete, reached) }
        isHeld = batch.anchoring == .held
        if batch.anchoring == .wanted, !isInsideTransaction, pendingTransactions > 0 { return try publish(now: now) }
        return try publishIfDue(now: now) ?? published
    }

    /// Publishes what waits when its time has come; to be called when no batch comes. A notice does not wait: an
    /// operator should not hear of it later than of what it speaks about.
    func publishIfDue(now: ContinuousClock.Instant) throws(Fault) -> StoredAnchor? {
        guard !isInsideTransaction, !isHeld else { return nil }
        let isDue =
            !pendingNotices.isEmpty
            || (pendingTransactions > 0
                ? policy.isDue(
                    waiting: waitingSince.map { now - $0 } ?? .zero, transactions: pendingTransactions,
                    bytes: recorder.encodedByteCount)
                : policy.isIdleDue(
                    waiting: now - lastAnchorTime,
                    distance: complete.rawValue - last.anchor.to.rawValue + lanes.distance))
        return isDue ? try publish(now: now) : nil
    }

    /// Publishes whatever is whole, at the end of a run. What is not whole is forgotten; the next run
    /// reads it again.
    func end(now: ContinuousClock.Instant) throws(Fault) -> StoredAnchor? {
        guard !isInsideTransaction, !isHeld else {
            recorder.discard()
            return nil
        }
        let hasNews =
            complete > last.anchor.to || pendingTransactions > 0 || !pendingNotices.isEmpty || lanes.distance > 0
        return hasNews ? try publish(now: now) : nil
    }

    /// Where the last whole transaction ends before a change that the gate has refused.
    var wholeBeforeRefusal: Position? { recorder.hasRefused ? complete : nil }

    /// Forgets everything that is not published.
    func discard() {
        recorder.discard()
    }

    /// Publishes what waits, and then the break as an anchor of its own.
    private func publish(_ laneBreak: LaneBreak, now: ContinuousClock.Instant) throws(Fault) -> StoredAnchor {
        if pendingTransactions > 0 || lanes.distance > 0 { _ = try publish(now: now) }
        lanes.note(laneBreak.mark)
        var publication = Publication(kind: AnchorKind(laneBreak.kind), from: complete, to: complete)
        publication.reason = "\(laneBreak.mark.lane.name): \(laneBreak.reason)"
        publication.lanes = lanes.ranges
        publication.facts = pendingFacts
        if case .gap(let missing) = laneBreak.kind { publication.missing = missing }
        last = try publisher.publish(publication, epoch: epoch, after: last)
        lanes.settle()
        progress.countAnchor(at: complete)
        lastAnchorTime = now
        return last
    }

    /// Counts a part of a transaction for the table of transactions.
    private func note(_ slice: ChangeBatch.Slice, of batch: borrowing ChangeBatch) throws(Fault) {
        transactions?.take(slice, of: batch)
        if transactions?.isFull == true { try recordTransactions() }
    }

    private func recordTransactions() throws(Fault) {
        try transactions?.release { [recorder] (slice, batch) throws(Fault) in try recorder.record(slice, of: batch) }
    }

    private func finish(_ transaction: Transaction) {
        pendingTransactions += 1
        // Where lanes lie side by side, no position counts for all of them.
        complete =
            transaction.lane == nil
            ? max(complete, transaction.position) : Position(rawValue: complete.rawValue + 1)
        guard let time = transaction.commitTime else { return }
        let range = pendingTimes ?? time...time
        pendingTimes = min(range.lowerBound, time)...max(range.upperBound, time)
    }

    private func publish(now: ContinuousClock.Instant) throws(Fault) -> StoredAnchor {
        var publication = Publication(kind: .changes, from: last.anchor.to, to: complete)
        try recordTransactions()
        publication.segments = try recorder.takeSegments()
        publication.transactionCount = pendingTransactions
        publication.commitTimes = pendingTimes
        publication.notices = pendingNotices
        publication.add(recorder.takeNews())
        publication.observation = pendingObservation
        publication.lanes = lanes.ranges
        publication.facts = pendingFacts
        last = try publisher.publish(publication, epoch: epoch, after: last)
        lanes.settle()
        progress.countAnchor(at: complete)
        if let time = publication.commitTimes?.upperBound { progress.note(commit: time) }
        pendingTransactions = 0
        pendingTimes = nil
        pendingNotices = []
        pendingObservation = nil
        waitingSince = nil
        lastAnchorTime = now
        return last
    }
}
