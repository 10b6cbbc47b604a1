// SPDX-License-Identifier: Apache-2.0

public import Bytes

/// Whether an anchor may stand at the end of a batch.
public enum AnchorWish: Sendable {
    /// It may, when it is due.
    case free
    /// It may not, nor inside: what the batch tells is not complete without what a later one tells.
    case held
    /// It should: what was held is complete.
    case wanted
}

/// Changes in history order with their values in one arena; held by exactly one room at a time.
///
/// A source fills it: ``begin(_:)``, then for each change ``beginChange(_:schema:ordinal:)``, one value for each
/// column of the schema, optionally ``beginOldRow()`` with one value for each column again, and ``endChange()``;
/// ``end()`` says that the transaction is whole. A transaction may span batches; then each begins it again.
public struct ChangeBatch: ~Copyable, Sendable {
    /// A run of changes that belong to one transaction.
    public struct Slice: Sendable {
        /// The transaction.
        public let transaction: Transaction
        /// The changes, as indices for ``ChangeBatch/withChange(at:_:)``.
        public internal(set) var changes: Range<Int>
        /// Whether the transaction is whole after these changes.
        public internal(set) var isComplete: Bool
    }

    struct Entry: Sendable {
        let schema: Int32
        let operation: Operation
        var hasOldRow: Bool
        let firstField: Int
        let ordinal: UInt64
    }

    @usableFromInline
    struct FieldSlot: Sendable {
        /// Where the value begins; of a number, the number.
        @usableFromInline let offset: Int
        /// Length in bytes, or one of the three negative marks.
        @usableFromInline let length: Int
        @usableFromInline static let null = -1
        @usableFromInline static let unset = -2
        @usableFromInline static let number = -3

        @usableFromInline
        init(offset: Int, length: Int) {
            self.offset = offset
            self.length = length
        }
    }

    /// How many bytes make the batch full.
    public let byteLimit: Int
    /// The runs of changes, in order.
    public private(set) var slices: [Slice] = []
    /// The schemas that the changes refer to.
    public private(set) var schemas: [TableSchema] = []
    /// A point up to which the source has nothing more than what this and all earlier batches hold; it lies at or
    /// behind the last whole transaction, and may lie far behind it when the source is busy with other things.
    public var reached: Position?
    /// What happened at the source without a change, for the next anchor to tell.
    public var notices: [SourceNotice] = []
    /// What the source knows of its tables now, in bytes that only it reads; the next anchor names it, and a source
    /// that goes on behind that anchor compares. Nil when nothing is new.
    public var observation: [UInt8]?
    /// The lanes that the transactions refer to.
    public private(set) var lanes: [Lane] = []
    /// How far lanes are handed over as of the end of this batch; those that moved. An anchor then stands at the end of
    /// the batch, not inside.
    public var marks: [LaneMark] = []
    /// What has changed in who the source is, as of the end of this batch; an anchor then stands at its end.
    public var facts: [String: SourceIdentity.Fact] = [:]
    /// Whether an anchor may stand at the end of the batch. A batch that holds, or ends what was held, has none inside.
    public var anchoring = AnchorWish.free
    /// A break in the history of a lane, which lies before all changes of the batch.
    public var laneBreak: LaneBreak?

    private var entries: [Entry] = []
    @usableFromInline var fields: [FieldSlot] = []
    @usableFromInline var arena: ByteBuffer

    /// Makes an empty batch that is full from `byteLimit` bytes on.
    public init(byteLimit: Int) {
        self.byteLimit = byteLimit
        arena = ByteBuffer(capacity: min(byteLimit, 1 << 20))
    }

    /// How many changes the batch holds.
    public var count: Int { entries.count }
    /// How many bytes the batch takes, bookkeeping included.
    public var byteCount: Int {
        arena.count + fields.count * MemoryLayout<FieldSlot>.stride + entries.count * MemoryLayout<Entry>.stride
    }
    /// Whether the batch should be handed on before more is added.
    public var isFull: Bool { byteCount >= byteLimit }
    /// Whether the batch says nothing at all.
    public var isEmpty: Bool {
        slices.isEmpty && reached == nil && notices.isEmpty && observation == nil && marks.isEmpty && facts.isEmpty
            && laneBreak == nil
    }

    /// Forgets everything and keeps a bounded amount of room.
    public mutating func removeAll() {
        slices.removeAll(keepingCapacity: true)
        schemas.removeAll(keepingCapacity: true)
        reached = nil
        notices.removeAll()
        observation = nil
        lanes.removeAll(keepingCapacity: true)
        marks.removeAll(keepingCapacity: true)
        facts.removeAll()
        laneBreak = nil
        anchoring = .free
        entries.removeAll(keepingCapacity: entries.capacity * MemoryLayout<Entry>.stride <= 2 * byteLimit)
        fields.removeAll(keepingCapacity: fields.capacity * MemoryLayout<FieldSlot>.stride <= 2 * byteLimit)
        arena.removeAll(keepingAtMost: 2 * byteLimit)
    }

    // MARK: What a source calls

    /// Begins a run of changes of `transaction`.
    public mutating func begin(_ transaction: Transaction) {
        slices.append(Slice(transaction: transaction, changes: entries.count..<entries.count, isComplete: false))
    }

    /// Says that the transaction of the last run is whole.
    public mutating func end() {
        closeSlice(isComplete: true)
    }

    /// The index under which changes of this batch refer to `schema`.
    public mutating func index(of schema: TableSchema) -> Int {
        if let index = schemas.lastIndex(where: { $0 === schema }) { return index }
        schemas.append(schema)
        return schemas.count - 1
    }

    /// The index under which transactions of this batch refer to `lane`.
    public mutating func index(of lane: Lane) -> Int {
        if let index = lanes.lastIndex(of: lane) { return index }
        lanes.append(lane)
        return lanes.count - 1
    }

    /// Begins a change of the table behind `schema` (see ``index(of:)``) in the run begun last.
    public mutating func beginChange(_ operation: Operation, schema: Int, ordinal: UInt64) {
        entries.append(
            Entry(
                schema: Int32(truncatingIfNeeded: schema), operation: operation, hasOldRow: false,
                firstField: fields.count, ordinal: ordinal))
    }

    /// Begins the old row of the current change, after all its new values.
    public mutating func beginOldRow() {
        entries[entries.count - 1].hasOldRow = true
    }

    /// Ends the current change; traps when the number of values is not that of the schema's columns.
    public mutating func endChange() {
        let entry = entries[entries.count - 1]
        let columnCount = schemas[Int(entry.schema)].columns.count
        let expected = entry.hasOldRow ? 2 * columnCount : columnCount
        precondition(fields.count - entry.firstField == expected, "a change needs one value for each column")
        closeSlice(isComplete: false)
    }

    private mutating func closeSlice(isComplete: Bool) {
        let last = slices.count - 1
        slices[last].changes = slices[last].changes.lowerBound..<entries.count
        slices[last].isComplete = isComplete
    }

    /// Takes back a change that was begun and not ended.
    public mutating func abandonChange() {
        let entry = entries.removeLast()
        if let first = fields[entry.firstField...].first(where: { $0.length >= 0 }) {
            arena.truncate(to: first.offset)
        }
        fields.removeLast(fields.count - entry.firstField)
    }

    /// Appends a value; the one copy before encoding.
    @inlinable
    public mutating func append(_ value: RawSpan) {
        fields.append(FieldSlot(offset: arena.count, length: value.byteCount))
        arena.append(value)
    }

    /// Appends a null.
    @inlinable
    public mutating func appendNull() {
        fields.append(FieldSlot(offset: arena.count, length: FieldSlot.null))
    }

    /// Appends a value as a number (``Change/Field/number(_:)``).
    @inlinable
    public mutating func append(number: Int64) {
        fields.append(FieldSlot(offset: Int(number), length: FieldSlot.number))
    }

    /// Appends *unknown*: the source did not send this column. Never the same as a null.
    @inlinable
    public mutating func appendUnset() {
        fields.append(FieldSlot(offset: arena.count, length: FieldSlot.unset))
    }

    /// Appends a value that `body` writes; what `body` wrote before it threw is taken back.
    @inlinable
    public mutating func append<E: Error>(writing body: (inout ByteBuffer) throws(E) -> Void) throws(E) {
        let start = arena.count
        do throws(E) {
            try body(&arena)
        } catch {
            arena.truncate(to: start)
            throw error
        }
        fields.append(FieldSlot(offset: start, length: arena.count - start))
    }

    // MARK: What an exporter calls

    /// Where the run of changes of one schema that begins at `index` ends, at `limit` at the latest.
    public func endOfRun(from index: Int, before limit: Int) -> Int {
        let schema = entries[index].schema
        var end = index + 1
        while end < limit, entries[end].schema == schema { end += 1 }
        return end
    }

    /// The index into ``schemas`` of the change at `index`.
    public func schemaIndex(at index: Int) -> Int { Int(entries[index].schema) }

    /// The ordinal of the change at `index`.
    public func ordinal(at index: Int) -> UInt64 { entries[index].ordinal }

    /// Adds the changes of `run` to `counts`.
    public func count(_ run: Range<Int>, into counts: inout OperationCounts) {
        for index in run { counts[entries[index].operation] += 1 }
    }

    /// The change at `index`, in place.
    @_lifetime(borrow self)
    public borrowing func change(at index: Int) -> Change {
        let entry = entries[index]
        let columnCount = schemas[Int(entry.schema)].columns.count
        let slotCount = entry.hasOldRow ? 2 * columnCount : columnCount
        let slots = fields.span.extracting(entry.firstField..<entry.firstField + slotCount)
        return Change(entry, columnCount: columnCount, slots: slots, arena: arena.bytes)
    }
}

extension ChangeBatch {
    /// Appends a value that is an ASCII literal.
    public mutating func append(literal text: StaticString) {
        append { buffer in buffer.append(text) }
    }
}
