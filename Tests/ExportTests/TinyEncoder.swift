// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import Export
import Faults

/// The smallest format that can be told apart: tokens in a row, a number for each change, a mark at the end.
struct TinyEncoder: SegmentEncoder, ~Copyable {

    private let layout: RecordLayout

    init(schema: TableSchema, layout: RecordLayout) {
        self.layout = layout
    }

    mutating func encode(
        _ change: borrowing Change, of transaction: Transaction, ordinal: UInt64, into output: inout ByteBuffer
    ) throws(Fault) {
        for number in [UInt64(layout.epoch), transaction.position.rawValue, transaction.identifier ?? 0, ordinal] {
            output.appendHexadecimal(number, digits: 16)
        }
        output.append(change.operation.rawValue)
        for index in 0..<change.columnCount { append(change.field(index), to: &output) }
        guard change.hasOldRow else { return }
        output.append("old")
        for index in 0..<change.columnCount { append(change.oldField(index), to: &output) }
    }

    mutating func end(into output: inout ByteBuffer) throws(Fault) {
        output.append("END")
    }

    private func append(_ field: Change.Field, to output: inout ByteBuffer) {
        switch field {
        case .null: output.append("n")
        case .unset: output.append("u")
        case .value(let bytes):
            output.append("v")
            output.appendHexadecimal(UInt64(bytes.byteCount), digits: 8)
            output.append(bytes)
        case .number(let number):
            output.append("#")
            output.appendHexadecimal(UInt64(bitPattern: number), digits: 16)
        }
    }
}
