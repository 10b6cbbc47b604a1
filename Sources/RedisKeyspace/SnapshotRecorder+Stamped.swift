// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import Hiredis
import RedisRDB
import RedisState

/// Rows of keys that were read one by one, from other answers than a payload.
extension SnapshotRecorder {
    /// Appends a record that says something of a key and has no value.
    mutating func appendMark(
        _ op: StaticString, _ name: [UInt8], _ stamp: StateStamp, byteCount: Int? = nil, into batch: inout ChangeBatch
    ) {
        batch.beginChange(.read, schema: schema, ordinal: ordinal)
        ordinal += 1
        batch.append(literal: op)
        name.withRawSpan { batch.append($0) }
        batch.appendNull()
        batch.append(literal: "absolute")
        batch.appendNull()
        batch.appendNull()
        meta.removeAll()
        meta.beginNestedMap()
        meta.appendMeta(stamp)
        if let byteCount { meta.appendMeta("bytes", UInt64(clamping: byteCount)) }
        meta.endNested()
        endRecord(.whole, hasMeta: stamp.offset != nil || byteCount != nil, in: &batch)
    }

    /// Begins a key whose value comes in pieces.
    mutating func beginPieces(of name: [UInt8], _ type: LargeType, expiresAt: Int64?) {
        key.removeAll(keepingAtMost: 1 << 20)
        key.append(contentsOf: name)
        items.removeAll()
        facts = Facts(type: RDBValueType(type), expiresAt: expiresAt)
        run = Run()
    }

    /// Appends an item of a key in pieces.
    mutating func appendPiece(_ item: [[UInt8]], _ type: LargeType?, into batch: inout ChangeBatch) {
        items.beginNestedList()
        for (index, word) in item.enumerated() {
            if type == .sortedSet, index == 1, let score = word.withRawSpan({ shortestScore($0) }) {
                items.appendNestedScalar(score.bytes)
            } else {
                word.withRawSpan { items.appendNestedScalar($0) }
            }
        }
        items.endNested()
        if items.count >= runByteCount { flush(into: &batch) }
    }

    /// Takes back what was told of a key in pieces.
    mutating func voidPieces(into batch: inout ChangeBatch) {
        items.removeAll()
        guard run.pieces > 0 else { return }
        beginRecord("row_void", in: &batch)
        batch.appendNull()
        batch.appendNull()
        endRecord(.part(run.pieces, .none), in: &batch)
    }

    /// Ends a key in pieces; ``stamp`` is that of all of them.
    mutating func endPieces(_ end: LargeEnd, into batch: inout ChangeBatch) {
        beginRuns(in: &batch)
        endRuns(UInt64(clamping: end.count), into: &batch)
        guard facts.type == .stream else { return }
        appendStreamState(end.stream, into: &batch)
        for group in end.groups { appendGroup(group, into: &batch) }
    }

    private mutating func appendStreamState(_ fields: [String: Reply], into batch: inout ChangeBatch) {
        meta.removeAll()
        meta.beginNestedMap()
        meta.appendMeta("length", UInt64(clamping: fields["length"]?.integer ?? 0))
        meta.appendMeta("last_id", text: fields["last-generated-id"]?.text ?? "0-0")
        if let added = fields["entries-added"]?.integer {
            meta.appendMeta("first_id", text: fields["recorded-first-entry-id"]?.text ?? "0-0")
            meta.appendMeta("max_deleted_id", text: fields["max-deleted-entry-id"]?.text ?? "0-0")
            meta.appendMeta("entries_added", UInt64(clamping: added))
        }
        meta.endNested()
        appendStreamRecord("row_stream", hasItems: false, into: &batch)
    }

    private mutating func appendGroup(_ fields: [String: Reply], into batch: inout ChangeBatch) {
        guard case .bulk(let name)? = fields["name"] else { return }
        items.beginNestedList()
        name.withRawSpan { items.appendNestedScalar($0) }
        items.endNested()
        meta.removeAll()
        meta.beginNestedMap()
        meta.appendMeta("last_id", text: fields["last-delivered-id"]?.text ?? "0-0")
        if let read = fields["entries-read"]?.integer { meta.appendMeta("entries_read", signed: read) }
        meta.appendMeta("pending", UInt64(clamping: fields["pending"]?.integer ?? 0))
        meta.appendMeta("consumers", UInt64(clamping: fields["consumers"]?.integer ?? 0))
        meta.endNested()
        appendStreamRecord("row_group", hasItems: true, into: &batch)
    }
}

extension RDBValueType {
    init(_ type: LargeType) {
        self =
            switch type {
            case .string: .string
            case .list: .list
            case .set: .set
            case .sortedSet: .sortedSet
            case .hash: .hash
            case .stream: .stream
            }
    }
}
