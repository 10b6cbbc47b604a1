// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension IntegrationSuites {
    /// Rows for columns come from the server in binary, rows for lines as text. Both must say the same.
    @Suite("Rows in binary")
    struct BinarySnapshotTests {
        /// For each column its type and values that are easily bent.
        private static let columns: [(type: String, values: [String])] = [
            ("boolean", ["true", "false"]),
            ("smallint", ["-32768", "32767", "0"]),
            ("integer", ["-2147483648", "2147483647", "0"]),
            ("bigint", ["-9223372036854775808", "9223372036854775807", "-1"]),
            ("real", ["'NaN'", "'-Infinity'", "1e-45", "3.4028235e38", "-0.0", "0.1", "1234567", "123456", "1e-5"]),
            (
                "double precision",
                [
                    "'NaN'", "'Infinity'", "5e-324", "1.7976931348623157e308", "-0.0", "0.1", "1e15", "123456789012345",
                    "0.0001",
                ]
            ),
            (
                "numeric",
                ["'NaN'", "'-Infinity'", "1e-20", "1.10", "-123456789012345678901234567890.5", "1e40", "0", "0.000"]
            ),
            ("numeric(12,2)", ["'NaN'", "0.01", "-9999999999.99", "9999999999.99", "0", "10000", "0.10"]),
            ("numeric(18,5)", ["0.00001", "-9999999999999.99999", "9999999999999.99999", "1", "0.12345"]),
            ("numeric(18,0)", ["999999999999999999", "-999999999999999999", "0"]),
            ("numeric(9,4)", ["0.0001", "-99999.9999", "1"]),
            ("numeric(38,10)", ["1234567890123456789012345678.0123456789", "-0.0000000001"]),
            ("text", ["''", "'Größe 東京'", "E'a\\tb\\n\\\\ \"q\"'", "repeat('x', 100000)"]),
            ("varchar(10)", ["'abc'", "''"]),
            ("char(5)", ["'ab'", "''"]),
            ("name", ["'pg_class'"]),
            ("json", ["'{\"a\" : 1.50,  \"a\":null}'", "'null'"]),
            ("jsonb", ["'{\"b\":12345678901234567890,\"a\":[1,\"é\"]}'", "'null'"]),
            ("bytea", ["''", "'\\x00ff10'"]),
            ("uuid", ["'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'"]),
            (
                "date",
                [
                    "'infinity'", "'-infinity'", "'0001-01-01'", "'0001-12-31 BC'", "'9999-12-31'", "'10000-01-01'",
                    "'5874897-12-31'", "'4714-11-24 BC'",
                ]
            ),
            (
                "timestamp",
                [
                    "'infinity'", "'-infinity'", "'0001-01-01'", "'0044-03-15 12:00:00.000001 BC'",
                    "'294276-12-31 23:59:59.999999'", "'1969-12-31 23:59:59.5'",
                ]
            ),
            (
                "timestamptz",
                [
                    "'infinity'", "'-infinity'", "'9999-12-31 23:59:59.999999+00'", "'0001-12-31 23:59:59 BC'",
                    "'2024-02-29 00:00:00.1+05:30'",
                ]
            ),
            ("mood", ["'o k'", "'sad'"]),
            ("price", ["1.50", "0.01"]),
        ]

        @Test("a snapshot in binary holds what a snapshot as text holds", arguments: ServerPrograms.all)
        func equal(programs: ServerPrograms) throws {
            let scene = try Scene("binary", on: .shared(programs))
            let rowCount = Self.columns.map(\.values.count).max() ?? 0
            let definitions = Self.columns.enumerated().map { "c\($0) \($1.type)" }.joined(separator: ", ")
            let rows = (0..<rowCount).map { row in
                "(\(row), "
                    + Self.columns.map { $0.values.indices.contains(row) ? $0.values[row] : "NULL" }.joined(
                        separator: ", ") + ")"
            }
            try scene.server.sql(
                """
                CREATE TYPE mood AS ENUM ('sad', 'o k'); CREATE DOMAIN price AS numeric(6,2);
                CREATE TABLE edges (id integer PRIMARY KEY, \(definitions));
                INSERT INTO edges VALUES \(rows.joined(separator: ",\n"));
                CREATE TABLE empty_edges (LIKE edges);
                """, in: scene.database)
            var printed: [[String]] = []
            for format in ["ndjson", "parquet"] {
                let export = try ExportFolder()
                defer { export.remove() }
                try KedgeProcess.expect(
                    0,
                    [
                        "run", "--source", scene.source, "--to", export.path, "--tables",
                        "public.edges,public.empty_edges", "--snapshot", "only", "--format", format, "--min-free",
                        "1MiB",
                    ], deadline: .seconds(120))
                let lines = try KedgeProcess.expect(0, ["cat", "--to", export.path, "--table", "public.edges"]).output
                // Each snapshot stands at a position of its own.
                printed.append(
                    lines.split(separator: "\n").map { line in
                        String(line[(line.range(of: "\"_cdc_op\"")?.lowerBound ?? line.startIndex)...])
                    })
                try KedgeProcess.expect(0, ["verify", "--to", export.path])
            }
            #expect(printed[0].count == rowCount)
            #expect(printed[0] == printed[1])
        }
    }
}
