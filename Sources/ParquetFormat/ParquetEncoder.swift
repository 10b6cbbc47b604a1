// SPDX-License-Identifier: Apache-2.0

public import Bytes
public import Changelog
public import Export
public import Faults
internal import NDJSONFormat

/// Changes as a Parquet file, a column for each column (`docs/format.md`, Parquet).
///
/// Values go from the batch into builders, one for each leaf. When they hold as many bytes as
/// ``Export/ColumnarChoice/rowGroupByteCount`` says, they are written as one group of rows. What a column cannot hold
/// is null there and stands in `_cdc_raw`.
public struct ParquetEncoder: SegmentEncoder, ~Copyable {
    private let layout: RecordLayout
    private let shape: FileShape
    private let columns: [Column]
    private let old: OldRowPrinter
    private var leaves: OwnedList<LeafBuilder>
    private var file: FileWriter
    private var head = RecordStart()
    private var rowCount = 0
    private var rowsToNextLook = 0
    private var rawCount = 0
    private var unsetCount = 0
    private var scratch = ByteBuffer()
    /// The rules that the next change breaks.
    private var violations: [String] = []

    /// How the values of one column of the table go in.
    private struct Column: Sendable {
        enum Route: UInt8 {
            case leaf
            case float
            case parts
        }

        let route: Route
        /// Whether the leaf holds numbers just as a batch has them.
        let takesNumbers: Bool
        let leaf: Int
        let name: [UInt8]
        let node: Node
        let raw: RawValue
        let type: ColumnType
    }

    /// Begins a segment of one table.
    public init(schema: TableSchema, layout: RecordLayout) {
        self.layout = layout
        let shape = FileShape(
            schema, columnPrefix: layout.columnPrefix, profile: layout.columnar.profile,
            widening: layout.columnar.widening, violations: layout.violations)
        self.shape = shape
        columns = zip(schema.columns, shape.columns).map { column, node in
            var (route, takesNumbers) = (Column.Route.parts, false)
            if case .leaf(let leaf) = node.kind {
                takesNumbers = column.type.hasNumbers && shape.leaves[leaf].intake.takesNumbers(of: column.type)
                switch shape.leaves[leaf].intake {
                case .float32, .float32Widened, .float64: route = .float
                case .recordJSON: break
                default: route = .leaf
                }
            }
            return Column(
                route: route, takesNumbers: takesNumbers, leaf: node.leaves.lowerBound, name: Array(column.name.utf8),
                node: node, raw: RawValue(column.type), type: column.type)
        }
        leaves = OwnedList(count: shape.leaves.count) { LeafBuilder(shape.leaves[$0]) }
        old = OldRowPrinter(schema)
        file = FileWriter(schema: schema, layout: layout, shape: shape)
    }

    /// How many bytes the builders hold.
    public var heldByteCount: Int {
        var sum = 0
        for leaf in 0..<leaves.count { sum += leaves[leaf].byteCount }
        return sum
    }

    /// Takes in one change.
    public mutating func encode(
        _ change: borrowing Change, of transaction: Transaction, ordinal: UInt64, into output: inout ByteBuffer
    ) throws(Fault) {
        guard change.columnCount == columns.count else {
            throw Fault(.bug, "a change has \(change.columnCount) values for \(columns.count) columns")
        }
        appendStart(change.operation, transaction, ordinal)
        (rawCount, unsetCount) = (0, 0)
        for index in 0..<columns.count {
            switch change.field(index) {
            case .null: appendNull(index)
            case .unset:
                appendNull(index)
                appendUnset(index)
            case .value(let value): try append(value, index)
            case .number(let number): try append(number, index)
            }
        }
        try appendEnd(change)
        rowCount += 1
        rowsToNextLook -= 1
        if rowsToNextLook <= 0 { try look(into: &output) }
    }

    /// Writes the gathered rows as a group.
    public mutating func release(into output: inout ByteBuffer) throws(Fault) {
        guard rowCount > 0 else { return }
        try file.writeRowGroup(&leaves, rowCount: rowCount, into: &output)
        rowCount = 0
        rowsToNextLook = 0
    }

    /// Writes what is gathered, and the footer.
    public mutating func end(into output: inout ByteBuffer) throws(Fault) {
        try release(into: &output)
        file.writeFooter(into: &output)
    }

    /// Writes a group of rows when it is large enough, else decides when to look again.
    private mutating func look(into output: inout ByteBuffer) throws(Fault) {
        let held = heldByteCount
        let limit = layout.columnar.rowGroupByteCount
        guard held < limit, rowCount < layout.columnar.rowGroupRowCount else { return try release(into: &output) }
        let untilFull = (limit - held) / max(1, held / rowCount)
        rowsToNextLook = min(max(1, untilFull / 4), 4096, layout.columnar.rowGroupRowCount - rowCount)
    }

    private mutating func appendStart(_ operation: Operation, _ transaction: Transaction, _ ordinal: UInt64) {
        let key = SequenceKey(epoch: layout.epoch, position: transaction.position, ordinal: ordinal)
        file.note(key)
        head.prepare(layout.epoch, transaction.position)
        Self.append(head.text, ordinal, to: &leaves[FileShape.Own.sequence])
        leaves[FileShape.Own.operation].append { $0.append(operation.rawValue) }
        if let identifier = transaction.identifier {
            leaves[FileShape.Own.transaction].append(integer: Int64(bitPattern: identifier))
        } else {
            leaves[FileShape.Own.transaction].appendNull()
        }
        if let time = transaction.commitTime {
            leaves[FileShape.Own.commitTime].append(integer: time.microseconds)
        } else {
            leaves[FileShape.Own.commitTime].appendNull()
        }
    }

    @inline(__always)
    private static func append(_ head: borrowing ByteBuffer, _ ordinal: UInt64, to leaf: inout LeafBuilder) {
        let head = head.bytes
        leaf.append { output in
            output.append(head)
            output.appendHexadecimal(ordinal, digits: 16)
        }
    }

    @inline(__always)
    private mutating func appendNull(_ index: Int) {
        if columns[index].route == .parts {
            NestedWriter.appendNull(columns[index].node, definition: 0, repetition: 0, to: &leaves)
        } else {
            leaves[columns[index].leaf].appendNull()
        }
    }

    private mutating func appendUnset(_ index: Int) {
        let repetition: UInt8 = unsetCount > 0 ? 1 : 0
        leaves[shape.unset].append(repetition: repetition) { $0.append(contentsOf: columns[index].name) }
        unsetCount += 1
    }

    @inline(__always)
    private mutating func append(_ value: RawSpan, _ index: Int) throws(Fault) {
        if value.byteCount > 1 << 16 { rowsToNextLook = 0 }
        let leaf = columns[index].leaf
        switch columns[index].route {
        case .leaf:
            if leaves[leaf].append(value) { return }
            leaves[leaf].appendNull()
        case .float:
            switch leaves[leaf].append(float: value) {
            case true?: return
            case false?: break
            case nil: leaves[leaf].appendNull()
            }
        case .parts: if try appendParts(value, columns[index].node) { return }
        }
        try appendRaw(value, index)
    }

    @inline(__always)
    private mutating func append(_ number: Int64, _ index: Int) throws(Fault) {
        if columns[index].takesNumbers { return leaves[columns[index].leaf].append(integer: number) }
        var text = ByteBuffer(capacity: 32)
        text.append(number: number, as: columns[index].type)
        try append(text.bytes, index)
    }

    /// False, with a null appended, when the leaves cannot hold the value.
    private mutating func appendParts(_ value: RawSpan, _ node: Node) throws(Fault) -> Bool {
        let marks = node.leaves.map { leaves[$0].mark }
        do throws(NestedRefusal) {
            try NestedWriter.append(value, node, to: &leaves)
            return true
        } catch {
            if case .malformed(let fault) = error {
                throw Fault(.bug, "a nested value cannot be read", detail: fault.description)
            }
            for (leaf, mark) in zip(node.leaves, marks) { leaves[leaf].rewind(to: mark) }
            NestedWriter.appendNull(node, definition: 0, repetition: 0, to: &leaves)
            return false
        }
    }

    private mutating func appendRaw(_ value: RawSpan, _ index: Int) throws(Fault) {
        scratch.removeAll(keepingAtMost: 1 << 16)
        do throws(WireFault) {
            try columns[index].raw.append(value, to: &scratch)
        } catch {
            throw Fault(.bug, "a nested value cannot be read", detail: error.description)
        }
        let repetition: UInt8 = rawCount > 0 ? 1 : 0
        leaves[shape.raw].append(repetition: repetition) { $0.append(contentsOf: columns[index].name) }
        Self.append(scratch, to: &leaves[shape.raw + 1], repetition)
        rawCount += 1
    }

    private static func append(_ text: borrowing ByteBuffer, to leaf: inout LeafBuilder, _ repetition: UInt8) {
        let text = text.bytes
        leaf.append(repetition: repetition) { $0.append(text) }
    }

    /// Puts the names into `_cdc_violations` of the next change.
    public mutating func tagNext(_ violations: [String]) {
        self.violations = violations
    }

    private mutating func appendViolations(_ leaf: Int) {
        guard !violations.isEmpty else { return leaves[leaf].appendNull() }
        for (index, rule) in violations.enumerated() {
            leaves[leaf].append(repetition: index > 0 ? 1 : 0) { $0.append(contentsOf: Array(rule.utf8)) }
        }
        violations = []
    }

    private mutating func appendEnd(_ change: borrowing Change) throws(Fault) {
        if let leaf = shape.violations { appendViolations(leaf) }
        if unsetCount == 0 { leaves[shape.unset].appendNull() }
        if rawCount == 0 {
            leaves[shape.raw].appendNull()
            leaves[shape.raw + 1].appendNull()
        }
        guard change.hasOldRow else { return leaves[shape.old].appendNull() }
        scratch.removeAll(keepingAtMost: 1 << 16)
        try old.append(change, to: &scratch)
        if scratch.count > 1 << 16 { rowsToNextLook = 0 }
        Self.append(scratch, to: &leaves[shape.old], 0)
    }
}

/// The first 22 bytes of a sequence key, `0001/0000000016b3748/`, made once for all changes of a position.
private struct RecordStart: ~Copyable, Sendable {
    private(set) var text = ByteBuffer(capacity: 64)
    private var position: Position?

    @inline(__always)
    mutating func prepare(_ epoch: UInt16, _ position: Position) {
        if self.position != position { make(epoch, position) }
    }

    private mutating func make(_ epoch: UInt16, _ position: Position) {
        self.position = position
        text.removeAll()
        text.appendHexadecimal(UInt64(epoch), digits: 4)
        text.append(UInt8(ascii: "/"))
        text.appendHexadecimal(position.rawValue, digits: 16)
        text.append(UInt8(ascii: "/"))
    }
}
