// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import Faults
import Hiredis

/// Puts entries into a batch: each its identifier and its fields, copied once.
enum EntryDecoder {
    /// Puts one entry, an identifier and its fields in turn, into `batch`.
    @inline(__always)
    static func append(
        _ entry: ReplyView, at position: Position, ordinal: UInt64, lane: Int, schema: Int,
        into batch: inout ChangeBatch
    ) {
        batch.begin(Transaction(position: position, lane: lane))
        batch.beginChange(.create, schema: schema, ordinal: ordinal)
        batch.append(entry.element(0).bytes)
        let fields = entry.element(1)
        batch.append { output in append(fields, to: &output) }
        batch.endChange()
        batch.end()
    }

    /// The identifier of an entry.
    @inline(__always)
    static func id(of entry: ReplyView) throws(Fault) -> EntryID {
        guard entry.count == 2, let id = EntryID(reading: entry.element(0).bytes) else {
            throw StreamReading.nonsense("XRANGE")
        }
        return id
    }

    /// A list of pairs.
    @inline(__always)
    private static func append(_ fields: ReplyView, to output: inout ByteBuffer) {
        output.beginNestedList()
        var index = 0
        while index + 1 < fields.count {
            output.beginNestedList()
            output.appendNestedScalar(fields.element(index).bytes)
            output.appendNestedScalar(fields.element(index + 1).bytes)
            output.endNested()
            index += 2
        }
        output.endNested()
    }
}
