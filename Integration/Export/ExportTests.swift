// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension IntegrationSuites {
    /// Snapshot, stream, and going on: the export is what the source says.
    @Suite("Exporting", .serialized)
    struct ExportTests {
        @Test("a first run under load is exact, and so is going on")
        func firstRunAndResume() throws {
            let scene = try Scene("first")
            try scene.workload.startRows()
            let run = try KedgeProcess(scene.run("--jobs", "2"))
            try scene.waitForAnchors(3, while: run)
            try scene.workload.startDefinitions()
            try scene.waitForAnchors(6, while: run)
            run.terminate()
            #expect(try run.wait(deadline: .seconds(30)).status == 0)
            Thread.sleep(forTimeInterval: 1)
            try scene.workload.stop()
            try scene.catchUp()
            try scene.expectNoFaults()
            #expect(try scene.comparedEventCount() > 100)
        }

        @Test("an export is exact whatever compresses it", arguments: ["none", "gzip", "zstd"])
        func codecs(compression: String) throws {
            let scene = try Scene("codec")
            try scene.catchUp("--compression", compression)
            try scene.workload.writeOneTransaction(rows: 100)
            try scene.catchUp("--compression", compression)
            try scene.expectNoFaults()
        }

        @Test("one transaction larger than every buffer spools and comes out whole")
        func bigTransaction() throws {
            let rows = Int(ProcessInfo.processInfo.environment["KEDGE_TEST_ROWS"] ?? "") ?? 50_000
            let scene = try Scene("big")
            try scene.catchUp()
            try scene.workload.writeOneTransaction(rows: rows)
            try scene.catchUp("--queue-bytes", "1MiB", "--segment-bytes", "256KiB")
            try scene.expectNoFaults()
            let last = try #require(scene.export.anchors().last { $0["transactions"] as? Int ?? 0 > 0 })
            #expect((last["segments"] as? [Any])?.count ?? 0 > 1)
        }

        @Test("status tells what the export costs the server")
        func cost() throws {
            let scene = try Scene("cost")
            try scene.catchUp()
            try scene.workload.writeOneTransaction(rows: 2000)
            try scene.catchUp()
            let arguments = ["status", "--to", scene.export.path, "--source", scene.source]
            // The server's statistics come a moment later.
            try waitUntil("the server to count") {
                let output = try KedgeProcess.expect(0, arguments + ["--output", "json"]).output
                let report = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any]
                let slot = report?["slot"] as? [String: Any]
                return slot?["decodedBytes"] as? Int ?? 0 > 100_000 && slot?["spilledBytes"] as? Int == 0
            }
            #expect(try KedgeProcess.expect(0, arguments).output.contains("cost        "))
        }

        @Test("the metadata store can be lost")
        func metadataIsRebuilt() throws {
            let scene = try Scene("catalog")
            try scene.catchUp()
            for suffix in ["", "-wal", "-shm"] {
                try? FileManager.default.removeItem(atPath: scene.export.path + "/_kedge/catalog.sqlite" + suffix)
            }
            try scene.workload.writeOneTransaction(rows: 100)
            try scene.catchUp()
            try scene.expectNoFaults()
        }

        @Test("values of every kind are those of the server")
        func types() throws {
            let scene = try Scene("types")
            try scene.server.sql(Self.typesTable, in: scene.database)
            try scene.server.sql("INSERT INTO kinds SELECT 1, \(Self.values)", in: scene.database)
            try scene.catchUp()
            try scene.server.sql("INSERT INTO kinds SELECT 2, \(Self.values)", in: scene.database)
            try scene.catchUp()
            let differences = try StateFold(records: loaded(scene)).differences()
            #expect(differences == [])
            let bodies = try scene.server.sql(
                "SELECT DISTINCT oracle.body(rec) - 'id' FROM oracle.records WHERE tbl = 'public.kinds'",
                in: scene.database)
            #expect(bodies.split(separator: "\n").count == 1, "snapshot and stream differ:\n\(bodies)")
        }

        @Test("one password in the address is never printed")
        func passwordIsNeverPrinted() throws {
            let scene = try Scene("canary")
            let canary = "hush-4711-canary"
            let source = scene.source.replacingOccurrences(of: "postgres@", with: "postgres:\(canary)@")
            var printed = ""
            for arguments in [
                ["plan", "--source", source], ["doctor", "--source", source],
                ["run", "--source", source, "--to", scene.export.path, "--until", "now", "--log-level", "debug"],
                ["status", "--to", scene.export.path, "--source", source, "--output", "json"],
                ["run", "--source", source + "?sslmode=verify-full", "--to", scene.export.path, "--retry-for", "1s"],
            ] {
                let outcome = try KedgeProcess.run(arguments)
                printed += outcome.output + outcome.errors
            }
            #expect(!printed.contains(canary))
            let inFiles = try ShellCommand.run(["sh", "-c", "grep -rl \(canary) '\(scene.export.path)' || true"])
            #expect(inFiles.isEmpty)
        }

        private func loaded(_ scene: Scene) throws -> RecordTable {
            try scene.records.load(scene.export)
            return scene.records
        }

        private static let typesTable = """
            CREATE EXTENSION IF NOT EXISTS hstore SCHEMA public;
            CREATE EXTENSION IF NOT EXISTS citext SCHEMA public;
            CREATE TYPE mood AS ENUM ('sad', 'ok', 'ha,"ppy');
            CREATE TYPE pair AS (a int, b text);
            CREATE DOMAIN positive AS int CHECK (VALUE > 0);
            CREATE TABLE kinds (id int PRIMARY KEY, b bool, i2 int2, i8 int8, f4 float4, f8 float8, n numeric, n2 numeric(10,4),
                nan numeric, inf float8, t text, v varchar(10), ch char(5), by bytea, u uuid, d date, dbc date, dinf date,
                ts timestamp, tz timestamptz, ti time, ttz timetz, iv interval, j json, jb jsonb, ia int[], ta text[], i2d int[],
                m mood, p pair, ps pair[], dm positive, r int4range, tr tstzrange, ip inet, mac macaddr, x xml, pt point,
                bits bit varying, mo money, h hstore, ci citext, o oid, ls pg_lsn, nothing text);
            """

        private static let values = """
            true, -32768, 9223372036854775807, 1.1, 0.1 + 0.2::float8, 12345678901234567890.123456789000, 1.5, 'NaN',
            '-Infinity', E'a\\n"b"\\\\ü\\u2028 \\x01', 'v', 'ch', '\\x00ff10', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '2024-02-29',
            '0044-03-15 BC', 'infinity', '2024-01-02 03:04:05.678901', '2024-01-02 03:04:05.6+05:45', '24:00:00',
            '03:04:05.1+02', '1 year -2 days 03:04:05.6', '{"b": 1.00, "a": [1e5, null]}', '{"b": 1.00, "a": [1e5, null]}',
            '{1,NULL,3}', ARRAY['a,b', 'c"d', NULL, 'NULL', ''], '{{1,2},{3,4}}', 'ha,"ppy', ROW(1, 'x "y"')::pair,
            ARRAY[ROW(1, NULL)::pair, NULL], 5, '[1,10)', '[2024-01-01 00:00+01,)', '10.0.0.1/8', '08:00:2b:01:02:03',
            '<a>1</a>', '(1.5,2)', B'1011', 12.34, 'k=>v, n=>NULL', 'MiXed', 4294967295, '16/B374D848', NULL
            """
    }
}
