// SPDX-License-Identifier: Apache-2.0

import Bytes
import PostgresValues
import Testing

@Suite("Rows of COPY in binary")
struct CopyBinaryRowTests {
    private static let head = Array("PGCOPY\n".utf8) + [0xff, 0x0d, 0x0a, 0, 0, 0, 0, 0, 0, 0, 0, 0]

    private static func row(_ fields: [[UInt8]?]) -> [UInt8] {
        var bytes = bigEndian(UInt16(fields.count))
        for field in fields {
            bytes += bigEndian(field.map { UInt32($0.count) } ?? .max) + (field ?? [])
        }
        return bytes
    }

    private static func bigEndian<I: FixedWidthInteger>(_ value: I) -> [UInt8] {
        unsafe withUnsafeBytes(of: value.bigEndian) { unsafe Array($0) }
    }

    private static func numeric(_ groups: [UInt16], weight: Int16, sign: UInt16 = 0, scale: UInt16) -> [UInt8] {
        bigEndian(UInt16(groups.count)) + bigEndian(weight) + bigEndian(sign) + bigEndian(scale)
            + groups.flatMap(bigEndian)
    }

    private func value(_ bytes: [UInt8], _ oid: UInt32, _ typeModifier: Int32 = -1) throws -> String {
        try decodedBinary(Self.row([bytes]), [(oid, typeModifier)])[0]
    }

    @Test("the head stands before the first row only, and a mark behind the last")
    func frames() throws {
        let row = Self.row([Self.bigEndian(Int32(7))])
        func content(_ bytes: [UInt8], isFirst: Bool) throws -> CopyBinaryRow.Content {
            try bytes.withRawSpan { (span: RawSpan) throws(WireFault) in
                try CopyBinaryRow.content(of: span, isFirst: isFirst)
            }
        }
        #expect(try content(Self.head + row, isFirst: true) == .row(at: 19))
        #expect(try content(row, isFirst: false) == .row(at: 0))
        #expect(try content([0xff, 0xff], isFirst: false) == .end)
        #expect(try content(Self.head + [0xff, 0xff], isFirst: true) == .end)
        #expect(throws: WireFault.self) { try content(row, isFirst: true) }
        #expect(throws: WireFault.self) { try content([0xff, 0xff, 0], isFirst: false) }
        for length in 0..<Self.head.count + 2 {
            #expect(throws: WireFault.self) { try content(Array((Self.head + row)[..<length]), isFirst: true) }
        }
        for index in 0..<11 {
            var damaged = Self.head + row
            damaged[index] ^= 1
            #expect(throws: WireFault.self) { try content(damaged, isFirst: true) }
        }
        // A flag that a reader must understand.
        var flagged = Self.head + row
        flagged[12] = 1
        #expect(throws: WireFault.self) { try content(flagged, isFirst: true) }
    }

    @Test("numbers come as numbers, texts as texts, nulls as nulls")
    func plainValues() throws {
        #expect(try value([0], 16) == "f" && value([1], 16) == "t")
        #expect(try value(Self.bigEndian(Int16.min), 21) == "#-32768")
        #expect(try value(Self.bigEndian(Int32.min), 23) == "#-2147483648")
        #expect(try value(Self.bigEndian(Int64.min), 20) == "#-9223372036854775808")
        #expect(try value(Self.bigEndian(Float(0.1).bitPattern), 700) == "#0.1")
        #expect(try value(Self.bigEndian((-0.0).bitPattern), 701) == "#-0")
        #expect(try value(Self.bigEndian(Double(1e15).bitPattern), 701) == "#1e+15")
        #expect(try value([0xff, 0xf8, 0, 0, 0, 0, 0, 1], 701) == "#NaN")
        #expect(try value(Array("aé".utf8), 25) == "aé" && value([], 1043) == "")
        #expect(try value([1] + Array("{}".utf8), 3802) == "{}")
        #expect(try value([0, 0xab], 17) == "00ab" && value(Array("sad".utf8), TestTypes.mood) == "sad")
        let uuid = (0..<16).map { UInt8($0 * 16 + 15) }
        #expect(try value(uuid, 2950) == "0f1f2f3f-4f5f-6f7f-8f9f-afbfcfdfefff")
        #expect(try decodedBinary(Self.row([nil, [1]]), [(23, -1), (16, -1)]) == ["NULL", "t"])
    }

    @Test("days and moments beyond the years 1 to 9999 come as text")
    func calendar() throws {
        let day: Int64 = 86_400_000_000
        #expect(try value(Self.bigEndian(Int32(0)), 1082) == "#2000-01-01")
        #expect(try value(Self.bigEndian(Int32.max), 1082) == "infinity")
        #expect(try value(Self.bigEndian(Int32.min), 1082) == "-infinity")
        #expect(try value(Self.bigEndian(Int32(-730_119)), 1082) == "#0001-01-01")
        #expect(try value(Self.bigEndian(Int32(-730_120)), 1082) == "0001-12-31 BC")
        #expect(try value(Self.bigEndian(Int32(2_921_939)), 1082) == "#9999-12-31")
        #expect(try value(Self.bigEndian(Int32(2_921_940)), 1082) == "10000-01-01")
        #expect(try value(Self.bigEndian(Int64.max), 1114) == "infinity")
        #expect(try value(Self.bigEndian(Int64.min), 1184) == "-infinity")
        #expect(try value(Self.bigEndian(Int64(-1)), 1114) == "#1999-12-31T23:59:59.999999")
        #expect(try value(Self.bigEndian(Int64(1_500_000)), 1184) == "#2000-01-01T00:00:01.5+00:00")
        #expect(try value(Self.bigEndian(-730_119 * day), 1114) == "#0001-01-01T00:00:00")
        #expect(try value(Self.bigEndian(-730_119 * day - 1), 1184) == "0001-12-31T23:59:59.999999+00:00 BC")
        #expect(try value(Self.bigEndian(2_921_940 * day + 1000), 1114) == "10000-01-01T00:00:00.001")
        #expect(try value(Self.bigEndian(Int64.max - 1), 1114).hasPrefix("294277-01-09T04:00:54"))
    }

    @Test("decimals come as numbers where the column says how many digits, else as the server's text")
    func decimals() throws {
        // numeric(12,2)
        let money: Int32 = 12 << 16 | 2 + 4
        #expect(try value(Self.numeric([1, 2345, 6700], weight: 1, scale: 2), 1700, money) == "#12345.67")
        #expect(try value(Self.numeric([100], weight: -1, scale: 2), 1700, money) == "#0.01")
        #expect(try value(Self.numeric([], weight: 0, scale: 2), 1700, money) == "#0.00")
        #expect(try value(Self.numeric([7], weight: 1, sign: 0x4000, scale: 2), 1700, money) == "#-70000.00")
        #expect(try value(Self.numeric([], weight: 0, sign: 0xc000, scale: 0), 1700, money) == "NaN")
        #expect(try value(Self.numeric([], weight: 0, sign: 0xd000, scale: 0), 1700) == "Infinity")
        #expect(try value(Self.numeric([], weight: 0, sign: 0xf000, scale: 0), 1700) == "-Infinity")
        // numeric(18,5), full
        let wide: Int32 = 18 << 16 | 5 + 4
        #expect(
            try value(Self.numeric([9, 9999, 9999, 9999, 9999, 9000], weight: 3, scale: 5), 1700, wide)
                == "#9999999999999.99999")
        // Without a precision, and with more groups than numbers hold.
        #expect(try value(Self.numeric([12, 3400], weight: 0, scale: 3), 1700) == "12.340")
        #expect(try value(Self.numeric([5], weight: 4, scale: 0), 1700) == "50000000000000000")
        #expect(try value(Self.numeric([5], weight: -3, scale: 12), 1700) == "0.000000000005")
        #expect(try value(Self.numeric([1, 2, 3], weight: 2, scale: 2), 1700, money) == "#100020003.00")
        // What does not fit is printed: no server sends it for such a column.
        #expect(
            try value(Self.numeric(Array(repeating: 9999, count: 6), weight: 5, scale: 2), 1700, money)
                == String(repeating: "9", count: 24) + ".00")
    }

    @Test(
        "types whose binary form is not understood have none",
        arguments: [1009, 600, 869, 1186, 1266, 790, 142, TestTypes.hstore, TestTypes.pair, TestTypes.castable, 4711])
    func others(oid: UInt32) {
        #expect(BinaryColumn(for: oid, typeModifier: -1, in: TestTypes.dictionary) == nil)
    }

    @Test("no change of one byte and no truncation does harm")
    func changes() {
        let columns: [(oid: UInt32, typeModifier: Int32)] = [
            (23, -1), (1700, 12 << 16 | 6), (3802, -1), (1184, -1), (2950, -1), (16, -1),
        ]
        let row = Self.row([
            Self.bigEndian(Int32(5)), Self.numeric([1, 2345, 6700], weight: 1, scale: 2), [1] + Array("[]".utf8),
            Self.bigEndian(Int64(77)), Array(repeating: 9, count: 16), [1],
        ])
        #expect((try? decodedBinary(row, columns))?.count == 6)
        for index in row.indices {
            #expect(throws: WireFault.self) { try decodedBinary(Array(row[..<index]), columns) }
            for value in UInt8.min...UInt8.max {
                var changed = row
                changed[index] = value
                _ = try? decodedBinary(changed, columns)
            }
        }
    }
}
