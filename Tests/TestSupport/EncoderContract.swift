// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import Changelog
public import Export
internal import Faults
internal import Testing

/// What every encoder must do, whatever its format.
public func checkEncoderContract<E: SegmentEncoder & ~Copyable>(_ type: E.Type) throws {
    let whole = try encoded(type, 0..<12)
    #expect(!whole.isEmpty)
    // The same changes are the same bytes, whatever was there before them and however many batches they came in.
    #expect(try encoded(type, 0..<12) == whole)
    #expect(try encoded(type, 0..<12, behind: [1, 2, 3]) == [1, 2, 3] + whole)
    // Each thing that is recorded of a change can be told from the bytes.
    let variants = [
        whole, try encoded(type, 0..<11), try encoded(type, 1..<12), try encoded(type, 0..<12, ordinalBase: 1),
        try encoded(type, 0..<12, layout: RecordLayout(epoch: 2)),
        try encoded(type, 0..<12, transaction: Transaction(position: Position(rawValue: 8), identifier: 7)),
    ]
    #expect(Set(variants).count == variants.count)
    let fields: [ContractField] = [.null, .unset, .value(""), .value("null"), .value("x")]
    let values = try fields.map { try encoded(type, field: $0, .create) }
    #expect(Set(values).count == fields.count, "null, unknown, empty and the text null are different things")
    let operations = try Changelog.Operation.allCases.map { try encoded(type, field: .value("x"), $0) }
    #expect(Set(operations).count == operations.count)
    #expect(
        try encoded(type, field: .value("x"), .update, old: .value("y")) != encoded(type, field: .value("x"), .update))
}

private enum ContractField {
    case null
    case unset
    case value(String)
}

private let contractSchema = TableSchema(
    table: TableName(namespace: "public", name: "t"),
    columns: [TableSchema.Column(name: "v", type: .text, sourceType: "text")], key: [])

private func append(_ field: ContractField, to batch: inout ChangeBatch) {
    switch field {
    case .null: batch.appendNull()
    case .unset: batch.appendUnset()
    case .value(let text): Array(text.utf8).withRawSpan { batch.append($0) }
    }
}

private func encoded<E: SegmentEncoder & ~Copyable>(
    _ type: E.Type, _ rows: Range<Int>, layout: RecordLayout = RecordLayout(epoch: 1),
    transaction: Transaction = Transaction(position: Position(rawValue: 7), identifier: 7), ordinalBase: UInt64 = 0,
    behind before: [UInt8] = []
) throws -> [UInt8] {
    var batch = ChangeBatch(byteLimit: 1 << 16)
    batch.begin(transaction)
    for row in rows {
        batch.beginChange(.create, schema: batch.index(of: contractSchema), ordinal: UInt64(row + 1))
        append(row % 5 == 0 ? .null : .value("row \(row) \"é\"\n"), to: &batch)
        batch.endChange()
    }
    return try encoded(type, batch, transaction, layout, ordinalBase, before)
}

private func encoded<E: SegmentEncoder & ~Copyable>(
    _ type: E.Type, field: ContractField, _ operation: Changelog.Operation, old: ContractField? = nil
) throws -> [UInt8] {
    let transaction = Transaction(position: Position(rawValue: 7))
    var batch = ChangeBatch(byteLimit: 1 << 16)
    batch.begin(transaction)
    batch.beginChange(operation, schema: batch.index(of: contractSchema), ordinal: 1)
    append(field, to: &batch)
    if let old {
        batch.beginOldRow()
        append(old, to: &batch)
    }
    batch.endChange()
    return try encoded(type, batch, transaction, RecordLayout(epoch: 1), 0, [])
}

private func encoded<E: SegmentEncoder & ~Copyable>(
    _ type: E.Type, _ batch: borrowing ChangeBatch, _ transaction: Transaction, _ layout: RecordLayout,
    _ ordinalBase: UInt64, _ before: [UInt8]
) throws -> [UInt8] {
    var output = ByteBuffer()
    output.append(contentsOf: before)
    var encoder = E(schema: contractSchema, layout: layout)
    for index in 0..<batch.count {
        let change = batch.change(at: index)
        try encoder.encode(change, of: transaction, ordinal: ordinalBase + change.ordinal, into: &output)
    }
    try encoder.end(into: &output)
    return output.bytes.copiedBytes()
}
