// SPDX-License-Identifier: Apache-2.0

public import Bytes

/// `I`: a row was inserted, seen in place.
public struct InsertMessage: ~Escapable {
    /// The number of the relation.
    public let relation: UInt32
    /// The row.
    public let new: Tuple

    @inlinable
    @_lifetime(copy reader)
    init(reading reader: inout ByteReader) throws(WireFault) {
        relation = try reader.readInteger()
        try reader.expectByte(UInt8(ascii: "N"))
        new = try Tuple(reading: &reader)
    }
}

/// `U`: a row was updated, seen in place.
public struct UpdateMessage: ~Escapable {
    /// The number of the relation.
    public let relation: UInt32
    /// The row before, as far as the server sent it.
    public let old: OldTuple?
    /// The row after.
    public let new: Tuple

    @inlinable
    @_lifetime(copy reader)
    init(reading reader: inout ByteReader) throws(WireFault) {
        relation = try reader.readInteger()
        let start = reader.offset
        switch try reader.readByte() {
        case UInt8(ascii: "N"):
            old = nil
        case UInt8(ascii: "K"):
            old = .key(try Tuple(reading: &reader))
            try reader.expectByte(UInt8(ascii: "N"))
        case UInt8(ascii: "O"):
            old = .row(try Tuple(reading: &reader))
            try reader.expectByte(UInt8(ascii: "N"))
        case let tag: throw WireFault(.unknownTag(tag), at: start)
        }
        new = try Tuple(reading: &reader)
    }
}

/// `D`: a row was deleted, seen in place.
public struct DeleteMessage: ~Escapable {
    /// The number of the relation.
    public let relation: UInt32
    /// The row before, as far as the server sent it.
    public let old: OldTuple

    @inlinable
    @_lifetime(copy reader)
    init(reading reader: inout ByteReader) throws(WireFault) {
        relation = try reader.readInteger()
        let start = reader.offset
        switch try reader.readByte() {
        case UInt8(ascii: "K"): old = .key(try Tuple(reading: &reader))
        case UInt8(ascii: "O"): old = .row(try Tuple(reading: &reader))
        case let tag: throw WireFault(.unknownTag(tag), at: start)
        }
    }
}

/// `T`: relations were emptied together, seen in place.
public struct TruncateMessage: ~Escapable {
    /// How they were emptied.
    public struct Options: OptionSet, Sendable {
        /// The bits of the wire.
        public let rawValue: UInt8
        /// Takes the bits of the wire as they are.
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// Tables that refer to them were emptied too.
        public static let cascade = Options(rawValue: 1)
        /// Their sequences begin anew.
        public static let restartIdentity = Options(rawValue: 2)
    }

    /// How they were emptied.
    public let options: Options
    /// How many relations were emptied.
    public let relationCount: Int
    private var reader: ByteReader

    @usableFromInline
    @_lifetime(copy reader)
    init(reading reader: inout ByteReader) throws(WireFault) {
        let start = reader.offset
        relationCount = Int(try reader.readInteger(Int32.self))
        options = Options(rawValue: try reader.readByte())
        guard relationCount >= 0 else { throw WireFault(.invalidLength(relationCount), at: start) }
        self.reader = reader
        guard relationCount <= reader.remaining / 4 else { throw WireFault(.truncated, at: start) }
        _ = try reader.readBytes(relationCount * 4)
    }

    /// The number of the next relation. Throws when there is none left.
    @_lifetime(self: copy self)
    public mutating func nextRelation() throws(WireFault) -> UInt32 {
        try reader.readInteger()
    }
}

extension ByteReader {
    @inlinable
    @_lifetime(self: copy self)
    mutating func expectByte(_ byte: UInt8) throws(WireFault) {
        let start = offset
        let found = try readByte()
        guard found == byte else { throw WireFault(.unknownTag(found), at: start) }
    }
}
