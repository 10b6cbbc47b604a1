// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension IntegrationSuites {
    /// The whole walk judged by the server: each value of the corpus goes through a snapshot and through the stream.
    @Suite("The server is the oracle of exports", .serialized)
    struct ExportOracleTests {
        @Test("every value comes out of snapshot and stream as row_to_json prints it")
        func everyValueBothWays() throws {
            let server = try PostgresServer.shared()
            let database = "kedge_corpus_" + String(UInt32.random(in: 0...UInt32.max), radix: 36)
            try server.createDatabase(database)
            defer { try? server.dropDatabase(database) }
            let export = try ExportFolder()
            defer { export.remove() }
            let tables = TypeCorpus.all.enumerated().flatMap { OracleTable.tables(for: $1, number: $0) }
            try server.sql(TypeCorpus.setup.joined(separator: ";\n"), in: database)
            try server.sql(tables.map(\.creationForExport).joined(), in: database)
            try run(server, database, export)
            let again = tables.map { "INSERT INTO oracle.\($0.name) SELECT id + 1000000, v FROM oracle.\($0.name);\n" }
            try server.sql(again.joined(), in: database)
            try run(server, database, export)
            let expected = try printed(tables, by: server, in: database)
            let (found, streamed) = try exported(export)
            #expect(found.keys == expected.keys)
            var differences = 0
            for (row, values) in expected where found[row]?.sorted() != values.sorted() {
                differences += 1
                if differences <= 10 { Issue.record("\(row): \(found[row] ?? []), not \(values)") }
            }
            let count = expected.values.reduce(0) { $0 + $1.count }
            print("values compared: \(count - streamed) by snapshot, \(streamed) by stream, \(differences) differ")
            #expect(streamed * 2 == count && streamed > 1000)
        }

        private func run(_ server: PostgresServer, _ database: String, _ export: ExportFolder) throws {
            try KedgeProcess.expect(
                0,
                [
                    "run", "--source", server.address(of: database), "--to", export.path, "--tables", "oracle.*",
                    "--until", "now", "--compression", "none",
                ], deadline: .seconds(120))
        }

        /// What the server itself prints, by table and id.
        private func printed(
            _ tables: [OracleTable], by server: PostgresServer, in database: String
        ) throws -> [String: [String]] {
            let session = """
                SET timezone = 'UTC'; SET datestyle = 'ISO'; SET intervalstyle = 'postgres'; SET extra_float_digits = 3;
                SET bytea_output = 'hex'; SET lc_monetary = 'C'; SET search_path = '';

                """
            let queries = tables.map { table in
                """
                SELECT '\(table.name)/' || id || E'\\x1f' || pg_catalog.replace(pg_catalog.row_to_json(t)::text, E'\\n', ' ')
                FROM oracle.\(table.name) t;

                """
            }
            var result: [String: [String]] = [:]
            for line in try server.sql(session + queries.joined(), in: database).split(separator: "\n") {
                let parts = line.split(separator: "\u{1f}", maxSplits: 1)
                guard parts.count == 2 else { continue }
                result[String(parts[0]), default: []].append(folded(parts[1]))
            }
            return result
        }

        /// What stands in the segments, by table and id, and how much of it came with the stream.
        private func exported(_ export: ExportFolder) throws -> ([String: [String]], streamed: Int) {
            var result: [String: [String]] = [:]
            var streamed = 0
            for segment in try export.segments() {
                let text = try String(contentsOfFile: "\(export.path)/\(segment.path)", encoding: .utf8)
                for line in text.split(separator: "\n") {
                    let row = try #require(line.range(of: "\"id\":"))
                    let id = line[row.upperBound...].prefix { $0 != "," }
                    let table = segment.table.split(separator: ".").last.map(String.init) ?? ""
                    result["\(table)/\(id)", default: []].append(folded("{" + line[row.lowerBound...]))
                    if line.contains("\"_cdc_op\":\"c\"") { streamed += 1 }
                }
            }
            return (result, streamed)
        }

        private func folded(_ json: some StringProtocol) -> String {
            String(decoding: foldedWhitespace(Array(json.utf8)), as: UTF8.self)
        }
    }
}

extension OracleTable {
    /// Creates the table so that all its changes can be published.
    var creationForExport: String { creation + "ALTER TABLE oracle.\(name) REPLICA IDENTITY FULL;\n" }
}
