// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import RedisRDB
import Testing

@testable import RedisKeyspace

@Suite("The records of a snapshot")
struct SnapshotRecorderTests {
    /// The lines of a payload's records, without positions.
    private func lines(_ payload: [UInt8], runByteCount: Int = 1 << 20) throws -> [String] {
        var lines: [String] = []
        try Recording.read(payload, runByteCount: runByteCount) { batch in
            lines += Playback.lines(batch).map { String($0.drop { $0 != " " }.dropFirst()) }
        }
        return lines
    }

    @Test("a key of each type is one record")
    func types() throws {
        let payload = SnapshotText.payload(
            [254, 0], SnapshotText.key(0, "s", "wert"), SnapshotText.key(1, "l", "a", "", "a"),
            SnapshotText.key(2, "e", "1", "zwei"), SnapshotText.key(3, "z", "m", "1.5", "n", "-inf"),
            SnapshotText.key(4, "h", "f", "v", "g", "w"), [254, 7], SnapshotText.key(0, "s", ""))
        #expect(
            try lines(payload) == [
                "db0 r op=row key=s type=string apply=absolute value=wert",
                "db0 r op=row key=l type=list apply=absolute items=[[a][][a]]",
                "db0 r op=row key=e type=set apply=absolute items=[[1][zwei]]",
                "db0 r op=row key=z type=zset apply=absolute items=[[m 1.5][n -inf]]",
                "db0 r op=row key=h type=hash apply=absolute items=[[f v][g w]]",
                "db7 r op=row key=s type=string apply=absolute value=",
            ])
    }

    @Test("expiry, age and frequency stand beside their key alone")
    func facts() throws {
        let payload = SnapshotText.payload(
            [254, 0, 252] + SnapshotText.bytes(1_700_000_000_123) + [248, 7] + SnapshotText.key(0, "a", "1"),
            [249, 9] + SnapshotText.key(1, "b", "1"), SnapshotText.key(0, "c", "1"),
            [22] + SnapshotText.string("h") + [2, 0] + SnapshotText.string("f") + SnapshotText.string("v") + [33]
                + SnapshotText.string("g") + SnapshotText.string("w"))
        #expect(
            try lines(payload) == [
                "db0 r op=row key=a type=string apply=absolute value=1 expire_at_ms=1700000000123 meta={idle_seconds 7]",
                "db0 r op=row key=b type=list apply=absolute items=[[1]] meta={frequency 9]",
                "db0 r op=row key=c type=string apply=absolute value=1",
                "db0 r op=row key=h type=hash apply=absolute items=[[f v][g w 33]]",
            ])
    }

    @Test("a stream is its entries, what it knows of itself, and its groups", arguments: [15, 19, 21] as [UInt8])
    func streams(type: UInt8) throws {
        let payload = SnapshotText.payload(
            [254, 0], SnapshotText.stream(type: type, hasGroup: true), SnapshotText.stream(type: type, hasGroup: false),
            SnapshotText.key(0, "s", "1"))
        let history = type > 15 ? " first_id 5-1 max_deleted_id 4-2 entries_added 9" : ""
        let entries = "db0 r op=row key=x type=stream apply=absolute items=[[5-1 f v g w][6-1 f u]]"
        let stream = "db0 r op=row_stream key=x type=stream apply=absolute meta={length 2 last_id 6-1\(history)]"
        let found = try lines(payload)
        #expect(
            found == [
                entries, stream,
                "db0 r op=row_group key=x type=stream apply=absolute items=[[gruppe]]"
                    + " meta={last_id 5-1\(type > 15 ? " entries_read 1" : "")]",
                "db0 r op=row_pending key=x type=stream apply=absolute items=[[5-1 1000 3]]",
                "db0 r op=row_consumer key=x type=stream apply=absolute items=[[leser]]"
                    + " meta={seen_at_ms 2000\(type > 19 ? " active_at_ms 3000" : "")]",
                "db0 r op=row_consumer_pending key=x type=stream apply=absolute items=[[5-1]]", entries, stream,
                "db0 r op=row key=s type=string apply=absolute value=1",
            ])
    }

    @Test("functions and what modules keep are told, and belong to no key or to theirs")
    func functionsAndModules() throws {
        let payload = SnapshotText.payload(
            [245] + SnapshotText.string("#!lua name=x"), [254, 0],
            [7] + SnapshotText.string("m") + [0x81] + SnapshotText.bytes(Self.moduleIdentifier, littleEndian: false)
                + [2, 5, 5] + SnapshotText.string("inhalt") + [0])
        let found = try lines(payload)
        #expect(
            found == [
                "db0 r op=function apply=absolute value=#!lua name=x",
                "db0 r op=module key=m type=module apply=absolute meta={module AAAAAAAAA module_version 3 bytes 20]",
            ])
    }

    /// The name `AAAAAAAAA`, whose letters are zeros, in version 3.
    private static let moduleIdentifier: UInt64 = 3

    @Test("a large key goes over records that together say what one would", arguments: [1, 20, 64, 700, 5000])
    func runs(runByteCount: Int) throws {
        let long = String(repeating: "lang", count: 900)
        let payload = SnapshotText.payload(
            [254, 2], SnapshotText.key(0, "s", long), SnapshotText.key(1, "l", "a", long, "", "b", long),
            SnapshotText.key(2, "e", long, "kurz"), SnapshotText.key(3, "z", "m", "1", long, "2.5", "n", "3"),
            SnapshotText.key(4, "h", "f", "v", "g", long, long, "w", long, long), SnapshotText.key(1, "k", "x"),
            SnapshotText.stream(type: 21, hasGroup: true), SnapshotText.stream(type: 15, hasGroup: false),
            SnapshotText.key(0, "t", "ende"))
        var whole = Recording()
        try Recording.read(payload, runByteCount: 1 << 20) { try whole.take($0) }
        var runs = Recording()
        try Recording.read(payload, runByteCount: runByteCount, pieceByteCount: 1024) { try runs.take($0) }
        #expect(runs.keys == whole.keys && whole.keys.count == 9)
        #expect(whole.largest > 7000 && runs.largest < max(runByteCount, 1024) + 1200, "\(runs.largest)")
    }

    @Test("the numbers of pieces ascend from 0, and behind the last the next key begins anew")
    func pieces() throws {
        let payload = SnapshotText.payload(
            [254, 0], [252] + SnapshotText.bytes(99) + SnapshotText.key(1, "l", "aaaa", "bbbb", "cccc"),
            SnapshotText.key(1, "k", "x"))
        #expect(
            try lines(payload, runByteCount: 12) == [
                "db0 r op=row_begin key=l type=list apply=absolute expire_at_ms=99 piece=0",
                "db0 r op=row_items key=l type=list apply=absolute items=[[aaaa][bbbb]] piece=1",
                "db0 r op=row_items key=l type=list apply=absolute items=[[cccc]] piece=2",
                "db0 r op=row_end key=l type=list apply=absolute meta={count 3] piece=3",
                "db0 r op=row key=k type=list apply=absolute items=[[x]]",
            ])
    }
}

/// Records of a snapshot folded to what they say of each key.
private struct Recording {
    struct Key: Equatable {
        var name: [UInt8]
        var items: [[[UInt8]]] = []
        var value: [UInt8] = []
        var rest: [String] = []
    }

    var keys: [Key] = []
    /// How many bytes the largest record has.
    var largest = 0

    private struct Input: ByteInput {
        var bytes: [UInt8]

        mutating func read(into buffer: inout ByteBuffer, limit: Int) throws(Never) {
            let part = Array(bytes.prefix(limit))
            buffer.append(contentsOf: part)
            bytes.removeFirst(part.count)
        }
    }

    /// Lends each batch of the records of a payload to `body`.
    static func read(
        _ payload: [UInt8], runByteCount: Int, pieceByteCount: Int = 1 << 20,
        _ body: (borrowing ChangeBatch) throws -> Void
    ) throws {
        var reader = RDBReader(Input(bytes: payload), limits: RDBLimits(pieceByteCount: pieceByteCount))
        var recorder = SnapshotRecorder(runByteCount: runByteCount)
        var batch = ChangeBatch(byteLimit: 1 << 24)
        batch.begin(Transaction(position: Position(rawValue: 1)))
        recorder.begin(&batch)
        while try step(&reader, &recorder, &batch) {}
        batch.end()
        try body(batch)
    }

    private static func step(
        _ reader: inout RDBReader<Input>, _ recorder: inout SnapshotRecorder, _ batch: inout ChangeBatch
    ) throws -> Bool {
        guard let event = try reader.next() else { return false }
        recorder.take(event, into: &batch)
        return true
    }

    mutating func take(_ batch: borrowing ChangeBatch) throws {
        for slice in batch.slices {
            for index in slice.changes { try take(batch.change(at: index)) }
        }
    }

    private mutating func take(_ change: borrowing Change) throws {
        var fields: [String: [UInt8]] = [:]
        for (index, column) in KeyspaceSchema.columns.enumerated() {
            if case .value(let value) = change.field(index) { fields[column.name] = value.copiedBytes() }
        }
        largest = max(largest, fields.values.reduce(0) { $0 + $1.count })
        let op = String(decoding: fields["op"] ?? [], as: UTF8.self)
        if op == "row" || op == "row_begin" { keys.append(Key(name: fields["key"] ?? [])) }
        guard ["row", "row_items"].contains(op) else {
            // What a key in one record does not say: that it begins and ends.
            if !["row_begin", "row_end"].contains(op) {
                keys[keys.count - 1].rest.append("\(op) \(fields["items"] ?? []) \(fields["meta"] ?? [])")
            }
            return
        }
        keys[keys.count - 1].value += fields["value"] ?? []
        var items = try Self.items(fields["items"])
        if let continues = fields["continues"], fields["items"] != nil {
            let before = keys[keys.count - 1].items.popLast()
            var last = try #require(before)
            var first = items.removeFirst()
            if continues == Array("string".utf8) { last[last.count - 1] += first.removeFirst() }
            items.insert(last + first, at: 0)
        }
        keys[keys.count - 1].items += items
    }

    private static func items(_ bytes: [UInt8]?) throws -> [[[UInt8]]] {
        guard let bytes else { return [] }
        var buffer = ByteBuffer()
        buffer.append(contentsOf: bytes)
        var reader = NestedReader(buffer.bytes)
        var items: [[[UInt8]]] = []
        var depth = 0
        while let token = try reader.next() {
            switch token {
            case .beginList, .beginMap, .beginRecord:
                depth += 1
                if depth == 2 { items.append([]) }
            case .end: depth -= 1
            case .scalar(let scalar): items[items.count - 1].append(scalar.copiedBytes())
            case .null: Issue.record("an item without a value")
            }
        }
        return items
    }
}
