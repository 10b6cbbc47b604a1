// SPDX-License-Identifier: Apache-2.0

internal import Bytes

extension ByteBuffer {
    /// Appends the bytes that lower-case hexadecimal digits mean; false, with nothing appended, when they mean none.
    mutating func append(hexadecimal digits: RawSpan) -> Bool {
        guard digits.byteCount & 1 == 0 else { return false }
        let start = count
        reserve(digits.byteCount / 2)
        for index in stride(from: 0, to: digits.byteCount, by: 2) {
            guard let high = nibble(digits[index]), let low = nibble(digits[index + 1]) else {
                truncate(to: start)
                return false
            }
            append(high << 4 | low)
        }
        return true
    }

    /// Appends the 16 bytes of `a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11`; false when it is not just like that.
    mutating func append(uuid text: RawSpan) -> Bool {
        guard text.byteCount == 36 else { return false }
        let start = count
        for range in [0..<8, 9..<13, 14..<18, 19..<23, 24..<36] {
            let isParted = range.upperBound == 36 || text[range.upperBound] == UInt8(ascii: "-")
            guard isParted, append(hexadecimal: text.extracting(range)) else {
                truncate(to: start)
                return false
            }
        }
        return true
    }
}

@inline(__always)
private func nibble(_ digit: UInt8) -> UInt8? {
    switch digit {
    case 0x30...0x39: digit &- 0x30
    case 0x61...0x66: digit &- 0x57
    default: nil
    }
}
