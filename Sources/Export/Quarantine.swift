// SPDX-License-Identifier: Apache-2.0

internal import Anchors
internal import Bytes
public import Changelog
internal import Faults

extension TableSchema {
    /// The columns of quarantined records, the same whatever the records are of (`docs/format.md`, Quarantine).
    public static func quarantine(of table: TableName) -> TableSchema {
        TableSchema(
            table: table.quarantine,
            columns: [
                Column(name: "reason", type: .text, sourceType: "text"),
                Column(name: "rule", type: .text, sourceType: "text"),
                Column(name: "schema", type: .text, sourceType: "text"),
                Column(name: "record", type: .json, sourceType: "json"),
            ], key: [])
    }
}

/// Turns changes of one schema into the rows of its quarantine.
final class QuarantinePress<Encoder: SegmentEncoder & ~Copyable> {
    /// The schema of the changes.
    let source: TableSchema
    /// The lane of the changes.
    let lane: Lane?
    /// The schema of the rows.
    let schema: TableSchema
    private let schemaID: [UInt8]
    private var encoder: Encoder
    private var record = ByteBuffer()
    /// One row, as a batch.
    private(set) var row = ChangeBatch(byteLimit: 64 << 10)

    init(_ source: TableSchema, _ layout: RecordLayout, _ lane: Lane?) {
        self.source = source
        self.lane = lane
        schema = .quarantine(of: source.table)
        schemaID = Array(source.schemaID.utf8)
        encoder = Encoder(schema: source, layout: layout.inside(lane).asLines)
    }

    /// Makes ``row`` of `change`.
    func take(
        _ change: borrowing Change, of transaction: Transaction, ordinalBase: UInt64, _ violation: Violation
    ) throws(Fault) {
        record.removeAll(keepingAtMost: 1 << 20)
        try encoder.encode(change, of: transaction, ordinal: ordinalBase + change.ordinal, into: &record)
        row.removeAll()
        row.begin(transaction)
        row.beginChange(change.operation, schema: row.index(of: schema), ordinal: change.ordinal)
        row.append { $0.append(contentsOf: Array(violation.reason.utf8)) }
        row.append { $0.append(contentsOf: Array(violation.rule.utf8)) }
        row.append { $0.append(contentsOf: schemaID) }
        Self.append(record, to: &row)
        row.endChange()
        row.end()
    }

    /// Appends a line without its end.
    private static func append(_ line: borrowing ByteBuffer, to row: inout ChangeBatch) {
        let line = line.bytes
        row.append(line.extracting(0..<max(0, line.byteCount - 1)))
    }
}
