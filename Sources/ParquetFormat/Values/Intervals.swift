// SPDX-License-Identifier: Apache-2.0

package import Bytes

/// A span of time as the source keeps it: parts that have no fixed length in each other.
package struct IntervalParts: Hashable, Sendable {
    /// Months.
    package var months: Int32 = 0
    /// Days.
    package var days: Int32 = 0
    /// Microseconds.
    package var microseconds: Int64 = 0

    /// Makes a span.
    package init(months: Int32, days: Int32, microseconds: Int64) {
        self.months = months
        self.days = days
        self.microseconds = microseconds
    }

    /// Reads `1 year 2 mons -3 days +04:05:06.789`; nil when the text is not just what the source prints of a span.
    init?(_ text: RawSpan) {
        let words = text.decodedString().split(separator: " ", omittingEmptySubsequences: false)
        var index = 0
        while index + 1 < words.count {
            guard let number = Int32(words[index]), let unit = words[index + 1].unit else { return nil }
            switch unit {
            case .year:
                let (product, overflow) = number.multipliedReportingOverflow(by: 12)
                guard !overflow else { return nil }
                months = product
            case .month:
                let (sum, overflow) = months.addingReportingOverflow(number)
                guard !overflow else { return nil }
                months = sum
            case .day: days = number
            }
            index += 2
        }
        if index < words.count {
            guard let time = Self.clock(words[index]) else { return nil }
            microseconds = time
        }
        var printed = ByteBuffer()
        printed.append(self)
        guard printed.bytes.isEqual(to: text) else { return nil }
    }

    private static func clock(_ text: Substring) -> Int64? {
        let isNegative = text.hasPrefix("-")
        let parts = text.drop { $0 == "-" || $0 == "+" }.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].utf8.count <= 10, let hours = Int64(parts[0]), let minutes = Int64(parts[1])
        else { return nil }
        let seconds = parts[2].split(separator: ".", omittingEmptySubsequences: false)
        guard seconds.count <= 2, let whole = Int64(seconds[0]), (0..<60).contains(minutes), (0..<60).contains(whole)
        else { return nil }
        let digits = (seconds.count == 2 ? String(seconds[1]) : "") + "000000"
        guard let fraction = Int64(digits.prefix(6)), fraction >= 0 else { return nil }
        let (high, overflow) = ((hours * 60 + minutes) * 60 + whole).multipliedReportingOverflow(by: 1_000_000)
        guard !overflow else { return nil }
        let (sum, carry) = high.addingReportingOverflow(fraction)
        guard !carry else { return nil }
        return isNegative ? -sum : sum
    }
}

private enum IntervalUnit {
    case year
    case month
    case day
}

extension Substring {
    fileprivate var unit: IntervalUnit? {
        switch self {
        case "year", "years": .year
        case "mon", "mons": .month
        case "day", "days": .day
        default: nil
        }
    }
}

extension ByteBuffer {
    /// Appends a span of time as the source prints it.
    package mutating func append(_ interval: IntervalParts) {
        let start = count
        // A positive part behind a negative one bears a sign.
        var isBehindNegative = false
        for (number, unit) in [
            (interval.months / 12, "year"), (interval.months % 12, "mon"), (interval.days, "day"),
        ] where number != 0 {
            if count > start { append(UInt8(ascii: " ")) }
            if isBehindNegative, number > 0 { append(UInt8(ascii: "+")) }
            append(text: "\(number) \(unit)\(number == 1 ? "" : "s")")
            isBehindNegative = number < 0
        }
        let time = interval.microseconds
        guard time != 0 || count == start else { return }
        if count > start { append(UInt8(ascii: " ")) }
        if time < 0 { append(UInt8(ascii: "-")) } else if isBehindNegative { append(UInt8(ascii: "+")) }
        append(clock: time.magnitude, hourDigits: 2)
    }

    /// Appends `03:04:05.6789`, without zeros at the end of the fraction.
    package mutating func append(clock microseconds: UInt64, hourDigits: Int) {
        let hours = microseconds / 3_600_000_000
        if hours >= 100 { appendDecimal(hours) } else { appendDecimal(hours, digits: hourDigits) }
        append(UInt8(ascii: ":"))
        appendDecimal(microseconds / 60_000_000 % 60, digits: 2)
        append(UInt8(ascii: ":"))
        appendDecimal(microseconds / 1_000_000 % 60, digits: 2)
        var (fraction, digits) = (microseconds % 1_000_000, 6)
        guard fraction > 0 else { return }
        while fraction % 10 == 0 {
            fraction /= 10
            digits -= 1
        }
        append(UInt8(ascii: "."))
        appendDecimal(fraction, digits: digits)
    }
}
