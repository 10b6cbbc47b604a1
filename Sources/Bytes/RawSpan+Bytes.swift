// SPDX-License-Identifier: Apache-2.0

extension RawSpan {
    /// The byte at `index`, bounds-checked.
    @inlinable
    public subscript(index: Int) -> UInt8 {
        // SAFETY: `unsafeLoad` checks the bounds itself; any bit pattern is a byte.
        unsafe unsafeLoad(fromByteOffset: index, as: UInt8.self)
    }

    /// Eight bytes from `index` on as one little-endian word, bounds-checked.
    @inlinable
    public func littleEndianWord(at index: Int) -> UInt64 {
        // SAFETY: the load checks the bounds itself; any bit pattern is an integer.
        UInt64(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self))
    }

    /// Four bytes from `index` on as one little-endian word, bounds-checked.
    @inlinable
    public func littleEndianHalfWord(at index: Int) -> UInt32 {
        // SAFETY: the load checks the bounds itself; any bit pattern is an integer.
        UInt32(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: index, as: UInt32.self))
    }

    /// A copy of the bytes as text; ill-formed UTF-8 is repaired with U+FFFD.
    public func decodedString() -> String {
        unsafe withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
    }

    /// A copy of the bytes.
    public func copiedBytes() -> [UInt8] {
        unsafe withUnsafeBytes { unsafe Array($0) }
    }

    /// Whether the bytes are those of `other`.
    public func isEqual(to other: RawSpan) -> Bool {
        guard byteCount == other.byteCount else { return false }
        for index in 0..<byteCount where self[index] != other[index] { return false }
        return true
    }

    /// Whether the bytes are those of the ASCII literal `text`.
    public func isEqual(to text: StaticString) -> Bool {
        guard byteCount == text.utf8CodeUnitCount else { return false }
        return text.withUTF8Buffer { buffer in
            for index in 0..<byteCount where unsafe self[index] != buffer[index] { return false }
            return true
        }
    }
}

extension Array where Element == UInt8 {
    /// Lends the array's bytes to `body`.
    @inlinable
    public func withRawSpan<R: ~Copyable, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
        // SAFETY: bytes have no padding.
        try body(unsafe self.span.bytes)
    }
}
