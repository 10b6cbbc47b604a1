// SPDX-License-Identifier: Apache-2.0

public import Faults

/// What filling a batch ended with.
public enum FillOutcome: Sendable, Equatable {
    /// The batch is full, or the deadline has come.
    case more
    /// Everything up to the target of the run has been handed over; nothing follows.
    case targetReached
}

/// Where changes come from. Pulled, on one thread.
///
/// The law: `fill` returns at the deadline at the latest, after adding whole or partial transactions in history
/// order. `keepAlive` is called instead of `fill` while the pipeline is busy, at least once a second, and never
/// blocks. `acknowledge` is given positions that are durable, in ascending order, and none that was not handed over;
/// doing it twice is the same as once. After a fault only `close` may be called.
public protocol ChangeSource: ~Copyable {
    /// Adds changes to `batch` until it is full or the deadline has come.
    mutating func fill(
        _ batch: inout ChangeBatch, until deadline: ContinuousClock.Instant
    ) throws(Fault) -> FillOutcome
    /// Answers what the source's side wants answered, without reading changes.
    mutating func keepAlive() throws(Fault)
    /// Tells the source that everything up to `position` is durable and need never be sent again.
    mutating func acknowledge(_ position: Position) throws(Fault)
    /// Says goodbye, after the last acknowledgement has arrived at the source.
    mutating func close() throws(Fault)
}

/// One piece of a snapshot that one reader reads alone.
public struct SnapshotTask: Sendable {
    /// Whose rows these are.
    public let table: TableName
    /// Estimated size in bytes, for the order of work and for progress.
    public let estimatedByteCount: Int
    /// What a person calls the piece: `public.orders pages 0..8191`.
    public let label: String

    /// Makes a task.
    public init(table: TableName, estimatedByteCount: Int, label: String) {
        self.table = table
        self.estimatedByteCount = estimatedByteCount
        self.label = label
    }
}

/// A consistent view of all tables at one position, split into tasks that readers work off in any order.
public protocol SnapshotSource: Sendable {
    /// Its readers.
    associatedtype Reader: SnapshotReader
    /// The rows' place in the history: all changes after it are in the stream, none before it.
    var position: Position { get }
    /// The pieces; their order is the order of the rows in the export.
    var tasks: [SnapshotTask] { get }
    /// A reader of its own for one thread.
    func makeReader() throws(Fault) -> Reader
}

/// Reads pieces of a snapshot, one after the other, on one thread.
public protocol SnapshotReader: AnyObject {
    /// Begins with the task at `index`; the one before has ended.
    func begin(task index: Int) throws(Fault)
    /// Adds rows of the task until `batch` is full; returns whether the task has ended. The ordinals of a task
    /// begin at 1; the exporter places the tasks one behind the other.
    func fill(_ batch: inout ChangeBatch) throws(Fault) -> SnapshotFill
    /// Ends the view; called once, after the last task.
    func close() throws(Fault)
}

/// What filling a batch with rows of a snapshot ended with.
public enum SnapshotFill: Sendable, Equatable {
    /// The batch is full.
    case more
    /// The task has no more rows.
    case taskEnded
}
