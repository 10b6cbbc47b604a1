// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension PromiseSuites {
    /// Values that are easily bent, each through a snapshot and through the stream, beside what the server itself prints.
    /// `ExportOracleTests` does the same with a corpus of every type.
    @Suite("Promises: values", .serialized)
    struct ValueTests {
        @Test(
            "promise 31: dates and times come out of snapshot and stream as the server prints them",
            arguments: ServerPrograms.all)
        func times(programs: ServerPrograms) throws {
            let values = [
                "'infinity'::date", "'-infinity'::date", "'0044-03-15 BC'::date", "'4713-01-01 BC'::date",
                "'0001-01-01'::date", "'1582-10-04'::date", "'1582-10-15'::date", "'9999-12-31'::date",
                "'10000-01-01'::date", "'5874897-12-31'::date", "'infinity'::timestamp", "'-infinity'::timestamp",
                "'0044-03-15 12:00:00.000001 BC'::timestamp", "'294276-12-31 23:59:59.999999'::timestamp",
                "'1582-10-10 00:00:00'::timestamp", "'infinity'::timestamptz", "'0001-12-31 23:59:59 BC'::timestamptz",
                "'12345-06-07 08:09:10.5+05:30'::timestamptz", "'24:00:00'::time", "'23:59:60'::time",
                "'24:00:00-15:59'::timetz", "'1 year -1 mons +2 days -03:04:05.000006'::interval",
            ]
            let printed = try compare("times", values, on: programs)
            let named = [
                "\"infinity\"", "\"-infinity\"", "\"0044-03-15 BC\"", "\"1582-10-04\"", "\"5874897-12-31\"",
                "\"24:00:00\"", "\"294276-12-31T23:59:59.999999\"",
            ]
            for value in named { #expect(printed.contains { $0.contains(value) }, "\(value)") }
        }

        @Test("promise 32: numbers keep every digit, and a JSON null is no SQL null", arguments: ServerPrograms.all)
        func numbers(programs: ServerPrograms) throws {
            let digits = String(repeating: "1234567890", count: 100)
            let values = [
                "\(digits).\(digits)::numeric", "-0.\(digits)::numeric", "1.10::numeric", "'NaN'::numeric",
                "'Infinity'::numeric", "'-Infinity'::numeric", "9223372036854775807::bigint",
                "(-9223372036854775808)::bigint", "0.1::float8 + 0.2::float8", "'NaN'::float4", "'-Infinity'::float8",
                "1234567.89::numeric::money", "(-0.01)::numeric::money", "'null'::jsonb", "NULL::jsonb", "'null'::json",
                "'{\"a\":1.50,\"b\":12345678901234567890}'::jsonb",
            ]
            let printed = try compare("numbers", values, on: programs)
            let named = [
                "\(digits).\(digits)", "\"v3\":1.10,", "9223372036854775807", "-9223372036854775808",
                "0.30000000000000004",
                "\"$1,234,567.89\"", "\"-$0.01\"", "12345678901234567890",
            ]
            for value in named { #expect(printed.contains { $0.contains(value) }, "\(value)") }
        }

        @Test(
            "promise 33: arrays, nested types and types of one name in two schemas keep their meaning",
            arguments: ServerPrograms.all)
        func shapes(programs: ServerPrograms) throws {
            let setup = """
                CREATE SCHEMA one; CREATE SCHEMA two;
                CREATE TYPE one.mood AS ENUM ('sad', 'o k'); CREATE TYPE two.mood AS ENUM ('glad', 'ünïcode "q"');
                CREATE TYPE one.pair AS (a int, "b é" text, c one.mood); CREATE DOMAIN two.grid AS int[];
                CREATE TYPE two.deep AS (pairs one.pair[], grid two.grid);
                """
            let values = [
                "'[0:2]={1,2,3}'::int[]", "'[-1:0][5:6]={{1,2},{3,4}}'::int[]", "'{{{1,2},{3,NULL}}}'::int[]",
                "'{}'::int[]",
                "ARRAY[ROW(1,'x,\"y\"','sad')::one.pair, NULL, ROW(NULL,'',NULL)::one.pair]",
                "'{{1,2},{3,4}}'::two.grid",
                "ARRAY['{1}'::two.grid]", "'o k'::one.mood", "'ünïcode \"q\"'::two.mood", "'{glad,NULL}'::two.mood[]",
                "ROW(ARRAY[ROW(1,'(,)','o k')::one.pair], '{5}')::two.deep",
                #"ARRAY['a"b', 'c\d', ' e ', 'NULL', NULL]"#,
            ]
            let printed = try compare("shapes", values, setup: setup, on: programs)
            for value in ["[1,2,3]", "[[[1,2],[3,null]]]", #"{"a":null,"b é":"","c":null}"#, #"["glad",null]"#] {
                #expect(printed.contains { $0.contains(value) }, "\(value)")
            }
        }

        @Test(
            "promise 33: bytes that are no text are refused, and the names and values beside them come out whole",
            arguments: ServerPrograms.all)
        func unknownEncoding(programs: ServerPrograms) throws {
            let server = try PostgresServer.shared(programs)
            let database = "kedge_ascii_" + String(UInt32.random(in: 0...UInt32.max), radix: 36)
            try server.sql("CREATE DATABASE \(database) ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
            defer { try? server.dropDatabase(database) }
            let export = try ExportFolder()
            defer { export.remove() }
            try server.sql(
                "CREATE TABLE public.\"tëxt\" (id int PRIMARY KEY, \"cölumn\" text); INSERT INTO \"tëxt\" VALUES (1, 'grün')",
                in: database)
            func run() throws -> ShellCommand.Outcome {
                try KedgeProcess.run([
                    "run", "--source", server.address(of: database), "--to", export.path, "--tables", "public.*",
                    "--until", "now", "--compression", "none",
                ])
            }
            #expect(try run().status == 0)
            try server.sql("INSERT INTO \"tëxt\" VALUES (2, 'nach')", in: database)
            #expect(try run().status == 0)
            let anchors = try export.anchors().count
            try server.sql(#"INSERT INTO "tëxt" VALUES (3, E'gr\374n')"#, in: database)
            let refused = try run()
            #expect(refused.status == 65 && refused.errors.contains("[postgres.encoding]"), "\(refused.errors)")
            #expect(try export.anchors().count == anchors)
            let records = try export.records(of: "public.tëxt")
            #expect(records.count == 2 && records.first?.contains(#""cölumn":"grün""#) == true)
        }

        /// Sends a table of one row of `values` through both ways and compares both with the server; returns the records
        /// without kedge's own columns.
        private func compare(
            _ name: String, _ values: [String], setup: String = "", on programs: ServerPrograms
        ) throws -> [String] {
            let scene = try Scene(name, on: .shared(programs))
            let columns = values.indices.map { "v\($0 + 1)" }
            let list = zip(values, columns).map { "\($0) AS \($1)" }.joined(separator: ", ")
            try scene.server.sql(
                setup
                    + "CREATE TABLE public.golden AS SELECT 1 AS id, \(list); ALTER TABLE golden ADD PRIMARY KEY (id);",
                in: scene.database)
            try scene.catchUp()
            let all = columns.joined(separator: ", ")
            try scene.server.sql("INSERT INTO golden SELECT 2, \(all) FROM golden", in: scene.database)
            try scene.catchUp()
            let expected = try scene.server.sql(
                """
                SET timezone = 'UTC'; SET datestyle = 'ISO'; SET intervalstyle = 'postgres'; SET extra_float_digits = 3;
                SET bytea_output = 'hex'; SET lc_monetary = 'C';
                SELECT row_to_json(t) FROM (SELECT \(all) FROM public.golden ORDER BY id) t
                """, in: scene.database
            ).split(separator: "\n").map(String.init)
            let records = try scene.export.records(of: "public.golden")
            #expect(records.map { $0.contains(#""_cdc_op":"r""#) } == [true, false])
            let printed = records.map { record in
                record.range(of: "\"v1\":").map { "{" + record[$0.lowerBound...] } ?? record
            }
            #expect(
                printed.map { foldedWhitespace(Array($0.utf8)) } == expected.map { foldedWhitespace(Array($0.utf8)) })
            return printed
        }
    }
}
