// SPDX-License-Identifier: Apache-2.0

import Bytes

/// The scores of sorted sets, as text and as numbers.
enum Score {
    /// Appends the shortest decimal text that reads back as `score`, or `inf`, `-inf` or `nan`.
    static func append(_ score: Double, to text: inout ByteBuffer) {
        let magnitude = score.magnitude
        guard magnitude < 1e15 else { return appendRare(score, to: &text) }
        if score.sign == .minus { text.append(UInt8(ascii: "-")) }
        let whole = magnitude.rounded(.towardZero)
        if whole == magnitude { return text.appendDecimal(UInt64(whole)) }
        guard magnitude >= 1e-3, appendDecimal(magnitude, to: &text) else {
            if score.sign == .minus { text.truncate(to: text.count - 1) }
            return appendRare(score, to: &text)
        }
    }

    /// Appends a number that has few decimals; false when it has many.
    ///
    /// Digits that stand for an integer below 2^50, divided by an exact power of ten, read back as the correctly rounded
    /// quotient; the first number of decimals for which that is the score is the smallest.
    private static func appendDecimal(_ magnitude: Double, to text: inout ByteBuffer) -> Bool {
        var power = 1.0
        for digits in 1...9 {
            power *= 10
            let scaled = (magnitude * power).rounded()
            guard scaled < 0x1p50 else { return false }
            if scaled / power == magnitude {
                let (whole, fraction) = UInt64(scaled).quotientAndRemainder(dividingBy: UInt64(power))
                text.appendDecimal(whole)
                text.append(UInt8(ascii: "."))
                text.appendDecimal(fraction, digits: digits)
                return true
            }
        }
        return false
    }

    /// Large, small and long numbers, and what is no number.
    private static func appendRare(_ score: Double, to text: inout ByteBuffer) {
        guard !score.isNaN else { return text.append("nan") }
        text.append(text: score.description)
        let length = text.count
        if text.bytes.extracting(last: min(2, length)).isEqual(to: ".0") { text.truncate(to: length - 2) }
    }

    /// The score that a text of the server stands for; nil when it is none.
    static func parse(_ text: RawSpan) -> Double? {
        parseDecimal(text) ?? Double(text.decodedString())
    }

    /// The score of a plain decimal of up to fifteen digits: digits and power of ten are exact then, and so is rounding.
    private static func parseDecimal(_ text: RawSpan) -> Double? {
        let isNegative = text.byteCount > 0 && text[0] == UInt8(ascii: "-")
        var digits: Int64 = 0
        var decimals: Int?
        let start = isNegative ? 1 : 0
        guard text.byteCount > start, text.byteCount <= start + 16 else { return nil }
        for index in start..<text.byteCount {
            let byte = text[index]
            if byte == UInt8(ascii: "."), decimals == nil, index > start {
                decimals = 0
            } else {
                guard byte >= 0x30, byte <= 0x39 else { return nil }
                digits = digits * 10 + Int64(byte - 0x30)
                decimals = decimals.map { $0 + 1 }
            }
        }
        guard decimals != 0, digits < 1_000_000_000_000_000 else { return nil }
        let magnitude = Double(digits) / powersOfTen[decimals ?? 0]
        return isNegative ? -magnitude : magnitude
    }

    private static let powersOfTen: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
    ]
}

extension ByteBuffer {
    /// Appends decimal digits, with a sign when the number is negative.
    mutating func appendDecimal(signed value: Int64) {
        if value < 0 { append(UInt8(ascii: "-")) }
        appendDecimal(value.magnitude)
    }
}
