// SPDX-License-Identifier: Apache-2.0

internal import Bytes

extension RawSpan {
    /// The number that at most 18 digits from `start` on mean; nil when one of them is none.
    @inline(__always)
    func digits(_ start: Int, _ count: Int) -> UInt64? {
        var value: UInt64 = 0
        var index = start
        let end = start + count
        while index + 8 <= end {
            guard let part = eightDigits(at: index) else { return nil }
            value = value &* 100_000_000 &+ part
            index += 8
        }
        while index < end {
            let digit = self[index] &- 0x30
            guard digit < 10 else { return nil }
            value = value &* 10 &+ UInt64(digit)
            index += 1
        }
        return value
    }

    /// The number that eight digits mean, by three products of neighbours.
    @inline(__always)
    private func eightDigits(at index: Int) -> UInt64? {
        let word = littleEndianWord(at: index) ^ 0x3030_3030_3030_3030
        guard (word | (word &+ 0x7676_7676_7676_7676)) & 0x8080_8080_8080_8080 == 0 else { return nil }
        let pairs = (word &* 10 &+ word >> 8) & 0x00ff_00ff_00ff_00ff
        let fours = (pairs &* 100 &+ pairs >> 16) & 0x0000_ffff_0000_ffff
        return (fours &* 10_000 &+ fours >> 32) & 0xffff_ffff
    }

    /// Whether the digits from `start` on have one spelling: no zero before others.
    @inline(__always)
    func isPlain(_ start: Int, _ count: Int) -> Bool {
        count == 1 || count > 1 && self[start] != UInt8(ascii: "0")
    }

    /// The integer, when this is the one spelling of one.
    @inline(__always)
    func integer() -> Int64? {
        let isNegative = byteCount > 0 && self[0] == UInt8(ascii: "-")
        let start = isNegative ? 1 : 0
        let count = byteCount - start
        guard isPlain(start, count) else { return nil }
        if count <= 18 {
            guard let value = digits(start, count), value > 0 || !isNegative else { return nil }
            return isNegative ? -Int64(value) : Int64(value)
        }
        return longInteger(start, count, isNegative: isNegative)
    }

    private func longInteger(_ start: Int, _ count: Int, isNegative: Bool) -> Int64? {
        guard count == 19, let high = digits(start, 10), let low = digits(start + 10, 9) else { return nil }
        let value = high &* 1_000_000_000 &+ low
        if isNegative { return value <= 1 << 63 ? Int64(truncatingIfNeeded: 0 &- value) : nil }
        return Int64(exactly: value)
    }
}
