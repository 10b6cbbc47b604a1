// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import Export
import Testing

@testable import ParquetFormat

@Suite("Values of the source as Parquet holds them")
struct ValueTests {
    private func parsed<T>(_ text: String, _ read: (RawSpan) -> T?) -> T? {
        Array(text.utf8).withRawSpan { read($0) }
    }

    @Test("integers in their one spelling")
    func integers() {
        for value in [0, 1, -1, 99_999_999, 100_000_000, 999_999_999_999_999_999, Int64.max, Int64.min] {
            #expect(parsed(String(value)) { $0.integer() } == value)
        }
        for text in ["", "-", "+1", "01", "-0", "1 ", "9223372036854775808", "-9223372036854775809", "12a45678", "é"] {
            #expect(parsed(text) { $0.integer() } == nil, "\(text)")
        }
    }

    @Test("decimal numbers in their one spelling")
    func decimals() {
        func read(_ text: String, _ precision: Int, _ scale: Int) -> Int64? {
            parsed(text) { $0.decimal(precision: precision, scale: scale) }
        }
        #expect(read("1.10", 12, 2) == 110 && read("-0.05", 12, 2) == -5 && read("0.00", 4, 2) == 0)
        #expect(read("9999999999.99", 12, 2) == 999_999_999_999 && read("10000000000.00", 12, 2) == nil)
        #expect(read("0.999999999999999999", 18, 18) == 999_999_999_999_999_999)
        for text in ["1.1", "1.100", "NaN", "Infinity", ".10", "-0.00", "01.10", "1", "1,10", ""] {
            #expect(read(text, 12, 2) == nil, "\(text)")
        }
    }

    @Test("days and moments of the calendar")
    func calendar() {
        #expect(parsed("1970-01-01") { $0.day() } == 0 && parsed("1969-12-31") { $0.day() } == -1)
        #expect(parsed("2000-02-29") { $0.day() } == 11_016 && parsed("9999-12-31") { $0.day() } == 2_932_896)
        #expect(parsed("0001-01-01") { $0.day() } == -719_162)
        for text in ["1900-02-29", "2023-04-31", "2024-13-01", "0000-01-01", "2024-1-01", "10000-01-01", "infinity"] {
            #expect(parsed(text) { $0.day() } == nil, "\(text)")
        }
        // Every day of 800 years follows the one before it.
        var day: Int64 = -135_140
        for year in 1600..<2400 {
            for month in 1...12 {
                for number in 1...31 {
                    func padded(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
                    guard let found = parsed("\(year)-\(padded(month))-\(padded(number))", { $0.day() }) else {
                        continue
                    }
                    #expect(found == day)
                    day += 1
                }
            }
        }
        #expect(parsed("1970-01-01T00:00:00.5+00:00") { $0.moment(zone: "+00:00") } == 500_000)
        for text in ["1970-01-01T00:00:00.50", "1970-01-01T24:00:00", "1970-01-01 00:00:00", "1970-01-01T00:00:60"] {
            #expect(parsed(text) { $0.moment(zone: "") } == nil, "\(text)")
        }
    }

    @Test("numbers of 64 bits print as the source prints them")
    func floats() {
        for text in [
            "0", "-0", "1", "-1.5", "0.1", "123456.789", "1e+15", "999999999999999", "0.0001", "1e-05", "1.5e+300",
            "5e-324", "NaN", "Infinity", "-Infinity", "2.220446049250313e-16", "1.7976931348623157e+308",
        ] {
            let read = parsed(text) { $0.float64() }
            #expect(read?.isPlain == true, "\(text)")
        }
        for text in ["1.50", "1e5", "100000000000000000", "01", "0.00001"] {
            #expect(parsed(text) { $0.float64() }?.isPlain == false, "\(text)")
        }
        #expect(parsed("1e+06") { $0.float32() }?.isPlain == true && parsed("0.1") { $0.float32() }?.value == 0.1)
        #expect(parsed("x") { $0.float64() } == nil && parsed("") { $0.float32() } == nil)
    }

    @Test("spans of time read back only in the source's spelling")
    func intervals() {
        for text in ["00:00:00", "1 year 2 mons -3 days +04:05:06.789", "-1 mons", "-00:00:00.000001", "100:00:00"] {
            let parts = parsed(text) { IntervalParts($0) }
            var printed = ByteBuffer()
            if let parts { printed.append(parts) }
            #expect(printed.bytes.decodedString() == text)
        }
        for text in ["", "1 day 1 day", "1 week", "P1D", "99999999999 days", "1 day 00:60:00", "2 years -1 mons"] {
            #expect(parsed(text) { IntervalParts($0) } == nil, "\(text)")
        }
    }

    @Test("bounds of long texts are cut to the right side", arguments: ["a", "é", "\u{7f}", "\u{10FFFF}"])
    func cutBounds(letter: String) {
        let form = LeafForm(.text, .byteArray, .string)
        let text = Array(String(repeating: letter, count: 100).utf8)
        let least = Bound(least: text, form, zeroSign: .minus)
        let greatest = Bound(greatest: text, form, zeroSign: .plus)
        #expect(least?.isExact == false && least.map { String(validating: $0.bytes, as: UTF8.self) != nil } == true)
        #expect(least.map { !text.lexicographicallyPrecedes($0.bytes) && $0.bytes.count <= 64 } == true)
        if let greatest {
            #expect(text.lexicographicallyPrecedes(greatest.bytes) && greatest.bytes.count <= 64 && !greatest.isExact)
            #expect(String(validating: greatest.bytes, as: UTF8.self) != nil)
        } else {
            #expect(letter != "a")
        }
    }

    @Test("rich types beyond the portable ones")
    func profiles() {
        func form(_ type: ColumnType, _ profile: ColumnarProfile) -> LeafForm? { LeafForm(type, profile) }
        #expect(form(.uuid, .portable)?.type == .byteArray && form(.uuid, .rich)?.type == .fixedByteArray)
        #expect(form(.decimal(precision: 39, scale: 0), .portable)?.annotation == .string)
        #expect(form(.decimal(precision: 39, scale: 0), .rich)?.width == 17)
        #expect(form(.decimal(precision: 38, scale: 0), .portable)?.width == 16)
        #expect(form(.decimal(precision: 76, scale: 0), .rich)?.width == 32)
        #expect(form(.decimal(precision: 77, scale: 0), .rich)?.annotation == .string)
    }
}
