// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension IntegrationSuites {
    /// What a source can be like, and what can happen to it while it is exported.
    @Suite("Sources", .serialized)
    struct SourceTests {
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
            #expect(try run.wait(deadline: .seconds(30)).status == 75)
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
