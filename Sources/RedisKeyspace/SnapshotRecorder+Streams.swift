// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import RedisRDB

extension SnapshotRecorder {
    mutating func beginEntry(_ id: StreamEntryID, _ fieldCount: Int, into batch: inout ChangeBatch) {
        items.beginNestedList()
        let start = items.beginNestedScalar()
        items.append(id)
        items.endNestedScalar(start)
        run.fieldsLeft = fieldCount
        run.hasOpenItem = true
        if fieldCount == 0 { endEntry(into: &batch) }
    }

    mutating func appendEntry(_ field: RawSpan, _ value: RawSpan, into batch: inout ChangeBatch) {
        items.appendNestedScalar(field)
        items.appendNestedScalar(value)
        run.fieldsLeft -= 1
        if run.fieldsLeft == 0 { return endEntry(into: &batch) }
        if items.count >= runByteCount { flush(into: &batch) }
    }

    private mutating func endEntry(into batch: inout ChangeBatch) {
        items.endNested()
        run.hasOpenItem = false
        if items.count >= runByteCount { flush(into: &batch) }
    }

    mutating func takeStream(_ event: borrowing RDBEvent, into batch: inout ChangeBatch) {
        switch event {
        case .streamState(let state): appendState(state, into: &batch)
        case .streamHistory(let history): append(history, into: &batch)
        case .streamGroup(let group): append(group, into: &batch)
        case .streamConsumer(let consumer): append(consumer, into: &batch)
        case .pendingEntry(let id, let deliveredAt, let count): appendPending(id, deliveredAt, count, into: &batch)
        case .consumerPending(let id): appendConsumerPending(id, into: &batch)
        default: return
        }
    }

    private mutating func appendState(_ state: RDBStreamState, into batch: inout ChangeBatch) {
        if run.pieces > 0 {
            endRuns(state.length, into: &batch)
        } else {
            beginRecord("row", in: &batch)
            batch.appendNull()
            appendItems(to: &batch)
            endFirstRecord(.whole, in: &batch)
        }
        run.isOver = true
        meta.removeAll()
        meta.beginNestedMap()
        meta.appendMeta("length", state.length)
        meta.appendMeta("last_id", text: state.lastID.description)
        run.hasOpenState = true
    }

    private mutating func append(_ history: RDBStreamHistory, into batch: inout ChangeBatch) {
        guard run.hasOpenState else { return }
        meta.appendMeta("first_id", text: history.firstID.description)
        meta.appendMeta("max_deleted_id", text: history.maxDeletedID.description)
        meta.appendMeta("entries_added", history.entriesAdded)
        closeState(into: &batch)
    }

    /// Appends the record about a stream; newer servers tell more of it in a step of its own.
    mutating func closeState(into batch: inout ChangeBatch) {
        guard run.hasOpenState else { return }
        run.hasOpenState = false
        meta.endNested()
        appendStreamRecord("row_stream", hasItems: false, into: &batch)
    }

    private mutating func append(_ group: borrowing RDBStreamGroup, into batch: inout ChangeBatch) {
        closeState(into: &batch)
        items.beginNestedList()
        items.appendNestedScalar(group.name)
        items.endNested()
        meta.removeAll()
        meta.beginNestedMap()
        meta.appendMeta("last_id", text: group.lastID.description)
        if let entriesRead = group.entriesRead { meta.appendMeta("entries_read", signed: entriesRead) }
        meta.endNested()
        appendStreamRecord("row_group", hasItems: true, into: &batch)
    }

    private mutating func append(_ consumer: borrowing RDBStreamConsumer, into batch: inout ChangeBatch) {
        items.beginNestedList()
        items.appendNestedScalar(consumer.name)
        items.endNested()
        meta.removeAll()
        meta.beginNestedMap()
        meta.appendMeta("seen_at_ms", signed: consumer.seenAt)
        if let activeAt = consumer.activeAt { meta.appendMeta("active_at_ms", signed: activeAt) }
        meta.endNested()
        appendStreamRecord("row_consumer", hasItems: true, into: &batch)
    }

    private mutating func appendPending(
        _ id: StreamEntryID, _ deliveredAt: Int64, _ count: UInt64, into batch: inout ChangeBatch
    ) {
        beginPending(id)
        appendNumber(deliveredAt)
        let start = items.beginNestedScalar()
        items.appendDecimal(count)
        items.endNestedScalar(start)
        items.endNested()
        appendStreamRecord("row_pending", hasItems: true, hasMeta: false, into: &batch)
    }

    private mutating func appendConsumerPending(_ id: StreamEntryID, into batch: inout ChangeBatch) {
        beginPending(id)
        items.endNested()
        appendStreamRecord("row_consumer_pending", hasItems: true, hasMeta: false, into: &batch)
    }

    private mutating func beginPending(_ id: StreamEntryID) {
        items.beginNestedList()
        let start = items.beginNestedScalar()
        items.append(id)
        items.endNestedScalar(start)
    }

    mutating func appendStreamRecord(
        _ op: StaticString, hasItems: Bool, hasMeta: Bool = true, into batch: inout ChangeBatch
    ) {
        beginRecord(op, in: &batch)
        batch.appendNull()
        if hasItems { appendItems(to: &batch) } else { batch.appendNull() }
        endRecord(.whole, hasMeta: hasMeta, in: &batch)
    }

    // MARK: Functions and modules

    mutating func appendFunction(_ source: RawSpan, into batch: inout ChangeBatch) {
        beginRecord("function", hasKey: false, in: &batch)
        batch.append(source)
        batch.appendNull()
        endRecord(.whole, in: &batch)
    }

    /// What a module keeps is skipped by the reader, and recorded by name.
    mutating func appendModule(_ module: RDBModule, _ byteCount: UInt64, isKey: Bool, into batch: inout ChangeBatch) {
        meta.removeAll()
        meta.beginNestedMap()
        meta.appendMeta("module", text: module.name)
        meta.appendMeta("module_version", UInt64(module.encodingVersion))
        meta.appendMeta("bytes", byteCount)
        if let stamp, isKey { meta.appendMeta(stamp) }
        meta.endNested()
        beginRecord("module", hasKey: isKey, in: &batch)
        batch.appendNull()
        batch.appendNull()
        endRecord(.whole, expiresAt: isKey ? facts.expiresAt : nil, hasMeta: true, in: &batch)
        run.isOver = true
    }
}

extension ByteBuffer {
    /// Appends an identifier as the server prints it.
    mutating func append(_ id: StreamEntryID) {
        appendDecimal(id.milliseconds)
        append(UInt8(ascii: "-"))
        appendDecimal(id.sequence)
    }
}

extension RDBValueType {
    /// The name of the type, as records bear it.
    var literal: StaticString {
        switch self {
        case .string: "string"
        case .list: "list"
        case .set: "set"
        case .sortedSet: "zset"
        case .hash: "hash"
        case .stream: "stream"
        case .module: "module"
        }
    }
}
