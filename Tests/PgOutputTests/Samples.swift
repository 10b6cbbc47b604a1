// SPDX-License-Identifier: Apache-2.0

import Bytes
import PgOutput
import Testing

/// One message of each kind, byte for byte.
enum Samples {
    static let begin: [UInt8] = ascii("B") + int64(0x16B3748) + int64(123_456_789) + int32(731)
    static let commit: [UInt8] = ascii("C") + [0] + int64(0x16B3748) + int64(0x16B3778) + int64(-5)
    static let origin: [UInt8] = ascii("O") + int64(77) + ascii("upstream\0")
    static let relation: [UInt8] =
        ascii("R") + int32(16384) + ascii("public\0orders\0f") + int16(2)
        + [1] + ascii("id\0") + int32(20) + int32(-1)
        + [0] + ascii("amount\0") + int32(1700) + int32(786438)
    static let type: [UInt8] = ascii("Y") + int32(16999) + ascii("\0mood\0")
    static let insert: [UInt8] =
        ascii("I") + int32(16384) + ascii("N") + int16(5)
        + text("42") + ascii("n") + ascii("u") + ascii("b") + int32(2) + [1, 2] + text("")
    static let update: [UInt8] = ascii("U") + int32(16384) + ascii("N") + int16(2) + text("1") + ascii("u")
    static let updateOfKey: [UInt8] =
        ascii("U") + int32(16384) + ascii("K") + int16(2) + text("1") + ascii("n")
        + ascii("N") + int16(2) + text("2") + ascii("u")
    static let deleteOfRow: [UInt8] = ascii("D") + int32(16384) + ascii("O") + int16(2) + text("1") + text("x")
    static let truncate: [UInt8] = ascii("T") + int32(2) + [3] + int32(16384) + int32(16390)
    static let message: [UInt8] = ascii("M") + [1] + int64(9) + ascii("app\0") + int32(3) + [0, 255, 10]
    static let streamStart: [UInt8] = ascii("S") + int32(740) + [1]
    static let streamStop: [UInt8] = ascii("E")
    static let streamCommit: [UInt8] = ascii("c") + int32(740) + [0] + int64(5) + int64(6) + int64(7)
    static let streamAbort: [UInt8] = ascii("A") + int32(740) + int32(742)
    static let parallelAbort: [UInt8] = streamAbort + int64(8) + int64(9)
    static let beginPrepare: [UInt8] = ascii("b") + prepared
    static let prepare: [UInt8] = ascii("P") + [0] + prepared
    static let commitPrepared: [UInt8] = ascii("K") + [0] + prepared
    static let streamPrepare: [UInt8] = ascii("p") + [0] + prepared
    static let rollbackPrepared: [UInt8] =
        ascii("r") + [0] + int64(1) + int64(2) + int64(3) + int64(4) + int32(740) + ascii("gid\0")
    private static let prepared: [UInt8] = int64(1) + int64(2) + int64(3) + int32(740) + ascii("gid\0")

    static let all = [
        begin, commit, origin, relation, type, insert, update, updateOfKey, deleteOfRow, truncate, message,
        streamStart, streamStop, streamCommit, streamAbort, beginPrepare, prepare, commitPrepared, rollbackPrepared,
        streamPrepare,
    ]

    /// Those that may stand in a block of a streamed transaction, as they look there.
    static let streamed = [relation, type, insert, update, updateOfKey, deleteOfRow, truncate, message].map { sample in
        [sample[0]] + int32(742) + sample.dropFirst()
    }

    static func ascii(_ text: String) -> [UInt8] { Array(text.utf8) }
    static func text(_ value: String) -> [UInt8] { ascii("t") + int32(Int32(value.utf8.count)) + ascii(value) }
    static func int16(_ value: Int16) -> [UInt8] { bigEndian(UInt64(UInt16(bitPattern: value)), width: 2) }
    static func int32(_ value: Int32) -> [UInt8] { bigEndian(UInt64(UInt32(bitPattern: value)), width: 4) }
    static func int64(_ value: Int64) -> [UInt8] { bigEndian(UInt64(bitPattern: value), width: 8) }

    private static func bigEndian(_ value: UInt64, width: Int) -> [UInt8] {
        (0..<width).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * (width - 1 - $0))) }
    }
}

/// The values of a row as short texts.
func describe(_ tuple: Tuple) throws -> [String] {
    var tuple = tuple
    var result: [String] = []
    for _ in 0..<tuple.columnCount {
        switch try tuple.nextColumn() {
        case .null: result.append("n")
        case .unchanged: result.append("u")
        case .text(let bytes): result.append("t:" + bytes.decodedString())
        case .binary(let bytes): result.append("b:" + bytes.decodedString())
        }
    }
    return result
}

/// Reads a message and all of its parts; whatever can be read after the message itself must not throw.
func walk(_ bytes: [UInt8], in context: MessageContext = .whole) throws(WireFault) {
    try bytes.withRawSpan { (span: RawSpan) throws(WireFault) in
        do throws(WireFault) {
            try visit(PgOutputMessage(span, in: context))
        } catch {
            throw error
        }
    }
}

private func visit(_ message: borrowing PgOutputMessage) {
    #expect(throws: Never.self) {
        switch message {
        case .insert(let insert): _ = try describe(insert.new)
        case .update(let update):
            switch update.old {
            case .key(let old)?, .row(let old)?: _ = try describe(old)
            case nil: break
            }
            _ = try describe(update.new)
        case .delete(let delete):
            switch delete.old {
            case .key(let old), .row(let old): _ = try describe(old)
            }
        case .relation(let relation):
            var relation = relation
            for _ in 0..<relation.columnCount { _ = try relation.nextColumn() }
        case .truncate(let truncate):
            var truncate = truncate
            for _ in 0..<truncate.relationCount { _ = try truncate.nextRelation() }
        default: break
        }
    }
}

/// A message was of another kind than the test expects.
enum Unexpected: Error { case other }
