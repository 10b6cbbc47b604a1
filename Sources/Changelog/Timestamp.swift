// SPDX-License-Identifier: Apache-2.0

/// A moment of the source's clock, in microseconds of UTC since 1970-01-01.
public struct Timestamp: Hashable, Sendable {
    /// Microseconds since 1970-01-01T00:00:00Z; negative before it.
    public let microseconds: Int64

    /// The moment `microseconds` after 1970-01-01T00:00:00Z.
    public init(microseconds: Int64) {
        self.microseconds = microseconds
    }
}

extension Timestamp: Comparable {
    /// Whether `lhs` is the earlier moment.
    public static func < (lhs: Timestamp, rhs: Timestamp) -> Bool {
        lhs.microseconds < rhs.microseconds
    }
}

extension Timestamp: LosslessStringConvertible {
    /// RFC 3339 in UTC with six digits of a second: `2026-11-22T10:00:00.123456Z`.
    public var description: String {
        let day = microseconds.flooredQuotient(86_400_000_000)
        let rest = microseconds - day * 86_400_000_000
        let date = CivilDate(daysSinceEpoch: day)
        func two(_ value: Int64) -> String { (value < 10 ? "0" : "") + String(value) }
        let fraction = String(rest % 1_000_000)
        return date.description + "T" + two(rest / 3_600_000_000) + ":" + two(rest / 60_000_000 % 60) + ":"
            + two(rest / 1_000_000 % 60) + "." + String(repeating: "0", count: 6 - fraction.utf8.count) + fraction + "Z"
    }

    /// Reads RFC 3339: a date, and optionally a time with a fraction and with `Z` or an offset (UTC when absent).
    public init?(_ description: String) {
        let text = Array(description.utf8)
        func number(_ range: Range<Int>) -> Int64? {
            guard range.upperBound <= text.count else { return nil }
            var value: Int64 = 0
            for byte in text[range] {
                guard (48...57).contains(byte) else { return nil }
                value = value * 10 + Int64(byte - 48)
            }
            return value
        }
        guard text.count >= 10, text[4] == 45, text[7] == 45, let year = number(0..<4), let month = number(5..<7),
            let day = number(8..<10), (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        var total = CivilDate(year: year, month: month, day: day).daysSinceEpoch * 86_400_000_000
        guard text.count > 10 else {
            self.init(microseconds: total)
            return
        }
        guard text.count >= 16, text[10] == 84 || text[10] == 116 || text[10] == 32, text[13] == 58,
            let hour = number(11..<13), let minute = number(14..<16), hour < 24, minute < 60
        else { return nil }
        total += hour * 3_600_000_000 + minute * 60_000_000
        var index = 16
        if index < text.count, text[index] == 58 {
            guard let second = number(17..<19), second < 61 else { return nil }
            total += second * 1_000_000
            index = 19
            if index < text.count, text[index] == 46 {
                index += 1
                var unit: Int64 = 100_000
                let first = index
                while index < text.count, (48...57).contains(text[index]) {
                    total += Int64(text[index] - 48) * unit
                    unit /= 10
                    index += 1
                }
                guard index > first else { return nil }
            }
        }
        guard let offset = Timestamp.offset(text[index...]) else { return nil }
        self.init(microseconds: total - offset * 60_000_000)
    }

    private static func offset(_ text: ArraySlice<UInt8>) -> Int64? {
        let text = Array(text)
        if text.isEmpty || text == [90] || text == [122] { return 0 }
        guard text.count == 6 || text.count == 3, text[0] == 43 || text[0] == 45 else { return nil }
        let digits = text.dropFirst().filter { $0 != 58 }
        guard digits.allSatisfy({ (48...57).contains($0) }), text.count == 3 || text[3] == 58 else { return nil }
        let values = digits.map { Int64($0 - 48) }
        let minutes = (values[0] * 10 + values[1]) * 60 + (values.count == 4 ? values[2] * 10 + values[3] : 0)
        return text[0] == 45 ? -minutes : minutes
    }
}

/// A day of the proleptic Gregorian calendar.
struct CivilDate: CustomStringConvertible {
    let year: Int64
    let month: Int64
    let day: Int64

    init(year: Int64, month: Int64, day: Int64) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// Counts in eras of 400 years that begin on 1 March, so that the leap day is the last of its year.
    init(daysSinceEpoch: Int64) {
        let shifted = daysSinceEpoch + 719_468
        let era = shifted.flooredQuotient(146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    var daysSinceEpoch: Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = shiftedYear.flooredQuotient(400)
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    var description: String {
        func padded(_ value: Int64, _ width: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
        }
        return padded(year, 4) + "-" + padded(month, 2) + "-" + padded(day, 2)
    }
}

extension Int64 {
    /// The quotient rounded towards negative infinity; `divisor` must be positive.
    func flooredQuotient(_ divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}
