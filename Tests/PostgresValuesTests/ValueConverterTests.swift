// SPDX-License-Identifier: Apache-2.0

import Bytes
import PostgresValues
import Testing

@Suite("Values in the server's text")
struct ValueConverterTests {
    @Test(
        "scalars come out in the form of their type",
        arguments: [
            (16, "t", "t"), (17, "\\x00ff", "00ff"), (17, "\\x", ""), (23, "-5", "-5"), (25, "a\"b", "a\"b"),
            (1082, "0044-03-15 BC", "0044-03-15 BC"), (1114, "2024-01-02 03:04:05", "2024-01-02T03:04:05"),
            (1114, "0044-03-15 12:00:00.5 BC", "0044-03-15T12:00:00.5 BC"),
            (1114, "294276-12-31 23:59:59.999999", "294276-12-31T23:59:59.999999"), (1114, "infinity", "infinity"),
            (1184, "2024-01-02 03:04:05.678901+00", "2024-01-02T03:04:05.678901+00:00"),
            (1184, "2024-01-02 03:04:05-03:30", "2024-01-02T03:04:05-03:30"),
            (1184, "1890-01-01 00:00:00+00:19:32", "1890-01-01T00:00:00+00:19:32"),
            (1184, "4713-01-01 00:00:00+00 BC", "4713-01-01T00:00:00+00:00 BC"), (1184, "-infinity", "-infinity"),
            (99999, "unknown type", "unknown type"), (TestTypes.positive, "1.50", "1.50"),
        ] as [(UInt32, String, String)])
    func scalars(oid: UInt32, text: String, expected: String) throws {
        #expect(try converted(text, oid) == expected)
    }

    @Test(
        "lists, records and maps come out as tokens",
        arguments: [
            (1007, "{}", "[] "), (1007, "{1,NULL,-3}", "['1' null '-3' ] "),
            (1007, "{{1,2},{3,4}}", "[['1' '2' ] ['3' '4' ] ] "), (1007, "[0:1]={5,6}", "['5' '6' ] "),
            (1007, "[-2:-1][3:3]={{1},{2}}", "[['1' ] ['2' ] ] "),
            (1009, #"{"a\"b","NULL","",null,"c\\d"}"#, #"['a"b' 'NULL' '' 'null' 'c\d' ] "#),
            (1020, "{(1,1),(0,0);NULL}", "['(1,1),(0,0)' null ] "),
            (1185, #"{"2024-01-02 03:04:05+00",infinity}"#, "['2024-01-02T03:04:05+00:00' 'infinity' ] "),
            (1001, #"{"\\x00ff","\\x"}"#, "['00ff' '' ] "), (22, "1 2 3", "['1' '2' '3' ] "), (22, "", "[] "),
            (TestTypes.pair, #"(1,"b ""c"" \\ d")"#, #"('1' 'b "c" \ d' ) "#), (TestTypes.pair, "(,)", "(null null ) "),
            (TestTypes.pair, #"(,"")"#, "(null '' ) "), (TestTypes.empty, "()", "() "),
            (TestTypes.pairs, #"{"(1,\"x y\")",NULL}"#, "[('1' 'x y' ) null ] "),
            (TestTypes.gridOfWords, #"{"{a,\"b c\"}",NULL}"#, "[['a' 'b c' ] null ] "),
            (TestTypes.hstore, "", "{} "), (TestTypes.hstore, #""a"=>"b\"c", "n"=>NULL"#, #"{'a' 'b"c' 'n' null } "#),
            (TestTypes.hstore, #""n"=>"NULL""#, "{'n' 'NULL' } "),
        ] as [(UInt32, String, String)])
    func nested(oid: UInt32, text: String, expected: String) throws {
        #expect(try converted(text, oid) == expected)
    }

    static let malformed: [(UInt32, String)] = [
        (16, "true"), (16, ""), (17, "plain"), (17, "\\x0"), (17, "\\xAB"), (17, ""), (1114, ""), (1114, "2024-01-02"),
        (1114, "2024-01-02 03:04:05+00"), (1114, "2024-01-02T03:04:05"), (1114, "2024-01-02 03:04:05."),
        (1114, "2024-01-02 03:04:05 AD"), (1184, "2024-01-02 03:04:05"), (1184, "2024-01-02 03:04:05+0"),
        (1184, "20x4-01-02 03:04:05+00"), (1184, "Tue Jan 02 03:04:05 2024 UTC"), (1007, ""), (1007, "1"), (1007, "{"),
        (1007, "{1"), (1007, "{1,}"), (1007, "{,1}"), (1007, "{1}}"), (1007, "{1}x"), (1007, "{1,{2}}"),
        (1007, "{{1},2}"), (1007, "{{}}"), (1007, "{{{{{{{1}}}}}}}"), (1007, "[0:1]"), (1007, "[x]={1}"),
        (1009, "{\"a}"), (1009, "{\"a\\"), (1009, "{a\"b}"), (1009, "{\"a\"b}"), (1009, "}"), (22, "1  2"), (22, "1 "),
        (TestTypes.pair, ""), (TestTypes.pair, "(1)"), (TestTypes.pair, "(1,2,3)"), (TestTypes.pair, "(1,2"),
        (TestTypes.pair, "(1,2)x"), (TestTypes.pair, "(1,\"2)"), (TestTypes.empty, "(1)"), (TestTypes.hstore, "a=>b"),
        (TestTypes.hstore, "\"a\"=>"), (TestTypes.hstore, "\"a\""), (TestTypes.hstore, "\"a\"=>\"b\","),
        (TestTypes.hstore, "\"a\"=>NUL"), (TestTypes.hstore, "\"a\"=>\"b\",\"c\"=>\"d\""),
    ]

    @Test("what does not follow the grammar is refused", arguments: malformed)
    func refusals(oid: UInt32, text: String) {
        #expect(throws: WireFault.self) { try converted(text, oid) }
    }

    @Test("no byte beyond ASCII passes for a digit of a time", arguments: 0..<19)
    func highBytes(place: Int) {
        for byte in UInt8(0x80)...0xff {
            var bytes = Array("2024-01-02 03:04:05".utf8)
            bytes[place] = byte
            #expect(throws: WireFault.self, "\(byte)") { try converted(bytes, 1114) }
        }
    }

    static let samples: [(UInt32, String)] = [
        (1184, "2024-01-02 03:04:05.678901+00"), (1009, #"[0:1]={"a\"b",NULL}"#), (1007, "{{1,2},{3,4}}"),
        (TestTypes.pairs, #"{"(1,\"x \"\"y\")",NULL}"#), (TestTypes.hstore, #""a"=>"b\"c", "n"=>NULL"#), (22, "1 2 3"),
        (1001, #"{"\\x00ff"}"#),
    ]

    /// Without those of which a part may be whole again: vectors and hstore.
    private static let closed = samples.filter { ![1184, 22, TestTypes.hstore].contains($0.0) }

    @Test("no nested value survives being cut short", arguments: closed)
    func truncations(oid: UInt32, text: String) {
        let bytes = Array(text.utf8)
        for length in 1..<bytes.count {
            #expect(throws: WireFault.self) { try converted(Array(bytes[..<length]), oid) }
        }
    }

    @Test("no change of one byte does harm", arguments: samples)
    func changes(oid: UInt32, text: String) {
        let bytes = Array(text.utf8)
        for index in bytes.indices {
            for value in UInt8.min...UInt8.max {
                var changed = bytes
                changed[index] = value
                _ = try? converted(changed, oid)
            }
        }
    }
}
