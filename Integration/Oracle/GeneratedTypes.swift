// SPDX-License-Identifier: Apache-2.0

/// One SQL type, and how to make values of it.
struct GeneratedType: Sendable {
    typealias Make = @Sendable (inout ValueGenerator) -> String

    /// The type as SQL writes it.
    let sqlType: String
    /// Statements that it needs first.
    let setup: [String]
    /// Whether a server without contrib or XML has it.
    let isEverywhere: Bool
    /// Makes an expression of the type.
    let make: Make

    init(_ sqlType: String, setup: [String] = [], isEverywhere: Bool = true, _ make: @escaping Make) {
        self.sqlType = sqlType
        self.setup = setup
        self.isEverywhere = isEverywhere
        self.make = make
    }

    /// A type whose values are written as quoted literals.
    static func literal(
        _ sqlType: String, setup: [String] = [], isEverywhere: Bool = true, _ make: @escaping Make
    ) -> GeneratedType {
        GeneratedType(sqlType, setup: setup, isEverywhere: isEverywhere) { generator in
            "\(escaped(make(&generator)))::\(sqlType)"
        }
    }

    /// Arrays of the type: empty, with NULLs inside, nested, with other lower bounds.
    var array: GeneratedType {
        let element = make
        let type = sqlType + "[]"
        return GeneratedType(type, isEverywhere: isEverywhere) { generator in
            func row(_ count: Int) -> String {
                let items = (0..<count).map { _ in generator.chance(4) ? "NULL" : element(&generator) }
                return "ARRAY[\(items.joined(separator: ","))]"
            }
            if generator.chance(8) { return "'{}'::\(type)" }
            let count = generator.number(1...4)
            guard generator.chance(3) else { return row(count) + "::\(type)" }
            let rows = (0..<generator.number(1...3)).map { _ in row(count) }
            let nested = "ARRAY[\(rows.joined(separator: ","))]::\(type)"
            guard generator.chance(2) else { return nested }
            let low = generator.number(-3...3)
            return "('[\(low):\(low + rows.count - 1)][0:\(count - 1)]=' || \(nested)::text)::\(type)"
        }
    }
}

/// `text` as a literal in which every control character is spelt.
func escaped(_ text: String) -> String {
    var result = "E'"
    for scalar in text.unicodeScalars {
        switch scalar {
        case "'": result += "''"
        case "\\": result += "\\\\"
        case _ where scalar.value < 0x20:
            result += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + "'"
}

extension GeneratedType {
    /// All types that values are generated for: base types, what is made of them, and arrays of most.
    static let all: [GeneratedType] = plain + made + (plain + made).filter { !$0.sqlType.hasSuffix("]") }.map(\.array)

    private static let plain = numbers + texts + times + others + shapes + ranges

    private static let numbers: [GeneratedType] = [
        .literal("boolean") { $0.one(of: ["t", "f"]) },
        .literal("smallint") { "\($0.whole(bits: 16))" }, .literal("integer") { "\($0.whole(bits: 32))" },
        .literal("bigint") { "\($0.whole(bits: 64))" },
        .literal("oid") { "\($0.number(0...4_294_967_295))" },
        .literal("real") { $0.float() }, .literal("double precision") { $0.double() },
        .literal("numeric") { $0.decimal() },
        .literal("numeric(20,5)") { "\($0.whole(bits: 40)).\($0.digits(1...9))" },
        .literal("numeric(4,-2)") { "\($0.number(-99_000...99_000))" },
        .literal("money") { "\($0.whole(bits: 50)).\($0.digits(2...2))" },
        .literal("xid8") { "\($0.number(0...Int.max))" },
        .literal("pg_lsn") { "\(String($0.bits() >> 32, radix: 16))/\(String($0.bits() >> 32, radix: 16))" },
    ]

    private static let texts: [GeneratedType] = [
        .literal("text") { $0.text() },
        GeneratedType("text") { generator in
            "repeat(\(escaped(generator.text(upTo: 6) + "x")), \(generator.chance(60) ? 1 << 17 : generator.number(1...300)))"
        },
        .literal("varchar(40)") { String($0.text(upTo: 20).unicodeScalars.prefix(40)) },
        .literal("char(12)") { String(String.UnicodeScalarView($0.text(upTo: 12).unicodeScalars.prefix(12))) },
        .literal("name") { $0.text(upTo: 12) },
        .literal("bytea") { "\\x" + $0.hexadecimal(bytes: 0...40) },
        GeneratedType("bytea") { "decode(repeat('\($0.hexadecimal(bytes: 1...4))', \($0.number(1...2000))), 'hex')" },
        .literal("bit(13)") { generator in String((0..<13).map { _ in generator.one(of: Array("01")) }) },
        .literal("bit varying") { generator in
            String((0..<generator.number(0...40)).map { _ in generator.one(of: Array("01")) })
        },
        .literal("json") { $0.json() }, .literal("jsonb") { $0.json() },
        .literal("xml", isEverywhere: false) { "<a b='\($0.number(0...9))'>\n \($0.digits(0...5)) &amp;<c/></a>" },
        GeneratedType("tsvector") { "to_tsvector('simple', \(escaped($0.text(upTo: 60))))" },
        GeneratedType("tsquery") { "phraseto_tsquery('simple', \(escaped($0.text(upTo: 30))))" },
        .literal("public.citext", isEverywhere: false) { $0.text() },
        GeneratedType("public.hstore", isEverywhere: false) { generator in
            let count = generator.number(0...5)
            let keys = (0..<count).map { _ in escaped(generator.text(upTo: 8)) }
            let values = (0..<count).map { _ in generator.chance(4) ? "NULL" : escaped(generator.text(upTo: 8)) }
            return
                "public.hstore(ARRAY[\(keys.joined(separator: ","))]::text[], ARRAY[\(values.joined(separator: ","))]::text[])"
        },
    ]

    private static let times: [GeneratedType] = [
        .literal("date") { $0.date() }, .literal("time") { $0.clock() }, .literal("time(2)") { $0.clock() },
        .literal("timetz") { $0.clock() + $0.zone() }, .literal("timestamp") { $0.moment() },
        .literal("timestamp(0)") { $0.moment(isRounded: true) }, .literal("timestamptz") { $0.moment() },
        .literal("timestamptz(3)") { $0.moment(isRounded: true) }, .literal("interval") { $0.span() },
    ]

    private static let others: [GeneratedType] = [
        .literal("uuid") { $0.hexadecimal(bytes: 16...16) },
        .literal("inet") {
            $0.chance(2)
                ? "10.\($0.number(0...255)).2.3/\($0.number(0...32))"
                : "fe80::\($0.hexadecimal(bytes: 1...2))/\($0.number(0...128))"
        },
        .literal("cidr") {
            $0.chance(2) ? "10.\($0.number(0...255)).0.0/16" : "fe80:\($0.hexadecimal(bytes: 2...2))::/32"
        },
        .literal("macaddr") { $0.hexadecimal(bytes: 6...6) }, .literal("macaddr8") { $0.hexadecimal(bytes: 8...8) },
    ]

    private static let shapes: [GeneratedType] = [
        .literal("point") { "(\($0.double()),\($0.double()))" },
        .literal("line") { "{\($0.number(1...99)),\($0.double()),\($0.number(-9...9))}" },
        .literal("lseg") { "[(\($0.double()),1),(2,\($0.double()))]" },
        .literal("box") { "(\($0.double()),1),(2,\($0.double()))" },
        .literal("circle") { "<(\($0.double()),\($0.double())),\($0.number(0...999))>" },
        .literal("path") { generator in
            let points = generator.several(1...4) { "(\($0.double()),\($0.double()))" }.joined(separator: ",")
            return generator.chance(2) ? "[\(points)]" : "(\(points))"
        },
        .literal("polygon") { generator in
            "(" + generator.several(1...4) { "(\($0.double()),\($0.double()))" }.joined(separator: ",") + ")"
        },
    ]

    private static let ranges: [GeneratedType] = [
        range("int4range", "int4multirange") {
            "\($0.number(-1000...0))"
        } _: {
            "\($0.number(1...1000))"
        },
        range("int8range", "int8multirange") {
            "\(-$0.number(0...Int.max - 1))"
        } _: {
            "\($0.number(1...Int.max - 1))"
        },
        range("numrange", "nummultirange") {
            "-\($0.digits(1...30)).\($0.digits(1...9))"
        } _: {
            "1\($0.digits(1...30))"
        },
        range("daterange", "datemultirange") {
            "1\($0.digits(3...3))-02-03"
        } _: {
            "2\($0.digits(3...3))-11-12"
        },
        range("tsrange", "tsmultirange") {
            "1\($0.digits(3...3))-02-03 04:05:06.\($0.digits(1...6))"
        } _: {
            "2\($0.digits(3...3))-11-12"
        },
        range("tstzrange", "tstzmultirange") {
            "1\($0.digits(3...3))-02-03 04:05:06+05:45"
        } _: {
            "2\($0.digits(3...3))-11-12"
        },
    ].flatMap { $0 }

    private static func range(_ name: String, _ multiple: String, _ low: @escaping Make, _ high: @escaping Make)
        -> [GeneratedType]
    {
        let make: Make = { generator in
            if generator.chance(8) { return "empty" }
            let (lower, upper) = (low(&generator), high(&generator))
            return generator.one(of: ["[", "("]) + (generator.chance(5) ? "" : lower) + ","
                + (generator.chance(5) ? "" : upper) + generator.one(of: ["]", ")"])
        }
        return [
            .literal(name, make),
            .literal(multiple) { generator in "{" + generator.several(0...3, make).joined(separator: ",") + "}" },
        ]
    }

    private static let made: [GeneratedType] = [
        .literal("gen.mood", setup: ["CREATE TYPE gen.mood AS ENUM ('sad', 'o k', 'it''s \"great\"', '')"]) {
            $0.one(of: ["sad", "o k", "it's \"great\"", ""])
        },
        .literal("gen.positive", setup: ["CREATE DOMAIN gen.positive AS bigint CHECK (VALUE > 0)"]) {
            "\($0.number(1...Int.max))"
        },
        .literal("gen.note", setup: ["CREATE DOMAIN gen.note AS varchar(60)"]) { $0.text(upTo: 12) },
        GeneratedType("gen.pair", setup: ["CREATE TYPE gen.pair AS (a bigint, \"b \"\"q\"\"\" text, c numeric)"]) {
            generator in
            "ROW(\(generator.whole(bits: 63)),\(generator.chance(4) ? "NULL" : escaped(generator.text())),'\(generator.decimal())')::gen.pair"
        },
        GeneratedType(
            "gen.deep",
            setup: [
                "CREATE TYPE gen.deep AS (p gen.pair, ps gen.pair[], ts text[], m gen.mood, j jsonb, t timestamptz, b bytea)"
            ]
        ) { generator in
            func pair() -> String {
                "ROW(\(generator.number(-9...9)),\(escaped(generator.text(upTo: 8))),\(generator.chance(3) ? "NULL" : "0.10"))::gen.pair"
            }
            let pairs = (0..<generator.number(0...3)).map { _ in generator.chance(4) ? "NULL" : pair() }.joined(
                separator: ",")
            let texts = generator.several(0...3) { escaped($0.text(upTo: 8)) }.joined(separator: ",")
            return
                "ROW(\(generator.chance(4) ? "NULL" : pair()),ARRAY[\(pairs)]::gen.pair[],ARRAY[\(texts)]::text[],'sad',"
                + "\(escaped(generator.json(depth: 2))),'\(generator.moment())','\\x\(generator.hexadecimal(bytes: 0...6))')::gen.deep"
        },
        GeneratedType("gen.words", setup: ["CREATE DOMAIN gen.words AS text[]"]) { generator in
            "ARRAY[\(generator.several(0...4) { escaped($0.text(upTo: 8)) }.joined(separator: ","))]::text[]::gen.words"
        },
    ]
}
