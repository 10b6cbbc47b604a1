// SPDX-License-Identifier: Apache-2.0

internal import Bytes

extension RawSpan {
    /// The index of the first line feed from `start` on, nil when there is none.
    func firstLineFeed(from start: Int) -> Int? {
        var index = start
        while index + 8 <= byteCount {
            let word = littleEndianWord(at: index) ^ 0x0a0a_0a0a_0a0a_0a0a
            let zeroBytes = (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
            if zeroBytes != 0 { return index + zeroBytes.trailingZeroBitCount / 8 }
            index += 8
        }
        while index < byteCount {
            if self[index] == 0x0a { return index }
            index += 1
        }
        return nil
    }

    /// Whether the bytes are well-formed UTF-8: no overlong form, no surrogate, nothing beyond U+10FFFF.
    var isUTF8: Bool {
        var index = 0
        while index < byteCount {
            if index + 8 <= byteCount, littleEndianWord(at: index) & 0x8080_8080_8080_8080 == 0 {
                index += 8
                continue
            }
            guard let length = scalarLength(at: index) else { return false }
            index += length
        }
        return true
    }

    /// How many bytes the well-formed scalar at `index` has (Unicode Standard, table 3-7).
    private func scalarLength(at index: Int) -> Int? {
        switch self[index] {
        case 0x00...0x7f: 1
        case 0xc2...0xdf: hasTail(1, at: index, second: 0x80...0xbf)
        case 0xe0: hasTail(2, at: index, second: 0xa0...0xbf)
        case 0xed: hasTail(2, at: index, second: 0x80...0x9f)
        case 0xe1...0xef: hasTail(2, at: index, second: 0x80...0xbf)
        case 0xf0: hasTail(3, at: index, second: 0x90...0xbf)
        case 0xf1...0xf3: hasTail(3, at: index, second: 0x80...0xbf)
        case 0xf4: hasTail(3, at: index, second: 0x80...0x8f)
        default: nil
        }
    }

    private func hasTail(_ count: Int, at index: Int, second: ClosedRange<UInt8>) -> Int? {
        guard index + count < byteCount, second.contains(self[index + 1]) else { return nil }
        for offset in 1...count where self[index + offset] & 0xc0 != 0x80 { return nil }
        return count + 1
    }
}
