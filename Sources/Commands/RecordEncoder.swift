// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import Export
import Faults
import NDJSONFormat
import ParquetFormat

/// Writes records in the format that the layout names. Which one it is is asked once a run of changes.
struct RecordEncoder: SegmentEncoder, ~Copyable {
    private var lines: NDJSONEncoder?
    private var columns: ParquetEncoder?

    init(schema: TableSchema, layout: RecordLayout) {
        switch layout.format {
        case .ndjson: lines = NDJSONEncoder(schema: schema, layout: layout)
        case .parquet: columns = ParquetEncoder(schema: schema, layout: layout)
        }
    }

    mutating func encode(
        _ change: borrowing Change, of transaction: Transaction, ordinal: UInt64, into output: inout ByteBuffer
    ) throws(Fault) {
        try lines?.encode(change, of: transaction, ordinal: ordinal, into: &output)
        try columns?.encode(change, of: transaction, ordinal: ordinal, into: &output)
    }

    mutating func encode(
        _ run: Range<Int>, of batch: borrowing ChangeBatch, in transaction: Transaction, ordinalBase: UInt64,
        into output: inout ByteBuffer, until byteCount: Int
    ) throws(Fault) -> Int {
        if let end = try lines?.encode(
            run, of: batch, in: transaction, ordinalBase: ordinalBase, into: &output, until: byteCount)
        {
            return end
        }
        return try columns?.encode(
            run, of: batch, in: transaction, ordinalBase: ordinalBase, into: &output, until: byteCount)
            ?? run.lowerBound
    }

    mutating func end(into output: inout ByteBuffer) throws(Fault) {
        try lines?.end(into: &output)
        try columns?.end(into: &output)
    }

    mutating func tagNext(_ violations: [String]) {
        lines?.tagNext(violations)
        columns?.tagNext(violations)
    }

    var heldByteCount: Int {
        switch columns {
        case .some(let encoder): encoder.heldByteCount
        case .none: 0
        }
    }

    mutating func release(into output: inout ByteBuffer) throws(Fault) {
        try columns?.release(into: &output)
    }
}
