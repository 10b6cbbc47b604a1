// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import Export
import Faults

/// Counts the changes of each transaction and writes a record of it into a batch of its own.
///
/// When that batch is recorded depends on the changes alone, so that the same changes are the same files.
struct TransactionLedger: ~Copyable {
    /// The records that wait.
    private var batch = ChangeBatch(byteLimit: 256 << 10)
    /// How many changes of each table the transaction in hand has, in the order in which they came.
    private var counts: [(schema: TableSchema, count: Int)] = []
    /// Where each table stands in ``counts``.
    private var places: [TableName: Int] = [:]
    /// The counts of the last record and their map: the next one often has the same.
    private var last: [(schema: TableSchema, count: Int)] = []
    private var map: [UInt8] = []

    /// Takes a part of a transaction, and its record when it is whole. What stands outside of transactions has none.
    mutating func take(_ slice: ChangeBatch.Slice, of changes: borrowing ChangeBatch) {
        guard slice.transaction.identifier != nil else { return }
        var index = slice.changes.lowerBound
        while index < slice.changes.upperBound {
            let end = changes.endOfRun(from: index, before: slice.changes.upperBound)
            count(changes.schemas[changes.schemaIndex(at: index)], end - index)
            index = end
        }
        if slice.isComplete { write(slice.transaction) }
    }

    /// Whether enough waits to be recorded.
    var isFull: Bool { batch.isFull }

    /// Hands what waits to `record`, a transaction each.
    mutating func release(
        to record: (ChangeBatch.Slice, borrowing ChangeBatch) throws(Fault) -> Void
    ) throws(Fault) {
        for slice in batch.slices { try record(slice, batch) }
        batch.removeAll()
    }

    private mutating func count(_ schema: TableSchema, _ count: Int) {
        if let last = counts.last, last.schema === schema {
            counts[counts.count - 1].count += count
        } else if let index = counts.prefix(8).firstIndex(where: { $0.schema === schema }) {
            // Small transactions go to and fro between few tables.
            counts[index].count += count
        } else if let index = places[schema.table] {
            counts[index].count += count
        } else {
            places[schema.table] = counts.count
            counts.append((schema, count))
        }
    }

    private mutating func write(_ transaction: Transaction) {
        defer {
            counts.removeAll(keepingCapacity: true)
            places.removeAll(keepingCapacity: true)
        }
        guard !counts.isEmpty else { return }
        batch.begin(transaction)
        let schema = batch.index(of: TransactionsTable.schema)
        batch.beginChange(.create, schema: schema, ordinal: TransactionsTable.ordinal)
        let total = counts.reduce(0) { $0 + $1.count }
        batch.append { output in output.appendDecimal(UInt64(total)) }
        if !isLikeLast { makeMap() }
        let map = map
        batch.append { output in map.withRawSpan { span in output.append(span) } }
        batch.endChange()
        batch.end()
    }

    private var isLikeLast: Bool {
        guard counts.count == last.count else { return false }
        for index in counts.indices
        where counts[index].schema !== last[index].schema || counts[index].count != last[index].count {
            return false
        }
        return true
    }

    /// Writes the counts by table, as a value of the type map.
    private mutating func makeMap() {
        var buffer = ByteBuffer()
        buffer.beginNestedMap()
        for (schema, count) in counts {
            Array(schema.table.description.utf8).withRawSpan { buffer.appendNestedScalar($0) }
            Array(String(count).utf8).withRawSpan { buffer.appendNestedScalar($0) }
        }
        buffer.endNested()
        map = buffer.bytes.copiedBytes()
        last = counts
    }
}
