// SPDX-License-Identifier: Apache-2.0

internal import Bytes

extension RawSpan {
    /// The days since 1970-01-01, when this is a day of the years 1 to 9999, `2024-01-02`.
    @inline(__always)
    func day() -> Int64? {
        byteCount == 10 ? leadingDay() : nil
    }

    /// The microseconds since 1970-01-01T00:00:00 of `2024-01-02T03:04:05.678901`, with `zone` behind it.
    @inline(__always)
    func moment(zone: StaticString) -> Int64? {
        let end = byteCount - zone.utf8CodeUnitCount
        guard end >= 19, self[10] == UInt8(ascii: "T"), extracting(end..<byteCount).isEqual(to: zone),
            let day = leadingDay(), let time = timeOfDay(11, end)
        else { return nil }
        return day &* 86_400_000_000 &+ time
    }

    /// The microseconds since midnight of `03:04:05.678901`, before 24 hours.
    func time() -> Int64? { timeOfDay(0, byteCount) }

    @inline(__always)
    private func leadingDay() -> Int64? {
        // `0000-00-`, and the day behind it.
        let word = littleEndianWord(at: 0) ^ 0x2d30_302d_3030_3030
        guard (word | (word &+ 0x7f76_767f_7676_7676)) & 0x8080_8080_8080_8080 == 0,
            let day = twoDigits(8)
        else { return nil }
        let bytes = Int64(truncatingIfNeeded: word)
        let thousands = (bytes & 15) &* 1000 &+ (bytes >> 8 & 15) &* 100
        let year = thousands &+ (bytes >> 16 & 15) &* 10 &+ (bytes >> 24 & 15)
        let month = (bytes >> 40 & 15) &* 10 &+ (bytes >> 48 & 15)
        guard year > 0, month >= 1, month <= 12, day >= 1, day <= 28 || day <= lastDay(of: month, year) else {
            return nil
        }
        return daysSinceEpoch(year, month, day)
    }

    @inline(__always)
    private func timeOfDay(_ start: Int, _ end: Int) -> Int64? {
        guard end - start >= 8, self[start + 2] == UInt8(ascii: ":"), self[start + 5] == UInt8(ascii: ":"),
            let hour = twoDigits(start), let minute = twoDigits(start + 3), let second = twoDigits(start + 6),
            hour < 24, minute < 60, second < 60
        else { return nil }
        let whole = ((hour &* 60 &+ minute) &* 60 &+ second) &* 1_000_000
        guard end - start > 8 else { return whole }
        // The source leaves out zeros at the end.
        let count = end - start - 9
        guard count >= 1, count <= 6, self[start + 8] == UInt8(ascii: "."), self[end - 1] != UInt8(ascii: "0"),
            var fraction = digits(start + 9, count)
        else { return nil }
        for _ in count..<6 { fraction = fraction &* 10 }
        return whole &+ Int64(fraction)
    }

    @inline(__always)
    private func twoDigits(_ index: Int) -> Int64? {
        let (tens, ones) = (self[index] &- 0x30, self[index + 1] &- 0x30)
        return tens < 10 && ones < 10 ? Int64(tens) &* 10 &+ Int64(ones) : nil
    }
}

private func lastDay(of month: Int64, _ year: Int64) -> Int64 {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
}

/// Counts in years that begin on 1 March, so that the leap day is the last of its year.
@inline(__always)
private func daysSinceEpoch(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let shifted = month <= 2 ? year &- 1 : year
    let dayOfYear = (153 &* (month > 2 ? month &- 3 : month &+ 9) &+ 2) / 5 &+ day &- 1
    return shifted &* 365 &+ shifted / 4 &- shifted / 100 &+ shifted / 400 &+ dayOfYear &- 719_468
}
