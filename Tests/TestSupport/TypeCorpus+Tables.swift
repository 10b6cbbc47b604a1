// SPDX-License-Identifier: Apache-2.0

internal import Changelog

extension CorpusTable {
    /// Tables of every type with their edges: each type alone, with parts, as bytes, empty, one row, wide, long.
    public static let all: [CorpusTable] = [
        CorpusTable("scalars", rowCount: 240, scalars),
        CorpusTable("nested", rowCount: 120, nested),
        CorpusTable("bytes", rowCount: 60, bytes),
        CorpusTable("empty", rowCount: 0, scalars + nested),
        CorpusTable("one", rowCount: 1, scalars + nested),
        CorpusTable("wide", rowCount: 40, wide),
        CorpusTable("long", rowCount: 45_000, long),
    ]

    private static func texts(_ values: [String]) -> [CorpusValue] { values.map { .text($0) } + [.null, .unset] }

    private static let names: [ColumnType] = [
        .boolean, .integer(bits: 16), .integer(bits: 32), .integer(bits: 64), .float(bits: 32), .float(bits: 64),
        .decimal(precision: nil, scale: nil), .decimal(precision: 4, scale: 0), .decimal(precision: 9, scale: 2),
        .decimal(precision: 18, scale: 18), .decimal(precision: 18, scale: 2), .decimal(precision: 19, scale: 3),
        .decimal(precision: 38, scale: 10), .decimal(precision: 39, scale: 0), .decimal(precision: 76, scale: 38),
        .decimal(precision: 80, scale: 2), .decimal(precision: 3, scale: -2), .decimal(precision: 2, scale: 5),
        .text, .enumeration, .uuid, .json, .binary, .bytes, .date, .time, .timeWithZone, .timestamp,
        .timestampWithZone, .interval,
    ]

    private static let scalars: [Column] =
        [Column("id", .integer(bits: 64)) { .text(String($0)) }]
        + names.enumerated().map { index, type in Column("c\(index)", type, cycle: edges(type)) }

    /// Values at the edges of a type, and beyond what a column holds.
    static func edges(_ type: ColumnType) -> [CorpusValue] {
        switch type {
        case .boolean: texts(["t", "f"])
        case .integer(16): texts(["0", "-1", "32767", "-32768", "32768", "007"])
        case .integer(32): texts(["0", "2147483647", "-2147483648", "2147483648", "-1", "12345678"])
        case .integer: texts(["0", "9223372036854775807", "-9223372036854775808", "123456789012345678", "-1", "+1"])
        case .float(32): texts(["1.5", "-0", "NaN", "Infinity", "-Infinity", "1e+20", "3.4028235e+38", "0.1", "1e-45"])
        case .float:
            texts([
                "0", "-0", "NaN", "Infinity", "-Infinity", "1.7976931348623157e+308", "5e-324", "0.1", "1e+15",
                "123456.789", "0.0001", "1e-05", "2.220446049250313e-16", "9007199254740993", "1.50",
            ])
        case .decimal(let precision, let scale): texts(decimals(precision, scale ?? 0))
        case .text, .bytes:
            texts(["", "a", "Größe 東京 \u{1F600}", "line\nbreak\t\"quoted\" \\ back", "base64:AA==", "\u{0}", "null"])
                + [.bytes([0xff, 0xfe]), .text(String(repeating: "ab", count: 300)), .bytes([0x61, 0xc3])]
        case .enumeration: texts(["happy", "sad", "o'k"])
        case .uuid: texts(["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "00000000-0000-0000-0000-000000000000"])
        case .json: texts([#"{"a": [1, 2.50, "x"], "b": null}"#, "[1, 2]", "12", #""text""#, "null"])
        case .binary: texts(["", "00", "00ff10", String(repeating: "7f", count: 200), "ABCD"])
        case .date:
            texts([
                "2024-02-29", "0001-01-01", "9999-12-31", "1970-01-01", "1969-12-31", "infinity", "-infinity",
                "0044-03-15 BC", "10000-01-01", "1900-02-28",
            ])
        case .time: texts(["00:00:00", "23:59:59.999999", "24:00:00", "12:34:56.7"])
        case .timeWithZone: texts(["00:00:00+00", "23:59:59.999999-15:59", "24:00:00+05:30"])
        case .timestamp: texts(moments(zone: ""))
        case .timestampWithZone: texts(moments(zone: "+00:00"))
        case .interval:
            texts([
                "00:00:00", "1 year 2 mons -3 days +04:05:06.789", "-1 mons", "1 day", "-00:00:01", "100:00:00",
                "2 years -1 mons", "1 mon 2 days", "178956970 years 7 mons", "1 year 2 mons 3 days 04:05:06",
            ])
        case .list, .record, .map: [.null]
        }
    }

    private static func moments(zone: String) -> [String] {
        [
            "2024-01-02T03:04:05.678901", "2024-01-02T03:04:05", "1969-12-31T23:59:59.999999", "0001-01-01T00:00:00",
            "9999-12-31T23:59:59.5",
        ].map { $0 + zone } + [
            "infinity", "-infinity", "0044-03-15T10:00:00\(zone) BC", "294276-12-31T23:59:59\(zone)",
        ]
    }

    private static func decimals(_ precision: Int?, _ scale: Int) -> [String] {
        guard let precision else { return ["0", "-1.10", "NaN", "123456789012345678901234567890.000000000001", "1e5"] }
        let digits = scale < 0 ? precision : max(precision, scale)
        let nines = String(repeating: "9", count: precision)
        let padded =
            String(repeating: "0", count: max(0, scale + 1 - digits))
            + String(repeating: "0", count: digits - precision) + nines
        let behind = scale > 0 ? "." + padded.suffix(scale) : String(repeating: "0", count: -min(0, scale))
        let whole = scale > 0 ? String(padded.dropLast(scale)) : nines
        let largest = (whole.isEmpty ? "0" : whole) + behind
        let zero = "0" + (scale > 0 ? "." + String(repeating: "0", count: scale) : "")
        let one = scale > 0 ? zero.dropLast() + "1" : "1" + behind
        return [zero, largest, "-" + largest, String(one), "-" + one, "NaN", "Infinity", "-Infinity", "1" + largest]
    }

    private static let pair = ColumnType.record([
        ColumnType.Field(name: "a", type: .integer(bits: 32)), ColumnType.Field(name: "b", type: .list(.text)),
    ])

    private static let nested: [Column] = [
        Column("number", .integer(bits: 32)) { .text(String($0)) },
        Column(
            "ints", .list(.integer(bits: 32)),
            cycle: [
                .list([.text("1"), .null, .text("-3")]), .list([]), .null, .unset, .list([.null]),
                .list([.list([.text("1")]), .list([.text("2")])]), .list([.text("99999999999")]),
            ]),
        Column(
            "texts", .list(.text),
            cycle: [
                .list([.text("a"), .text(""), .text("é\"\n")]), .list([.bytes([0xff])]), .list([.null]), .null,
            ]),
        Column(
            "days", .list(.date),
            cycle: [
                .list([.text("2024-01-02"), .null]), .list([.text("2024-01-02"), .text("infinity")]), .list([]),
            ]),
        Column(
            "table", .list(.list(.integer(bits: 64))),
            cycle: [
                .list([.list([.text("1"), .text("2")]), .list([]), .null, .list([.null, .text("4")])]), .list([]),
                .null,
                .list([.text("5")]), .list([.list([]), .list([])]),
            ]),
        Column(
            "pair", pair,
            cycle: [
                .record([.text("1"), .list([.text("x"), .null])]), .record([.null, .null]), .null,
                .record([.text("7"), .list([])]), .record([.text("x"), .null]),
            ]),
        Column(
            "pairs", .list(pair),
            cycle: [
                .list([.record([.text("1"), .list([.text("x")])]), .null, .record([.null, .list([])])]), .list([]),
                .null,
            ]),
        Column(
            "tags", .map,
            cycle: [
                .map([("a", "1"), ("b", nil)]), .map([]), .null, .map([("", "x")]), .map([("k", "v"), ("é", "\n")]),
            ]),
        Column("maps", .list(.map), cycle: [.list([.map([("a", nil)]), .map([]), .null]), .null, .list([])]),
        Column(
            "amounts", .list(.decimal(precision: 12, scale: 2)),
            cycle: [
                .list([.text("1.10"), .text("-0.05")]), .list([.text("NaN")]), .null,
            ]),
        Column("spans", .list(.interval), cycle: [.list([.text("1 day"), .null, .text("-00:00:01")]), .null]),
        Column("floats", .list(.float(bits: 64)), cycle: [.list([.text("0.5"), .text("NaN")]), .list([])]),
    ]

    private static let bytes: [Column] = [
        Column("key", .bytes) { .text("key:\($0)") },
        Column("value", .bytes, cycle: edges(.bytes)),
        Column(
            "fields", .list(.list(.bytes)),
            cycle: [
                .list([.list([.text("f"), .text("v")]), .list([.text("f"), .bytes([0xff, 0x00])])]), .list([]), .null,
                .list([.list([.text("f"), .text("v")]), .list([.text("é"), .text("")])]),
            ]),
    ]

    private static let wide: [Column] = (0..<1000).map { index in
        Column("w\(index)", names[index % names.count], cycle: edges(names[index % names.count]))
    }

    /// A number that looks like chance, the same in every run.
    private static func chance(_ row: Int, _ salt: UInt64) -> UInt64 {
        var word = UInt64(row) &* 0x9e37_79b9_7f4a_7c15 &+ salt
        word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
        return word ^ word >> 31
    }

    private static let long: [Column] = [
        Column("id", .integer(bits: 64)) { .text(String($0)) },
        Column("few", .text) { .text("label \(chance($0, 1) % 9)") },
        Column("sorted", .text) { .text("prefix/that/is/shared/\(1_000_000 + $0)") },
        Column("random", .text) { .text(String(chance($0, 2), radix: 36)) },
        Column("small", .integer(bits: 32)) { .text(String(chance($0, 3) % 1000)) },
        Column("huge", .integer(bits: 64)) { .text(String(Int64(bitPattern: chance($0, 4)))) },
        Column("steps", .integer(bits: 32)) { .text(String($0 / 7 * 3 - 50_000)) },
        Column("swing", .integer(bits: 32)) { .text($0 % 2 == 0 ? "2147483647" : "-2147483648") },
        Column("maybe", .integer(bits: 16)) { $0 / 5000 % 2 == 0 ? .null : .text(String($0 % 300)) },
        Column("price", .decimal(precision: 20, scale: 4)) { .text("\(chance($0, 5) % 100_000).0\(100 + $0 % 900)") },
        Column("ratio", .float(bits: 64)) { .text("0.\(1 + $0 % 9)") },
        Column("list", .list(.integer(bits: 32))) { row in
            .list((0..<Int(chance(row, 6) % 4)).map { .text(String($0 * row)) })
        },
        Column("big", .text) { $0 % 9000 == 17 ? .text(String(repeating: "x\($0)", count: 40_000)) : .null },
        Column("flag", .boolean) { chance($0, 7) % 3 == 0 ? .text("t") : .text("f") },
    ]
}
