// SPDX-License-Identifier: Apache-2.0

import Anchors
import Changelog
import DurableFiles
import Faults
import TestSupport
import Testing

private let allTypes: [ColumnType] = [
    .boolean, .integer(bits: 16), .integer(bits: 32), .integer(bits: 64), .float(bits: 32), .float(bits: 64),
    .decimal(precision: nil, scale: nil), .decimal(precision: 12, scale: 2), .decimal(precision: 5, scale: nil),
    .decimal(precision: nil, scale: -3), .text, .enumeration, .uuid, .json, .binary, .date, .time, .timeWithZone,
    .timestamp, .timestampWithZone, .interval, .map, .list(.list(.decimal(precision: 1, scale: 0))),
    .record([.init(name: "a\"b", type: .text), .init(name: "é", type: .list(.record([])))]),
]

private func schema(_ types: [ColumnType], namespace: String? = "public", key: [String] = ["c0"]) -> TableSchema {
    TableSchema(
        table: TableName(namespace: namespace, name: "orders"),
        columns: types.enumerated().map { .init(name: "c\($0)", type: $1, sourceType: "pg_catalog.\($1)") }, key: key)
}

@Suite struct SchemaStoreTests {
    let temporary: TemporaryFolder
    let folder: ExportFolder

    init() throws {
        temporary = try TemporaryFolder()
        folder = ExportFolder(temporary.path)
        try folder.create()
    }

    @Test func `a schema's canonical form has exactly these bytes`() {
        let bytes = schema([.integer(bits: 64), .decimal(precision: 12, scale: 2)], namespace: nil).canonicalBytes
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == #"{"columns":[{"name":"c0","source":"pg_catalog.int64","type":"int64"},"#
                + #"{"name":"c1","source":"pg_catalog.decimal(12,2)","type":{"decimal":[12,2]}}],"#
                + #""format":1,"key":["c0"],"name":"orders","namespace":null}"#)
    }

    @Test func `every type reads back from the canonical form`() throws {
        for schema in allTypes.map({ schema([$0]) }) + [schema(allTypes, namespace: nil, key: []), schema([])] {
            #expect(try TableSchema(canonicalBytes: schema.canonicalBytes, place: "schema") == schema)
        }
    }

    @Test func `facts of the source read back, and stand in the form only where they are told`() throws {
        let told = TableSchema(
            table: TableName(namespace: "public", name: "orders"),
            columns: [
                .init(
                    name: "a", type: .enumeration, sourceType: "e", attributeNumber: 3, isNullable: false,
                    labels: ["x"]),
                .init(name: "b", type: .text, sourceType: "text", attributeNumber: 4, isNullable: true),
            ], key: [])
        #expect(try TableSchema(canonicalBytes: told.canonicalBytes, place: "schema") == told)
        #expect(
            String(decoding: told.canonicalBytes, as: UTF8.self).hasPrefix(
                #"{"columns":[{"labels":["x"],"name":"a","nullable":false,"number":3,"source":"e","type":"enum"},"#
                    + #"{"name":"b","nullable":true,"number":4,"source":"text","type":"text"}],"#))
    }

    @Test func `schemas that differ have different names`() {
        let schemas = allTypes.map { schema([$0]) } + [schema([.text], key: []), schema([.text], namespace: nil)]
        #expect(Set(schemas.map(\.schemaID)).count == schemas.count)
    }

    @Test func `a saved schema is found under its name`() throws {
        let store = SchemaStore(folder)
        let schema = schema(allTypes)
        let id = try store.save(schema)
        #expect(try store.save(schema) == id)
        #expect(id == SchemaStore.schemaID(of: schema))
        #expect(try store.schema(id) == schema)
        #expect(try temporary.files() == ["_kedge/schemas/\(id.dropFirst(7)).json"])
    }

    @Test func `a damaged schema is found and mended by saving it again`() throws {
        let store = SchemaStore(folder)
        let schema = schema([.text])
        let id = try store.save(schema)
        try temporary.write([1], to: "_kedge/schemas/\(id.dropFirst(7)).json")
        #expect(faultCode { _ = try store.schema(id) } == .exportBroken)
        try store.save(schema)
        #expect(try store.schema(id) == schema)
    }

    @Test(arguments: ["", "sha256:", "sha256:../../etc/passwd", "md5:00"])
    func `a name that is none is refused`(id: String) {
        #expect(faultCode { _ = try SchemaStore(folder).schema(id) } == .exportBroken)
    }
}
