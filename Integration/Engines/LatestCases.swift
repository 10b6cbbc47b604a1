// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// Files for `Integration/scripts/latest_rows.py`: the statements of `kedge sql latest` for tables of an export, and
/// the rows that the source has.
struct LatestCases {
    let folder: URL
    private let export: ExportFolder
    private let scene: Scene
    private let files: TestSupport.TemporaryFolder

    init(_ export: ExportFolder, scene: Scene) throws {
        self.export = export
        self.scene = scene
        files = try TestSupport.TemporaryFolder()
        folder = URL(fileURLWithPath: files.path)
    }

    /// Writes a case for each engine and table that has a key and that `isWanted`. Returns how many cases each engine has.
    /// `engines` are the script's names of them, with kedge's own.
    func write(
        engines: KeyValuePairs<String, String>, _ isWanted: (_ engine: String, _ table: String) -> Bool
    ) throws -> [String: Int] {
        var count: [String: Int] = [:]
        var lines = ""
        try files.write(Array(export.path.utf8), to: "export")
        for (number, (table, schemaID)) in try newestSchemas().sorted(by: { $0.key < $1.key }).enumerated() {
            let file = export.url.appendingPathComponent("_kedge/schemas/\(schemaID.dropFirst(7)).json")
            let data = try Data(contentsOf: file)
            guard let schema = try JSONSerialization.jsonObject(with: data) as? [String: Any],
                let key = schema["key"] as? [String], !key.isEmpty, let namespace = schema["namespace"] as? String,
                let name = schema["name"] as? String
            else { continue }
            let stem = "case\(number)"
            try data.write(to: folder.appendingPathComponent("\(stem).schema.json"))
            try files.write(Array("\(namespace)_\(name)_latest".utf8), to: "\(stem).view")
            try files.write(Array(try rows(namespace, name).utf8), to: "\(stem).rows")
            for (engine, own) in engines where isWanted(engine, table) {
                let statement = try KedgeProcess.expect(
                    0,
                    [
                        "sql", "latest", "--to", export.path, "--table", table, "--engine", own,
                        // The embedded ClickHouse reads Delta tables of the folder that it runs in alone.
                        "--reader", engine == "chdb" ? "files" : "auto",
                    ])
                try files.write(Array(statement.output.utf8), to: "\(stem).\(engine).sql")
                if engine == "spark" { lines += try line(of: table) }
                count[engine, default: 0] += 1
            }
        }
        try files.write(Array(lines.utf8), to: "statements.ndjson")
        return count
    }

    /// The line for the Spark job.
    private func line(of table: String) throws -> String {
        try KedgeProcess.expect(
            0, ["sql", "latest", "--to", export.path, "--table", table, "--engine", "spark", "--output", "json"]
        ).output
    }

    /// What values are printed with (`docs/format.md`, Values), but the path of names.
    static let settings = """
        SET timezone = 'UTC'; SET datestyle = 'ISO'; SET intervalstyle = 'postgres'; SET extra_float_digits = 3;
        SET bytea_output = 'hex'; SET lc_monetary = 'C';

        """

    private func rows(_ namespace: String, _ name: String) throws -> String {
        try Self.rows(of: "\(LoadedDatabase.quoted(namespace)).\(LoadedDatabase.quoted(name))") {
            try scene.server.sql($0, in: scene.database)
        }
    }

    /// What the source prints of each row of a table, a line each; `run` runs SQL there.
    static func rows(of table: String, _ run: (String) throws -> String) throws -> String {
        try run(
            settings + """
                SET search_path = '';
                SELECT translate(row_to_json("the row")::text, E'\\n\\r', '  ') FROM \(table) "the row";
                """)
    }

    /// What differs between the source's rows and those of PostgreSQL's views of the loaded records, of every table that
    /// has a key and a case here; and how many tables that are.
    func differencesInPostgres() throws -> (tables: Int, differences: [String]) {
        let loaded = try LoadedDatabase(export, on: scene.server)
        var differences: [String] = []
        var count = 0
        for (table, schemaID) in try newestSchemas().sorted(by: { $0.key < $1.key }) {
            guard let names = try names(schemaID) else { continue }
            try loaded.load(table)
            try loaded.makeLatest(table)
            let found = try loaded.latest("\(names.namespace)_\(names.name)_latest")
            let expected = LoadedDatabase.loadable(try rows(names.namespace, names.name))
            differences += try loaded.differences(found, expected, table)
            count += 1
        }
        return (count, differences)
    }

    private func names(_ schemaID: String) throws -> (namespace: String, name: String)? {
        let file = export.url.appendingPathComponent("_kedge/schemas/\(schemaID.dropFirst(7)).json")
        let schema = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any]
        guard let key = schema?["key"] as? [String], !key.isEmpty, let namespace = schema?["namespace"] as? String,
            let name = schema?["name"] as? String
        else { return nil }
        return (namespace, name)
    }

    private func newestSchemas() throws -> [String: String] {
        var newest: [String: String] = [:]
        for anchor in try export.anchors() {
            for segment in anchor["segments"] as? [[String: Any]] ?? [] {
                if let table = segment["table"] as? String, let schema = segment["schema"] as? String {
                    newest[table] = schema
                }
            }
        }
        return newest
    }
}
