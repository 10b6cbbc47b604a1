// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import RedisState

/// Which record of several that one large key or command needs a record is.
enum Piece {
    /// It is the only one.
    case whole
    /// The record of this number, from 0.
    case part(Int, Continuation)
}

/// How a record goes on with the one before.
enum Continuation: Sendable {
    /// It does not.
    case none
    /// Its first byte string goes on with the last one of the record before.
    case string
    /// Its first inner list goes on with the last one of the record before.
    case item
}

extension ChangeBatch {
    /// Appends the value of a column that may have none.
    @inline(__always)
    mutating func append(literal text: StaticString?) {
        if let text { append(literal: text) } else { appendNull() }
    }

    /// Appends a whole number, or none.
    @inline(__always)
    mutating func append(integer number: Int64?) {
        guard let number else { return appendNull() }
        append { buffer in buffer.appendDecimal(signed: number) }
    }

    /// Appends the columns `piece` and `continues`, the last two of every record, and ends the record.
    @inline(__always)
    mutating func endRecord(_ piece: Piece) {
        switch piece {
        case .whole:
            appendNull()
            appendNull()
        case .part(let number, let continuation):
            append(integer: Int64(number))
            switch continuation {
            case .none: appendNull()
            case .string: append(literal: "string")
            case .item: append(literal: "item")
            }
        }
        endChange()
    }
}

extension ByteBuffer {
    /// Appends decimal digits, behind a sign when the number is negative.
    mutating func appendDecimal(signed number: Int64) {
        if number < 0 { append(UInt8(ascii: "-")) }
        appendDecimal(number.magnitude)
    }

    /// Appends a key and a number to the map that was begun.
    mutating func appendMeta(_ name: StaticString, _ number: UInt64) {
        appendMetaName(name)
        let start = beginNestedScalar()
        appendDecimal(number)
        endNestedScalar(start)
    }

    /// Appends a key and a signed number to the map that was begun.
    mutating func appendMeta(_ name: StaticString, signed number: Int64) {
        appendMetaName(name)
        let start = beginNestedScalar()
        appendDecimal(signed: number)
        endNestedScalar(start)
    }

    /// Appends a key and a text to the map that was begun.
    mutating func appendMeta(_ name: StaticString, text: String) {
        appendMetaName(name)
        let start = beginNestedScalar()
        append(text: text)
        endNestedScalar(start)
    }

    /// Appends a key and what `write` appends to the map that was begun.
    mutating func appendMeta(_ name: StaticString, write: (inout ByteBuffer) -> Void) {
        appendMetaName(name)
        let start = beginNestedScalar()
        write(&self)
        endNestedScalar(start)
    }

    /// Appends as of which point something is exact, where that is told, to the map that was begun.
    mutating func appendMeta(_ stamp: StateStamp) {
        guard let offset = stamp.offset, let id = stamp.replicationID else { return }
        appendMeta("as_of", offset)
        appendMeta("replid", text: id)
    }

    private mutating func appendMetaName(_ name: StaticString) {
        let start = beginNestedScalar()
        append(name)
        endNestedScalar(start)
    }
}
