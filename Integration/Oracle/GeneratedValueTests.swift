// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension IntegrationSuites {
    /// Values that nobody thought of: made by chance from a seed, sent through snapshot and stream, and judged by the
    /// server. `KEDGE_TEST_SEED` repeats a run, `KEDGE_TEST_VALUES` says how many values each type gets.
    @Suite("Generated values", .serialized)
    struct GeneratedValueTests {
        @Test(
            "every generated value comes out of snapshot and stream as row_to_json prints it",
            arguments: ServerPrograms.all)
        func everyValueBothWays(programs: ServerPrograms) throws {
            let variables = ProcessInfo.processInfo.environment
            let seed = variables["KEDGE_TEST_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0...UInt64.max)
            let count = variables["KEDGE_TEST_VALUES"].flatMap { Int($0) } ?? 20
            let server = try PostgresServer.shared(programs)
            let trial = try GeneratedExport(on: server, seed: seed)
            defer { trial.remove() }
            try trial.fill(count)
            try trial.run()
            try trial.fillAgain()
            try trial.run()
            let outcome = try trial.compare()
            for line in outcome.lines { print(line) }
            print(
                "generated on \(programs.major) with KEDGE_TEST_SEED=\(seed): \(outcome.lines.count) types, "
                    + "\(outcome.count) values, \(outcome.differences.count) differences")
            #expect(
                outcome.differences.isEmpty,
                "KEDGE_TEST_SEED=\(seed)\n\(outcome.differences.prefix(10).joined(separator: "\n"))")
            #expect(outcome.lines.count > 100 && outcome.count >= outcome.lines.count * count * 2)
        }
    }
}

/// A database with a table for each type, and its export.
private final class GeneratedExport {
    private let server: PostgresServer
    private let database: String
    private let export: ExportFolder
    private var generator: ValueGenerator
    private var tables: [String: GeneratedType] = [:]

    init(on server: PostgresServer, seed: UInt64) throws {
        self.server = server
        database = "kedge_generated_" + String(UInt32.random(in: 0...UInt32.max), radix: 36)
        export = try ExportFolder()
        generator = ValueGenerator(seed: seed)
        try server.createDatabase(database)
        try server.sql("CREATE SCHEMA gen", in: database)
        for name in ["hstore", "citext"] where server.programs.hasExtension(name) {
            try server.sql("CREATE EXTENSION \(name) SCHEMA public", in: database)
        }
    }

    func remove() {
        try? server.dropDatabase(database)
        export.remove()
    }

    /// Makes the tables and puts `count` values and a NULL into each. What this server does not have is left out.
    func fill(_ count: Int) throws {
        var script = "SET timezone = 'UTC'; SET datestyle = 'ISO'; SET extra_float_digits = 3;\n"
        for (index, type) in GeneratedType.all.enumerated() where try has(type) {
            let name = "t\(1000 + index)"
            tables[name] = type
            script += type.setup.map { $0 + ";\n" }.joined()
            script += "CREATE TABLE gen.\(name) (id int PRIMARY KEY, v \(type.sqlType));\n"
            for start in stride(from: 0, to: count, by: 100) {
                let rows = (start..<min(count, start + 100)).map { "(\($0), \(type.make(&generator)))" }
                script += "INSERT INTO gen.\(name) VALUES \(rows.joined(separator: ",\n"));\n"
            }
            script += "INSERT INTO gen.\(name) VALUES (\(count), NULL);\n"
        }
        try server.sql(script, in: database, deadline: .seconds(600))
    }

    /// Writes all values again, for the stream.
    func fillAgain() throws {
        let script = tables.keys.sorted().map { "INSERT INTO gen.\($0) SELECT id + 1000000, v FROM gen.\($0);\n" }
        try server.sql(script.joined(), in: database)
    }

    func run() throws {
        try KedgeProcess.expect(
            0,
            [
                "run", "--source", server.address(of: database), "--to", export.path, "--tables", "gen.*", "--until",
                "now", "--compression", "none",
            ], deadline: .seconds(600))
    }

    private func has(_ type: GeneratedType) throws -> Bool {
        guard !type.isEverywhere else { return true }
        if type.sqlType.hasPrefix("xml") { return (try? server.sql("SELECT '<a/>'::xml", in: database)) != nil }
        return try server.sql("SELECT to_regtype('\(type.sqlType)') IS NOT NULL", in: database) == "t"
    }

    // MARK: Judging

    struct Outcome {
        var lines: [String] = []
        var count = 0
        var differences: [String] = []
    }

    func compare() throws -> Outcome {
        var outcome = Outcome()
        let segments = Dictionary(grouping: try export.segments(), by: \.table)
        var printed: [Substring: [Substring: String]] = [:]
        for (name, type) in tables.sorted(by: { $0.key < $1.key }) {
            if printed[name[...]] == nil { printed = try print(from: name) }
            let expected = printed[name[...]] ?? [:]
            let found = try exported(segments["gen.\(name)"] ?? [])
            let different = expected.filter { found[$0.key] != $0.value }
            outcome.differences += different.map {
                "\(type.sqlType) \($0.key): \((found[$0.key] ?? "nothing").prefix(300)), not \($0.value.prefix(300))"
            }
            if found.count != expected.count {
                outcome.differences.append("\(type.sqlType): \(found.count) rows, not \(expected.count)")
            }
            outcome.count += expected.count
            outcome.lines.append("  \(type.sqlType): \(expected.count) values, \(different.count) differ")
        }
        return outcome
    }

    /// What the server prints of the table and some that follow it, by table and id.
    private func print(from first: String) throws -> [Substring: [Substring: String]] {
        let names = tables.keys.sorted().drop { $0 < first }.prefix(20)
        let queries = names.map {
            "SELECT '\($0) ' || pg_catalog.translate(pg_catalog.row_to_json(t)::text, E'\\n\\r', '  ') FROM gen.\($0) t;\n"
        }
        let text = try server.sql(
            """
            SET timezone = 'UTC'; SET datestyle = 'ISO'; SET intervalstyle = 'postgres'; SET extra_float_digits = 3;
            SET bytea_output = 'hex'; SET lc_monetary = 'C'; SET search_path = '';
            \(queries.joined())
            """, in: database)
        let lines = text.utf8.split(separator: UInt8(ascii: "\n")).map(Substring.init)
        return try Dictionary(grouping: lines) { $0.prefix { $0 != " " } }.mapValues(rows)
    }

    /// What stands in the segments, by id.
    private func exported(_ segments: [ExportFolder.Segment]) throws -> [Substring: String] {
        try segments.reduce(into: [:]) { all, segment in
            let text = try String(contentsOfFile: "\(export.path)/\(segment.path)", encoding: .utf8)
            let lines = text.utf8.split(separator: UInt8(ascii: "\n")).map(Substring.init)
            all.merge(try rows(lines)) { "\($0) and again \($1)" }
        }
    }

    private func rows(_ lines: [Substring]) throws -> [Substring: String] {
        var rows: [Substring: String] = [:]
        for line in lines {
            let start = try #require(line.range(of: "\"id\":"))
            let id = line[start.upperBound...].prefix { $0 != "," }
            rows[id] = String(decoding: foldedWhitespace(Array("{\(line[start.lowerBound...])".utf8)), as: UTF8.self)
        }
        return rows
    }
}

extension ServerPrograms {
    /// Whether the server comes with an extension.
    func hasExtension(_ name: String) -> Bool {
        guard let share = try? ShellCommand.run(["\(folder)/pg_config", "--sharedir"]) else { return false }
        let path = share.trimmingCharacters(in: .whitespacesAndNewlines) + "/extension/\(name).control"
        return FileManager.default.fileExists(atPath: path)
    }
}
