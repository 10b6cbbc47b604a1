// SPDX-License-Identifier: Apache-2.0

public import Changelog
import Synchronization

/// Counters that a run keeps up to date and a display reads, from any thread.
public final class Progress: Sendable {
    private let rows = Atomic<Int>(0)
    private let bytes = Atomic<Int>(0)
    private let transactions = Atomic<Int>(0)
    private let anchors = Atomic<Int>(0)
    private let position = Atomic<UInt64>(0)
    private let estimate = Atomic<Int>(0)
    private let estimateDone = Atomic<Int>(0)
    private let lastCommit = Atomic<Int64>(0)
    private let snapshotBegun = Mutex<ContinuousClock.Instant?>(nil)

    /// Nothing has happened yet.
    public init() {}

    /// How many records have been encoded.
    public var rowCount: Int { rows.load(ordering: .relaxed) }
    /// How many bytes of values have been encoded.
    public var byteCount: Int { bytes.load(ordering: .relaxed) }
    /// How many transactions are whole.
    public var transactionCount: Int { transactions.load(ordering: .relaxed) }
    /// How many anchors have been published.
    public var anchorCount: Int { anchors.load(ordering: .relaxed) }
    /// How far the last anchor reaches.
    public var anchoredPosition: Position { Position(rawValue: position.load(ordering: .relaxed)) }
    /// How much of the snapshot is read, from 0 to 1; nil when there is none.
    public var snapshotFraction: Double? {
        let total = estimate.load(ordering: .relaxed)
        return total > 0 ? min(1, Double(estimateDone.load(ordering: .relaxed)) / Double(total)) : nil
    }

    func count(rows rowCount: Int, bytes byteCount: Int, transactions transactionCount: Int = 0) {
        rows.wrappingAdd(rowCount, ordering: .relaxed)
        bytes.wrappingAdd(byteCount, ordering: .relaxed)
        transactions.wrappingAdd(transactionCount, ordering: .relaxed)
    }

    /// How long the snapshot has been open, which is how long the source cannot clean up what it sees; nil when there
    /// is none.
    public var snapshotAge: Duration? {
        guard snapshotFraction != nil else { return nil }
        return snapshotBegun.withLock { $0 }.map { $0.duration(to: .now) }
    }

    /// How long the rest of the snapshot takes if it goes on as it went so far.
    public var snapshotTimeLeft: Duration? {
        guard let fraction = snapshotFraction, fraction > 0.01, let begun = snapshotBegun.withLock({ $0 }) else {
            return nil
        }
        return begun.duration(to: .now) * ((1 - fraction) / fraction)
    }

    /// How old the newest anchored commit is at `now`; nil before the first. A source in which nothing happens has a
    /// lag too: it is the age of what is exported.
    public func lag(at now: Timestamp) -> Duration? {
        let commit = lastCommit.load(ordering: .relaxed)
        return commit == 0 ? nil : .microseconds(max(0, now.microseconds - commit))
    }

    func note(commit time: Timestamp) {
        lastCommit.store(time.microseconds, ordering: .relaxed)
    }

    func countAnchor(at reached: Position) {
        anchors.wrappingAdd(1, ordering: .relaxed)
        position.store(reached.rawValue, ordering: .relaxed)
    }

    func beginSnapshot(estimatedByteCount: Int) {
        estimateDone.store(0, ordering: .relaxed)
        snapshotBegun.withLock { $0 = .now }
        estimate.store(max(1, estimatedByteCount), ordering: .relaxed)
    }

    func countSnapshot(estimatedByteCount: Int) {
        estimateDone.wrappingAdd(estimatedByteCount, ordering: .relaxed)
    }

    func endSnapshot() {
        estimate.store(0, ordering: .relaxed)
    }
}
