// SPDX-License-Identifier: Apache-2.0

/// A forward-only, bounds-checked view over bytes that it cannot outlive. Integers are big-endian.
public struct ByteReader: ~Escapable {
    private let bytes: RawSpan
    /// Offset of the next byte to be read.
    public private(set) var offset = 0

    /// Begins reading at the first of `bytes`.
    @_lifetime(copy bytes)
    public init(_ bytes: RawSpan) {
        self.bytes = bytes
    }

    /// How many bytes are left.
    public var remaining: Int { bytes.byteCount - offset }

    /// Reads one byte.
    @_lifetime(self: copy self)
    public mutating func readByte() throws(WireFault) -> UInt8 {
        guard offset < bytes.byteCount else { throw WireFault(.truncated, at: offset) }
        let byte = unsafe bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
        offset += 1
        return byte
    }

    /// Reads one big-endian integer of the width of `I`.
    @_lifetime(self: copy self)
    public mutating func readInteger<I: FixedWidthInteger & BitwiseCopyable>(
        _ type: I.Type = I.self
    ) throws(WireFault) -> I {
        let width = MemoryLayout<I>.size
        guard remaining >= width else { throw WireFault(.truncated, at: offset) }
        // SAFETY: the guard above proves that the whole integer lies within the bytes.
        let value = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: I.self)
        offset += width
        return I(bigEndian: value)
    }

    /// Reads a count or length of the width of `I` that must not be negative nor exceed what follows
    /// when every item takes at least `minimumItemSize` bytes.
    @_lifetime(self: copy self)
    public mutating func readCount<I: FixedWidthInteger & BitwiseCopyable>(
        _ type: I.Type, minimumItemSize: Int = 1
    ) throws(WireFault) -> Int {
        let start = offset
        let count = Int(truncatingIfNeeded: try readInteger(I.self))
        guard count >= 0, count <= remaining / max(minimumItemSize, 1) else {
            throw WireFault(count < 0 ? .invalidLength(count) : .truncated, at: start)
        }
        return count
    }

    /// Reads the next `count` bytes in place.
    @_lifetime(self: copy self)
    @_lifetime(copy self)
    public mutating func readBytes(_ count: Int) throws(WireFault) -> RawSpan {
        guard count >= 0 else { throw WireFault(.invalidLength(count), at: offset) }
        guard count <= remaining else { throw WireFault(.truncated, at: offset) }
        let slice = bytes.extracting(offset..<offset + count)
        offset += count
        return slice
    }

    /// Reads up to the next zero byte, which is consumed and not part of the result.
    @_lifetime(self: copy self)
    @_lifetime(copy self)
    public mutating func readCString() throws(WireFault) -> RawSpan {
        var end = offset
        while end < bytes.byteCount, bytes[end] != 0 { end += 1 }
        guard end < bytes.byteCount else { throw WireFault(.unterminatedString, at: offset) }
        let slice = bytes.extracting(offset..<end)
        offset = end + 1
        return slice
    }

    /// Refuses bytes that are left over.
    public func expectEnd() throws(WireFault) {
        guard remaining == 0 else { throw WireFault(.trailingBytes(remaining), at: offset) }
    }
}
