// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import PgOutput
import PostgresValues
import Testing

@testable import PostgresAdapter

@Suite struct RelationCacheTests {
    private static let pair = [
        Wire.Column(isKey: true, name: "a"), Wire.Column(name: "x"), Wire.Column(isKey: true, name: "b"),
    ]
    private static let all = pair.map { Wire.Column(isKey: true, name: $0.name) }
    private static let none = pair.map { Wire.Column(name: $0.name) }

    @Test func `the plan gives the order of the key's columns`() throws {
        #expect(try key(planned: ["b", "a"], Wire.relation(1, "t", Self.pair)) == ["b", "a"])
        #expect(try key(planned: ["b", "a"], Wire.relation(1, "t", identity: "i", Self.pair)) == ["b", "a"])
    }

    @Test func `without a plan the key is what the stream marks`() throws {
        #expect(try key(planned: nil, Wire.relation(1, "t", Self.pair)) == ["a", "b"])
        #expect(try key(planned: ["b", "a"], Wire.relation(2, "t", Self.pair), oid: 2) == ["a", "b"])
    }

    @Test func `under FULL every column is marked, and the plan alone knows the key`() throws {
        #expect(try key(planned: ["a"], Wire.relation(1, "t", identity: "f", Self.all)) == ["a"])
        #expect(try key(planned: nil, Wire.relation(1, "t", identity: "f", Self.all)) == [])
        #expect(try key(planned: ["gone"], Wire.relation(1, "t", identity: "f", Self.all)) == [])
        #expect(try key(planned: ["a"], Wire.relation(1, "t", identity: "n", Self.none)) == ["a"])
    }

    @Test func `a key that has changed since the plan is the one that the stream marks`() throws {
        let moved = [Wire.Column(name: "a"), Wire.Column(name: "x"), Wire.Column(isKey: true, name: "b")]
        #expect(try key(planned: ["a"], Wire.relation(1, "t", moved)) == ["b"])
        #expect(try key(planned: ["gone"], Wire.relation(1, "t", moved)) == ["b"])
    }

    @Test func `a description that says nothing new keeps the table`() throws {
        var cache = cache([:])
        #expect(try update(&cache, Wire.relation(1, "t", Self.pair)))
        let table = cache[1]
        #expect(try !update(&cache, Wire.relation(1, "t", Self.pair)))
        #expect(cache[1] === table)
    }

    @Test(arguments: [
        Wire.relation(1, "u", pair), Wire.relation(1, "t", namespace: "s", pair),
        Wire.relation(1, "t", Array(pair.dropLast())),
        Wire.relation(1, "t", all),
        Wire.relation(1, "t", pair.map { Wire.Column(isKey: $0.isKey, name: $0.name, oid: 20) }),
        Wire.relation(1, "t", Array(pair.reversed())),
    ])
    func `another name, column, type or key is a new shape`(message: [UInt8]) throws {
        var cache = cache([:])
        #expect(try update(&cache, Wire.relation(1, "t", Self.pair)))
        #expect(try update(&cache, message))
    }

    @Test func `tables are known by number, whatever their names`() throws {
        var cache = cache([1: ["b", "a"]])
        _ = try update(&cache, Wire.relation(1, "root", Self.pair))
        _ = try update(&cache, Wire.relation(2, "leaf", Self.pair))
        #expect(cache[1]?.schema.key == ["b", "a"] && cache[2]?.schema.key == ["a", "b"])
        #expect(cache[3]?.schema == nil)
    }

    @Test func `an empty namespace is the catalog's`() throws {
        var cache = cache([:])
        _ = try update(&cache, Wire.relation(1, "t", namespace: "", Self.pair))
        #expect(cache[1]?.schema.table.description == "pg_catalog.t")
    }

    // MARK: The catalog

    private static func facts(
        _ columns: [(Int, String)], isNullable: Bool? = true, key: [String] = [], oid: UInt32 = 25
    ) -> TableFacts {
        TableFacts(
            columns.map { number, name in
                TableDescription.Column(
                    name: name, typeOID: oid, typeModifier: -1, isGenerated: false, number: number,
                    isNullable: isNullable)
            }, key: key)
    }

    private func told(_ names: [String], now: TableFacts?, before: TableFacts? = nil) throws -> [Int?] {
        var cache = cache([:])
        if let before { cache.memory.remember([1: before]) }
        if let now { cache.learn([1: now]) }
        _ = try update(&cache, Wire.relation(1, "t", names.map { Wire.Column(name: $0, oid: 25) }))
        return cache[1]?.schema.columns.map(\.attributeNumber) ?? []
    }

    @Test func `a catalog that has the very columns tells of them`() throws {
        var cache = cache([:])
        cache.learn([1: Self.facts([(1, "a"), (3, "b"), (4, "unpublished")], isNullable: false, key: ["b"])])
        _ = try update(&cache, Wire.relation(1, "t", identity: "f", ["a", "b"].map { Wire.Column(name: $0, oid: 25) }))
        #expect(cache[1]?.schema.columns.map(\.attributeNumber) == [1, 3])
        #expect(cache[1]?.schema.columns.map(\.isNullable) == [false, false])
        #expect(cache[1]?.schema.key == ["b"])
    }

    @Test func `a catalog that is newer gives numbers to the columns that it still has`() throws {
        #expect(try told(["a", "b"], now: Self.facts([(1, "a"), (2, "c")])) == [1, nil])
        #expect(
            try told(["a", "b"], now: Self.facts([(1, "a"), (2, "c")]), before: Self.facts([(1, "a"), (2, "b")]))
                == [1, 2])
        #expect(try told(["a", "b"], now: Self.facts([(1, "a"), (2, "b")], oid: 20)) == [nil, nil])
    }

    @Test func `a column of which two moments say two things is not told of`() throws {
        let before = Self.facts([(1, "a"), (2, "b")])
        #expect(try told(["a", "b"], now: Self.facts([(1, "a"), (5, "b"), (6, "c")]), before: before) == [1, 5])
        #expect(try told(["a", "b", "d"], now: Self.facts([(1, "a"), (5, "b")]), before: before) == [1, nil, nil])
    }

    @Test func `a description that is the one of before has the numbers of before`() throws {
        let before = Self.facts([(1, "a"), (2, "b"), (3, "c")])
        let now = Self.facts([(1, "a"), (2, "c"), (3, "b")])
        #expect(try told(["a", "b", "c"], now: now, before: before) == [1, 2, 3])
    }

    @Test func `numbers that stand out of order are not believed`() throws {
        #expect(try told(["b", "a", "c"], now: Self.facts([(1, "a"), (2, "b")])) == [nil, nil, nil])
    }

    @Test func `what the catalog says later makes another schema of the same table`() throws {
        var cache = cache([:])
        cache.learn([1: Self.facts([(1, "a")])])
        _ = try update(&cache, Wire.relation(1, "t", [Wire.Column(name: "a", oid: 25)]))
        let before = cache[1]
        cache.learn([1: Self.facts([(1, "a")])])
        #expect(cache[1] === before)
        cache.learn([1: Self.facts([(1, "a")], isNullable: false)])
        #expect(cache[1]?.schema.columns.first?.isNullable == false)
        #expect(before?.schema.columns.first?.isNullable == true)
    }

    @Test func `the catalog is asked once for a description that it does not have`() throws {
        var cache = cache([:])
        cache.memory.isConsulted = true
        let shapes = [StreamedColumn(name: "a", typeOID: 25, typeModifier: -1)]
        #expect(cache.memory.lacks(shapes, of: 1))
        cache.memory.note(asked: shapes, of: 1)
        #expect(!cache.memory.lacks(shapes, of: 1))
        #expect(cache.memory.lacks(shapes + shapes, of: 1))
        cache.learn([2: Self.facts([(1, "a")])])
        #expect(!cache.memory.lacks(shapes, of: 2))
    }

    private func key(planned: [String]?, _ message: [UInt8], oid: UInt32 = 1) throws -> [String]? {
        var cache = cache(planned.map { [1: $0] } ?? [:])
        _ = try update(&cache, message)
        return cache[oid]?.schema.key
    }

    private func cache(_ keys: [UInt32: [String]]) -> RelationCache {
        RelationCache(selection: TableSelection(), keys: keys, types: TypeDictionary())
    }

    /// Whether the description brought a new shape.
    private func update(_ cache: inout RelationCache, _ message: [UInt8]) throws(WireFault) -> Bool {
        try message.withRawSpan { (span) throws(WireFault) in
            guard case .relation(let relation) = try PgOutputMessage(span) else { return false }
            if case .newShape = try cache.update(relation) { return true }
            return false
        }
    }
}
