// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Changelog

@Suite struct TimestampTests {
    @Test(arguments: [
        (Int64(0), "1970-01-01T00:00:00.000000Z"), (-1, "1969-12-31T23:59:59.999999Z"),
        (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"), (951_868_800_000_001, "2000-03-01T00:00:00.000001Z"),
        (1_709_164_800_000_000, "2024-02-29T00:00:00.000000Z"), (-2_203_891_200_000_000, "1900-03-01T00:00:00.000000Z"),
        (1_795_341_610_123_456, "2026-11-22T10:00:10.123456Z"),
        (-62_135_596_800_000_000, "0001-01-01T00:00:00.000000Z"),
        (-62_167_219_200_000_000, "0000-01-01T00:00:00.000000Z"),
        (-62_167_219_200_000_001, "-0001-12-31T23:59:59.999999Z"), (.max, "294247-01-10T04:00:54.775807Z"),
        (.min, "-290308-12-21T19:59:05.224192Z"),
    ])
    func `a moment is written in UTC and reads back`(microseconds: Int64, text: String) {
        let moment = Timestamp(microseconds: microseconds)
        #expect(moment.description == text)
        #expect(Timestamp(text) == moment)
    }

    @Test func `every moment reads back`() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let moment = Timestamp(microseconds: Int64.random(in: .min ... .max, using: &random))
            #expect(Timestamp(moment.description) == moment)
        }
    }

    @Test(arguments: [
        "2026-11-22T10:00:10Z", "2026-11-22 10:00:10", "2026-11-22t10:00:10z", "2026-11-22T10:00:10.0000009Z",
        "2026-11-22T12:30:10+02:30", "2026-11-22T12:00:10+02", "2026-11-22T05:00:10-05:00", "2026-11-23T00:00:10+14:00",
        "2026-11-22T10:00:10.000000000000000000000000",
    ])
    func `one moment has many spellings`(text: String) {
        #expect(Timestamp(text) == Timestamp(microseconds: 1_795_341_610_000_000))
    }

    @Test func `a date alone is its midnight, and seconds may be left out`() {
        #expect(Timestamp("2026-11-22")?.description == "2026-11-22T00:00:00.000000Z")
        #expect(Timestamp("2026-11-22T10:05Z")?.description == "2026-11-22T10:05:00.000000Z")
        #expect(Timestamp("2026-11-22T10:05:00.25Z")?.description == "2026-11-22T10:05:00.250000Z")
    }

    @Test(arguments: [
        "", "2026", "2026-11", "2026-1-01", "2026-13-01", "2026-00-01", "2026-11-00", "2026-11-31", "2026-02-29",
        "1900-02-29", "20261122", "2026/11/22", "2026-11-22T", "2026-11-22T1", "2026-11-22T24:00", "2026-11-22T10:60",
        "2026-11-22T10:00:61", "2026-11-22T10:00:", "2026-11-22T10:00:00.", "2026-11-22T10:00:00,5Z",
        "2026-11-22T10:00:00ZZ", "2026-11-22T10:00:00+", "2026-11-22T10:00:00+2", "2026-11-22T10:00:00+0200",
        "2026-11-22T10:00:00+::", "2026-11-22T10:00:00+:::::", "2026-11-22T10:00:00+24:00", "2026-11-22T10:00:00+02:60",
        "2026-11-22T10:00:00+2::30", "now", "2026-11-22X10:00", "-2026", "+2026-11-22", "999999-12-31",
        "294247-01-10T04:00:54.775808Z", "-290308-12-21T19:59:05.224191Z", "２026-11-22", "2026-11-22T10:00:00Z ",
    ])
    func `what is no moment is refused`(text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test func `days are counted through leap years and centuries`() {
        for day in stride(from: Int64(-800_000), through: 800_000, by: 311) {
            let date = CivilDate(daysSinceEpoch: day)
            #expect(date.daysSinceEpoch == day)
            #expect((1...12).contains(date.month) && (1...31).contains(date.day))
        }
    }

    @Test func `earlier moments come first`() {
        #expect(Timestamp(microseconds: -1) < Timestamp(microseconds: 0))
    }
}
