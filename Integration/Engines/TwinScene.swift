// SPDX-License-Identifier: Apache-2.0

import Foundation

/// One database of all types under a mixed load, and three exports of it: lines, and both profiles of columns.
final class TwinScene {
    /// How an export is written.
    enum Form: String, CaseIterable {
        case lines
        case portable
        case rich

        var arguments: [String] {
            switch self {
            case .lines: ["--format", "ndjson"]
            case .portable: ["--format", "parquet", "--transactions-table", "off"]
            case .rich:
                ["--format", "parquet", "--profile", "rich", "--transactions-table", "off", "--delta", "off"]
            }
        }
    }

    let scene: Scene
    private(set) var exports: [Form: ExportFolder] = [:]
    /// How many types there are, and how many columns of them each table has.
    private(set) var typeCount = 0
    private var typeTables: [String: Int] = [:]

    init() throws {
        scene = try Scene("twins")
        try makeTypeTables()
        for form in Form.allCases { exports[form] = try ExportFolder() }
    }

    deinit {
        for export in exports.values { export.remove() }
    }

    /// Tables with a column for each type of the corpus that this server has, twelve each, and a row for each value.
    private func makeTypeTables() throws {
        try run(TypeCorpus.setup.filter { $0 != "CREATE SCHEMA oracle" } + ["CREATE SCHEMA types"])
        var types: [CorpusType] = []
        for type in TypeCorpus.all
        where (try? run(type.setup + ["CREATE TABLE types.probe (v \(type.sqlType))"])) != nil {
            try run(["DROP TABLE types.probe"])
            types.append(type)
        }
        typeCount = types.count
        for start in stride(from: 0, to: types.count, by: 12) {
            let chunk = types[start..<min(start + 12, types.count)]
            let name = "types.t\(start)"
            let columns = chunk.enumerated().map { "v\($0) \($1.sqlType)" }.joined(separator: ", ")
            let rowCount = (chunk.map(\.values.count).max() ?? 0) + 1
            let rows = (0..<rowCount).map { row in
                let values = chunk.map {
                    $0.values.indices.contains(row) ? "(\($0.values[row]))::\($0.sqlType)" : "NULL"
                }
                return "INSERT INTO \(name) VALUES (\(row + 1), \(values.joined(separator: ", ")))"
            }
            try run(["CREATE TABLE \(name) (id integer PRIMARY KEY, \(columns))"] + rows)
            typeTables[name] = chunk.count
        }
        try run([Self.oddTable, Self.renamedTable])
    }

    private func run(_ statements: [String]) throws {
        try scene.server.sql(
            "SET client_min_messages = error;\n" + statements.joined(separator: ";\n") + ";", in: scene.database)
    }

    /// Brings every export to the same end; call while nobody writes.
    func catchUp() throws {
        for (form, export) in exports.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            try KedgeProcess.expect(
                0,
                [
                    "run", "--source", scene.source, "--to", export.path, "--tables", "public.*,types.*",
                    "--anchor-every", "60s,200tx,1MiB", "--min-free", "1MiB", "--until", "now",
                ] + form.arguments, deadline: .seconds(600))
        }
    }

    /// Changes of every kind: the workload while each value of each type is written, and for
    /// `KEDGE_TEST_TWIN_SECONDS` more.
    func change() throws {
        let statements = typeTables.sorted { $0.key < $1.key }.flatMap { name, count in
            let columns = (0..<count).map { "v\($0)" }.joined(separator: ", ")
            return [
                "INSERT INTO \(name) SELECT id + 1000, \(columns) FROM \(name)",
                "UPDATE \(name) SET (v0) = (SELECT b.v0 FROM \(name) b WHERE b.id = \(name).id + 1001) WHERE id < 1000",
                "UPDATE \(name) SET id = id + 5000 WHERE id % 3 = 0", "DELETE FROM \(name) WHERE id % 4 = 1",
            ]
        }
        try scene.workload.startRows(clients: 2)
        try scene.workload.startDefinitions()
        try run(statements)
        Thread.sleep(forTimeInterval: Double(Count.of("KEDGE_TEST_TWIN_SECONDS", default: 1)))
        try scene.workload.stop()
        try scene.workload.writeOneTransaction(rows: 500)
        try run([Self.oddChanges, Self.rename])
    }

    /// Rows that nobody touches while one of their columns gets another name.
    private static let renamedTable = """
        CREATE TABLE types.renamed (id integer PRIMARY KEY, "before" text, n integer);
        INSERT INTO types.renamed SELECT n, 'v' || n, n FROM generate_series(1, 20) n
        """

    private static let rename = """
        UPDATE types.renamed SET "before" = 'changed' WHERE id % 4 = 0;
        ALTER TABLE types.renamed RENAME "before" TO "after";
        UPDATE types.renamed SET n = -n WHERE id % 3 = 0;
        INSERT INTO types.renamed VALUES (21, 'new', 21)
        """

    /// A key of odd types and names, with values that their columns cannot hold.
    private static let oddTable = """
        CREATE TABLE types."odd ""key"" `x` ü" (
            "a ""q"" `b` \\ é''s" text, d date, n numeric(10,2), t timestamptz, b bytea, note text, "Größe" text,
            PRIMARY KEY (n, "a ""q"" `b` \\ é''s", d, t, b));
        ALTER TABLE types."odd ""key"" `x` ü" ALTER COLUMN note SET STORAGE EXTERNAL,
            ALTER COLUMN "Größe" SET STORAGE EXTERNAL;
        INSERT INTO types."odd ""key"" `x` ü"
        SELECT 'k ''"\\ ' || i, d, n, t, b, repeat('note ' || i, 1000), repeat('size ' || i, 1000)
        FROM unnest(ARRAY['2024-01-02', 'infinity', '0044-03-15 BC', '10000-01-01']::date[]) d,
            unnest(ARRAY[1.50, -99999999.99, 'NaN']::numeric[]) n,
            unnest(ARRAY['2024-01-02 03:04:05.67+00', '-infinity', '1969-12-31 23:59:59.999999+00']::timestamptz[]) t,
            unnest(ARRAY['\\x', '\\x00ff5c']::bytea[]) b, generate_series(1, 2) i
        """

    /// Rows go from key to key with values that are not sent, and come back to keys that others had.
    private static let oddChanges = """
        UPDATE types."odd ""key"" `x` ü" SET d = d + 1 WHERE d IN ('2024-01-02', '10000-01-01');
        UPDATE types."odd ""key"" `x` ü" SET d = 'infinity', n = n + 1 WHERE d = '10000-01-02' AND n <> 'NaN';
        UPDATE types."odd ""key"" `x` ü" SET t = 'infinity' WHERE t = '-infinity';
        UPDATE types."odd ""key"" `x` ü" SET "Größe" = NULL WHERE n = 'NaN' AND b = '\\x';
        UPDATE types."odd ""key"" `x` ü" SET b = b || '\\x00', note = 'short' WHERE n = 1.50 AND d = 'infinity';
        DELETE FROM types."odd ""key"" `x` ü" WHERE d = '2024-01-03' AND n = -99999999.99;
        UPDATE types."odd ""key"" `x` ü" SET d = '2024-01-03', n = -99999999.99 WHERE d = '0044-03-15 BC' AND n = 1.50;
        UPDATE types."odd ""key"" `x` ü" SET d = '2024-01-04' WHERE d = '2024-01-03';
        """

    /// What `kedge cat` prints of a table of one export, without where and when its snapshot was read.
    func records(of table: String, in form: Form) throws -> [String] {
        guard let export = exports[form] else { throw TestFailure("no export of \(form)") }
        let output = try KedgeProcess.expect(0, ["cat", "--to", export.path, "--table", table]).output
        return output.split(separator: "\n").map { line in
            guard line.contains(#""_cdc_op":"r""#), let end = line.firstRange(of: "/") else { return String(line) }
            // {"_cdc_seq":"0001/<16 digits>/…
            return String(line[..<end.upperBound]) + line[end.upperBound...].dropFirst(16)
        }
    }

    /// The names of all tables that an export holds records of.
    func tables(in form: Form) throws -> [String] {
        Set(try (exports[form]?.segments() ?? []).map(\.table)).sorted()
    }
}
