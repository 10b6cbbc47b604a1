// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import Testing

@testable import SchemaEvolution

@Suite("Differences between two schemas")
struct SchemaChangeTests {
    private func column(
        _ name: String, _ number: Int?, _ type: ColumnType = .text, _ source: String = "pg_catalog.text",
        isNullable: Bool? = nil, labels: [String]? = nil
    ) -> TableSchema.Column {
        TableSchema.Column(
            name: name, type: type, sourceType: source, attributeNumber: number, isNullable: isNullable,
            labels: labels)
    }

    private func schema(_ columns: [TableSchema.Column], key: [String] = []) -> TableSchema {
        TableSchema(table: TableName(namespace: "public", name: "t"), columns: columns, key: key)
    }

    @Test("equal schemas have none")
    func equal() {
        let columns = [column("a", 1), column("b", 2, isNullable: true)]
        #expect(SchemaChange.between(schema(columns), schema(columns)) == [])
    }

    @Test("a number tells a rename from a drop and an add")
    func renames() {
        let old = schema([column("a", 1), column("b", 2)])
        #expect(
            SchemaChange.between(old, schema([column("a", 1), column("c", 2)])) == [.columnRenamed(from: "b", to: "c")])
        #expect(
            SchemaChange.between(old, schema([column("a", 1), column("c", 3)]))
                == [.columnDropped(name: "b"), .columnAdded(name: "c", isNullable: nil)])
        #expect(
            SchemaChange.between(old, schema([column("a", 1), column("b", 3)]))
                == [.columnDropped(name: "b"), .columnAdded(name: "b", isNullable: nil)])
        #expect(
            SchemaChange.between(old, schema([column("b", 1), column("a", 2)]))
                == [.columnRenamed(from: "a", to: "b"), .columnRenamed(from: "b", to: "a")])
    }

    @Test("without numbers on both sides names decide")
    func names() {
        let old = schema([column("a", nil), column("b", nil)])
        #expect(
            SchemaChange.between(old, schema([column("a", 1), column("c", 2)]))
                == [.columnDropped(name: "b"), .columnAdded(name: "c", isNullable: nil)])
        #expect(SchemaChange.between(schema([column("a", 1), column("b", 2)]), old) == [])
    }

    @Test("order of columns and of a key is no difference")
    func order() {
        let old = schema([column("a", 1), column("b", 2)], key: ["a", "b"])
        #expect(SchemaChange.between(old, schema([column("b", 2), column("a", 1)], key: ["b", "a"])) == [])
    }

    @Test("types differ in what they mean or in what the source calls them")
    func types() {
        let old = schema([column("a", 1, .integer(bits: 32), "pg_catalog.int4")])
        let new = schema([column("a", 1, .integer(bits: 64), "pg_catalog.int8")])
        #expect(
            SchemaChange.between(old, new) == [
                .typeChanged(
                    column: "a", from: .integer(bits: 32), to: .integer(bits: 64), sourceFrom: "pg_catalog.int4",
                    sourceTo: "pg_catalog.int8")
            ])
        let short = schema([column("a", 1, .text, "pg_catalog.varchar(10)")])
        let long = schema([column("a", 1, .text, "pg_catalog.varchar(20)")])
        #expect(SchemaChange.between(short, long).count == 1)
    }

    @Test("a fact that one side does not tell is no difference")
    func untold() {
        let told = schema([column("a", 1, .enumeration, "e", isNullable: false, labels: ["x"])])
        let untold = schema([column("a", 1, .enumeration, "e")])
        #expect(SchemaChange.between(told, untold) == [])
        #expect(SchemaChange.between(untold, told) == [])
    }

    @Test("nullability, labels and key")
    func facts() {
        let old = schema([column("a", 1, .enumeration, "e", isNullable: true, labels: ["x", "y"])], key: [])
        let new = schema([column("a", 1, .enumeration, "e", isNullable: false, labels: ["z", "x"])], key: ["a"])
        #expect(
            SchemaChange.between(old, new) == [
                .nullabilityChanged(column: "a", isNullable: false),
                .labelsChanged(column: "a", added: ["z"], removed: ["y"]), .keyChanged(from: [], to: ["a"]),
            ])
    }

    @Test("every change has a sentence and JSON of its own")
    func forms() {
        let changes: [SchemaChange] = [
            .columnAdded(name: "a", isNullable: false), .columnDropped(name: "a"), .columnRenamed(from: "a", to: "b"),
            .typeChanged(column: "a", from: .text, to: .json, sourceFrom: "text", sourceTo: "json"),
            .nullabilityChanged(column: "a", isNullable: true),
            .labelsChanged(column: "a", added: ["x"], removed: []), .keyChanged(from: ["a"], to: []),
        ]
        #expect(Set(changes.map(\.sentence)).count == changes.count)
        #expect(Set(changes.compactMap { $0.json["change"]?.text }).count == changes.count)
        #expect(
            String(decoding: changes[0].json.bytes, as: UTF8.self)
                == #"{"change":"column-added","column":"a","nullable":false}"#)
    }
}
