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
            return try cache.update(relation) != nil
        }
    }
}
