// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Why a step could not be taken.
@usableFromInline
enum Stop: Error {
    /// The step needs this many unread bytes and has fewer.
    case short(Int)
    /// The bytes make no sense.
    case fault(RDBFault)
}

/// How a string is stored.
struct StringHead {
    enum Form { case raw, compressed, integer }

    var form: Form
    /// How many bytes the string has; of a number, none are known.
    var byteCount: Int
    /// How many bytes of the payload it takes behind its head.
    var storedByteCount: Int
    var integer: Int64 = 0
}

/// The bytes that have arrived, read forwards. What has not arrived yet is a shortage and not a fault.
struct Scan: ~Escapable {
    let bytes: RawSpan
    /// Where the step began.
    let begin: Int
    /// The offset of the first of `bytes` within the payload.
    let base: UInt64
    var at: Int

    @inline(__always)
    @_lifetime(copy bytes)
    init(_ bytes: RawSpan, from begin: Int, base: UInt64) {
        self.bytes = bytes
        self.begin = begin
        self.base = base
        at = begin
    }

    func fault(_ kind: RDBFault.Kind, at place: Int) -> Stop {
        .fault(RDBFault(kind, at: base + UInt64(place)))
    }

    /// Makes sure that `count` more bytes are there.
    @inline(__always)
    func need(_ count: Int) throws(Stop) {
        guard bytes.byteCount - at >= count else { throw .short(at - begin + count) }
    }

    @inline(__always)
    @_lifetime(self: copy self)
    mutating func byte() throws(Stop) -> UInt8 {
        try need(1)
        at += 1
        return bytes[at - 1]
    }

    @_lifetime(self: copy self)
    mutating func littleEndianWord() throws(Stop) -> UInt64 {
        try need(8)
        at += 8
        return bytes.littleEndianWord(at: at - 8)
    }

    @_lifetime(self: copy self)
    mutating func littleEndianHalfWord() throws(Stop) -> UInt32 {
        try need(4)
        at += 4
        return bytes.littleEndianHalfWord(at: at - 4)
    }

    /// A length or count that is no special form of a string.
    @inline(__always)
    @_lifetime(self: copy self)
    mutating func length() throws(Stop) -> UInt64 {
        try need(1)
        let first = bytes[at]
        guard first >= 0x40 else {
            at += 1
            return UInt64(first)
        }
        return try longLength(first)
    }

    @_lifetime(self: copy self)
    private mutating func longLength(_ first: UInt8) throws(Stop) -> UInt64 {
        let start = at
        at += 1
        switch first {
        case 0x40..<0x80: return UInt64(first & 0x3f) << 8 | UInt64(try byte())
        case 0x80: return UInt64(try littleEndianHalfWord().byteSwapped)
        case 0x81: return try littleEndianWord().byteSwapped
        default: throw fault(.malformed(.length), at: start)
        }
    }

    /// How the next string is stored.
    @inline(__always)
    @_lifetime(self: copy self)
    mutating func stringHead() throws(Stop) -> StringHead {
        try need(1)
        let first = bytes[at]
        if first < 0x40 {
            at += 1
            return StringHead(form: .raw, byteCount: Int(first), storedByteCount: Int(first))
        }
        return first < 0xc0 ? try rawHead() : try specialHead(first)
    }

    @_lifetime(self: copy self)
    private mutating func rawHead() throws(Stop) -> StringHead {
        let count = try byteLength()
        return StringHead(form: .raw, byteCount: count, storedByteCount: count)
    }

    @_lifetime(self: copy self)
    private mutating func byteLength() throws(Stop) -> Int {
        let start = at
        let length = try length()
        guard length < 1 << 48 else { throw fault(.malformed(.length), at: start) }
        return Int(length)
    }

    @_lifetime(self: copy self)
    private mutating func specialHead(_ first: UInt8) throws(Stop) -> StringHead {
        let start = at
        at += 1
        switch first {
        case 0xc0...0xc2:
            let width = 1 << Int(first & 3)
            try need(width)
            guard let value = try? bytes.signedInteger(at: at, width: width) else {
                throw fault(.malformed(.string), at: start)
            }
            at += width
            return StringHead(form: .integer, byteCount: 0, storedByteCount: 0, integer: value)
        case 0xc3:
            let stored = try byteLength()
            let count = try byteLength()
            return StringHead(form: .compressed, byteCount: count, storedByteCount: stored)
        default: throw fault(.malformed(.string), at: start)
        }
    }

    /// An identifier stored as a string of sixteen bytes.
    @_lifetime(self: copy self)
    mutating func entryIDString() throws(Stop) -> StreamEntryID {
        let start = at
        let head = try stringHead()
        guard head.form == .raw, head.byteCount == 16 else { throw fault(.malformed(.stream), at: start) }
        return try entryIDBytes()
    }

    /// An identifier as two big-endian words.
    @_lifetime(self: copy self)
    mutating func entryIDBytes() throws(Stop) -> StreamEntryID {
        let milliseconds = try littleEndianWord().byteSwapped
        return StreamEntryID(milliseconds: milliseconds, sequence: try littleEndianWord().byteSwapped)
    }

    /// An identifier as two lengths.
    @_lifetime(self: copy self)
    mutating func entryIDLengths() throws(Stop) -> StreamEntryID {
        let milliseconds = try length()
        return StreamEntryID(milliseconds: milliseconds, sequence: try length())
    }
}
