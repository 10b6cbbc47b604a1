// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import RedisRDB
import RedisState

/// Turns what a payload tells into records, one key after the other (`docs/format.md`, Records of a keyspace).
///
/// A key that fits is one record; a larger one is handed out in runs while it is read, so no more than a run is held.
struct SnapshotRecorder: ~Copyable {
    /// How many bytes of items make a record full.
    let runByteCount: Int
    /// The next record's place in the snapshot, from 1.
    var ordinal: UInt64 = 1
    private var tables: KeyspaceSchema
    /// As of which point the keys are exact that are not of a snapshot.
    var stamp: StateStamp?
    var database = 0
    var schema = 0

    var key = ByteBuffer()
    var facts = Facts()
    /// The items that are not in a record yet, as nested lists.
    var items = ByteBuffer()
    var meta = ByteBuffer()
    var run = Run()
    private var origin = ReplicationOrigin.Fields()

    /// What is known of a key before its items.
    struct Facts {
        var type = RDBValueType.string
        var expiresAt: Int64?
        var hasMeta = false
    }

    /// How far the records of one key are.
    struct Run {
        var pieces = 0
        var itemCount: UInt64 = 0
        var continuation = Continuation.none
        var hasOpenItem = false
        var fieldsLeft = 0
        /// The value is handed out; what follows is about a stream.
        var isOver = false
        /// The record about the stream is begun in `meta`.
        var hasOpenState = false
    }

    /// Begins; `namespace` is the shard's name, where there are several.
    init(runByteCount: Int = 1 << 20, namespace: String? = nil) {
        self.runByteCount = runByteCount
        tables = KeyspaceSchema(namespace: namespace)
    }

    /// From where the stream of commands goes on, as far as the payload has told.
    var replicationOrigin: ReplicationOrigin? { origin.origin }

    /// Begins another batch: the schemas of the one before are not known to it.
    mutating func begin(_ batch: inout ChangeBatch) {
        schema = batch.index(of: tables.table(database))
    }

    /// Takes one step of the payload.
    @inline(__always)
    mutating func take(_ event: borrowing RDBEvent, into batch: inout ChangeBatch) {
        switch event {
        case .beginKey(let key): begin(key)
        case .string(let value): append(string: value, into: &batch)
        case .element(let element): appendItem(element, into: &batch)
        case .member(let member): appendItem(member, into: &batch)
        case .scoredMember(let member, let score): appendItem(member, score, into: &batch)
        case .field(let field, let value, let expiresAt): appendItem(field, value, expiresAt, into: &batch)
        case .endKey(let count): endKey(count, into: &batch)
        default: takeRare(event, into: &batch)
        }
    }

    private mutating func takeRare(_ event: borrowing RDBEvent, into batch: inout ChangeBatch) {
        switch event {
        case .selectDatabase(let number): select(Int(clamping: number), in: &batch)
        case .auxiliary(let name, let value): origin.note(name: name, value: value)
        case .functionLibrary(let source): appendFunction(source, into: &batch)
        case .moduleAuxiliary(let module, let count): appendModule(module, count, isKey: false, into: &batch)
        case .moduleValue(let module, let count): appendModule(module, count, isKey: true, into: &batch)
        case .piece(let part, let bytes, let isLast): append(part, bytes, isLast: isLast, into: &batch)
        case .endItem(let score, let expiresAt): endItem(score, expiresAt, into: &batch)
        case .streamEntry(let id, let count): beginEntry(id, count, into: &batch)
        case .streamField(let field, let value): appendEntry(field, value, into: &batch)
        default: takeStream(event, into: &batch)
        }
    }

    mutating func select(_ number: Int, in batch: inout ChangeBatch) {
        guard number != database else { return }
        database = number
        schema = batch.index(of: tables.table(number))
    }

    // MARK: Keys

    private mutating func begin(_ key: borrowing RDBKey) {
        self.key.removeAll(keepingAtMost: 1 << 20)
        self.key.append(key.name)
        facts = Facts(type: key.type, expiresAt: key.expiresAt)
        run = Run()
        guard key.idleSeconds != nil || key.frequency != nil || stamp?.offset != nil else { return }
        facts.hasMeta = true
        meta.removeAll()
        meta.beginNestedMap()
        if let stamp { meta.appendMeta(stamp) }
        if let idle = key.idleSeconds { meta.appendMeta("idle_seconds", idle) }
        if let frequency = key.frequency { meta.appendMeta("frequency", UInt64(frequency)) }
        meta.endNested()
    }

    private mutating func append(string value: RawSpan, into batch: inout ChangeBatch) {
        beginRecord("row", in: &batch)
        batch.append(value)
        batch.appendNull()
        endFirstRecord(.whole, in: &batch)
        run.isOver = true
    }

    private mutating func endKey(_ itemCount: UInt64, into batch: inout ChangeBatch) {
        guard !run.isOver else { return closeState(into: &batch) }
        guard run.pieces > 0 else {
            beginRecord("row", in: &batch)
            batch.appendNull()
            appendItems(to: &batch)
            return endFirstRecord(.whole, in: &batch)
        }
        endRuns(itemCount, into: &batch)
    }

    mutating func endRuns(_ itemCount: UInt64, into batch: inout ChangeBatch) {
        flush(into: &batch)
        meta.removeAll()
        meta.beginNestedMap()
        meta.appendMeta("count", itemCount)
        if let stamp { meta.appendMeta(stamp) }
        meta.endNested()
        beginRecord("row_end", in: &batch)
        batch.appendNull()
        batch.appendNull()
        endRecord(nextPiece(), hasMeta: true, in: &batch)
    }

    /// Begins a record: everything before its `value`.
    @inline(__always)
    mutating func beginRecord(_ op: StaticString, hasKey: Bool = true, in batch: inout ChangeBatch) {
        batch.beginChange(.read, schema: schema, ordinal: ordinal)
        ordinal += 1
        batch.append(literal: op)
        guard hasKey else {
            batch.appendNull()
            batch.appendNull()
            return batch.append(literal: "absolute")
        }
        batch.append(key.bytes)
        batch.append(literal: facts.type.literal)
        batch.append(literal: "absolute")
    }

    /// Appends the items that wait as the record's `items`.
    @inline(__always)
    mutating func appendItems(to batch: inout ChangeBatch) {
        batch.append { buffer in
            buffer.beginNestedList()
            buffer.append(items.bytes)
            buffer.endNested()
        }
        items.removeAll(keepingAtMost: 2 * runByteCount)
    }

    /// Ends a record: everything behind its `items`.
    @inline(__always)
    mutating func endRecord(
        _ piece: Piece, expiresAt: Int64? = nil, hasMeta: Bool = false, in batch: inout ChangeBatch
    ) {
        batch.append(integer: expiresAt)
        batch.appendNull()
        if hasMeta { batch.append(meta.bytes) } else { batch.appendNull() }
        batch.appendNull()
        batch.appendNull()
        batch.endRecord(piece)
    }

    /// Ends the first record of a key, which says what is known of it.
    @inline(__always)
    mutating func endFirstRecord(_ piece: Piece, in batch: inout ChangeBatch) {
        endRecord(piece, expiresAt: facts.expiresAt, hasMeta: facts.hasMeta, in: &batch)
    }

    // MARK: Items

    @inline(__always)
    private mutating func appendItem(_ part: RawSpan, into batch: inout ChangeBatch) {
        items.beginNestedList()
        items.appendNestedScalar(part)
        items.endNested()
        if items.count >= runByteCount { flush(into: &batch) }
    }

    @inline(__always)
    private mutating func appendItem(_ first: RawSpan, _ second: RawSpan, into batch: inout ChangeBatch) {
        appendItem(first, second, nil, into: &batch)
    }

    @inline(__always)
    private mutating func appendItem(
        _ first: RawSpan, _ second: RawSpan, _ expiresAt: Int64?, into batch: inout ChangeBatch
    ) {
        items.beginNestedList()
        items.appendNestedScalar(first)
        items.appendNestedScalar(second)
        if let expiresAt { appendNumber(expiresAt) }
        items.endNested()
        if items.count >= runByteCount { flush(into: &batch) }
    }

    mutating func appendNumber(_ number: Int64) {
        let start = items.beginNestedScalar()
        items.appendDecimal(signed: number)
        items.endNestedScalar(start)
    }

    /// Hands out the items that wait as a record of their own.
    mutating func flush(into batch: inout ChangeBatch) {
        guard !items.isEmpty else { return }
        beginRuns(in: &batch)
        if run.hasOpenItem { items.endNested() }
        let continuation = run.continuation
        beginRecord("row_items", in: &batch)
        batch.appendNull()
        appendItems(to: &batch)
        endRecord(nextPiece(continuation), in: &batch)
        run.continuation = .none
        if run.hasOpenItem {
            items.beginNestedList()
            run.continuation = .item
        }
    }

    mutating func beginRuns(in batch: inout ChangeBatch) {
        guard run.pieces == 0 else { return }
        beginRecord("row_begin", in: &batch)
        batch.appendNull()
        batch.appendNull()
        endFirstRecord(nextPiece(), in: &batch)
    }

    private mutating func nextPiece(_ continuation: Continuation = .none) -> Piece {
        defer { run.pieces += 1 }
        return .part(run.pieces, continuation)
    }

    // MARK: Items in pieces

    private mutating func append(
        _ part: RDBPart, _ bytes: RawSpan, isLast: Bool, into batch: inout ChangeBatch
    ) {
        if part == .string { return appendStringPiece(bytes, isLast: isLast, into: &batch) }
        if !run.hasOpenItem {
            flush(into: &batch)
            items.beginNestedList()
            run.hasOpenItem = true
        }
        items.appendNestedScalar(bytes)
        guard !isLast || items.count >= runByteCount else { return }
        flush(into: &batch)
        if !isLast { run.continuation = .string }
    }

    private mutating func appendStringPiece(_ bytes: RawSpan, isLast: Bool, into batch: inout ChangeBatch) {
        let isFirst = run.pieces == 0
        beginRuns(in: &batch)
        beginRecord("row_items", in: &batch)
        batch.append(bytes)
        batch.appendNull()
        endRecord(nextPiece(isFirst ? .none : .string), in: &batch)
    }

    private mutating func endItem(_ score: RawSpan?, _ expiresAt: Int64?, into batch: inout ChangeBatch) {
        guard run.hasOpenItem else { return }
        run.hasOpenItem = false
        // The last piece has gone out already: nothing is left but the list that was begun for more.
        if score == nil, expiresAt == nil, items.count == 1, run.continuation != .none {
            run.continuation = .none
            return items.removeAll()
        }
        if let score { items.appendNestedScalar(score) }
        if let expiresAt { appendNumber(expiresAt) }
        items.endNested()
        flush(into: &batch)
    }
}
