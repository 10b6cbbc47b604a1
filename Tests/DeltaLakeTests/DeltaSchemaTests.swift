// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import Export
import Faults
import Testing

@testable import DeltaLake

@Suite("Columns of Delta tables")
struct DeltaSchemaTests {
    private func schema(_ columns: [(String, ColumnType)]) -> TableSchema {
        TableSchema(
            table: TableName(namespace: "public", name: "t"),
            columns: columns.map { TableSchema.Column(name: $0.0, type: $0.1, sourceType: "x") }, key: [])
    }

    private func columns(
        _ columns: [(String, ColumnType)], _ profile: ColumnarProfile = .portable
    ) throws -> DeltaSchema {
        try DeltaSchema(schema(columns), columnPrefix: "_cdc_", profile: profile)
    }

    @Test("kedge's own columns stand around those of the table")
    func own() throws {
        let fields = try columns([("id", .integer(bits: 64))]).fields
        #expect(
            fields.map(\.name) == [
                "_cdc_seq", "_cdc_op", "_cdc_xid", "_cdc_commit_ts", "id", "_cdc_unset", "_cdc_old", "_cdc_raw",
            ])
        #expect(
            fields.map { DeltaType.text($0.type) } == [
                "string", "string", "long", "timestamp", "long", "array", "string", "map",
            ])
    }

    @Test(
        "each type of a file has its type of Delta",
        arguments: [
            (ColumnType.boolean, "boolean"), (.integer(bits: 16), "short"), (.integer(bits: 32), "integer"),
            (.float(bits: 32), "float"), (.float(bits: 64), "double"),
            (.decimal(precision: 12, scale: 2), "decimal(12,2)"), (.decimal(precision: 50, scale: 2), "string"),
            (.decimal(precision: nil, scale: nil), "string"), (.text, "string"), (.enumeration, "string"),
            (.uuid, "string"), (.json, "string"), (.binary, "binary"), (.bytes, "string"), (.date, "date"),
            (.time, "string"), (.timestamp, "timestamp_ntz"), (.timestampWithZone, "timestamp"),
            (.interval, "string"), (.list(.integer(bits: 32)), "array"), (.record([]), "string"), (.map, "map"),
        ] as [(ColumnType, String)])
    func types(type: ColumnType, text: String) throws {
        let field = try #require(try columns([("c", type)]).fields.first { $0.name == "c" })
        #expect(DeltaType.text(field.type) == text)
    }

    @Test("of the rich profile what Delta cannot say is left out, and named")
    func rich() throws {
        let found = try columns(
            [
                ("a", .uuid), ("b", .time), ("c", .decimal(precision: 50, scale: 2)), ("d", .interval), ("e", .json),
                ("f", .list(.uuid)), ("g", .record([ColumnType.Field(name: "x", type: .text)])),
            ], .rich)
        #expect(found.leftOut == ["a", "b", "c", "f"])
        #expect(found.fields.map(\.name).filter { !$0.hasPrefix("_") } == ["d", "e", "g"])
    }

    @Test("what is written is read back the same, with what others have added")
    func roundTrip() throws {
        let made = try columns([("a b;c", .list(.decimal(precision: 9, scale: 1))), ("é\"", .timestamp)])
        #expect(DeltaSchema(schemaString: made.schemaString)?.fields == made.fields)
        let foreign =
            #"{"type":"struct","fields":[{"name":"a","type":"long","nullable":false,"metadata":{"comment":"n"}}]}"#
        let read = try #require(DeltaSchema(schemaString: foreign))
        #expect(read.schemaString.contains(#""comment":"n""#))
        #expect(DeltaSchema(schemaString: "{}") == nil)
    }

    @Test("columns are joined by name; new ones come behind, and none goes away")
    func union() throws {
        let joined = try columns([("a", .text), ("b", .text)]).joined(
            with: columns([("b", .text), ("c", .text)]), of: "public.t")
        #expect(joined.fields.map(\.name).filter { !$0.hasPrefix("_") } == ["a", "b", "c"])
        #expect(joined.fields.last?.name == "c")
    }

    @Test(
        "a type that holds all values of the other takes its place, in either order",
        arguments: [
            (ColumnType.integer(bits: 16), ColumnType.integer(bits: 64), "long"),
            (.float(bits: 32), .float(bits: 64), "double"),
            (.decimal(precision: 5, scale: 2), .decimal(precision: 20, scale: 2), "decimal(20,2)"),
        ] as [(ColumnType, ColumnType, String)])
    func widening(narrow: ColumnType, wide: ColumnType, text: String) throws {
        for (first, second) in [(narrow, wide), (wide, narrow)] {
            let joined = try columns([("c", first)]).joined(with: columns([("c", second)]), of: "public.t")
            #expect(joined.fields.first { $0.name == "c" }?.type.text == text)
        }
    }

    @Test("another type under one name is refused, and the fault names table, column and types")
    func otherType() throws {
        let fault = #expect(throws: Fault.self) {
            _ = try columns([("c", .integer(bits: 32))]).joined(with: columns([("c", .text)]), of: "public.t")
        }
        #expect(fault?.code == .deltaSchema)
        #expect(fault?.message.contains("the column c of public.t was integer and is string") == true)
        #expect(throws: Fault.self) {
            _ = try columns([("c", .decimal(precision: 9, scale: 1))]).joined(
                with: columns([("c", .decimal(precision: 9, scale: 2))]), of: "public.t")
        }
    }

    @Test("names that differ in the case of their letters are refused, at once and later")
    func names() throws {
        #expect(throws: Fault.self) { _ = try columns([("Name", .text), ("name", .text)]) }
        let fault = #expect(throws: Fault.self) {
            _ = try columns([("Name", .text)]).joined(with: columns([("name", .text)]), of: "public.t")
        }
        #expect(fault?.code == .deltaSchema)
        #expect(fault?.message.contains("Name and name") == true)
    }

    @Test("a moment without a zone needs the newer protocol, also inside a list, and keeps what others have set")
    func protocols() throws {
        let plain = try columns([("a", .text)])
        let local = try columns([("a", .list(.timestamp))])
        #expect(DeltaProtocol.rule(for: plain)["minReaderVersion"] == .number(1))
        #expect(DeltaProtocol.raised(DeltaProtocol.rule(for: plain), for: plain) == nil)
        let raised = try #require(DeltaProtocol.raised(DeltaProtocol.rule(for: plain), for: local))
        #expect(raised["minReaderVersion"] == .number(3))
        #expect(raised["readerFeatures"] == .array([.text("timestampNtz")]))
        #expect(DeltaProtocol.raised(raised, for: local) == nil)
    }
}
