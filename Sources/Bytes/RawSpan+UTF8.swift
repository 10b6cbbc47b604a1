// SPDX-License-Identifier: Apache-2.0

extension RawSpan {
    /// Whether the bytes are well-formed UTF-8: no overlong form, no surrogate, nothing beyond U+10FFFF.
    @inlinable
    public var isUTF8: Bool {
        var index = 0
        while index < byteCount {
            if index + 8 <= byteCount {
                if isASCIIWord(at: index) {
                    index += 8
                    continue
                }
            } else if byteCount >= 8, isASCIIWord(at: byteCount - 8) {
                return true
            }
            let length = wellFormedLength(at: index)
            guard length > 0 else { return false }
            index += length
        }
        return true
    }

    @inline(__always)
    @inlinable
    func isASCIIWord(at index: Int) -> Bool { littleEndianWord(at: index) & 0x8080_8080_8080_8080 == 0 }

    /// How many bytes the well-formed UTF-8 sequence at `index` has, or 0 when there is none
    /// (Unicode 16.0, table 3-7).
    @inlinable
    public func wellFormedLength(at index: Int) -> Int {
        guard index < byteCount else { return 0 }
        let first = self[index]
        if first < 0x80 { return 1 }
        guard first >= 0xc2, first <= 0xf4, isContinuation(at: index + 1) else { return 0 }
        if first < 0xe0 { return 2 }
        let second = self[index + 1]
        guard isContinuation(at: index + 2) else { return 0 }
        if first < 0xf0 {
            let isBad = first == 0xe0 && second < 0xa0 || first == 0xed && second > 0x9f
            return isBad ? 0 : 3
        }
        let isBad = first == 0xf0 && second < 0x90 || first == 0xf4 && second > 0x8f
        return isBad || !isContinuation(at: index + 3) ? 0 : 4
    }

    @inlinable
    func isContinuation(at index: Int) -> Bool {
        index < byteCount && self[index] & 0xc0 == 0x80
    }
}
