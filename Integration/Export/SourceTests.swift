// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension IntegrationSuites {
    /// What a source can be like, and what can happen to it while it is exported.
    @Suite("Sources", .serialized)
    struct SourceTests {
        @Test("a publication's row filter and column list hold for the snapshot too")
        func filters() throws {
            let scene = try Scene("filters")
            try scene.server.sql(
                """
                CREATE TABLE public.people (id int PRIMARY KEY, name text, secret text, age int);
                INSERT INTO people SELECT i, 'n' || i, 'hush', i FROM generate_series(1, 100) i;
                CREATE PUBLICATION adults FOR TABLE people (id, name, age) WHERE (id > 50)
                """, in: scene.database)
            let run = [
                "run", "--source", scene.source, "--to", scene.export.path, "--publication", "adults", "--tables",
                "public.people", "--until", "now",
            ]
            try KedgeProcess.expect(0, run)
            try scene.server.sql(
                "INSERT INTO people VALUES (101, 'x', 'hush', 1), (0, 'y', 'hush', 2)", in: scene.database)
            try KedgeProcess.expect(0, run)
            let rows = try scene.export.records(of: "public.people")
            #expect(rows.count == 51)
            #expect(rows.allSatisfy { !$0.contains("secret") && !$0.contains("hush") })
        }

        @Test("a table whose rows are hidden from the role is refused, and a generated column is left out")
        func hiddenAndGenerated() throws {
            let scene = try Scene("hidden")
            try scene.server.sql(
                """
                CREATE TABLE public.sums (id int PRIMARY KEY, a int, b int GENERATED ALWAYS AS (a * 2) STORED);
                INSERT INTO sums (id, a) VALUES (1, 1);
                CREATE TABLE public.hidden (id int PRIMARY KEY);
                ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;
                DO $$ BEGIN
                  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'kedge_reader') THEN
                    CREATE ROLE kedge_reader LOGIN REPLICATION;
                  END IF;
                END $$;
                GRANT SELECT ON ALL TABLES IN SCHEMA public TO kedge_reader;
                CREATE PUBLICATION visible FOR TABLE hidden, sums
                """, in: scene.database)
            let source = scene.source.replacingOccurrences(of: "postgres@", with: "kedge_reader@")
            func run(_ tables: String) -> [String] {
                [
                    "run", "--source", source, "--to", scene.export.path, "--publication", "visible", "--tables",
                    tables,
                    "--until", "now",
                ]
            }
            let refused = try KedgeProcess.expect(77, run("public.hidden"))
            #expect(refused.errors.contains("[postgres.row-security]"))
            try KedgeProcess.expect(0, run("public.sums"))
            try scene.server.sql("INSERT INTO sums (id, a) VALUES (2, 2)", in: scene.database)
            try KedgeProcess.expect(0, run("public.sums"))
            #expect(try scene.export.records(of: "public.sums").allSatisfy { !$0.contains("\"b\"") })
            #expect(try scene.export.records(of: "public.sums").count == 2)
        }

        @Test("an unchanged TOAST value is unknown, known from the whole old row, or ends the run")
        func toast() throws {
            let scene = try Scene("toast")
            try scene.server.sql(
                """
                CREATE TABLE public.docs (id int PRIMARY KEY, body text, n int);
                ALTER TABLE docs ALTER body SET STORAGE EXTERNAL;
                INSERT INTO docs VALUES (1, repeat('long ', 5000), 1), (2, NULL, 1)
                """, in: scene.database)
            try scene.catchUp()
            try scene.server.sql("UPDATE docs SET n = 2", in: scene.database)
            let failed = try KedgeProcess.expect(65, scene.run("--until", "now", "--toast", "fail"))
            #expect(failed.errors.contains("[postgres.toast.unknown]"))
            try scene.catchUp()
            let updates = try scene.export.records(of: "public.docs").filter { $0.contains(#""_cdc_op":"u""#) }
            #expect(updates.filter { $0.contains(#""_cdc_unset":["body"]"#) }.count == 1)
            #expect(updates.filter { $0.contains(#""body":null"#) && !$0.contains("_cdc_unset") }.count == 1)
            try scene.server.sql(
                "ALTER TABLE docs REPLICA IDENTITY FULL; UPDATE docs SET n = 3 WHERE id = 1", in: scene.database)
            try scene.catchUp("--toast", "fail")
            let last = try #require(try scene.export.records(of: "public.docs").last)
            #expect(!last.contains("_cdc_unset") && last.contains("long long"))
        }

        @Test("logical messages stand in a folder of their own, and can be left out")
        func messages() throws {
            let scene = try Scene("messages")
            try scene.catchUp()
            try scene.server.sql(
                """
                SELECT pg_logical_emit_message(true, 'app', 'héllo'), pg_logical_emit_message(false, 'app', 'now');
                SELECT pg_logical_emit_message(true, 'app', '\\xff00'::bytea)
                """, in: scene.database)
            try scene.catchUp()
            let records = try scene.export.records(of: "_messages")
            #expect(records.count == 3)
            #expect(records.contains { $0.contains(#""content":"héllo""#) && $0.contains(#""transactional":true"#) })
            #expect(records.contains { $0.contains(#""content":"now""#) && $0.contains(#""transactional":false"#) })
            #expect(records.contains { $0.contains(#""content":null,"content_bytes":"\\xff00""#) })
            try scene.server.sql("SELECT pg_logical_emit_message(true, 'app', 'unheard')", in: scene.database)
            try scene.catchUp("--messages", "exclude")
            #expect(try scene.export.records(of: "_messages").count == 3)
        }

        @Test("a run until a moment ends before the first later commit, and the next goes on from there")
        func untilTime() throws {
            let scene = try Scene("time")
            try scene.catchUp()
            let insert = "INSERT INTO public.accounts (id) SELECT max(id) + 1 FROM public.accounts"
            let before = try scene.export.records(of: "public.accounts").count
            try scene.server.sql(insert, in: scene.database)
            let moment = try scene.server.sql(
                "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
            Thread.sleep(forTimeInterval: 0.1)
            try scene.server.sql(insert, in: scene.database)
            try KedgeProcess.expect(0, scene.run("--until", moment))
            #expect(try scene.export.records(of: "public.accounts").count == before + 1)
            try scene.catchUp()
            #expect(try scene.export.records(of: "public.accounts").count == before + 2)
        }

        @Test("when the destination is nearly full, reading waits and says so; a signal still ends it cleanly")
        func nearlyFull() throws {
            let scene = try Scene("full")
            try scene.catchUp()
            try scene.server.sql("UPDATE public.accounts SET id = id", in: scene.database)
            let anchors = try scene.export.anchors().count
            let run = try KedgeProcess(scene.run("--until", "now") + ["--min-free", "900TiB"])
            try waitUntil("the warning", deadline: .seconds(30)) { run.errors.contains("nearly full") }
            run.terminate()
            #expect(try run.wait(deadline: .seconds(30)).status == 0)
            #expect(try scene.export.anchors().count == anchors)
            try scene.catchUp()
            try scene.expectNoFaults()
        }

        @Test(
            "a write that the disk refuses ends the run cleanly, and the next goes on",
            arguments: ["snapshot", "stream"])
        func diskRefuses(phase: String) throws {
            let scene = try Scene("refused")
            if phase == "stream" { try scene.catchUp() }
            try scene.workload.writeOneTransaction(rows: 20_000)
            let anchors = (try? scene.export.anchors().count) ?? 0
            // No file may grow beyond 512 KiB: the system refuses with the same kind of error as a full disk.
            let limited = ["bash", "-c", "trap '' XFSZ; ulimit -f 512; exec \"$@\"", "bash", KedgeProcess.path]
            let run = try ShellCommand(limited + scene.run("--until", "now", "--compression", "none"))
            let outcome = try run.wait(deadline: .seconds(60))
            #expect(outcome.status == 74, "\(outcome.errors.suffix(2000))")
            #expect(outcome.errors.contains("[file.disk-full]"))
            #expect(((try? scene.export.anchors().count) ?? 0) == anchors)
            if phase == "stream" { #expect(try KedgeProcess.run(["verify", "--to", scene.export.path]).status == 0) }
            try scene.catchUp()
            try scene.expectNoFaults()
        }

        @Test("a snapshot alone leaves nothing at the source")
        func snapshotOnly() throws {
            let scene = try Scene("only")
            try KedgeProcess.expect(0, scene.run("--snapshot-only"))
            let leftovers = try scene.server.sql(
                """
                SELECT (SELECT count(*) FROM pg_replication_slots WHERE database = current_database())
                     + (SELECT count(*) FROM pg_publication)
                """, in: scene.database)
            #expect(leftovers == "0")
            #expect(try scene.export.anchors().count == 1)
            try KedgeProcess.expect(73, scene.run("--snapshot-only"))
            try KedgeProcess.expect(0, scene.run("--snapshot-only", "--resnapshot"))
            #expect(try scene.export.lastEpoch() == 2)
            #expect(try KedgeProcess.run(["verify", "--to", scene.export.path]).status == 0)
        }
    }
}
