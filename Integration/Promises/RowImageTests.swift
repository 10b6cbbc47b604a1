// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension PromiseSuites {
    /// What a record says of a row.
    @Suite("Promises: row images", .serialized)
    struct RowImageTests {
        @Test(
            "promise 28: a large value that did not change is unknown, never null, and the state comes out whole",
            arguments: ServerPrograms.all)
        func unchangedLargeValues(programs: ServerPrograms) throws {
            let scene = try Scene("toast", on: .shared(programs))
            try scene.server.sql(
                """
                CREATE TABLE public.docs (id int PRIMARY KEY, body jsonb, n int);
                ALTER TABLE docs ALTER body SET STORAGE EXTERNAL;
                INSERT INTO docs SELECT i, jsonb_build_object('text', repeat('long ', 200000)), 1 FROM generate_series(1, 4) i;
                INSERT INTO docs VALUES (5, NULL, 1), (6, 'null', 1);
                """, in: scene.database)
            try scene.catchUp()
            try scene.server.sql(
                """
                UPDATE docs SET n = 2;
                BEGIN; INSERT INTO docs VALUES (7, jsonb_build_object('text', repeat('new ', 200000)), 1);
                UPDATE docs SET n = 2 WHERE id = 7; COMMIT;
                UPDATE docs SET id = 20 WHERE id = 2;
                BEGIN; DELETE FROM docs WHERE id = 3;
                INSERT INTO docs VALUES (3, jsonb_build_object('text', repeat('again ', 200000)), 1); COMMIT;
                """, in: scene.database)
            let failed = try KedgeProcess.expect(65, scene.run("--until", "now", "--toast", "fail"))
            #expect(failed.errors.contains("[postgres.toast.unknown]"))
            try scene.catchUp()
            try scene.server.sql("UPDATE docs SET n = 3", in: scene.database)
            try scene.catchUp()
            let updates = try scene.export.records(of: "public.docs").filter { $0.contains(#""_cdc_op":"u""#) }
            let unknown = updates.filter { $0.contains(#""_cdc_unset":["body"]"#) }
            #expect(unknown.count == 4 + 1 + 1 + 5)
            let null = updates.filter { $0.contains(#""body":null"#) && !$0.contains("_cdc_unset") }
            // One row whose value is null in SQL and one whose document is: both are known.
            #expect(null.count == 2 * 2)
            try expectState(scene)
            try scene.server.sql(
                "ALTER TABLE docs REPLICA IDENTITY FULL; UPDATE docs SET n = 4 WHERE id = 1", in: scene.database)
            try scene.catchUp("--toast", "fail")
            let last = try #require(try scene.export.records(of: "public.docs").last)
            #expect(!last.contains("_cdc_unset") && last.contains("long long"))
            try expectState(scene)
        }

        @Test(
            "promise 29: a changed key carries the old one, whatever tells the rows apart",
            arguments: ServerPrograms.all)
        func changedKeys(programs: ServerPrograms) throws {
            let scene = try Scene("keys", on: .shared(programs))
            try scene.server.sql(
                """
                CREATE TABLE public.swapped (id int PRIMARY KEY, v text);
                CREATE TABLE public.reversed (a int, b int, v text, PRIMARY KEY (b, a));
                CREATE TABLE public.whole (a int, v text); ALTER TABLE whole REPLICA IDENTITY FULL;
                CREATE TABLE public.indexed (a int NOT NULL, b int NOT NULL, v text);
                CREATE UNIQUE INDEX by_b ON indexed (b); ALTER TABLE indexed REPLICA IDENTITY USING INDEX by_b;
                INSERT INTO swapped VALUES (1, 'one'), (2, 'two'); INSERT INTO reversed VALUES (1, 2, 'x'), (2, 1, 'y');
                INSERT INTO whole VALUES (1, 'x'), (1, 'x'); INSERT INTO indexed VALUES (1, 10, 'x'), (1, 20, 'y');
                """, in: scene.database)
            try scene.catchUp()
            try scene.server.sql(
                """
                BEGIN; UPDATE swapped SET id = -1 WHERE id = 1; UPDATE swapped SET id = 1 WHERE id = 2;
                UPDATE swapped SET id = 2 WHERE id = -1; COMMIT;
                UPDATE reversed SET a = 5 WHERE v = 'x'; UPDATE reversed SET b = 7, a = 7 WHERE v = 'y';
                UPDATE whole SET a = 2 WHERE ctid = (SELECT min(ctid) FROM whole); DELETE FROM whole WHERE a = 1;
                UPDATE indexed SET b = 30 WHERE b = 10; UPDATE indexed SET v = 'z' WHERE b = 20; DELETE FROM indexed WHERE b = 20;
                """, in: scene.database)
            try scene.catchUp()
            let swaps = try scene.export.records(of: "public.swapped").filter { $0.contains(#""_cdc_op":"u""#) }
            let old = swaps.map { $0.contains(#""_cdc_old":{"id":1}"#) || $0.contains(#""_cdc_old":{"id":2}"#) }
            #expect(old == [true, true, false])
            let reversed = try scene.export.records(of: "public.reversed").filter { $0.contains(#""_cdc_op":"u""#) }
            #expect(reversed.filter { $0.contains(#""_cdc_old":{"a":1,"b":2}"#) }.count == 1)
            // Its keys are not those of a primary key: the comparison tells rows apart by all their columns there.
            let indexed = try scene.export.records(of: "public.indexed")
            #expect(indexed.contains { $0.contains(#""_cdc_old":{"b":10}"#) && $0.contains(#""b":30"#) })
            #expect(indexed.last?.contains(#""_cdc_op":"d""#) == true && indexed.last?.contains(#""b":20"#) == true)
            try expectState(scene, but: ["public.indexed"])
        }

        @Test(
            "promise 30: every statement of the application works on once its tables are exported",
            arguments: ServerPrograms.all)
        func applicationGoesOn(programs: ServerPrograms) throws {
            let scene = try Scene("goes_on", on: PostgresServer.shared(programs))
            let virtual = programs.major >= 18 ? ", w int GENERATED ALWAYS AS (a + 1) VIRTUAL" : ""
            try scene.server.sql(
                """
                CREATE TABLE public.plain (id int PRIMARY KEY, v text);
                CREATE TABLE public.pairs (a int, b int, v text, PRIMARY KEY (b, a));
                CREATE TABLE public.whole (a int, v text); ALTER TABLE whole REPLICA IDENTITY FULL;
                CREATE TABLE public.indexed (a int NOT NULL UNIQUE, v text); ALTER TABLE indexed REPLICA IDENTITY USING INDEX indexed_a_key;
                CREATE TABLE public.made (id int PRIMARY KEY, a int, s int GENERATED ALWAYS AS (a * 2) STORED\(virtual));
                CREATE TABLE public.parts (id int, v text, PRIMARY KEY (id)) PARTITION BY RANGE (id);
                CREATE TABLE public.parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (100);
                CREATE TABLE public.parts_2 PARTITION OF parts FOR VALUES FROM (100) TO (200);
                CREATE TABLE public.loose (id int, v text) PARTITION BY LIST (id); ALTER TABLE loose REPLICA IDENTITY FULL;
                CREATE TABLE public.loose_1 PARTITION OF loose DEFAULT; ALTER TABLE loose_1 REPLICA IDENTITY FULL;
                CREATE TABLE public.parent (id int PRIMARY KEY, v text);
                CREATE TABLE public.heir (PRIMARY KEY (id)) INHERITS (parent);
                CREATE TABLE public.keyless (v text);
                """, in: scene.database)
            try scene.catchUp("--exclude-tables", "public.keyless")
            try scene.server.sql(Self.statements, in: scene.database)
            try scene.catchUp("--exclude-tables", "public.keyless")
            // Indexed rows have no primary key, and the parent is read with its heirs by the comparison.
            try expectState(scene, but: ["public.indexed", "public.parent", "public.keyless", "public.made"])
            #expect(try scene.export.records(of: "public.made").count == 4)
        }

        private static let statements = """
            INSERT INTO plain SELECT i, 'v' FROM generate_series(1, 20) i;
            INSERT INTO plain VALUES (1, 'w') ON CONFLICT (id) DO UPDATE SET v = excluded.v;
            MERGE INTO plain t USING (VALUES (2, 'm'), (99, 'm')) s (id, v) ON t.id = s.id
                WHEN MATCHED THEN UPDATE SET v = s.v WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.v);
            UPDATE plain SET id = 1000 WHERE id = 3; DELETE FROM plain WHERE id BETWEEN 4 AND 9; SELECT * FROM plain FOR UPDATE;
            ALTER TABLE plain ADD COLUMN extra int; UPDATE plain SET extra = 1; ALTER TABLE plain DROP COLUMN extra;
            COPY pairs FROM STDIN;
            1\t2\tx
            2\t1\ty
            \\.
            UPDATE pairs SET a = 9 WHERE b = 2; UPDATE pairs SET v = 'z'; DELETE FROM pairs WHERE a = 9;
            INSERT INTO whole VALUES (1, 'x'), (1, 'x'), (2, NULL); UPDATE whole SET v = 'y' WHERE a = 1; DELETE FROM whole WHERE a = 2;
            INSERT INTO indexed VALUES (1, 'x'), (2, 'y'); UPDATE indexed SET a = 3 WHERE a = 1; DELETE FROM indexed WHERE a = 2;
            INSERT INTO made (id, a) VALUES (1, 1), (2, 2); UPDATE made SET a = 3 WHERE id = 1; DELETE FROM made WHERE id = 2;
            INSERT INTO parts VALUES (1, 'x'), (101, 'y'); UPDATE parts SET id = 150 WHERE id = 1;
            UPDATE parts_2 SET v = 'direct'; DELETE FROM parts_2 WHERE id = 101; INSERT INTO parts_1 VALUES (7, 'direct');
            INSERT INTO loose VALUES (1, 'x'), (2, 'y'); UPDATE loose SET v = 'z' WHERE id = 1; DELETE FROM loose_1 WHERE id = 2;
            INSERT INTO parent VALUES (1, 'p'); INSERT INTO heir VALUES (2, 'h'); UPDATE parent SET v = 'q'; DELETE FROM parent;
            INSERT INTO keyless VALUES ('x'); UPDATE keyless SET v = 'y'; DELETE FROM keyless;
            TRUNCATE queue_a, queue_b; TRUNCATE parts;
            """

        @Test(
            "promise 30: a table whose updates publishing would break is refused, and goes on working",
            arguments: ServerPrograms.all)
        func refusedTables(programs: ServerPrograms) throws {
            let scene = try Scene("refused", on: PostgresServer.shared(programs))
            var shapes = [
                "CREATE TABLE public.odd (v int)",
                "CREATE TABLE public.odd (v int PRIMARY KEY); ALTER TABLE odd REPLICA IDENTITY NOTHING",
                "CREATE TABLE public.odd (id int DEFAULT 1 PRIMARY KEY DEFERRABLE, v int)",
                "CREATE TABLE public.odd (id int, v int) PARTITION BY LIST (id); ALTER TABLE odd REPLICA IDENTITY FULL; CREATE TABLE public.odd_1 PARTITION OF odd DEFAULT",
                "CREATE TABLE public.odd (v int, g int GENERATED ALWAYS AS (v * 2) STORED PRIMARY KEY)",
            ]
            if programs.major >= 18 {
                shapes.append(
                    "CREATE TABLE public.odd (v int, g int GENERATED ALWAYS AS (v * 2) STORED); ALTER TABLE odd REPLICA IDENTITY FULL"
                )
            }
            for shape in shapes {
                try scene.server.sql(shape, in: scene.database)
                let refused = try KedgeProcess.run(scene.run("--until", "now"))
                #expect(refused.status == 78, "\(shape): \(refused.status) \(refused.errors)")
                #expect(refused.errors.contains("[postgres.table."), "\(refused.errors)")
                #expect(try scene.server.sql("SELECT count(*) FROM pg_publication", in: scene.database) == "0")
                try scene.server.sql(
                    "INSERT INTO odd (v) VALUES (1); UPDATE odd SET v = 2; DELETE FROM odd; DROP TABLE odd",
                    in: scene.database)
            }
            // That refusing is right: on this version publishing the last of them breaks the application.
            try scene.server.sql(
                "CREATE TABLE public.odd (id int PRIMARY KEY DEFERRABLE, v int); INSERT INTO odd VALUES (1, 1); CREATE PUBLICATION p FOR TABLE odd",
                in: scene.database)
            #expect(throws: TestFailure.self) { try scene.server.sql("UPDATE odd SET v = 2", in: scene.database) }
        }

        /// Records an issue for each difference between the folded export and the tables, those in `but` left out.
        private func expectState(
            _ scene: Scene, but excluded: [String] = [], at place: SourceLocation = #_sourceLocation
        ) throws {
            try scene.records.load(scene.export)
            let found = try scene.records.disorder() + StateFold(records: scene.records).differences()
            let counted = found.filter { line in !excluded.contains { line.hasPrefix("'\($0)'") } }
            #expect(counted.isEmpty, "\(counted.joined(separator: "\n"))", sourceLocation: place)
        }
    }
}
