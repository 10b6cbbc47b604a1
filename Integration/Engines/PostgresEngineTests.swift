// SPDX-License-Identifier: Apache-2.0

import Faults
import Foundation
import Testing

extension IntegrationSuites {
    /// PostgreSQL reads what `kedge cat` prints, by the statements that kedge prints for it.
    @Suite("PostgreSQL as an engine", .serialized)
    struct PostgresEngineTests {
        @Test("rows are those of the source while it moves keys, empties tables, changes columns and begins anew")
        func everyCase() throws {
            let scene = try FaultScene("engine")
            try scene.sql(Self.tables)
            try Self.run(scene)
            let loaded = try LoadedDatabase(scene.export, on: scene.server)
            try loaded.follow(manual: "public.moves")
            for table in Self.names where table != "moves" { try loaded.load("public.\(table)") }
            try expectRows(loaded, scene, make: Self.names)
            // What comes behind is loaded behind; views are made anew only where columns came or went.
            for changes in [Self.changes, Self.laterChanges] {
                let anchor = try scene.export.anchors().count
                try scene.sql(changes)
                try Self.run(scene)
                for table in Self.names { try loaded.load("public.\(table)", anchors: "\(anchor + 1)..") }
                try expectRows(loaded, scene, make: ["columns"])
            }
            let middle = try scene.export.anchors().count
            // A new snapshot takes the place of everything before it, which may have had other columns.
            try scene.sql("\(Self.others)")
            try KedgeProcess.expect(
                0, scene.run("--format", "parquet", "--widen", "eager", "--delta", "off", "--resnapshot"))
            for table in Self.names { try loaded.load("public.\(table)", anchors: "\(middle + 1)..") }
            try expectRows(loaded, scene, make: Self.names)
            let cut = try loaded.cut(at: middle)
            for table in Self.names + ["items"] {
                #expect(try cut["public.\(table)"] == loaded.printedKeys("public.\(table)", upTo: middle), "\(table)")
            }
        }

        @Test("an export of lines is read as one of columns is")
        func lines() throws {
            let scene = try FaultScene("lines")
            try scene.sql(Self.tables)
            try KedgeProcess.expect(0, scene.run())
            try scene.sql(Self.changes)
            try KedgeProcess.expect(0, scene.run("--on-rewrite", "warn"))
            let loaded = try LoadedDatabase(scene.export, on: scene.server)
            for table in Self.names { try loaded.load("public.\(table)") }
            try expectRows(loaded, scene, make: Self.names)
            try scene.expect(
                .usage, ["sql", "latest", "--to", scene.export.path, "--engine", "duckdb"],
                names: ["ndjson", "Parquet"])
        }

        @Test("what a fork made void does not count", .enabled(if: PostgresServer.isPrivate))
        func fork() throws {
            let server = try PostgresServer()
            defer { try? server.remove() }
            let scene = try FaultScene("fork", on: server)
            try Self.run(scene)
            let folder = try server.sql("SHOW data_directory")
            try server.alter { _ in try ShellCommand.run(["cp", "-a", folder, folder + ".before"]) }
            try scene.sql(
                """
                INSERT INTO orders SELECT n, repeat('x', 1000) FROM generate_series(1000, 2000) n;
                UPDATE orders SET id = -id, note = 'lost' WHERE id < 10; DELETE FROM items;
                """)
            try Self.run(scene)
            try server.alter { folder in
                try ShellCommand.run(["sh", "-c", "rm -rf '\(folder)' && mv '\(folder).before' '\(folder)'"])
            }
            try scene.sql("UPDATE orders SET note = 'kept' WHERE id < 5; DELETE FROM orders WHERE id > 40")
            try KedgeProcess.expect(
                0, scene.run("--format", "parquet", "--widen", "eager", "--delta", "off", "--accept-gap"))
            #expect(try scene.export.anchors().contains { $0["kind"] as? String == "fork" })
            let loaded = try LoadedDatabase(scene.export, on: server)
            for table in ["orders", "items"] { try loaded.load("public.\(table)") }
            try expectRows(loaded, scene, make: ["orders", "items"], all: ["orders", "items"])
        }

        @Test("records that went on in another folder are that table's, though they are printed with the first")
        func continued() throws {
            let scene = try FaultScene("continued")
            try Self.run(scene)
            try scene.sql("UPDATE items SET amount = 7 WHERE id < 10")
            try Self.run(scene)
            let before = try LatestCases.rows(of: "public.items", scene.sql).split(separator: "\n").map(String.init)
                .sorted()
            try scene.sql(
                "ALTER TABLE items ALTER amount TYPE int USING 1; UPDATE items SET amount = id")
            try KedgeProcess.expect(
                0,
                scene.run("--format", "parquet", "--on-incompatible", "new-table", "--on-rewrite", "warn"))
            let loaded = try LoadedDatabase(scene.export, on: scene.server)
            for table in ["public.items", "public.items__v2"] {
                try loaded.load(table)
                try loaded.makeLatest(table)
            }
            #expect(try loaded.latest("public_items_latest") == before)
            let after = try LatestCases.rows(of: "public.items", scene.sql).split(separator: "\n").map(String.init)
                .sorted()
            #expect(try loaded.latest("public_items__v2_latest") == after)
            let anchor = try scene.export.anchors().count
            let cut = try loaded.cut(at: anchor)
            let (first, second) = (try #require(cut["public.items"]), try #require(cut["public.items__v2"]))
            #expect(try first + second == loaded.printedKeys("public.items", upTo: anchor) && second.count == 50)
        }

        @Test("a document that PostgreSQL keeps and cannot read is no end of the view")
        func unreadableDocuments() throws {
            let scene = try FaultScene("documents")
            try scene.sql(
                #"""
                CREATE TABLE documents (id int PRIMARY KEY, t text, j json, js json[]);
                INSERT INTO documents VALUES (1, 'a\u0000', '{"a":"\u0000\\u0000\\\u0000","b":"\ud83d\ude00\ud83d"}',
                    ARRAY['"\ude00"'::json, '"x"']), (2, '\ud83d', '{"a":"plain"}', NULL);
                """#)
            try Self.run(scene)
            let loaded = try LoadedDatabase(scene.export, on: scene.server)
            try loaded.load("public.documents")
            try loaded.makeLatest("public.documents", "--view", "v")
            #expect(
                try loaded.latest("v") == [
                    #"{"id":1,"t":"a\\u0000","j":{"a":"\ufffd\\u0000\\\ufffd","b":"\ud83d\ude00\ufffd"},"js":["\ufffd","x"]}"#,
                    #"{"id":2,"t":"\\ud83d","j":{"a":"plain"},"js":null}"#,
                ])
        }

        @Test("a keyspace's records are read, too, with bytes that no text of PostgreSQL holds")
        func keyspace() throws {
            let scene = try KeyspaceScene()
            try scene.server.command("RPUSH", "list", "a", "b\u{0}é")
            try scene.server.command("EVAL", #"redis.call('SET', 'bytes', '\0\255')"#, "0")
            for round in 0..<2 {
                try scene.server.command("SET", "key:\(round)", "value\u{1}\u{7f}")
                try scene.catchUp("--format", "parquet", "--delta", "off")
            }
            let loaded = try LoadedDatabase(scene.export, on: try PostgresServer.shared())
            let last = try scene.export.anchors().count
            for anchor in [1, last] {
                let cut = try loaded.cut(at: anchor)
                #expect(try cut["db0"] == loaded.printedKeys("db0", upTo: anchor))
            }
            #expect(
                try loaded.sql(#"SELECT count(*) FROM db0_changes WHERE value = 'value' || chr(1) || chr(127)"#) == "2")
        }

        private func expectRows(
            _ loaded: LoadedDatabase, _ scene: FaultScene, make: [String], all: [String] = names,
            at place: SourceLocation = #_sourceLocation
        ) throws {
            for table in make { try loaded.makeLatest("public.\(table)") }
            for table in all {
                let expected = LoadedDatabase.loadable(try LatestCases.rows(of: "public.\(table)", scene.sql))
                let differences = try loaded.differences(
                    try loaded.latest("public_\(table)_latest"), expected, table)
                #expect(differences.isEmpty, "\(differences)", sourceLocation: place)
            }
        }

        private static func run(_ scene: FaultScene) throws {
            try KedgeProcess.expect(
                0, scene.run("--format", "parquet", "--widen", "eager", "--delta", "off", "--on-rewrite", "warn"))
        }

        private static let names = ["moves", "emptied", "columns", "extremes", "orders"]

        /// `moves` has a key of several columns and a large value; `extremes` a key that engines without PostgreSQL's types
        /// cannot hold.
        private static let tables = """
            CREATE TABLE moves (a int, "B ""b" text, body text, small text, PRIMARY KEY ("B ""b", a));
            ALTER TABLE moves ALTER body SET STORAGE EXTERNAL;
            INSERT INTO moves SELECT n, 'k' || n % 3, repeat('body ' || n, 1000), 's' FROM generate_series(1, 60) n;
            CREATE TABLE emptied (id int PRIMARY KEY, v text);
            INSERT INTO emptied SELECT n, 'old' FROM generate_series(1, 20) n;
            CREATE TABLE columns (id int PRIMARY KEY, "before" text, gone int, price numeric(6,2), r real);
            INSERT INTO columns SELECT n, 'v' || n, n, n + 0.25, n / 10.0 FROM generate_series(1, 30) n;
            CREATE TABLE extremes (d date, t timestamptz, n numeric(8,2), i interval, u uuid, b bytea, f float8,
                words text[], j json, jb jsonb, big numeric, PRIMARY KEY (d, t, n, i, u, b));
            INSERT INTO extremes SELECT d, t, n, i, 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '\\x005c', f,
                    ARRAY['a"b', NULL, '{}'], '{"b": [1, 2.50],  "a":null, "a":0}', '{"b": 1e3}', 1234567890.123456789
                FROM unnest(ARRAY['infinity', '0044-03-15 BC', '2024-01-02']::date[]) d,
                    unnest(ARRAY['-infinity', '0044-03-15 12:00+00 BC', '2024-01-02 03:04:05.67+00']::timestamptz[]) t,
                    unnest(ARRAY['NaN', 1.50]::numeric[]) n,
                    unnest(ARRAY['-1 day +02:03:04.5', '1 year 2 mons']::interval[]) i,
                    unnest(ARRAY['NaN', '-0']::float8[]) f WHERE (f = 0) = (n = 1.50);
            """

        private static let changes = """
            UPDATE moves SET a = a + 100 WHERE a < 20;
            UPDATE moves SET "B ""b" = 'x', small = 't' WHERE a % 5 = 0;
            UPDATE moves SET a = a - 100, body = 'short' WHERE a = 103;
            DELETE FROM moves WHERE a BETWEEN 30 AND 40;
            UPDATE moves SET a = 31 WHERE a = 41; UPDATE moves SET a = 41, body = NULL WHERE a = 42;
            INSERT INTO moves VALUES (42, 'k0', repeat('again', 1000), 's');
            INSERT INTO emptied VALUES (21, 'lost'); TRUNCATE emptied; INSERT INTO emptied VALUES (1, 'new'), (21, 'kept');
            UPDATE columns SET "before" = 'changed' WHERE id % 4 = 0;
            ALTER TABLE columns RENAME "before" TO "after";
            ALTER TABLE columns DROP COLUMN gone, ADD COLUMN "new" int, ALTER price TYPE numeric(10,2);
            UPDATE columns SET "new" = id, price = 12345678.25 WHERE id % 3 = 0;
            INSERT INTO columns ("after", id) VALUES ('late', 31);
            UPDATE extremes SET d = 'infinity', t = t + '1 day' WHERE d = '0044-03-15 BC' AND t > '2000-01-01';
            UPDATE extremes SET n = 'NaN', i = '-1 day' WHERE n = 1.50 AND i > '1 year';
            DELETE FROM extremes WHERE t = '-infinity' AND n = 'NaN' AND d = 'infinity';
            """

        private static let laterChanges = """
            UPDATE moves SET small = 'last' WHERE a > 100; UPDATE moves SET a = -a WHERE a % 2 = 1;
            UPDATE moves SET body = 'filled' WHERE a = -31;
            ALTER TABLE columns ADD COLUMN "before" text; ALTER TABLE columns ALTER r TYPE float8, ALTER id TYPE bigint;
            UPDATE columns SET "before" = '2024-02-29' WHERE id < 5; INSERT INTO columns (id) VALUES (5000000000);
            UPDATE extremes SET u = '00000000-0000-0000-0000-000000000000', b = '\\x' WHERE d = 'infinity';
            TRUNCATE emptied;
            """

        private static let others = """
            ALTER TABLE columns DROP "before", DROP "after", DROP "new", DROP price, DROP r, ADD d date;
            DELETE FROM columns WHERE id > 20; INSERT INTO columns VALUES (0, 'infinity'); UPDATE moves SET small = NULL WHERE a < 0;
            """
    }
}
