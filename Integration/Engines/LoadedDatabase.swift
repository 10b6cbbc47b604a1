// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// A database that knows of a source only what `kedge cat` and `kedge sql` print of its export.
final class LoadedDatabase {
    private let server: PostgresServer
    private let name: String
    private let export: ExportFolder
    private var loaded: Set<String> = []

    /// Makes an empty one beside the source.
    init(_ export: ExportFolder, on server: PostgresServer) throws {
        self.server = server
        self.export = export
        name = "kedge_loaded_" + String(UInt32.random(in: 0...UInt32.max), radix: 36)
        try server.createDatabase(name)
        try server.sql("CREATE SCHEMA kedge", in: name)
    }

    deinit {
        try? server.dropDatabase(name)
    }

    /// Runs SQL.
    @discardableResult
    func sql(_ text: String) throws -> String { try server.sql(text, in: name) }

    /// Loads the records of a table, those of `anchors` or all.
    func load(_ table: String, anchors: String? = nil) throws {
        let relation = "kedge.\(Self.quoted(table))"
        if loaded.insert(table).inserted { try sql("CREATE TABLE \(relation) (record json)") }
        let copy = #"COPY \#(relation) FROM STDIN (FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02')"#
        let script = #""$@" | psql -X -q -v ON_ERROR_STOP=1 -d "$DATABASE" -c "$COPY""#
        let cat = [KedgeProcess.path, "cat", "--to", export.path, "--table", table]
        try ShellCommand.run(
            ["bash", "-o", "pipefail", "-c", script, "load"] + cat + (anchors.map { ["--anchors", $0] } ?? []),
            environment: ["DATABASE": server.address(of: name), "COPY": copy])
        try sql(
            """
            UPDATE \(relation) SET record = replace(record::text, '\(Self.unreadable)', '\(Self.readable)')::json
            WHERE record::text LIKE '%\(Self.unreadable)%'
            """)
    }

    /// A moment to which PostgreSQL rounds its last one, and which it prints and does not read; and one that it reads.
    private static let unreadable = "294277-01-01T00:00:00"
    private static let readable = "294276-12-31T00:00:00"

    /// Rows of the source with what was loaded of them.
    static func loadable(_ rows: String) -> [String] {
        rows.replacing(unreadable, with: readable).split(separator: "\n").map(String.init).sorted()
    }

    /// Loads a table of a plain name and makes its view by the commands that the manual shows.
    func follow(manual table: String) throws {
        let manual = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("docs/manual/sql.md")
        let blocks = try String(contentsOf: manual, encoding: .utf8).components(separatedBy: "```")
        let recipe = try #require(blocks.first { $0.contains("COPY kedge") })
        let program = URL(fileURLWithPath: KedgeProcess.path).deletingLastPathComponent().path
        let path = ShellCommand.inherited["PATH"] ?? ""
        let commands = recipe.replacing("-d lake", with: "-X -v ON_ERROR_STOP=1 -d '\(server.address(of: name))'")
            .replacing("/exports/shop", with: export.path).replacing("public.orders", with: table)
        #expect(commands.components(separatedBy: table).count > 3)
        try ShellCommand.run(
            ["bash", "-e", "-o", "pipefail"], input: commands, environment: ["PATH": "\(program):\(path)"])
        loaded.insert(table)
    }

    /// Makes the view of a table's rows, as `kedge sql latest` prints it.
    func makeLatest(_ table: String, _ more: String...) throws {
        let arguments = ["sql", "latest", "--to", export.path, "--table", table, "--engine", "postgres"]
        try sql(try KedgeProcess.expect(0, arguments + more).output)
    }

    /// The rows of the view of a table's rows, as ``LatestCases/rows(of:_:)`` prints those of the source.
    func latest(_ view: String) throws -> [String] {
        let rows = try sql(
            LatestCases.settings + """
                SELECT translate(regexp_replace(row_to_json("the row")::text, ',"_cdc_seq":"[0-9a-f/]{38}"}$', '}'),
                    E'\\n\\r', '  ') FROM \(Self.quoted(view)) "the row";
                """)
        return Lines.of(rows).sorted()
    }

    /// The keys of the records in each of the views that `kedge sql cut` prints, by the names of tables, which are loaded
    /// where they were not.
    func cut(at anchor: Int) throws -> [String: [String]] {
        let printed = try KedgeProcess.expect(
            0,
            [
                "sql", "cut", "--to", export.path, "--anchor", "\(anchor)", "--engine", "postgres", "--output", "json",
            ])
        var keys: [String: [String]] = [:]
        for line in printed.output.split(separator: "\n") {
            let members = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String]
            guard let table = members?["table"], let view = members?["view"], let statement = members?["statement"]
            else { throw TestFailure("not a statement: \(line)") }
            if !loaded.contains(table) { try load(table) }
            try sql(statement)
            // Every column of every record is read.
            let rows = try sql(
                #"SELECT "_cdc_seq", length(row_to_json("the row")::text) FROM \#(Self.quoted(view)) "the row" ORDER BY 1"#
            )
            keys[table] = rows.split(separator: "\n").map { String($0.prefix { $0 != "|" }) }
        }
        return keys
    }

    /// The keys of the records that `kedge cat` prints of a table, up to an anchor.
    func printedKeys(_ table: String, upTo anchor: Int) throws -> [String] {
        let printed = try KedgeProcess.expect(
            0, ["cat", "--to", export.path, "--table", table, "--anchors", "..\(anchor)"])
        // {"_cdc_seq":"<key>"
        return printed.output.split(separator: "\n").map { line in
            let parts = line.split(separator: "\"", maxSplits: 4, omittingEmptySubsequences: false)
            return parts.count > 3 ? String(parts[3]) : ""
        }
    }

    /// What differs between rows of a view and of the source, both sorted: the same text, or where PostgreSQL has written
    /// a document in another way the same document.
    func differences(_ found: [String], _ expected: [String], _ table: String) throws -> [String] {
        let change = found.difference(from: expected)
        var more: [String] = []
        var fewer: [String] = []
        for step in change {
            switch step {
            case .insert(_, let line, _): more.append(line)
            case .remove(_, let line, _): fewer.append(line)
            }
        }
        (more, fewer) = (try documents(more), try documents(fewer))
        if more == fewer { return [] }
        let place = zip(more, fewer).first { $0 != $1 }
        let rows = place.map { "\($0.prefix(700)) is not \($1.prefix(700))" } ?? ""
        return ["\(table): \(found.count) rows and \(expected.count) at the source; \(rows)"]
    }

    /// Rows in the one form that `jsonb` has of each, sorted.
    private func documents(_ lines: [String]) throws -> [String] {
        if lines.isEmpty { return [] }
        let readable = lines.map { $0.replacing(#"\u0000"#, with: #"\ufffd"#) + "\n" }.joined()
        let rows = try sql(
            #"""
            CREATE TEMP TABLE documents (line text);
            COPY documents FROM STDIN (FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02');
            \#(readable)\.
            SELECT line::jsonb FROM documents;
            """#)
        return Lines.of(rows).sorted()
    }

    /// `name` as an identifier.
    static func quoted(_ name: String) -> String { "\"\(name.replacing("\"", with: "\"\""))\"" }
}
