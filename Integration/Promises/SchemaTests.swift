// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension PromiseSuites {
    /// Definitions that change between a write and its reading, and while a snapshot begins.
    @Suite("Promises about schemas", .serialized)
    struct SchemaTests {
        @Test(
            "promise 25: tables rewritten between the slot and their reading are noticed, and the snapshot taken again",
            arguments: ServerPrograms.all)
        func rewrittenTable(programs: ServerPrograms) throws {
            let scene = try Scene("rewrite", on: PostgresServer.shared(programs))
            try scene.server.sql(
                """
                CREATE TABLE public.aaa_large AS SELECT i AS id, repeat('x', 500) AS filler FROM generate_series(1, 100000) i;
                ALTER TABLE public.aaa_large ADD PRIMARY KEY (id);
                DO $$ BEGIN FOR n IN 1..5 LOOP
                    EXECUTE format('CREATE TABLE public.zzz_%s (id int PRIMARY KEY, v int)', n);
                    EXECUTE format('INSERT INTO public.zzz_%s SELECT i, i FROM generate_series(1, 5) i', n);
                END LOOP; END $$
                """, in: scene.database)
            let run = try KedgeProcess(scene.run("--until", "now", "--jobs", "1", "--tables", "public.*"))
            try waitUntil("the snapshot to be read", deadline: .seconds(60)) { run.errors.contains("reading ") }
            try scene.server.sql(
                """
                ALTER TABLE public.zzz_1 ALTER COLUMN v TYPE text USING (v * 100)::text;
                ALTER TABLE public.zzz_2 ADD COLUMN r float8 DEFAULT random();
                ALTER TABLE public.zzz_3 ADD COLUMN k int DEFAULT 7;
                TRUNCATE public.zzz_4;
                VACUUM FULL public.zzz_5
                """, in: scene.database)
            let outcome = try run.wait(deadline: .seconds(120))
            #expect(outcome.status == 0, "\(outcome.errors.suffix(2000))")
            #expect(outcome.errors.contains("[postgres.snapshot.rewritten]"))
            let rows = try scene.export.records(of: "public.zzz_1")
            #expect(rows.count == 5 && rows.allSatisfy { $0.contains(#""v":""#) && $0.contains("00\"") })
            try scene.server.sql("DROP TABLE aaa_large", in: scene.database)
            try scene.expectTruth()
            let slots = try scene.server.sql(
                "SELECT count(*) FROM pg_replication_slots WHERE database = '\(scene.database)'")
            #expect(slots == "1")
        }

        @Test("promise 25: rows of a partition that is made while the slot waits are not lost")
        func partitionWhileSlotWaits() throws {
            let scene = try Scene("waiting")
            try scene.server.sql(
                """
                CREATE TABLE public.days (id int, day date, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
                CREATE TABLE public.days_1 PARTITION OF days FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
                INSERT INTO days VALUES (1, '2024-05-05');
                BEGIN; INSERT INTO public.accounts (id) VALUES (9999); PREPARE TRANSACTION 'kedge partition'
                """, in: scene.database)
            defer { _ = try? scene.server.sql("ROLLBACK PREPARED 'kedge partition'", in: scene.database) }
            let run = try KedgeProcess(scene.run("--until", "now"))
            try waitUntil("the slot to wait", deadline: .seconds(30)) { run.errors.contains("creating the slot waits") }
            try scene.server.sql(
                """
                CREATE TABLE public.days_2 PARTITION OF days FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
                INSERT INTO days VALUES (2, '2025-05-05');
                COMMIT PREPARED 'kedge partition'
                """, in: scene.database)
            let outcome = try run.wait(deadline: .seconds(60))
            #expect(outcome.status == 0, "\(outcome.errors.suffix(2000))")
            #expect(outcome.errors.contains("[postgres.snapshot.rewritten]"))
            #expect(try scene.export.records(of: "public.days").count == 2)
            try scene.expectTruth()
        }

        @Test(
            "promise 25: rows of a table that is made while the slot of a publication of all tables waits are not lost")
        func tableWhileSlotWaits() throws {
            let scene = try Scene("waitingtable")
            try scene.server.sql(
                """
                CREATE PUBLICATION everything FOR ALL TABLES;
                BEGIN; INSERT INTO public.accounts (id) VALUES (9999); PREPARE TRANSACTION 'kedge table'
                """, in: scene.database)
            defer { _ = try? scene.server.sql("ROLLBACK PREPARED 'kedge table'", in: scene.database) }
            let run = try KedgeProcess(scene.run("--until", "now", "--publication", "everything"))
            try waitUntil("the slot to wait", deadline: .seconds(30)) { run.errors.contains("creating the slot waits") }
            try scene.server.sql(
                "CREATE TABLE public.newborn AS SELECT 1 AS id; COMMIT PREPARED 'kedge table'", in: scene.database)
            let outcome = try run.wait(deadline: .seconds(60))
            #expect(outcome.status == 0, "\(outcome.errors.suffix(2000))")
            #expect(outcome.errors.contains("[postgres.snapshot.rewritten]"))
            #expect(try scene.export.records(of: "public.newborn").count == 1)
            try scene.expectTruth()
        }

        @Test(
            "promise 34: what was written is read as it was then, whatever became of its table",
            arguments: ServerPrograms.all)
        func shapesOfThen(programs: ServerPrograms) throws {
            let scene = try Scene("shapes", on: PostgresServer.shared(programs))
            try scene.server.sql(
                """
                CREATE TYPE mood AS ENUM ('sad', 'glad');
                CREATE TABLE public.shape (id int PRIMARY KEY, a int, b text, m mood);
                INSERT INTO shape VALUES (1, 10, 'x', 'sad')
                """, in: scene.database)
            try scene.catchUp()
            try scene.server.sql(
                """
                INSERT INTO shape VALUES (2, 20, 'y', 'glad');
                ALTER TABLE shape ADD COLUMN c int;
                INSERT INTO shape VALUES (3, 30, 'z', 'sad', 33);
                ALTER TABLE shape DROP COLUMN a;
                INSERT INTO shape VALUES (4, 'w', 'glad', 44);
                ALTER TABLE shape RENAME COLUMN b TO note;
                INSERT INTO shape VALUES (5, 'v', 'sad', 55);
                ALTER TABLE shape ALTER COLUMN c TYPE text USING 'n' || c;
                INSERT INTO shape VALUES (6, 'u', 'glad', 'six');
                ALTER TYPE mood RENAME VALUE 'sad' TO 'blue';
                INSERT INTO shape VALUES (7, 't', 'blue', 'seven');
                BEGIN;
                INSERT INTO shape VALUES (8, 's', 'glad', 'eight');
                ALTER TABLE shape ADD COLUMN d int;
                INSERT INTO shape VALUES (9, 'r', 'blue', 'nine', 9);
                ALTER TABLE shape DROP COLUMN d;
                ALTER TABLE shape RENAME COLUMN note TO remark;
                INSERT INTO shape VALUES (10, 'q', 'glad', 'ten');
                COMMIT;
                DROP TABLE shape;
                DROP TYPE mood
                """, in: scene.database)
            try scene.catchUp()
            let bodies = try scene.export.records(of: "public.shape").map { record in
                record.firstRange(of: #","id":"#).map { String(record[$0.lowerBound...].dropFirst()) } ?? record
            }
            #expect(
                bodies == [
                    #""id":1,"a":10,"b":"x","m":"sad"}"#, #""id":2,"a":20,"b":"y","m":"glad"}"#,
                    #""id":3,"a":30,"b":"z","m":"sad","c":33}"#, #""id":4,"b":"w","m":"glad","c":44}"#,
                    #""id":5,"note":"v","m":"sad","c":55}"#, #""id":6,"note":"u","m":"glad","c":"six"}"#,
                    #""id":7,"note":"t","m":"blue","c":"seven"}"#, #""id":8,"note":"s","m":"glad","c":"eight"}"#,
                    #""id":9,"note":"r","m":"blue","c":"nine","d":9}"#, #""id":10,"remark":"q","m":"glad","c":"ten"}"#,
                ])
            #expect(try scene.newestNotices() == ["postgres.table.dropped public.shape"])
            #expect(try KedgeProcess.run(["verify", "--to", scene.export.path]).status == 0)
        }

        @Test("promise 34: types that come into being while kedge runs keep their meaning")
        func newTypes() throws {
            let scene = try Scene("newtypes")
            try scene.catchUp()
            try scene.server.sql(
                """
                CREATE TYPE mood AS ENUM ('sad', 'glad');
                CREATE TYPE pair AS (a int, b text);
                CREATE DOMAIN age AS int;
                ALTER TABLE public.accounts ADD COLUMN m mood, ADD COLUMN p pair[], ADD COLUMN g age;
                """, in: scene.database)
            try scene.server.sql(
                "UPDATE public.accounts SET m = 'glad', p = ARRAY[(1, 'x y')::pair], g = 7 WHERE id = (SELECT min(id) FROM public.accounts)",
                in: scene.database)
            try scene.catchUp()
            let last = try #require(try scene.export.records(of: "public.accounts").last)
            #expect(last.contains(#""m":"glad","p":[{"a":1,"b":"x y"}],"g":7"#), "\(last)")
        }

        @Test(
            "promise 36: partitions are exported as their root, from snapshot and stream alike",
            arguments: ServerPrograms.all)
        func partitions(programs: ServerPrograms) throws {
            let scene = try Scene("partitions", on: PostgresServer.shared(programs))
            try scene.server.sql(
                """
                CREATE TABLE public.events (id int, day date, note text, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
                CREATE TABLE public."Events 2024" PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
                CREATE TABLE public.events_2025 (note text, day date NOT NULL, id int NOT NULL);
                ALTER TABLE events ATTACH PARTITION events_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
                CREATE TABLE public.events_rest PARTITION OF events DEFAULT;
                INSERT INTO events SELECT i, date '2024-06-01' + i, 'n' || i FROM generate_series(1, 900) i
                """, in: scene.database)
            try scene.catchUp()
            try scene.server.sql(
                """
                INSERT INTO events VALUES (5000, '2025-05-05', 'new');
                UPDATE events SET day = '2025-07-07' WHERE id = 3;
                DELETE FROM events WHERE id = 4
                """, in: scene.database)
            try scene.catchUp()
            // The triggers do not watch a table that came after them: what counts is the state.
            try scene.records.load(scene.export)
            #expect(try scene.records.disorder() == [])
            #expect(try StateFold(records: scene.records).differences() == [])
            #expect(try scene.export.records(of: "public.events").count == 900 + 4)
            let exported = try Set(scene.export.segments().map(\.table)).filter { $0.lowercased().contains("events") }
            #expect(exported.subtracting(["audit.events"]) == ["public.events"], "a leaf is no table of its own")
        }
    }
}

extension Scene {
    /// Checks what counts where the triggers do not watch all tables: the order of the records, and the state.
    func expectTruth(at place: SourceLocation = #_sourceLocation) throws {
        let verified = try KedgeProcess.run(["verify", "--to", export.path])
        #expect(verified.status == 0, "\(verified.errors.suffix(2000))", sourceLocation: place)
        try records.load(export)
        let found = try records.disorder() + StateFold(records: records).differences()
        #expect(found.isEmpty, "\(found.joined(separator: "\n"))", sourceLocation: place)
    }

    /// What the newest anchor that tells of more than columns tells of that, as `code table`.
    func newestNotices() throws -> [String] {
        let told = try export.anchors().map { anchor in
            (anchor["notices"] as? [[String: Any]] ?? []).map { "\($0["code"] ?? "?") \($0["table"] ?? "?")" }
                .filter { !$0.hasPrefix("schema.changed ") }
        }
        return told.last { !$0.isEmpty } ?? []
    }
}
