// SPDX-License-Identifier: Apache-2.0

internal import Bytes

/// Ten to the powers 0 to 18.
private let powersOfTen: [UInt64] = (0...18).map { power in (0..<power).reduce(1) { value, _ in value * 10 } }

/// Where the digits of a decimal number lie.
private struct DecimalParts {
    let isNegative: Bool
    let start: Int
    let wholeCount: Int
    let scale: Int

    /// Nil when the text is not the one spelling of a number of `scale` digits behind its point.
    @inline(__always)
    init?(_ text: RawSpan, scale: Int) {
        isNegative = text.byteCount > 0 && text[0] == UInt8(ascii: "-")
        start = isNegative ? 1 : 0
        self.scale = scale
        let behind = scale == 0 ? 0 : scale + 1
        wholeCount = text.byteCount - start - behind
        guard wholeCount > 0, text.isPlain(start, wholeCount),
            scale == 0 || text[start + wholeCount] == UInt8(ascii: ".")
        else { return nil }
    }
}

extension RawSpan {
    /// The number times ten to the power `scale`, when the text is the one spelling of one of at most `precision`
    /// digits, which are at most 18.
    @inline(__always)
    func decimal(precision: Int, scale: Int) -> Int64? {
        guard let parts = DecimalParts(self, scale: scale), parts.wholeCount + scale <= 19, parts.wholeCount <= 18,
            let whole = digits(parts.start, parts.wholeCount),
            let fraction = digits(parts.start + parts.wholeCount + 1, scale)
        else { return nil }
        let (high, overflow) = whole.multipliedReportingOverflow(by: powersOfTen[scale])
        let value = high &+ fraction
        guard !overflow, value < powersOfTen[precision], value > 0 || !parts.isNegative else { return nil }
        return parts.isNegative ? -Int64(value) : Int64(value)
    }

    /// The number times ten to the power `scale`, as four words of 64 bits, the lowest first, and whether it is
    /// negative; when the text is the one spelling of one of at most `precision` digits, which are at most 76.
    func wideDecimal(precision: Int, scale: Int) -> (words: InlineArray<4, UInt64>, isNegative: Bool)? {
        guard let parts = DecimalParts(self, scale: scale) else { return nil }
        // A zero before the point is no digit of the number.
        let isBelowOne = parts.wholeCount == 1 && self[parts.start] == UInt8(ascii: "0")
        guard (isBelowOne ? 0 : parts.wholeCount) + scale <= precision else { return nil }
        var words = InlineArray<4, UInt64>(repeating: 0)
        var index = parts.start
        while index < byteCount {
            if index == parts.start + parts.wholeCount { index += 1 }
            let end = index < parts.start + parts.wholeCount ? parts.start + parts.wholeCount : byteCount
            let count = min(18, end - index)
            guard count > 0, let value = digits(index, count) else { return nil }
            words.multiply(by: powersOfTen[count], adding: value)
            index += count
        }
        let isZero = words[0] | words[1] | words[2] | words[3] == 0
        guard !(isZero && parts.isNegative) else { return nil }
        return (words, parts.isNegative)
    }
}

extension InlineArray where count == 4, Element == UInt64 {
    /// Multiplies the number in the words and adds another.
    mutating func multiply(by factor: UInt64, adding addend: UInt64) {
        var carry = addend
        for index in 0..<4 {
            let product = self[index].multipliedFullWidth(by: factor)
            let (low, overflow) = product.low.addingReportingOverflow(carry)
            self[index] = low
            carry = product.high &+ (overflow ? 1 : 0)
        }
    }

    /// Turns the number into its two's complement.
    mutating func negate() {
        var carry = true
        for index in 0..<4 {
            let (sum, overflow) = (~self[index]).addingReportingOverflow(carry ? 1 : 0)
            self[index] = sum
            carry = overflow
        }
    }
}

extension ByteBuffer {
    /// Appends the lowest `byteCount` bytes of the number, the highest first.
    mutating func append(bigEndian words: borrowing InlineArray<4, UInt64>, byteCount: Int) {
        for index in stride(from: byteCount - 1, through: 0, by: -1) {
            let word = index / 8 < 4 ? words[index / 8] : (words[3] >> 63 == 1 ? UInt64.max : 0)
            append(UInt8(truncatingIfNeeded: word >> UInt64(index % 8 * 8)))
        }
    }
}
