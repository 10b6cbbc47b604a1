// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension IntegrationSuites {
    /// What a source can be like, and what can happen to it while it is exported.
    @Suite("Sources", .serialized)
    struct SourceTests {
        @Test("a table rewritten between the slot and its reading is noticed, and the snapshot taken again")
        func rewrittenTable() throws {
            let scene = try Scene("rewrite")
            try scene.server.sql(
                """
                CREATE TABLE public.aaa_large AS SELECT i AS id, repeat('x', 500) AS filler FROM generate_series(1, 300000) i;
                ALTER TABLE public.aaa_large ADD PRIMARY KEY (id);
                CREATE TABLE public.zzz_small (id int PRIMARY KEY, v int);
                INSERT INTO public.zzz_small SELECT i, i FROM generate_series(1, 5) i
                """, in: scene.database)
            let run = try KedgeProcess(scene.run("--until", "now", "--jobs", "1", "--tables", "public.*"))
            try waitUntil("the snapshot to be read", deadline: .seconds(60)) { run.errors.contains("reading ") }
            try scene.server.sql(
                "ALTER TABLE public.zzz_small ALTER COLUMN v TYPE text USING (v * 100)::text", in: scene.database)
            let outcome = try run.wait(deadline: .seconds(120))
            #expect(outcome.status == 0, "\(outcome.errors.suffix(2000))")
            #expect(outcome.errors.contains("[postgres.snapshot.rewritten]"))
            let rows = try scene.export.records(of: "public.zzz_small")
            #expect(rows.count == 5)
            #expect(rows.allSatisfy { $0.contains(#""v":""#) && $0.contains("00\"") })
            #expect(try KedgeProcess.run(["verify", "--to", scene.export.path]).status == 0)
            let slots = try scene.server.sql(
                "SELECT count(*) FROM pg_replication_slots WHERE database = '\(scene.database)'")
            #expect(slots == "1")
        }

        @Test("types that come into being while kedge runs keep their meaning")
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

        @Test("when only others are busy the slot moves on all the same")
        func idleTables() throws {
            let scene = try Scene("idle")
            try scene.catchUp()
            let other = "kedge_other_" + String(UInt32.random(in: 0...UInt32.max), radix: 36)
            try scene.server.createDatabase(other)
            defer { try? scene.server.dropDatabase(other) }
            let run = try KedgeProcess(scene.run())
            try scene.server.sql(
                "CREATE TABLE noise AS SELECT repeat('x', 1000) AS filler FROM generate_series(1, 60000)", in: other)
            try scene.server.sql("SELECT pg_switch_wal(); CHECKPOINT")
            let target = try scene.server.flushedPosition()
            try waitUntil("the slot to follow", deadline: .seconds(60)) {
                try scene.server.sql(
                    """
                    SELECT count(*) FROM pg_replication_slots
                    WHERE database = '\(scene.database)' AND '\(target)'::pg_lsn - confirmed_flush_lsn < 20 * 1024 * 1024
                    """) == "1"
            }
            run.terminate()
            #expect(try run.wait(deadline: .seconds(30)).status == 0)
        }

        @Test("a slot waits for open transactions no longer than it may, and names them")
        func blockedSlot() throws {
            let scene = try Scene("blocked")
            try scene.server.sql(
                "BEGIN; INSERT INTO public.accounts (id) SELECT max(id) + 1 FROM public.accounts; PREPARE TRANSACTION 'kedge blocker'",
                in: scene.database)
            defer { _ = try? scene.server.sql("ROLLBACK PREPARED 'kedge blocker'", in: scene.database) }
            let refused = try KedgeProcess.expect(
                69, scene.run("--until", "now", "--slot-timeout", "4s", "--retry-for", "1s"))
            #expect(refused.errors.contains("kedge blocker"))
            let slots = try scene.server.sql(
                "SELECT count(*) FROM pg_replication_slots WHERE database = '\(scene.database)'")
            #expect(slots == "0")
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

        @Test("a server with little patience is answered while a large transaction is decoded and written")
        func impatientServer() throws {
            let scene = try Scene("patience")
            try scene.catchUp()
            try scene.server.sql("ALTER DATABASE \(scene.database) SET wal_sender_timeout = '1s'")
            try scene.workload.writeOneTransaction(rows: 60_000)
            let outcome = try KedgeProcess.expect(
                0, scene.run("--until", "now", "--queue-bytes", "256KiB"), deadline: .seconds(120))
            #expect(!outcome.errors.contains("trying again"), "\(outcome.errors.suffix(2000))")
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
