// SPDX-License-Identifier: Apache-2.0

public import Bytes

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
        var text = ByteBuffer(capacity: 32)
        text.append(self)
        return text.bytes.decodedString()
    }

    /// Reads RFC 3339: a date, and optionally a time with a fraction and with `Z` or an offset (UTC when absent). The
    /// year may have a sign and up to six digits, so that every moment reads back.
    public init?(_ description: String) {
        var text = MomentText(description)
        guard let date = text.readDate() else { return nil }
        var total = Int128(date.daysSinceEpoch) * 86_400_000_000
        if !text.isAtEnd {
            guard let time = text.readTime(), let offset = text.readOffset(), text.isAtEnd else { return nil }
            total += Int128(time - offset)
        }
        guard let microseconds = Int64(exactly: total) else { return nil }
        self.init(microseconds: microseconds)
    }
}

/// Reads the parts of a moment, one after the other.
private struct MomentText {
    private var rest: ArraySlice<UInt8>

    init(_ text: String) {
        rest = Array(text.utf8)[...]
    }

    var isAtEnd: Bool { rest.isEmpty }

    /// A day that is in the calendar.
    mutating func readDate() -> CivilDate? {
        let isNegative = take("-")
        guard let year = number(4...6), take("-"), let month = number(2...2), take("-"), let day = number(2...2),
            (1...12).contains(month)
        else { return nil }
        let date = CivilDate(year: isNegative ? -year : year, month: month, day: day)
        return CivilDate(daysSinceEpoch: date.daysSinceEpoch) == date ? date : nil
    }

    /// Microseconds since midnight.
    mutating func readTime() -> Int64? {
        guard take("T") || take("t") || take(" "), let hour = number(2...2), hour < 24, take(":"),
            let minute = number(2...2), minute < 60
        else { return nil }
        let time = (hour * 60 + minute) * 60_000_000
        guard take(":") else { return time }
        guard let second = number(2...2), second < 61, let fraction = readFraction() else { return nil }
        return time + second * 1_000_000 + fraction
    }

    private mutating func readFraction() -> Int64? {
        guard take(".") else { return 0 }
        let digits = rest.prefix { (48...57).contains($0) }
        rest = rest.dropFirst(digits.count)
        let padded = Array(digits.prefix(6)) + Array(repeating: 48, count: max(0, 6 - digits.count))
        return digits.isEmpty ? nil : padded.reduce(0) { $0 * 10 + Int64($1 - 48) }
    }

    /// Microseconds to the east of UTC.
    mutating func readOffset() -> Int64? {
        if isAtEnd || take("Z") || take("z") { return 0 }
        let isWest = take("-")
        guard isWest || take("+"), let hour = number(2...2), hour < 24 else { return nil }
        guard let minute = take(":") ? number(2...2) : 0, minute < 60 else { return nil }
        return (isWest ? -1 : 1) * (hour * 60 + minute) * 60_000_000
    }

    private mutating func take(_ letter: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: letter) else { return false }
        rest = rest.dropFirst()
        return true
    }

    private mutating func number(_ digitCount: ClosedRange<Int>) -> Int64? {
        let digits = rest.prefix(digitCount.upperBound).prefix { (48...57).contains($0) }
        guard digitCount.contains(digits.count) else { return nil }
        rest = rest.dropFirst(digits.count)
        return digits.reduce(0) { $0 * 10 + Int64($1 - 48) }
    }
}

/// A day of the proleptic Gregorian calendar; the year before 1 is 0.
package struct CivilDate: Equatable {
    let year: Int64
    let month: Int64
    let day: Int64

    /// Makes a day, which need not be in the calendar.
    package init(year: Int64, month: Int64, day: Int64) {
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

    /// Its distance from 1970-01-01.
    package var daysSinceEpoch: Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = shiftedYear.flooredQuotient(400)
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

extension ByteBuffer {
    /// Appends RFC 3339 in UTC with six digits of a second: `2026-11-22T10:00:00.123456Z`.
    public mutating func append(_ moment: Timestamp) {
        let day = moment.microseconds.flooredQuotient(86_400_000_000)
        let remainder = moment.microseconds % 86_400_000_000
        let rest = UInt64(remainder < 0 ? remainder + 86_400_000_000 : remainder)
        append(CivilDate(daysSinceEpoch: day))
        append(UInt8(ascii: "T"))
        appendDecimal(rest / 3_600_000_000, digits: 2)
        append(UInt8(ascii: ":"))
        appendDecimal(rest / 60_000_000 % 60, digits: 2)
        append(UInt8(ascii: ":"))
        appendDecimal(rest / 1_000_000 % 60, digits: 2)
        append(UInt8(ascii: "."))
        appendDecimal(rest % 1_000_000, digits: 6)
        append(UInt8(ascii: "Z"))
    }

    private mutating func append(_ date: CivilDate) {
        if date.year < 0 { append(UInt8(ascii: "-")) }
        if date.year.magnitude < 10_000 {
            appendDecimal(date.year.magnitude, digits: 4)
        } else {
            appendDecimal(date.year.magnitude)
        }
        append(UInt8(ascii: "-"))
        appendDecimal(UInt64(date.month), digits: 2)
        append(UInt8(ascii: "-"))
        appendDecimal(UInt64(date.day), digits: 2)
    }
}

extension Int64 {
    /// The quotient rounded towards negative infinity; `divisor` must be positive.
    public func flooredQuotient(_ divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}
