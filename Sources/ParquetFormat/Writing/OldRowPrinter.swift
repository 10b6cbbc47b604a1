// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import Changelog
internal import Faults
internal import NDJSONFormat

/// Prints old rows as one JSON object, the same that NDJSON holds.
struct OldRowPrinter: Sendable {
    private let labels: [[UInt8]]
    private let printers: [ValuePrinter]
    private let types: [ColumnType]

    init(_ schema: TableSchema) {
        labels = schema.columns.map { ValuePrinter.label($0.name) }
        types = schema.columns.map(\.type)
        printers = schema.columns.map { ValuePrinter($0.type) }
    }

    /// Appends what the source sent of the old row.
    func append(_ change: borrowing Change, to output: inout ByteBuffer) throws(Fault) {
        output.append(UInt8(ascii: "{"))
        var isFirst = true
        for index in labels.indices {
            let field = change.oldField(index)
            if case .unset = field { continue }
            if !isFirst { output.append(UInt8(ascii: ",")) }
            isFirst = false
            output.append(contentsOf: labels[index])
            do throws(WireFault) {
                switch field {
                case .value(let value): try printers[index].append(value, to: &output)
                case .number(let number):
                    var text = ByteBuffer(capacity: 32)
                    text.append(number: number, as: types[index])
                    try printers[index].append(text.bytes, to: &output)
                case .null, .unset: output.append("null")
                }
            } catch {
                throw Fault(.bug, "a nested value cannot be read", detail: error.description)
            }
        }
        output.append(UInt8(ascii: "}"))
    }
}
