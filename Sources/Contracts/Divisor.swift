// SPDX-License-Identifier: Apache-2.0

internal import Bytes

/// A number above 0 of which values must be multiples, told exactly from their digits. For one thread: it keeps the rest
/// of a long division, so that none is made for a value.
///
/// Both numbers are whole ones without zeros at their end, times a power of ten. Where the divisor's power is greater,
/// the value would have to end in zeros, and does not. Else as many zeros are put behind the value, and the rest must
/// be 0. More of them than there are factors 2 or 5 in the divisor change nothing, so that no exponent makes work.
final class Divisor {
    /// How many digits a divisor may have, beside zeros round them.
    static let digitLimit = 1000
    /// How many zeros can matter for each digit of the divisor: a digit holds at most log₂10 factors of 2.
    private static let zerosPerDigit = 4
    /// Digits of a divisor whose rest, with a digit behind it, fits into a word.
    private static let shortLimit = 18

    private let digitCount: Int
    private let scale: Int
    /// The divisor's digits, where they fit into a word.
    private let word: UInt64
    /// How many digits of a value are taken in one step.
    private let step: Int
    /// 10 to the power of `step`.
    private let stepFactor: UInt64
    private let long: LongDivision?

    /// Nil when the text is no number above 0, or too long.
    init?(_ text: [UInt8]) {
        let parsed = text.withRawSpan { text -> (scale: Int, limbs: [UInt64], digitCount: Int)? in
            guard let number = NumberText(text), number.isPositive else { return nil }
            let digitCount = number.digitCount
            guard digitCount <= Self.digitLimit else { return nil }
            let size = digitCount <= Self.shortLimit ? Self.shortLimit : LongDivision.step
            var limbs: [UInt64] = []
            number.forEachPart(of: digitCount, size) { limbs.append($0) }
            return (number.scale(ofDigits: digitCount), limbs, digitCount)
        }
        guard let parsed else { return nil }
        (scale, digitCount) = (parsed.scale, parsed.digitCount)
        if digitCount <= Self.shortLimit {
            (word, long, step) = (parsed.limbs[0], nil, Self.shortLimit + 1 - digitCount)
        } else {
            (word, long, step) = (0, LongDivision(by: parsed.limbs.reversed()), LongDivision.step)
        }
        stepFactor = (0..<step).reduce(1) { factor, _ in factor * 10 }
    }

    /// Whether `text` is a multiple: 0 is; `NaN`, the infinities and what is no number are not.
    func divides(_ text: RawSpan) -> Bool {
        guard let value = NumberText(text), value.isFinite else { return false }
        guard !value.isZero else { return true }
        let valueCount = value.digitCount
        let zeros = value.scale(ofDigits: valueCount) - scale
        guard zeros >= 0 else { return false }
        let count = valueCount + min(zeros, Self.zerosPerDigit * digitCount)
        if let long {
            long.clear()
            value.forEachPart(of: count, step) { long.append($0) }
            return long.isExact
        }
        var rest: UInt64 = 0
        value.forEachPart(of: count, step) { rest = (rest * stepFactor + $0) % word }
        return rest == 0
    }
}

/// Division of a number that comes nine digits at a time, of which only the rest is kept.
private final class LongDivision {
    /// How many digits come at a time.
    static let step = 9
    private static let base: UInt64 = 1_000_000_000

    /// The divisor, nine digits each, the lowest first; three at least.
    private let divisor: [UInt64]
    /// The rest, one longer.
    private var rest: [UInt64]
    /// More than the divisor's two highest parts, so that no quotient is estimated too high.
    private let head: UInt128

    init(by divisor: [UInt64]) {
        self.divisor = divisor
        rest = Array(repeating: 0, count: divisor.count + 1)
        head = UInt128(divisor[divisor.count - 1] * Self.base + divisor[divisor.count - 2] + 1)
    }

    /// Begins with another number.
    func clear() {
        for index in rest.indices { rest[index] = 0 }
    }

    /// Whether the rest is 0.
    var isExact: Bool { rest.allSatisfy { $0 == 0 } }

    /// Puts nine digits behind the rest and takes the divisor away as often as it goes.
    func append(_ part: UInt64) {
        let top = divisor.count
        for index in stride(from: top, to: 0, by: -1) { rest[index] = rest[index - 1] }
        rest[0] = part
        let base = UInt128(Self.base)
        let highest = (UInt128(rest[top]) * base + UInt128(rest[top - 1])) * base + UInt128(rest[top - 2])
        subtract(UInt64(highest / head))
        while !isBelowDivisor { subtract(1) }
    }

    private func subtract(_ quotient: UInt64) {
        var carry: UInt64 = 0
        for index in divisor.indices {
            let product = divisor[index] * quotient + carry
            let low = product % Self.base
            carry = product / Self.base
            if rest[index] < low {
                rest[index] += Self.base
                carry += 1
            }
            rest[index] -= low
        }
        rest[divisor.count] -= carry
    }

    private var isBelowDivisor: Bool {
        guard rest[divisor.count] == 0 else { return false }
        for index in divisor.indices.reversed() where rest[index] != divisor[index] {
            return rest[index] < divisor[index]
        }
        return false
    }
}

extension NumberText {
    /// Calls `body` with the first `count` digits in parts of `size`, of which the first may be shorter; behind the last
    /// digit there are zeros.
    fileprivate func forEachPart(of count: Int, _ size: Int, _ body: (UInt64) -> Void) {
        var index = firstDigit
        var left = count
        var length = (count - 1) % size + 1
        while left > 0 {
            var part: UInt64 = 0
            for _ in 0..<length { part = part * 10 + UInt64(digit(&index)) }
            body(part)
            left -= length
            length = size
        }
    }
}
