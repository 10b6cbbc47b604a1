// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension IntegrationSuites {
    /// One source, exported as lines and as columns: the records are the same, and engines make the source's rows of
    /// them.
    @Suite("Lines, columns and engines", .serialized)
    struct TwinExportTests {
        @Test("records of Parquet are those of NDJSON, and engines see the source's rows", .timeLimit(.minutes(30)))
        func sameRecordsAndRows() throws {
            let twins = try TwinScene()
            try twins.catchUp()
            try twins.change()
            try twins.catchUp()
            try compareRecords(twins)
            try compareRows(twins)
            try compareCut(twins)
        }

        /// The views of one anchor hold what it and those before it publish, from files and from a Delta table.
        private func compareCut(_ twins: TwinScene) throws {
            let export = try #require(twins.exports[.portable])
            let anchors = try export.anchors()
            let number = (anchors.count + 1) / 2
            var expected: [String: Int] = [:]
            for anchor in anchors.prefix(number) {
                for segment in anchor["segments"] as? [[String: Any]] ?? [] {
                    expected[segment["table"] as? String ?? "", default: 0] += segment["rows"] as? Int ?? 0
                }
            }
            #expect(number > 1 && number < anchors.count)
            let loaded = try LoadedDatabase(export, on: twins.scene.server)
            let cut = try loaded.cut(at: number)
            #expect(cut.mapValues(\.count) == expected)
            for (table, keys) in cut { #expect(try keys == loaded.printedKeys(table, upTo: number), "\(table)") }
            for (engine, own) in ["duckdb": "duckdb", "chdb": "clickhouse"] {
                let reader = engine == "duckdb" ? "auto" : "files"
                let printed = try KedgeProcess.expect(
                    0,
                    [
                        "sql", "cut", "--to", export.path, "--anchor", "\(number)", "--engine", own, "--reader", reader,
                        "--output", "json",
                    ])
                #expect(printed.output.contains("version => ") == (engine == "duckdb"))
                let file = export.url.appendingPathComponent("_kedge/\(engine).ndjson")
                try Data(printed.output.utf8).write(to: file)
                let counted = try PythonEngines.run("cut_rows.py", [file.path, engine])
                var found: [String: Int] = [:]
                for line in counted.split(separator: "\n") {
                    let parts = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
                    if parts.count == 3 { found[parts[0]] = Int(parts[1]) }
                }
                #expect(found == expected, "\(engine)")
            }
        }

        private func compareRecords(_ twins: TwinScene) throws {
            let tables = try twins.tables(in: .lines)
            var operations: [String: Int] = [:]
            var unset = 0
            for form in [TwinScene.Form.portable, .rich] {
                #expect(try twins.tables(in: form) == tables)
                for table in tables {
                    let expected = try twins.records(of: table, in: .lines)
                    let found = try twins.records(of: table, in: form)
                    #expect(found.count == expected.count, "\(form) \(table)")
                    for (line, other) in zip(found, expected) where line != other {
                        Issue.record("\(form) \(table): \(line.prefix(1000)) is not \(other.prefix(1000))")
                        break
                    }
                    for line in expected {
                        operations[
                            String(line.split(separator: "\"_cdc_op\":\"").last?.prefix(1) ?? "?"), default: 0] += 1
                        if line.contains("\"_cdc_unset\":"), line.contains("\"_cdc_op\":\"u\"") { unset += 1 }
                    }
                }
                let export = try #require(twins.exports[form])
                try KedgeProcess.expect(0, ["verify", "--to", export.path])
            }
            print(
                "twins: \(twins.typeCount) types, \(tables.count) tables, records by operation \(operations), \(unset) updates lack values"
            )
            #expect(["r", "c", "u", "d", "t", "m"].allSatisfy { (operations[$0] ?? 0) > 0 })
            #expect(unset > 0 && twins.typeCount > 80 && tables.count > 15)
        }

        /// The latest state of every table with a key, in every engine.
        private func compareRows(_ twins: TwinScene) throws {
            let export = try #require(twins.exports[.portable])
            let cases = try LatestCases(export, scene: twins.scene)
            let postgres = try cases.differencesInPostgres()
            #expect(postgres.tables > 15 && postgres.differences.isEmpty, "\(postgres.differences)")
            // DuckDB reads all tables, ClickHouse what is hard and some of the types, Spark, whose queries begin slowly,
            // two of the hard ones.
            let hard = ["documents", "moves", "odd", "evolving", "queue_b"]
            let isWhole = ProcessInfo.processInfo.environment["KEDGE_TEST_ENGINES"] == "all"
            let inSpark = isWhole ? hard : ["documents", "evolving"]
            let count = try cases.write(
                engines: ["duckdb": "duckdb", "trino": "trino", "spark": "spark", "chdb": "clickhouse"]
            ) { engine, table in
                let name = table.split(separator: ".")[1]
                switch engine {
                case "duckdb", "trino": return true
                case "spark": return inSpark.contains { name.hasPrefix($0) }
                default: return !table.hasPrefix("types.t") || table.hasSuffix("0")
                }
            }
            let statements = cases.folder.appendingPathComponent("statements.ndjson").path
            let place = cases.folder.appendingPathComponent("spark").path
            let written = try PythonEngines.run(
                "../Engines/latest_state.py",
                ["--statements", statements, "--out", place, "--master", "local[1]"])
            #expect(written.split(separator: "\n").filter { $0.contains(place) }.count == inSpark.count)
            let report = try PythonEngines.run(
                "latest_rows.py", [cases.folder.path, "duckdb", "trino", "chdb", "spark"])
            print(report)
            for engine in ["duckdb", "trino", "chdb", "spark"] {
                #expect(report.contains("\(engine): \(count[engine] ?? 0) views"))
            }
            #expect(count["spark"] == inSpark.count)
        }
    }
}
