// SPDX-License-Identifier: Apache-2.0

package import Bytes
package import Changelog
package import Export
package import Faults

/// Writes rows that are no records, each given as JSON, into the bytes of a file of columns.
package struct RowFileWriter: ~Copyable {
    private let columns: [TableSchema.Column]
    private let shape: FileShape
    private let rowGroupByteCount: Int
    private var leaves: OwnedList<LeafBuilder>
    private var file: FileWriter
    private var heldRowCount = 0
    private var tokens = ByteBuffer(capacity: 1 << 12)
    /// How many rows it has taken in.
    package private(set) var rowCount = 0

    /// Begins a file with these columns, every one of which may be null.
    package init(columns: [TableSchema.Column], columnar: ColumnarChoice) {
        self.columns = columns
        let shape = FileShape(columns: columns, profile: .rich)
        self.shape = shape
        rowGroupByteCount = columnar.rowGroupByteCount
        leaves = OwnedList(count: shape.leaves.count) { LeafBuilder(shape.leaves[$0]) }
        file = FileWriter(schema: nil, layout: RecordLayout(epoch: 0, columnar: columnar), shape: shape)
    }

    /// Appends a row: a member for each column that is not null. What does not fit its column is a bug.
    package mutating func append(_ row: JSON, into output: inout ByteBuffer) throws(Fault) {
        for (column, node) in zip(columns, shape.columns) {
            guard let value = row[column.name], value != .null else {
                NestedWriter.appendNull(node, definition: 0, repetition: 0, to: &leaves)
                continue
            }
            tokens.removeAll(keepingAtMost: 1 << 20)
            guard tokens.append(nested: value, column.type) else { throw Self.unfit(column.name) }
            guard Self.append(tokens, node, to: &leaves) else { throw Self.unfit(column.name) }
        }
        rowCount += 1
        heldRowCount += 1
        // Counting what is held takes a look at every leaf.
        if heldRowCount % 1024 == 0 {
            var held = 0
            let count = leaves.count
            for leaf in 0..<count { held += leaves[leaf].byteCount }
            if held > rowGroupByteCount { try release(into: &output) }
        }
    }

    /// Writes what is held, and the footer.
    package mutating func end(into output: inout ByteBuffer) throws(Fault) {
        try release(into: &output)
        file.writeFooter(into: &output)
    }

    private mutating func release(into output: inout ByteBuffer) throws(Fault) {
        guard heldRowCount > 0 else { return }
        try file.writeRowGroup(&leaves, rowCount: heldRowCount, into: &output)
        heldRowCount = 0
    }

    private static func append(
        _ tokens: borrowing ByteBuffer, _ node: Node, to leaves: inout OwnedList<LeafBuilder>
    ) -> Bool {
        do throws(NestedRefusal) {
            try NestedWriter.append(tokens.bytes, node, to: &leaves)
            return true
        } catch {
            return false
        }
    }

    private static func unfit(_ column: String) -> Fault {
        Fault(.bug, "a row does not fit the column \(column)")
    }
}

extension ByteBuffer {
    /// Appends the tokens of a value; false when it is not of the type.
    fileprivate mutating func append(nested value: JSON, _ type: ColumnType) -> Bool {
        switch (type, value) {
        case (_, .null): appendNestedNull()
        case (.record(let fields), .object(let members)):
            beginNestedRecord()
            for field in fields {
                guard append(nested: members[field.name] ?? .null, field.type) else { return false }
            }
            endNested()
        case (.list(let element), .array(let values)):
            beginNestedList()
            for value in values {
                guard append(nested: value, element) else { return false }
            }
            endNested()
        case (.map, .object(let members)):
            beginNestedMap()
            for (name, value) in members.sorted(by: { $0.key < $1.key }) {
                guard append(nested: .text(name), .text), append(nested: value, .text) else { return false }
            }
            endNested()
        case (.text, .text(let text)): append(scalar: text)
        case (.boolean, .bool(let value)): append(scalar: value ? "t" : "f")
        case (.integer, .number(let number)): append(scalar: String(number))
        default: return false
        }
        return true
    }

    private mutating func append(scalar text: String) {
        let start = beginNestedScalar()
        append(contentsOf: Array(text.utf8))
        endNestedScalar(start)
    }
}
