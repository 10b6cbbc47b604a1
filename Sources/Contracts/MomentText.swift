// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import Changelog

/// A day, a time of day, or both, seen in its text: `2024-01-02`, `2024-01-02T03:04:05.678901+00:00 BC`, `03:04:05+02`,
/// `infinity`. Moments with an offset compare by what they are in UTC.
struct MomentText: Comparable {
    /// Days since 1970-01-01; 0 for a time of day alone.
    private let day: Int
    /// Microseconds of that day.
    private let microseconds: Int

    /// Nil when the text is none of these.
    init?(_ text: RawSpan) {
        var scanner = DigitScanner(text)
        switch text.byteCount > 0 ? text[0] : 0 {
        case UInt8(ascii: "i") where text.byteCount == 8: (day, microseconds) = (.max, 0)
        case UInt8(ascii: "-") where text.byteCount == 9: (day, microseconds) = (.min, 0)
        default:
            guard let moment = scanner.moment() else { return nil }
            (day, microseconds) = moment
        }
    }

    static func < (lhs: MomentText, rhs: MomentText) -> Bool {
        (lhs.day, lhs.microseconds) < (rhs.day, rhs.microseconds)
    }
}

/// Reads numbers and the marks between them.
private struct DigitScanner: ~Escapable {
    private let text: RawSpan
    private var index = 0

    @_lifetime(copy text)
    init(_ text: RawSpan) {
        self.text = text
    }

    private static let dayLength = 86_400_000_000

    mutating func moment() -> (day: Int, microseconds: Int)? {
        guard let first = number(upTo: 7) else { return nil }
        if take(":") {
            guard let time = timeOfDay(hour: first) else { return nil }
            return ended(time)
        }
        guard take("-"), let month = number(upTo: 2), 1...12 ~= month, take("-"), let day = number(upTo: 2),
            1...31 ~= day
        else { return nil }
        var time = 0
        if take("T") || isTimeBehindBlank {
            guard let hour = number(upTo: 2), take(":"), let found = timeOfDay(hour: hour) else { return nil }
            time = found
        }
        let year = takeEra() ? 1 - first : first
        let date = CivilDate(year: Int64(year), month: Int64(month), day: Int64(day))
        return ended(time).map { (Int(date.daysSinceEpoch) + $0.day, $0.microseconds) }
    }

    /// What is left of a time when the hour and its colon are read, less its offset.
    private mutating func timeOfDay(hour: Int) -> Int? {
        guard 0...24 ~= hour, let minute = number(upTo: 2), 0...59 ~= minute else { return nil }
        var time = (hour * 60 + minute) * 60_000_000
        if take(":") {
            guard let second = number(upTo: 2), 0...60 ~= second else { return nil }
            time += second * 1_000_000
            if take(".") {
                let start = index
                guard let fraction = number(upTo: 6) else { return nil }
                time += (start + 6 - index).powerOfTen * fraction
                while index < text.byteCount, 0x30...0x39 ~= text[index] { index += 1 }
            }
        }
        return offset().map { time - $0 }
    }

    /// The offset in microseconds; nil when it is none that makes sense.
    private mutating func offset() -> Int? {
        if take("Z") { return 0 }
        let isNegative = index < text.byteCount && text[index] == UInt8(ascii: "-")
        guard isNegative || (index < text.byteCount && text[index] == UInt8(ascii: "+")) else { return 0 }
        index += 1
        var seconds = 0
        for unit in [3600, 60, 1] {
            guard let part = number(upTo: 2) else { return nil }
            seconds += part * unit
            guard take(":") else { break }
        }
        return (isNegative ? -seconds : seconds) * 1_000_000
    }

    /// The moment, when nothing is left to read.
    private func ended(_ time: Int) -> (day: Int, microseconds: Int)? {
        guard index == text.byteCount else { return nil }
        let day = Int(Int64(time).flooredQuotient(Int64(Self.dayLength)))
        return (day, time - day * Self.dayLength)
    }

    private var isTimeBehindBlankAhead: Bool {
        index + 1 < text.byteCount && text[index] == UInt8(ascii: " ") && 0x30...0x39 ~= text[index + 1]
    }

    private var isTimeBehindBlank: Bool {
        mutating get {
            guard isTimeBehindBlankAhead else { return false }
            index += 1
            return true
        }
    }

    private mutating func takeEra() -> Bool {
        guard text.byteCount - index == 3, text[index] == UInt8(ascii: " "), text[index + 1] == UInt8(ascii: "B") else {
            return false
        }
        index += 3
        return true
    }

    private mutating func number(upTo digitCount: Int) -> Int? {
        let start = index
        var value = 0
        while index < text.byteCount, index - start < digitCount, 0x30...0x39 ~= text[index] {
            value = value * 10 + Int(text[index] - 0x30)
            index += 1
        }
        return index > start ? value : nil
    }

    private mutating func take(_ mark: Unicode.Scalar) -> Bool {
        guard index < text.byteCount, text[index] == UInt8(ascii: mark) else { return false }
        index += 1
        return true
    }
}

extension Int {
    /// 10 to the power of this, for 0 to 6.
    fileprivate var powerOfTen: Int {
        [1, 10, 100, 1000, 10_000, 100_000, 1_000_000][Swift.max(0, Swift.min(6, self))]
    }
}
