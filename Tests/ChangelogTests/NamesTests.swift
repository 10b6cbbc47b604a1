// SPDX-License-Identifier: Apache-2.0

import Changelog
import Testing

@Suite struct NamesTests {
    @Test func `a table is called by namespace and name`() {
        #expect(TableName(namespace: "public", name: "orders").description == "public.orders")
        #expect(TableName(namespace: nil, name: "_messages").description == "_messages")
    }

    @Test func `names that look the same may be different`() {
        #expect(TableName(namespace: "a", name: "b.c") != TableName(namespace: "a.b", name: "c"))
        #expect(TableName(namespace: nil, name: "a.b") != TableName(namespace: "a", name: "b"))
        #expect(TableName(namespace: "", name: "a") != TableName(namespace: nil, name: "a"))
    }

    @Test func `listings go by namespace, then by name`() {
        let names = [("b", "a"), ("a", "z"), ("a", "b"), (nil, "z")].map { TableName(namespace: $0.0, name: $0.1) }
        #expect(names.sorted().map(\.description) == ["z", "a.b", "a.z", "b.a"])
    }

    @Test func `schemas are equal when table, columns and key are`() {
        let table = TableName(namespace: "s", name: "t")
        let column = TableSchema.Column(name: "a", type: .text, sourceType: "text")
        let schema = TableSchema(table: table, columns: [column], key: ["a"])
        #expect(schema == TableSchema(table: table, columns: [column], key: ["a"]))
        #expect(schema.hashValue == TableSchema(table: table, columns: [column], key: ["a"]).hashValue)
        #expect(schema != TableSchema(table: table, columns: [column], key: []))
        #expect(schema != TableSchema(table: TableName(namespace: nil, name: "t"), columns: [column], key: ["a"]))
        #expect(schema != TableSchema(table: table, columns: [column, column], key: ["a"]))
        let others = [
            TableSchema.Column(name: "b", type: .text, sourceType: "text"),
            TableSchema.Column(name: "a", type: .json, sourceType: "text"),
            TableSchema.Column(name: "a", type: .text, sourceType: "varchar"),
        ]
        for other in others { #expect(schema != TableSchema(table: table, columns: [other], key: ["a"])) }
    }

    @Test func `an identity answers with facts of the kind asked for`() {
        let identity = SourceIdentity(
            kind: "k", facts: ["text": .text("5"), "number": .number(5)], notation: .decimal)
        #expect(identity.text("text") == "5" && identity.number("number") == 5)
        #expect(identity.text("number") == nil && identity.number("text") == nil && identity.text("none") == nil)
    }

    @Test func `operations are counted apart`() {
        var counts = OperationCounts()
        for (index, operation) in Operation.allCases.enumerated() { counts[operation] = index + 1 }
        counts += counts
        #expect(Operation.allCases.map { counts[$0] } == [2, 4, 6, 8, 10, 12])
        #expect(counts.total == 42)
        #expect(Operation.allCases.map(\.letter) == ["r", "c", "u", "d", "t", "m"])
    }

    @Test(arguments: [
        (ColumnType.decimal(precision: 12, scale: 2), "decimal(12,2)"),
        (.decimal(precision: 3, scale: nil), "decimal(3,0)"),
        (.decimal(precision: nil, scale: nil), "decimal"), (.list(.list(.integer(bits: 32))), "list<list<int32>>"),
        (.record([ColumnType.Field(name: "a", type: .boolean)]), "record<a: boolean>"),
    ])
    func `types have short names`(type: ColumnType, name: String) {
        #expect(type.description == name)
    }
}
