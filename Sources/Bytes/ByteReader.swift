// SPDX-License-Identifier: Apache-2.0

/// A forward-only, bounds-checked view over bytes that it cannot outlive. Integers are big-endian.
public struct ByteReader: ~Escapable {
    @usableFromInline let bytes: RawSpan
    /// Offset of the next byte to be read.
    @inlinable public var offset: Int { position }
    @usableFromInline var position = 0

    /// Begins reading at the first of `bytes`.
    @inlinable
    @_lifetime(copy bytes)
    public init(_ bytes: RawSpan) {
        self.bytes = bytes
    }

    /// How many bytes are left.
    @inlinable public var remaining: Int { bytes.byteCount - offset }

    /// Reads one byte.
    @inlinable
    @_lifetime(self: copy self)
    public mutating func readByte() throws(WireFault) -> UInt8 {
        guard offset < bytes.byteCount else { throw WireFault(.truncated, at: offset) }
        // SAFETY: the guard above proves that the byte exists.
        let byte = unsafe bytes.unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
        position += 1
        return byte
    }

    /// Reads one big-endian integer of the width of `I`.
    @inlinable
    @_lifetime(self: copy self)
    public mutating func readInteger<I: FixedWidthInteger & BitwiseCopyable>(
        _ type: I.Type = I.self
    ) throws(WireFault) -> I {
        let width = MemoryLayout<I>.size
        guard remaining >= width else { throw WireFault(.truncated, at: offset) }
        // SAFETY: the guard above proves that the whole integer lies within the bytes.
        let value = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: I.self)
        position += width
        return I(bigEndian: value)
    }

    /// Reads a count or length of the width of `I` that must not be negative nor exceed what follows
    /// when every item takes at least `minimumItemSize` bytes.
    @inlinable
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
    @inlinable
    @_lifetime(self: copy self)
    @_lifetime(copy self)
    public mutating func readBytes(_ count: Int) throws(WireFault) -> RawSpan {
        guard count >= 0 else { throw WireFault(.invalidLength(count), at: offset) }
        guard count <= remaining else { throw WireFault(.truncated, at: offset) }
        let slice = bytes.extracting(offset..<offset + count)
        position += count
        return slice
    }

    /// Reads up to the next zero byte, which is consumed and not part of the result.
    @inlinable
    @_lifetime(self: copy self)
    @_lifetime(copy self)
    public mutating func readCString() throws(WireFault) -> RawSpan {
        let end = bytes.firstIndex(of: ZeroByte.self, from: offset)
        guard end < bytes.byteCount else { throw WireFault(.unterminatedString, at: offset) }
        let slice = bytes.extracting(offset..<end)
        position = end + 1
        return slice
    }

    /// Refuses bytes that are left over.
    @inlinable
    public func expectEnd() throws(WireFault) {
        guard remaining == 0 else { throw WireFault(.trailingBytes(remaining), at: offset) }
    }
}
