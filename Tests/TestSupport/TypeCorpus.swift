// SPDX-License-Identifier: Apache-2.0

internal import Bytes
public import Changelog
public import Export
public import Faults

/// A value of the corpus, in the form of its type.
public indirect enum CorpusValue: Sendable {
    /// No value.
    case null
    /// A value that the source did not send.
    case unset
    /// Text.
    case text(String)
    /// Bytes.
    case bytes([UInt8])
    /// The elements of a list.
    case list([CorpusValue])
    /// The fields of a record.
    case record([CorpusValue])
    /// The members of a map.
    case map([(String, String?)])
}

/// A table of the corpus: columns, and the values that each of them takes in turn.
public struct CorpusTable: Sendable {
    /// One column.
    public struct Column: Sendable {
        let name: String
        let type: ColumnType
        let value: @Sendable (Int) -> CorpusValue

        /// A column whose value in a row is told by the row's number.
        public init(_ name: String, _ type: ColumnType, _ value: @escaping @Sendable (Int) -> CorpusValue) {
            self.name = name
            self.type = type
            self.value = value
        }

        /// A column that takes values in turn.
        public init(_ name: String, _ type: ColumnType, cycle values: [CorpusValue]) {
            self.init(name, type) { values[$0 % values.count] }
        }
    }

    /// Its name.
    public let name: String
    /// How many rows.
    public let rowCount: Int
    /// Its columns.
    public let schema: TableSchema
    private let columns: [Column]

    /// Makes a table; the first column is its key.
    public init(_ name: String, rowCount: Int, _ columns: [Column]) {
        self.name = name
        self.rowCount = rowCount
        self.columns = columns
        schema = TableSchema(
            table: TableName(namespace: "corpus", name: name),
            columns: columns.map { TableSchema.Column(name: $0.name, type: $0.type, sourceType: "\($0.type)") },
            key: columns.first.map { [$0.name] } ?? [])
    }

    /// The bytes that an encoder makes of all rows. Operations go in turn; updates and deletes bear old rows.
    public func encoded<E: SegmentEncoder & ~Copyable>(
        _ type: E.Type, _ layout: RecordLayout
    ) throws(Fault) -> [UInt8] {
        var encoder = E(schema: schema, layout: layout)
        var output = ByteBuffer()
        for start in stride(from: 0, to: rowCount, by: 500) {
            let transaction = Self.transaction(start / 500)
            let batch = batch(start..<min(start + 500, rowCount), transaction)
            for index in 0..<batch.count {
                let change = batch.change(at: index)
                try encoder.encode(change, of: transaction, ordinal: change.ordinal, into: &output)
            }
        }
        try encoder.end(into: &output)
        return output.bytes.copiedBytes()
    }

    private static func transaction(_ number: Int) -> Transaction {
        let position = Position(rawValue: 0x16B_3748 + UInt64(number) * 0x1000)
        guard number % 3 > 0 else { return Transaction(position: position) }
        return Transaction(
            position: position, identifier: 700 + UInt64(number),
            commitTime: Timestamp(microseconds: 1_700_000_000_123_456 + Int64(number) * 1_000_003))
    }

    private func batch(_ rows: Range<Int>, _ transaction: Transaction) -> ChangeBatch {
        var batch = ChangeBatch(byteLimit: 1 << 20)
        batch.begin(transaction)
        let schema = batch.index(of: schema)
        let operations: [Changelog.Operation] = [.read, .create, .update, .delete, .update, .truncate]
        for row in rows {
            let operation = rowCount > 1000 ? .read : operations[row % operations.count]
            batch.beginChange(operation, schema: schema, ordinal: UInt64(row - rows.lowerBound + 1))
            for column in columns { batch.append(operation == .truncate ? .unset : column.value(row)) }
            if operation == .update || operation == .delete {
                batch.beginOldRow()
                for (index, column) in columns.enumerated() {
                    batch.append(index % 3 == 2 ? .unset : column.value(row + 1))
                }
            }
            batch.endChange()
        }
        batch.end()
        return batch
    }
}

extension ChangeBatch {
    /// Appends a value of the corpus.
    public mutating func append(_ value: CorpusValue) {
        switch value {
        case .null: appendNull()
        case .unset: appendUnset()
        case .text(let text): Array(text.utf8).withRawSpan { append($0) }
        case .bytes(let bytes): bytes.withRawSpan { append($0) }
        case .list, .record, .map: append { buffer in buffer.append(nested: value) }
        }
    }
}

extension ByteBuffer {
    fileprivate mutating func append(nested value: CorpusValue) {
        switch value {
        case .null, .unset: appendNestedNull()
        case .text(let text): Array(text.utf8).withRawSpan { appendNestedScalar($0) }
        case .bytes(let bytes): bytes.withRawSpan { appendNestedScalar($0) }
        case .list(let elements):
            beginNestedList()
            for element in elements { append(nested: element) }
            endNested()
        case .record(let fields):
            beginNestedRecord()
            for field in fields { append(nested: field) }
            endNested()
        case .map(let members):
            beginNestedMap()
            for (key, member) in members {
                append(nested: .text(key))
                append(nested: member.map { .text($0) } ?? .null)
            }
            endNested()
        }
    }
}
