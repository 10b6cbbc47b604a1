// SPDX-License-Identifier: Apache-2.0

public import Bytes

/// The values of one row, seen in place and read once from the first to the last.
public struct Tuple: ~Escapable {
    /// One value.
    public enum Column: ~Escapable {
        /// `n`: no value. In an old key also: not part of the key.
        case null
        /// `u`: a TOAST value that did not change and was not sent.
        case unchanged
        /// `t`: the type's text form.
        case text(RawSpan)
        /// `b`: the type's binary form.
        case binary(RawSpan)
    }

    /// How many values the row has.
    public let columnCount: Int
    @usableFromInline var reader: ByteReader

    /// Reads the row's head and checks all of its values, leaving `reader` behind them.
    @inlinable
    @_lifetime(copy reader)
    init(reading reader: inout ByteReader) throws(WireFault) {
        columnCount = try reader.readCount(Int16.self)
        self.reader = reader
        for _ in 0..<columnCount { _ = try Tuple.readColumn(&reader) }
    }

    /// The next value. Throws when there is none left.
    @inlinable
    @_lifetime(self: copy self)
    @_lifetime(copy self)
    public mutating func nextColumn() throws(WireFault) -> Column {
        try Tuple.readColumn(&reader)
    }

    @inlinable
    @inline(__always)
    @_lifetime(reader: copy reader)
    @_lifetime(copy reader)
    static func readColumn(_ reader: inout ByteReader) throws(WireFault) -> Column {
        let start = reader.offset
        switch try reader.readByte() {
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "u"): return .unchanged
        case UInt8(ascii: "t"): return .text(try reader.readBytes(try reader.readCount(Int32.self)))
        case UInt8(ascii: "b"): return .binary(try reader.readBytes(try reader.readCount(Int32.self)))
        case let tag: throw WireFault(.unknownTag(tag), at: start)
        }
    }
}

/// What the server sent of the row before the change.
public enum OldTuple: ~Escapable {
    /// `K`: the old key. The other columns stand as nulls and are unknown.
    case key(Tuple)
    /// `O`: the whole old row, as REPLICA IDENTITY FULL sends it.
    case row(Tuple)
}
