// SPDX-License-Identifier: Apache-2.0

import Changelog
import PostgresValues
import Testing

@Suite("The dictionary of types")
struct TypeDictionaryTests {
    private let types = TestTypes.dictionary

    @Test(
        "types mean what row_to_json takes them for",
        arguments: [
            (16, "boolean"), (21, "int16"), (701, "float64"), (26, "text"), (790, "text"), (114, "json"),
            (3802, "json"), (17, "binary"), (2950, "uuid"), (1184, "timestamptz"), (1186, "interval"),
            (22, "list<int16>"), (30, "list<text>"), (1016, "list<int64>"), (3904, "text"), (99999, "text"),
            (TestTypes.mood, "enum"), (TestTypes.positive, "decimal(12,2)"), (TestTypes.hstore, "map"),
            (TestTypes.pairs, "list<record<a: int32, b: text>>"), (TestTypes.gridOfWords, "list<list<text>>"),
            (TestTypes.castable, "text"),
        ] as [(UInt32, String)])
    func meanings(oid: UInt32, expected: String) {
        #expect(types.columnType(of: oid, typeModifier: -1).description == expected)
    }

    @Test("a type that contains itself ends as text")
    func circle() {
        #expect(types.columnType(of: TestTypes.circle, typeModifier: -1).description == "record<c: text>")
    }

    @Test("a domain that rests on itself is text")
    func circularDomain() {
        var types = TypeDictionary()
        types.insert(PostgresType(oid: 20001, name: "public.d", kind: .domain(base: 20001, typeModifier: -1)))
        #expect(types.columnType(of: 20001, typeModifier: -1) == .text)
    }

    @Test(
        "names carry the modifier as SQL writes it",
        arguments: [
            (23, -1, "pg_catalog.int4"), (1700, 786438, "pg_catalog.numeric(12,2)"),
            (1700, -1, "pg_catalog.numeric"), (1700, 198658, "pg_catalog.numeric(3,-2)"),
            (1043, 24, "pg_catalog.varchar(20)"), (1042, 9, "pg_catalog.bpchar(5)"),
            (1184, 3, "pg_catalog.timestamptz(3)"), (1560, 5, "pg_catalog.bit(5)"),
            (1186, 2_147_418_115, "pg_catalog.interval(3)"), (1007, -1, "pg_catalog.int4[]"),
            (1015, 24, "pg_catalog.varchar(20)[]"), (TestTypes.pairs, -1, "public.pair[]"),
            (TestTypes.mood, -1, "public.mood"), (99999, -1, "oid:99999"),
        ] as [(UInt32, Int32, String)])
    func names(oid: UInt32, typeModifier: Int32, expected: String) {
        #expect(types.sourceTypeName(of: oid, typeModifier: typeModifier) == expected)
    }

    @Test("unknown types and unknown parts of types are named")
    func missing() {
        var types = TypeDictionary()
        #expect(types.missing(20005) && !types.missing(1184))
        types.insert(PostgresType(oid: 20005, name: "public._pair", kind: .array(element: 20004, delimiter: 44)))
        #expect(types.missingParts(of: 20005) == [20004])
    }
}
