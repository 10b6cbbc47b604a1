// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import Export
import NDJSONFormat
import PostgresValues
import Testing

/// The server prints a value twice: as COPY text, which is read and encoded here, and as JSON. Both must be the same.
@Suite("The server is the oracle of values", .serialized, .enabled(if: OracleServer.binaries != nil))
struct ValueOracleTests {
    @Test("every value of every type comes out as row_to_json prints it")
    func everyType() throws {
        let server = try OracleServer(binaries: try #require(OracleServer.binaries))
        try server.run(script: TypeCorpus.setup.map { $0 + ";\n" }.joined())
        let tables = TypeCorpus.all.enumerated().map { OracleTable.tables(for: $1, number: $0) }
        for type in tables {
            do { try server.run(script: type.map(\.script).joined()) } catch { Issue.record(error, "\(type[0].type)") }
        }
        let types = try readTypes(of: server)
        let columns = try readColumns(of: server)
        var compared = 0
        for table in tables.joined() {
            guard let column = columns[table.name] else { continue }
            let converter = ValueConverter(for: column.oid, typeModifier: column.typeModifier, in: types)
            #expect(types.missingParts(of: column.oid).isEmpty)
            compared += try compare(table, on: server, converter)
        }
        let tableCount = tables.joined().count
        print("values compared with the server: \(compared), in \(tableCount) tables of \(tables.count) types")
        #expect(compared > 1000)
    }

    /// Compares the values of one table and returns how many there were.
    private func compare(_ table: OracleTable, on server: OracleServer, _ converter: ValueConverter) throws -> Int {
        let lines = try server.bytes(of: table.name + ".copy").split(separator: 0x0a, omittingEmptySubsequences: false)
        let expected = try server.bytes(of: table.name + ".json").split(separator: 0)
        #expect(lines.count == expected.count + 1)
        for (line, json) in zip(lines, expected) {
            let printed = try record(of: Array(line), converter)
            let isSame = foldedWhitespace(printed) == foldedWhitespace(Array(json))
            #expect(isSame, "\(table.type) \(converter.type): \(text(line)) gives \(text(printed)), not \(text(json))")
        }
        return expected.count
    }

    /// The record of a table with the one column `v`, without kedge's own columns.
    private func record(of line: [UInt8], _ converter: ValueConverter) throws -> [UInt8] {
        let schema = TableSchema(
            table: TableName(namespace: nil, name: "t"),
            columns: [TableSchema.Column(name: "v", type: converter.type, sourceType: "")], key: [])
        var batch = ChangeBatch(byteLimit: 1 << 20)
        var scratch = ByteBuffer()
        let transaction = Transaction(position: .zero)
        batch.begin(transaction)
        batch.beginChange(.read, schema: batch.index(of: schema), ordinal: 1)
        try line.withRawSpan { (span: RawSpan) throws(WireFault) in
            try CopyTextRow.decode(span, converters: [converter], into: &batch, scratch: &scratch)
        }
        batch.endChange()
        var encoder = NDJSONEncoder(schema: schema, layout: RecordLayout(epoch: 1))
        var output = ByteBuffer()
        try encoder.encode(batch.change(at: 0), of: transaction, ordinal: 1, into: &output)
        let prefix = "{\"_cdc_seq\":\"0001/0000000000000000/0000000000000001\",\"_cdc_op\":\"r\",".utf8.count
        return Array("{".utf8) + output.bytes.copiedBytes().dropFirst(prefix).dropLast()
    }

    private func text(_ bytes: some Collection<UInt8>) -> String {
        String(decoding: bytes.prefix(300), as: UTF8.self)
    }
}

/// One table of one column `v`, and what is asked of it.
struct OracleTable: Sendable {
    let type: String
    let name: String
    let creation: String

    /// The values of a type, and arrays, composites and domains made from them.
    static func tables(for type: CorpusType, number: Int) -> [OracleTable] {
        let plain = "t\(number)"
        let values = (type.values + ["NULL"]).enumerated().map { "(\($0 + 1), (\($1))::\(type.sqlType))" }
        var tables = [
            OracleTable(
                type: type.sqlType, name: plain,
                creation: type.setup.map { $0 + ";\n" }.joined()
                    + "CREATE TABLE oracle.\(plain) (id integer, v \(type.sqlType));\n"
                    + "INSERT INTO oracle.\(plain) VALUES \(values.joined(separator: ",\n"));\n")
        ]
        guard type.combines else { return tables }
        let isArray = type.sqlType.hasSuffix("words") || type.sqlType.hasSuffix("grid")
        let composite = "oracle.c\(number)"
        let domain = "oracle.d\(number)"
        let several =
            "(SELECT pg_catalog.array_agg(v::\(domain) ORDER BY id) FROM oracle.\(plain) "
            + "WHERE pg_catalog.length(v::text) < 200 OR v IS NULL)"
        tables.append(
            OracleTable(
                type: "domain over \(type.sqlType)", name: plain + "d",
                creation: "CREATE DOMAIN \(domain) AS \(type.sqlType);\n"
                    + "CREATE TABLE oracle.\(plain)d (id integer, v \(domain));\n"
                    + "INSERT INTO oracle.\(plain)d SELECT id, v FROM oracle.\(plain);\n"))
        tables.append(
            OracleTable(
                type: "composite of \(type.sqlType)", name: plain + "c",
                creation: "CREATE TYPE \(composite) AS (a \(type.sqlType), \"é\" \(domain), ds \(domain)[]);\n"
                    + "CREATE TABLE oracle.\(plain)c (id integer, v \(composite));\n"
                    + "INSERT INTO oracle.\(plain)c SELECT id, ROW(v, v, \(isArray ? "NULL" : several))::\(composite) "
                    + "FROM oracle.\(plain);\n"))
        tables.append(
            OracleTable(
                type: "array of composites of \(type.sqlType)", name: plain + "ca",
                creation: "CREATE TABLE oracle.\(plain)ca (id integer, v \(composite)[]);\n"
                    + "INSERT INTO oracle.\(plain)ca SELECT 1, pg_catalog.array_agg(v ORDER BY id) FROM oracle.\(plain)c;\n"
            ))
        guard !isArray else { return tables }
        tables.append(
            OracleTable(
                type: "array of \(type.sqlType)", name: plain + "a",
                creation: "CREATE TABLE oracle.\(plain)a (id integer, v \(type.sqlType)[]);\n"
                    + "INSERT INTO oracle.\(plain)a SELECT 0, pg_catalog.array_agg(v ORDER BY id) FROM oracle.\(plain);\n"
                    + "INSERT INTO oracle.\(plain)a SELECT id, ARRAY[[v, NULL], [NULL, v]] FROM oracle.\(plain);\n"
                    + "INSERT INTO oracle.\(plain)a SELECT id, ARRAY[v] FROM oracle.\(plain);\n"))
        tables.append(
            OracleTable(
                type: "array of domain over \(type.sqlType)", name: plain + "da",
                creation: "CREATE TABLE oracle.\(plain)da (id integer, v \(domain)[]);\n"
                    + "INSERT INTO oracle.\(plain)da SELECT 1, \(several);\n"))
        return tables
    }

    /// Creates the table and lets the server print it both ways.
    var script: String {
        creation + """
            \\cd :folder
            \\o \(name).copy
            COPY (SELECT v FROM oracle.\(name) ORDER BY id) TO STDOUT;
            \\o \(name).json
            SELECT row_to_json(t) FROM (SELECT v FROM oracle.\(name) ORDER BY id) t;

            """
    }
}

/// JSON without the whitespace between its tokens.
func foldedWhitespace(_ json: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var isInString = false
    var isEscaped = false
    for byte in json {
        if isInString {
            if !isEscaped, byte == UInt8(ascii: "\"") { isInString = false }
            isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
        } else {
            if byte <= 0x20 { continue }
            isInString = byte == UInt8(ascii: "\"")
        }
        result.append(byte)
    }
    return result
}
