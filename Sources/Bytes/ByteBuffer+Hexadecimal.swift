// SPDX-License-Identifier: Apache-2.0

extension ByteBuffer {
    /// Appends the last `digits` lower-case hexadecimal digits of `value`, at most sixteen, the highest first.
    @inlinable
    @inline(__always)
    public mutating func appendHexadecimal(_ value: UInt64, digits: Int) {
        if digits > 8 { appendHexadecimalDigits(of: UInt32(truncatingIfNeeded: value >> 32), last: digits - 8) }
        appendHexadecimalDigits(of: UInt32(truncatingIfNeeded: value), last: min(digits, 8))
    }

    /// Appends two lower-case hexadecimal digits for each byte.
    public mutating func appendHexadecimal(bytes: RawSpan) {
        var index = 0
        while index + 4 <= bytes.byteCount {
            appendHexadecimalDigits(of: bytes.littleEndianHalfWord(at: index).byteSwapped, last: 8)
            index += 4
        }
        while index < bytes.byteCount {
            appendHexadecimalDigits(of: UInt32(bytes[index]), last: 2)
            index += 1
        }
    }

    /// Appends the sixteen bytes of a UUID as it is written: five groups of lower-case hexadecimal digits.
    public mutating func append(uuid bytes: RawSpan) {
        precondition(bytes.byteCount == 16, "a UUID has sixteen bytes")
        let dash = UInt8(ascii: "-")
        appendLittleEndianWord(hexadecimalDigits(of: bytes.littleEndianHalfWord(at: 0).byteSwapped))
        append(dash)
        for half in 1..<3 {
            let digits = hexadecimalDigits(of: bytes.littleEndianHalfWord(at: 4 * half).byteSwapped)
            appendLittleEndian(UInt32(truncatingIfNeeded: digits))
            append(dash)
            appendLittleEndian(UInt32(truncatingIfNeeded: digits >> 32))
            if half == 1 { append(dash) }
        }
        appendLittleEndianWord(hexadecimalDigits(of: bytes.littleEndianHalfWord(at: 12).byteSwapped))
    }

    /// Appends the last `digits` of the eight digits of `value`.
    @inlinable
    @inline(__always)
    mutating func appendHexadecimalDigits(of value: UInt32, last digits: Int) {
        appendLittleEndianWord(hexadecimalDigits(of: value) >> UInt64(64 - 8 * digits))
        truncate(to: count - 8 + digits)
    }
}

/// The eight lower-case hexadecimal digits of `value`, the first in the lowest byte.
@inlinable
@inline(__always)
func hexadecimalDigits(of value: UInt32) -> UInt64 {
    // Halves, bytes and then nibbles are spread over the word, what comes first to the lower end.
    var word = UInt64(value)
    word = (word >> 16) | (word & 0xffff) << 32
    word = (word >> 8) & 0x0000_00ff_0000_00ff | (word & 0x0000_00ff_0000_00ff) << 16
    word = (word >> 4) & 0x000f_000f_000f_000f | (word & 0x000f_000f_000f_000f) << 8
    // Six more than a nibble reaches the next bit where it is a letter.
    let letters = (word &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
    return word &+ 0x3030_3030_3030_3030 &+ letters &* 39
}
