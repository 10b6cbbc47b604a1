// SPDX-License-Identifier: Apache-2.0

internal import Bytes

/// A number seen in its text, compared exactly whatever its length: `-12.50`, `1e+20`, `NaN`, `-Infinity`.
struct NumberText: ~Escapable {
    private enum Kind {
        case negativeInfinity
        case finite
        case infinity
        /// Greater than all, as the source sorts it.
        case notANumber

        var rank: Int {
            switch self {
            case .negativeInfinity: 0
            case .finite: 1
            case .infinity: 2
            case .notANumber: 3
            }
        }
    }

    private let text: RawSpan
    private let kind: Kind
    private let isNegative: Bool
    /// The digits from the first that is not 0, the point among them; empty for zero.
    private let digits: Range<Int>
    /// The value is 0.d₁d₂d₃… × 10 to this power.
    private let power: Int
    /// Where the point stands among the digits, or anywhere outside of them.
    private let point: Int

    /// Nil when the text is no number.
    @_lifetime(copy text)
    init?(_ text: RawSpan) {
        self.text = text
        var index = 0
        isNegative = text.byteCount > 0 && text[0] == UInt8(ascii: "-")
        if isNegative || (text.byteCount > 0 && text[0] == UInt8(ascii: "+")) { index = 1 }
        if let special = Self.special(text, from: index, isNegative) {
            (kind, digits, power, point) = (special, 0..<0, 0, 0)
            return
        }
        guard let found = Self.scan(text, from: index) else { return nil }
        kind = .finite
        (digits, power, point) = found
    }

    private static func special(_ text: RawSpan, from index: Int, _ isNegative: Bool) -> Kind? {
        let rest = text.byteCount - index
        if rest == 3, text[index] == UInt8(ascii: "N"), text[index + 1] == UInt8(ascii: "a") { return .notANumber }
        guard rest == 8, text[index] | 0x20 == UInt8(ascii: "i"), text[index + 7] == UInt8(ascii: "y") else {
            return nil
        }
        return isNegative ? .negativeInfinity : .infinity
    }

    /// The significant digits, the power of ten and the place of the point; nil when it is no number.
    private static func scan(_ text: RawSpan, from start: Int) -> (Range<Int>, Int, point: Int)? {
        var index = start
        var first: Int?
        var point: Int?
        var digitCount = 0
        while index < text.byteCount {
            switch text[index] {
            case 0x30...0x39:
                digitCount += 1
                if first == nil, text[index] != 0x30 { first = index }
            case UInt8(ascii: ".") where point == nil: point = index
            default:
                guard text[index] | 0x20 == UInt8(ascii: "e"), digitCount > 0,
                    let exponent = exponent(text, from: index + 1)
                else { return nil }
                return result(first, point, end: index, exponent)
            }
            index += 1
        }
        return digitCount > 0 ? result(first, point, end: index, 0) : nil
    }

    private static func exponent(_ text: RawSpan, from start: Int) -> Int? {
        var index = start
        let isNegative = index < text.byteCount && text[index] == UInt8(ascii: "-")
        if isNegative || (index < text.byteCount && text[index] == UInt8(ascii: "+")) { index += 1 }
        guard index < text.byteCount, text.byteCount - index < 10 else { return nil }
        var value = 0
        while index < text.byteCount {
            guard 0x30...0x39 ~= text[index] else { return nil }
            value = value * 10 + Int(text[index] - 0x30)
            index += 1
        }
        return isNegative ? -value : value
    }

    private static func result(
        _ first: Int?, _ point: Int?, end: Int, _ exponent: Int
    ) -> (Range<Int>, Int, point: Int) {
        guard let first else { return (0..<0, 0, 0) }
        let whole = point ?? end
        // Digits before the point count up, zeros behind it count down.
        return (first..<end, (first < whole ? whole - first : whole + 1 - first) + exponent, whole)
    }

    private var sign: Int { digits.isEmpty ? 0 : isNegative ? -1 : 1 }

    /// Below zero when this is less than `other`, above when it is more.
    func compared(to other: borrowing NumberText) -> Int {
        guard kind == .finite, other.kind == .finite else { return kind.rank - other.kind.rank }
        guard sign == other.sign else { return sign - other.sign }
        guard sign != 0 else { return 0 }
        let magnitude = power != other.power ? power - other.power : comparedDigits(to: other)
        return magnitude * sign
    }

    private func comparedDigits(to other: borrowing NumberText) -> Int {
        var (left, right) = (digits.lowerBound, other.digits.lowerBound)
        while left < digits.upperBound || right < other.digits.upperBound {
            let difference = Int(digit(&left)) - Int(other.digit(&right))
            if difference != 0 { return difference }
        }
        return 0
    }

    /// Whether it is neither infinite nor `NaN`.
    var isFinite: Bool { kind == .finite }

    /// Whether it is 0.
    var isZero: Bool { kind == .finite && digits.isEmpty }

    /// Whether it is finite and above 0.
    var isPositive: Bool { kind == .finite && sign > 0 }

    /// Where the first digit stands that is not 0.
    var firstDigit: Int { digits.lowerBound }

    /// How many digits there are from the first that is not 0 to the last; 0 for zero.
    var digitCount: Int {
        var end = digits.upperBound
        while end > digits.lowerBound, text[end - 1] == 0x30 || text[end - 1] == UInt8(ascii: ".") { end -= 1 }
        return end - digits.lowerBound - (digits.lowerBound < point && point < end ? 1 : 0)
    }

    /// The value is the whole number of its ``digitCount`` digits × 10 to this power.
    func scale(ofDigits digitCount: Int) -> Int { power - digitCount }

    /// A word that is the same for all spellings of one number.
    var hashWord: UInt64 {
        var hash = ByteHash()
        hash.add(UInt8(kind.rank))
        hash.add(UInt8(sign + 1))
        hash.add(UInt8(truncatingIfNeeded: power))
        hash.add(UInt8(truncatingIfNeeded: power >> 8))
        var index = digits.lowerBound
        for _ in 0..<digitCount { hash.add(digit(&index)) }
        return hash.word
    }

    /// The digit at `index`, which moves on; 0 behind the last.
    func digit(_ index: inout Int) -> UInt8 {
        if index < digits.upperBound, text[index] == UInt8(ascii: ".") { index += 1 }
        guard index < digits.upperBound else { return 0 }
        defer { index += 1 }
        return text[index] - 0x30
    }
}
