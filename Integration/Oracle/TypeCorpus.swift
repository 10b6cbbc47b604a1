// SPDX-License-Identifier: Apache-2.0

/// One SQL type and values of it, as expressions that the server evaluates.
struct CorpusType: Sendable, CustomStringConvertible {
    /// The type as SQL writes it, with its schema where it is not a stock type.
    let sqlType: String
    /// What has to be created first.
    let setup: [String]
    /// Expressions of the type; SQL's NULL is always added to them.
    let values: [String]
    /// Whether arrays, domains and composites of the type are made from its values too.
    let combines: Bool

    init(_ sqlType: String, setup: [String] = [], combines: Bool = true, _ values: [String]) {
        self.sqlType = sqlType
        self.setup = setup
        self.values = values
        self.combines = combines
    }

    /// Quotes each of `literals` and casts it to the type.
    init(_ sqlType: String, setup: [String] = [], combines: Bool = true, literals: [String]) {
        self.init(sqlType, setup: setup, combines: combines, literals.map { "\(quote($0))::\(sqlType)" })
    }

    var description: String { sqlType }
}

/// `text` as an SQL literal.
func quote(_ text: String) -> String {
    "E'" + text.replacing("\\", with: "\\\\").replacing("'", with: "''") + "'"
}

/// Every stock type, those of three extensions, and types that users make, with the values that are most often
/// printed or read wrongly.
enum TypeCorpus {
    static let all: [CorpusType] =
        numbers + texts + times + documents + networks + geometry + ranges + searches + catalog + extensions + made

    static let setup = [
        "CREATE SCHEMA oracle", "CREATE EXTENSION hstore SCHEMA public", "CREATE EXTENSION citext SCHEMA public",
        "CREATE EXTENSION ltree SCHEMA public",
    ]

    private static let numbers = [
        CorpusType("boolean", literals: ["t", "f"]),
        CorpusType("smallint", literals: ["0", "-32768", "32767"]),
        CorpusType("integer", literals: ["0", "-1", "-2147483648", "2147483647"]),
        CorpusType("bigint", literals: ["0", "-9223372036854775808", "9223372036854775807"]),
        CorpusType(
            "real",
            literals: [
                "0", "-0", "0.1", "1e-45", "3.4028235e38", "123456789", "16777216", "NaN", "Infinity", "-Infinity",
            ]),
        CorpusType(
            "double precision",
            literals: [
                "0", "-0", "0.1", "0.30000000000000004", "5e-324", "1.7976931348623157e308", "1e15", "1e16", "1e-5",
                "1e-7", "NaN", "Infinity", "-Infinity",
            ]),
        CorpusType(
            "numeric",
            [
                "0", "-0.00", "1.10", "1e-20::numeric", "'NaN'::numeric", "'Infinity'::numeric",
                "'-Infinity'::numeric", "repeat('9', 1000)::numeric", "('-0.' || repeat('7', 1000))::numeric",
                "12345678901234567890.123456789", "1e500::numeric",
            ]),
        CorpusType("numeric(12,2)", literals: ["0", "-9999999999.99", "12.3", "NaN"]),
        CorpusType("numeric(3,-2)", literals: ["12345", "-50"]),
        CorpusType("numeric(3,5)", literals: ["0.00123"]),
        CorpusType("money", literals: ["0", "-1234567.89", "92233720368547758.07"]),
    ]

    private static let everyControlCharacter = (1...31).map { "chr(\($0))" }.joined(separator: " || ")

    private static let texts = [
        CorpusType(
            "text",
            [
                "''", "' '", "'plain'", "'NULL'", "'null'", #"E'\\N'"#, #"E'\\.'"#, #"E'\\'"#, #"E'a\\\\b'"#, "'\"'",
                "'a\"b\"\"c'", "'{\"a\":[1,2]}'", "'(a,\"b\")'", "'{}'", "'a,b;c'", everyControlCharacter, "chr(127)",
                "chr(128) || chr(159) || chr(160)", "U&'\\2028\\2029\\FEFF\\FFFD'", "'Größe naïve 東京'", "'👩‍👩‍👧‍👦 🏳️‍🌈 𝄞'",
                "repeat('x', 100000)", "repeat(E'\\\\\\n\"é', 20000)", "'tab\there'", "E'line\\nline\\r\\nline'",
                "chr(1114109)", "repeat('ab', 3) || chr(9)", "repeat(chr(10), 9)",
            ] + (1...17).map { "repeat('y', \($0))" } + (0...16).map { "repeat('z', \($0)) || E'\\t' || 'é'" }),
        CorpusType("varchar(20)", literals: ["", "short", "twenty characters xx"]),
        CorpusType("varchar", literals: ["", "any"]),
        CorpusType("char(5)", literals: ["", "ab", "abcde"]),
        CorpusType("name", literals: ["", "a name", "\"quoted\""]),
        CorpusType("\"char\"", literals: ["", "x", "\\", "\\377", "\"", "{", " "]),
        CorpusType("bytea", literals: ["", "\\x00ff", "\\x5c2278", "\\xDEADBEEF"] + ["plain"]),
        CorpusType("bytea", ["decode(repeat('00ff5c', 30000), 'hex')"]),
        CorpusType("bit(5)", literals: ["00000", "10101"]),
        CorpusType("bit varying", literals: ["", "1", "0101"]),
        CorpusType("bit varying(9)", literals: ["", "101010101"]),
        CorpusType(
            "uuid", literals: ["00000000-0000-0000-0000-000000000000", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"]),
        CorpusType(
            "xml", literals: ["", "<a b=\"c\">d &amp; e</a>", "<a>\n  <b/>\n</a>", "text"]),
    ]

    private static let moments = [
        "2024-01-02 03:04:05", "2024-01-02 03:04:05.6", "2024-01-02 03:04:05.678901", "2024-02-29 00:00:00",
        "0001-01-01 00:00:00", "0001-12-31 23:59:59 BC", "4713-01-01 00:00:00 BC", "0044-03-15 12:00:00.000001 BC",
        "9999-12-31 23:59:59.999999", "10000-01-01 00:00:00", "294276-12-31 23:59:59.999999", "infinity", "-infinity",
        "1999-12-31 24:00:00", "epoch",
    ]

    private static let times = [
        CorpusType(
            "date",
            literals: [
                "2024-01-02", "0001-01-01", "0001-12-31 BC", "4713-01-01 BC", "5874897-12-31", "10000-01-01",
                "infinity", "-infinity", "epoch",
            ]),
        CorpusType("time", literals: ["00:00:00", "03:04:05.678901", "24:00:00", "23:59:60", "12:00"]),
        CorpusType("time(3)", literals: ["03:04:05.6789", "24:00:00"]),
        CorpusType(
            "timetz",
            literals: ["00:00:00+00", "03:04:05.678901-03:30", "24:00:00+14", "12:00:00+15:59:59", "24:00:00-15:59"]),
        CorpusType("timestamp", literals: moments),
        CorpusType("timestamp(0)", literals: moments),
        CorpusType("timestamptz", literals: moments + ["2024-01-02 03:04:05+05:30", "1890-01-01 00:00:00+00:19:32"]),
        CorpusType("timestamptz(3)", literals: moments),
        CorpusType(
            "interval",
            literals: [
                "0", "1 day", "-1 day +02:03:04.5", "1 year 2 mons 3 days 04:05:06.789", "-178000000 years",
                "178000000 years", "00:00:00.000001", "1000000000 hours",
            ]),
        CorpusType("interval(3)", literals: ["1.23456 seconds"]),
        CorpusType("interval year to month", literals: ["1 year 2 months"]),
    ]

    private static let documents = [
        CorpusType(
            "json",
            literals: [
                "null", "true", "\"\"", "0", "-1.50e+10", "[]", "{}",
                "{ \"a\" : [ 1, 2.0, null ],\n\t\"b\":\r\n\"x y\" }",
                "{\"a\":1,\"a\":2}", "\"\\u0000\\ud83d\\ude00\\n\"", "\"é東👍\"", "{\"a\":\"\\\\\\\"\"}",
                "[[[[[[1]]]]]]", " \n[ ]\n ", "12345678901234567890.0000",
            ]),
        CorpusType(
            "jsonb",
            literals: [
                "null", "false", "\"\"", "[]", "{}", "{\"b\": [1, 2.0, null], \"a\": \"x y\\n\"}", "\"\\ud83d\\ude00\"",
                "{\"a\":\"\\\\\\\"\"}", "1e100", "{\"\": {\"\": {}}}",
            ]),
        CorpusType("jsonpath", literals: ["$", "$.a[*] ? (@.b > 1)", "strict $.\"x y\""]),
    ]

    private static let networks = [
        CorpusType("inet", literals: ["127.0.0.1", "10.0.0.1/8", "::1", "2001:db8::1/64", "::ffff:1.2.3.4"]),
        CorpusType("cidr", literals: ["10.0.0.0/8", "2001:db8::/32"]),
        CorpusType("macaddr", literals: ["08:00:2b:01:02:03"]),
        CorpusType("macaddr8", literals: ["08:00:2b:01:02:03:04:05"]),
    ]

    private static let geometry = [
        CorpusType("point", literals: ["(0,0)", "(1.5,-2.25)", "(NaN,Infinity)", "(1e300,1e-300)"]),
        CorpusType("line", literals: ["{1,2,3}", "{0,-1,0.5}"]),
        CorpusType("lseg", literals: ["[(0,0),(1,1)]"]),
        CorpusType("box", literals: ["(1,1),(0,0)", "(2,2),(1,1)"]),
        CorpusType("path", literals: ["((0,0),(1,1),(2,0))", "[(0,0),(1,1)]"]),
        CorpusType("polygon", literals: ["((0,0),(1,1),(2,0))"]),
        CorpusType("circle", literals: ["<(0,0),5>"]),
    ]

    private static let ranges = [
        CorpusType("int4range", literals: ["empty", "[1,5)", "(,)", "[3,]"]),
        CorpusType("int8range", literals: ["[1,5)", "(,9223372036854775807)"]),
        CorpusType("numrange", literals: ["[1.0,2.50]", "(NaN,)", "empty"]),
        CorpusType("daterange", literals: ["[2024-01-01,2024-02-01)", "[-infinity,infinity]"]),
        CorpusType("tsrange", literals: ["[2024-01-01 00:00:00,2024-02-01 12:00:00.5)"]),
        CorpusType("tstzrange", literals: ["[2024-01-01 00:00:00+02,infinity)"]),
        CorpusType("int4multirange", literals: ["{}", "{[1,3),[5,9)}"]),
        CorpusType("int8multirange", literals: ["{[1,3)}"]),
        CorpusType("nummultirange", literals: ["{[1.5,3.5],[5,9)}"]),
        CorpusType("datemultirange", literals: ["{[2024-01-01,2024-02-01)}"]),
        CorpusType("tsmultirange", literals: ["{[2024-01-01,2024-02-01)}"]),
        CorpusType("tstzmultirange", literals: ["{[2024-01-01,2024-02-01)}"]),
        CorpusType(
            "oracle.floatrange", setup: ["CREATE TYPE oracle.floatrange AS RANGE (subtype = float8)"],
            literals: ["[0.1,0.2)", "empty"]),
    ]

    private static let searches = [
        CorpusType("tsvector", literals: ["", "'a':1A,2B 'it''s':3 'x y'", "fat cat"]),
        CorpusType("tsquery", literals: ["", "fat & (rat | !cat)", "'it''s' <-> 'x y'"]),
    ]

    private static let catalog = [
        CorpusType("oid", literals: ["0", "4294967295"]),
        CorpusType("xid", literals: ["0", "4294967295"]),
        CorpusType("xid8", literals: ["18446744073709551615"]),
        CorpusType("cid", literals: ["7"]),
        CorpusType("tid", literals: ["(0,1)", "(4294967295,65535)"]),
        CorpusType("pg_lsn", literals: ["0/0", "FFFFFFFF/FFFFFFFF"]),
        CorpusType("pg_snapshot", literals: ["10:20:10,14,15"]),
        CorpusType("txid_snapshot", literals: ["10:20:10,14,15"]),
        CorpusType("regclass", literals: ["pg_class", "0"]),
        CorpusType("regtype", literals: ["int4", "text[]"]),
        CorpusType("regproc", literals: ["now"]),
        CorpusType("regprocedure", literals: ["sum(int4)"]),
        CorpusType("regoper", literals: ["||/"]),
        CorpusType("regoperator", literals: ["+(int4,int4)"]),
        CorpusType("regrole", literals: ["postgres"]),
        CorpusType("regnamespace", literals: ["pg_catalog"]),
        CorpusType("regconfig", literals: ["english"]),
        CorpusType("regdictionary", literals: ["simple"]),
        CorpusType("regcollation", literals: ["\"C\""]),
        CorpusType("int2vector", combines: false, literals: ["1 2 3", "", "-5"]),
        CorpusType("oidvector", combines: false, literals: ["1 2 4294967295", ""]),
        CorpusType("int2vector[]", combines: false, literals: ["{}", "{\"1 2\",NULL,3,\"\"}"]),
        CorpusType("oidvector[]", combines: false, literals: ["{{\"1 2\"},{4294967295}}"]),
        CorpusType("refcursor", literals: ["a cursor", ""]),
        CorpusType("aclitem", literals: ["postgres=r/postgres"]),
    ]

    private static let extensions = [
        CorpusType(
            "public.hstore",
            literals: [
                "", "a=>1", "\"a b\"=>\"c\\\"d\\\\e\", n=>NULL, \"NULL\"=>\"NULL\"", "\"\"=>\"\"", "k=>\"x,y=>z\"",
                "é=>東, \"new\nline\"=>\"tab\there\"", "t=>t, f=>1.5",
            ]),
        CorpusType("public.citext", literals: ["", "MiXeD", "\"q\""]),
        CorpusType("public.ltree", literals: ["", "Top.Science.Astronomy"]),
        CorpusType("public.lquery", literals: ["Top.*{0,2}.!x"]),
        CorpusType("public.ltxtquery", literals: ["Europe & Russia*@"]),
    ]

    private static let arrays = [
        CorpusType(
            "integer[]", combines: false,
            literals: [
                "{}", "{1}", "{1,NULL,-3}", "{{1,2},{3,4}}", "[0:1]={5,6}", "[-2:-1][3:4]={{1,2},{3,4}}", "{{{1}}}",
            ]),
        CorpusType(
            "text[]", combines: false,
            literals: [
                "{}", "{\"\"}", "{NULL,\"NULL\",null}", "{\"a\\\"b\",\"c\\\\d\",\"{e}\",\"f,g\",\" h \"}",
                "{{a,b},{c,d}}", "{\"line\nline\",\"tab\there\"}", "{é,東,👍}", "{\"(a,b)\"}",
            ]),
        CorpusType(
            "text[]", combines: false, ["array_fill('x'::text, array[2,1,2,1,2,1])", "array[repeat('\"', 100000)]"]),
        CorpusType("box[]", combines: false, literals: ["{(1,1),(0,0);(2,2),(1,1)}", "{NULL;(2,2),(1,1)}"]),
        CorpusType("jsonb[]", combines: false, ["array['{\"a\": \"b\\\"\"}'::jsonb, 'null', NULL]"]),
        CorpusType("numeric(5,2)[]", combines: false, literals: ["{1.5,NaN,NULL}"]),
    ]

    private static let composites = [
        CorpusType(
            "oracle.pair", setup: ["CREATE TYPE oracle.pair AS (a integer, \"b \"\"q\"\" é\" text)"],
            [
                "ROW(1,'x')", "ROW(NULL,NULL)", "ROW(NULL,'')", "ROW(-1,'a,b')", #"ROW(2,E'"\\ ()\n\t')"#,
                "ROW(3,'NULL')", "ROW(4,' ')", "ROW(5,'{1,2}')",
            ].map { "\($0)::oracle.pair" }),
        CorpusType(
            "oracle.deep",
            setup: [
                "CREATE TYPE oracle.leaf AS (n numeric, t timestamptz, h public.hstore, j jsonb, b bytea)",
                "CREATE TYPE oracle.deep AS (l oracle.leaf, ls oracle.leaf[], ts text[], ds timestamp[], v int2vector)",
            ],
            [
                """
                ROW(ROW(1.50,'2024-01-02 03:04:05+00','a=>"b \\" c"','{"x": "y\\"z"}','\\x00ff')::oracle.leaf,
                    ARRAY[ROW(NULL,'infinity','',NULL,'\\x')::oracle.leaf, NULL,
                          ROW('NaN','0044-03-15 12:00:00+00 BC','"k""=>NULL','[1, "a,b"]','\\x5c')::oracle.leaf],
                    '{"a\\"b",NULL,"(c)"}', '{infinity,"2024-01-02 03:04:05.5"}', '1 2')::oracle.deep
                """.replacing("\"k\"\"=>NULL", with: "\"k\\\"\"=>NULL"),
                "ROW(NULL,'{}','{}',NULL,'')::oracle.deep",
            ]),
        CorpusType(
            "oracle.single", setup: ["CREATE TYPE oracle.single AS (one text)"],
            [
                "ROW('')::oracle.single", "ROW(NULL)::oracle.single", "ROW('a b')::oracle.single",
                "ROW('x')::oracle.single",
            ]),
        CorpusType("oracle.empty", setup: ["CREATE TYPE oracle.empty AS ()"], ["ROW()::oracle.empty"]),
        CorpusType(
            "oracle.dropped",
            setup: [
                "CREATE TYPE oracle.dropped AS (a integer, b text, c boolean)",
                "ALTER TYPE oracle.dropped DROP ATTRIBUTE b",
            ], ["ROW(1,true)::oracle.dropped"]),
    ]

    private static let made =
        arrays + composites + [
            CorpusType(
                "oracle.mood", setup: ["CREATE TYPE oracle.mood AS ENUM ('sad', 'o k', 'it''s \"great\"', '')"],
                literals: ["sad", "o k", "it's \"great\"", ""]),
            CorpusType(
                "oracle.positive", setup: ["CREATE DOMAIN oracle.positive AS integer CHECK (VALUE > 0)"],
                literals: ["1", "2147483647"]),
            CorpusType(
                "oracle.amount",
                setup: ["CREATE DOMAIN oracle.cents AS numeric(9,2)", "CREATE DOMAIN oracle.amount AS oracle.cents"],
                literals: ["1.5", "NaN"]),
            CorpusType(
                "oracle.words", setup: ["CREATE DOMAIN oracle.words AS text[]"], literals: ["{}", "{a,\"b c\",NULL}"]),
            CorpusType(
                "oracle.grid", setup: ["CREATE DOMAIN oracle.grid AS integer[]"], literals: ["{{1,2},{3,4}}", "{5}"]),
            CorpusType(
                "oracle.checked",
                setup: ["CREATE DOMAIN oracle.checked AS oracle.pair CHECK ((VALUE).a IS DISTINCT FROM 0)"],
                ["ROW(1,'x')::oracle.pair::oracle.checked"]),
            CorpusType("oracle.email", setup: ["CREATE DOMAIN oracle.email AS public.citext"], literals: ["A@b.C"]),
            CorpusType("oracle.tags", setup: ["CREATE DOMAIN oracle.tags AS public.hstore"], literals: ["a=>1", ""]),
        ]
}
