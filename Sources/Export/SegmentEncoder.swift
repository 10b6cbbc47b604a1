// SPDX-License-Identifier: Apache-2.0

public import Bytes
public import Changelog
public import Faults

/// Whether records can bear the names of the rules that they break.
public enum ViolationColumn: Sendable, Hashable {
    /// They cannot.
    case absent
    /// They can, in a column of its own where the format has columns.
    case present
}

/// What every encoder of one export shares.
public struct RecordLayout: Hashable, Sendable {
    /// What the names of kedge's own columns begin with; `_cdc_` unless a table has such columns itself.
    public let columnPrefix: String
    /// The number of the history inside the export.
    public let epoch: UInt16
    /// In which format records are written, where the encoder can write several.
    public let format: RecordFormat
    /// What formats of columns are told.
    public let columnar: ColumnarChoice
    /// Whether records can bear the names of the rules that they break.
    public let violations: ViolationColumn

    /// Makes a layout.
    public init(
        columnPrefix: String = "_cdc_", epoch: UInt16, format: RecordFormat = .ndjson,
        columnar: ColumnarChoice = ColumnarChoice(), violations: ViolationColumn = .absent
    ) {
        self.columnPrefix = columnPrefix
        self.epoch = epoch
        self.format = format
        self.columnar = columnar
        self.violations = violations
    }

    /// The same in the history of `lane`.
    func inside(_ lane: Lane?) -> RecordLayout {
        guard let lane else { return self }
        return RecordLayout(
            columnPrefix: columnPrefix, epoch: lane.epoch, format: format, columnar: columnar, violations: violations)
    }

    /// The same with records as lines of JSON.
    var asLines: RecordLayout {
        RecordLayout(columnPrefix: columnPrefix, epoch: epoch, format: .ndjson, columnar: columnar)
    }
}

/// Turns changes of one schema into one format's bytes. Knows no file, no clock, no network, so that the same
/// changes are always the same bytes.
public protocol SegmentEncoder: ~Copyable, Sendable {
    /// Begins a segment of one table.
    init(schema: TableSchema, layout: RecordLayout)
    /// Appends one change of `transaction`. `ordinal` takes the place of the change's own where a snapshot's task
    /// has its place among the others.
    mutating func encode(
        _ change: borrowing Change, of transaction: Transaction, ordinal: UInt64, into output: inout ByteBuffer
    ) throws(Fault)
    /// Appends the changes of `run`, one behind the other, until `output` has at least `byteCount` bytes; returns the
    /// index of the first change that it did not append. `ordinalBase` is added to their ordinals.
    mutating func encode(
        _ run: Range<Int>, of batch: borrowing ChangeBatch, in transaction: Transaction, ordinalBase: UInt64,
        into output: inout ByteBuffer, until byteCount: Int
    ) throws(Fault) -> Int
    /// Gives the next change, which is a run of its own, the names of the rules that it breaks. Called only when the
    /// layout says that records can bear them.
    mutating func tagNext(_ violations: [String])
    /// Appends what the format wants at the end of a segment.
    mutating func end(into output: inout ByteBuffer) throws(Fault)
    /// How many bytes of records it holds back; none unless the format says so.
    var heldByteCount: Int { get }
    /// Appends what it holds back, as far as it can without the end of the segment.
    mutating func release(into output: inout ByteBuffer) throws(Fault)
}

extension SegmentEncoder where Self: ~Copyable {
    /// Nothing is held back.
    public var heldByteCount: Int { 0 }
    /// Nothing is tagged.
    public mutating func tagNext(_ violations: [String]) {}
    /// Nothing is held back.
    public mutating func release(into output: inout ByteBuffer) throws(Fault) {}
}

extension SegmentEncoder where Self: ~Copyable {
    /// Appends one change after the other, for a format that gains nothing from runs.
    public mutating func encode(
        _ run: Range<Int>, of batch: borrowing ChangeBatch, in transaction: Transaction, ordinalBase: UInt64,
        into output: inout ByteBuffer, until byteCount: Int
    ) throws(Fault) -> Int {
        var index = run.lowerBound
        while index < run.upperBound, output.count < byteCount {
            let change = batch.change(at: index)
            try encode(change, of: transaction, ordinal: ordinalBase + change.ordinal, into: &output)
            index += 1
        }
        return index
    }
}
