// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import PgOutput
import PostgresValues

@testable import PostgresAdapter

/// Messages of pgoutput, put together by hand.
enum Wire {
    enum Value {
        case null
        case unchanged
        case text(String)
    }

    struct Column {
        var isKey = false
        let name: String
        var oid: Int32 = 25
        var modifier: Int32 = -1
    }

    static func relation(
        _ oid: Int32, _ name: String, namespace: String = "public", identity: String = "d", _ columns: [Column]
    ) -> [UInt8] {
        var bytes = ascii("R") + int32(oid) + ascii("\(namespace)\0\(name)\0\(identity)") + int16(columns.count)
        for column in columns {
            bytes += [column.isKey ? 1 : 0] + ascii("\(column.name)\0") + int32(column.oid) + int32(column.modifier)
        }
        return bytes
    }

    static func insert(_ oid: Int32, _ new: [Value]) -> [UInt8] { ascii("I") + int32(oid) + ascii("N") + tuple(new) }

    static func update(_ oid: Int32, key: [Value]? = nil, row: [Value]? = nil, _ new: [Value]) -> [UInt8] {
        let old = key.map { ascii("K") + tuple($0) } ?? row.map { ascii("O") + tuple($0) } ?? []
        return ascii("U") + int32(oid) + old + ascii("N") + tuple(new)
    }

    static func delete(_ oid: Int32, key: [Value]) -> [UInt8] { ascii("D") + int32(oid) + ascii("K") + tuple(key) }
    static func delete(_ oid: Int32, row: [Value]) -> [UInt8] { ascii("D") + int32(oid) + ascii("O") + tuple(row) }

    static func truncate(_ oids: [Int32]) -> [UInt8] {
        ascii("T") + int32(Int32(oids.count)) + [0] + oids.flatMap(int32)
    }

    static func message(_ prefix: String, _ content: [UInt8], isTransactional: Bool = true) -> [UInt8] {
        ascii("M") + [isTransactional ? 1 : 0] + int32(0) + int32(9) + ascii("\(prefix)\0")
            + int32(Int32(content.count))
            + content
    }

    static func begin(_ xid: Int32, commit: Int32 = 100, time: Int32 = 0) -> [UInt8] {
        ascii("B") + int64(commit) + int64(time) + int32(xid)
    }

    static func commit(_ end: Int32, time: Int32 = 0) -> [UInt8] {
        ascii("C") + [0] + int64(end - 1) + int64(end) + int64(time)
    }

    static func streamStart(_ xid: Int32, isFirst: Bool = true) -> [UInt8] {
        ascii("S") + int32(xid) + [isFirst ? 1 : 0]
    }

    static let streamStop = ascii("E")

    static func streamCommit(_ xid: Int32, _ end: Int32, time: Int32 = 0) -> [UInt8] {
        ascii("c") + int32(xid) + [0] + int64(end - 1) + int64(end) + int64(time)
    }

    static func streamAbort(_ xid: Int32, _ subxid: Int32) -> [UInt8] { ascii("A") + int32(xid) + int32(subxid) }

    static func beginPrepare(_ xid: Int32, _ end: Int32, _ gid: String, time: Int32 = 0) -> [UInt8] {
        ascii("b") + prepared(xid, end, gid, time)
    }
    static func prepare(_ xid: Int32, _ end: Int32, _ gid: String) -> [UInt8] {
        ascii("P") + [0] + prepared(xid, end, gid)
    }
    static func streamPrepare(_ xid: Int32, _ end: Int32, _ gid: String) -> [UInt8] {
        ascii("p") + [0] + prepared(xid, end, gid)
    }
    static func commitPrepared(_ xid: Int32, _ end: Int32, _ gid: String) -> [UInt8] {
        ascii("K") + [0] + prepared(xid, end, gid)
    }
    static func rollbackPrepared(_ xid: Int32, _ end: Int32, _ gid: String) -> [UInt8] {
        ascii("r") + [0] + int64(1) + int64(end) + int64(0) + int64(0) + int32(xid) + ascii("\(gid)\0")
    }
    private static func prepared(_ xid: Int32, _ end: Int32, _ gid: String, _ time: Int32 = 0) -> [UInt8] {
        int64(end - 1) + int64(end) + int64(time) + int32(xid) + ascii("\(gid)\0")
    }

    /// `message` as it looks in a block of a streamed transaction.
    static func streamed(_ subxid: Int32, _ message: [UInt8]) -> [UInt8] {
        [message[0]] + int32(subxid) + message.dropFirst()
    }

    private static func int64(_ value: Int32) -> [UInt8] { int32(value < 0 ? -1 : 0) + int32(value) }

    private static func tuple(_ values: [Value]) -> [UInt8] {
        values.reduce(int16(values.count)) { bytes, value in
            switch value {
            case .null: bytes + ascii("n")
            case .unchanged: bytes + ascii("u")
            case .text(let text): bytes + ascii("t") + int32(Int32(text.utf8.count)) + ascii(text)
            }
        }
    }

    static func ascii(_ text: String) -> [UInt8] { Array(text.utf8) }
    private static func int16(_ value: Int) -> [UInt8] { [UInt8(value >> 8 & 255), UInt8(value & 255)] }
    private static func int32(_ value: Int32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}

/// A decoder with the batch that it fills.
struct Decoding: ~Copyable {
    var decoder: ChangeDecoder
    var batch = ChangeBatch(byteLimit: 1 << 20)

    init(
        toast: PostgresOptions.ToastPolicy = .unknown, selection: TableSelection = TableSelection(),
        keys: [UInt32: [String]] = [:]
    ) {
        decoder = ChangeDecoder(
            relations: RelationCache(selection: selection, keys: keys, types: TypeDictionary()), toast: toast)
        decoder.beginBatch()
        decoder.beginTransaction()
        batch.begin(Transaction(position: Position(rawValue: 1)))
    }

    /// Decodes messages; returns what came of the last.
    @discardableResult
    mutating func take(_ messages: [UInt8]...) throws(WireFault) -> ChangeDecoder.Outcome {
        var outcome = ChangeDecoder.Outcome.done
        for bytes in messages {
            outcome = try bytes.withRawSpan { (span) throws(WireFault) in try decoder.decode(span, into: &batch) }
        }
        return outcome
    }

    /// All changes: `u 2 public.t a=1 b=? | a=0`, where `?` is unknown and `-` null.
    func changes() -> [String] {
        (0..<batch.count).map { index in
            let change = batch.change(at: index)
            let schema = batch.schemas[change.schemaIndex]
            var words = [change.operation.letter, "\(change.ordinal)", schema.table.description]
            for (column, name) in schema.columns.map(\.name).enumerated() {
                words.append("\(name)=\(Self.text(change.field(column)))")
            }
            if change.hasOldRow {
                words.append("|")
                for (column, name) in schema.columns.map(\.name).enumerated() {
                    words.append("\(name)=\(Self.text(change.oldField(column)))")
                }
            }
            return words.joined(separator: " ")
        }
    }

    private static func text(_ field: Change.Field) -> String {
        switch field {
        case .null: "-"
        case .unset: "?"
        case .value(let bytes): bytes.decodedString()
        case .number(let number): "\(number)"
        }
    }
}
