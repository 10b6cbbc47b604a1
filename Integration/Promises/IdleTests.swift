// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension PromiseSuites {
    /// Databases in which nothing happens, servers with little patience, and servers that want to stop.
    @Suite("Idle databases, timeouts, shutdown", .serialized)
    struct IdleTests {
        @Test(
            "promise 13: when only others are busy the slot moves on all the same, and kedge writes nothing for it",
            arguments: ServerPrograms.all)
        func idleTables(programs: ServerPrograms) throws {
            let megabytes = Count.of("KEDGE_TEST_MEGABYTES", default: 60)
            let scene = try Scene("idle", on: .shared(programs))
            try scene.catchUp()
            let written = """
                SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_all_tables
                WHERE schemaname IN ('public', 'audit')
                """
            let before = try scene.server.sql(written, in: scene.database)
            let other = "kedge_other_" + String(UInt32.random(in: 0...UInt32.max), radix: 36)
            try scene.server.createDatabase(other)
            defer { try? scene.server.dropDatabase(other) }
            let run = try KedgeProcess(scene.run())
            try scene.server.sql(
                "CREATE TABLE noise AS SELECT repeat('x', 1000) AS filler FROM generate_series(1, \(megabytes * 1000))",
                in: other)
            let target = try scene.server.flushedPosition()
            try waitUntil("the slot to follow", deadline: .seconds(60)) {
                // The others go on.
                try scene.server.sql(
                    "INSERT INTO noise SELECT repeat('y', 1000) FROM generate_series(1, 4000); CHECKPOINT", in: other)
                return try scene.server.sql(
                    "SELECT restart_lsn > '\(target)' FROM pg_replication_slots WHERE slot_name = '\(scene.slot)'")
                    == "t"
            }
            run.terminate()
            #expect(try run.wait(deadline: .seconds(30)).status == 0)
            #expect(try scene.server.sql(written, in: scene.database) == before)
            try scene.expectNoFaults()
        }

        @Test(
            "promise 14: a server with little patience is answered while a large transaction is decoded and slowly written"
        )
        func impatientServer() throws {
            let scene = try Scene("patience")
            try scene.catchUp()
            try scene.server.sql("ALTER DATABASE \(scene.database) SET wal_sender_timeout = '1s'")
            try scene.workload.writeOneTransaction(rows: Count.of("KEDGE_TEST_ROWS", default: 20_000))
            // The highest level of compression is slower than any disk.
            let outcome = try KedgeProcess.expect(
                0, scene.run("--until", "now", "--queue-bytes", "256KiB", "--compression-level", "19"),
                deadline: .seconds(120))
            #expect(!outcome.errors.contains("trying again"), "\(outcome.errors.suffix(2000))")
            try scene.expectNoFaults()
        }

        @Test(
            "promise 14: reading pauses for longer than the server's patience, and the connection stays",
            arguments: Workload.Pace.allCases)
        func pausedReading(pace: Workload.Pace) throws {
            let scene = try Scene("pause")
            try scene.catchUp()
            try scene.server.sql("ALTER DATABASE \(scene.database) SET wal_sender_timeout = '2s'")
            let ballast = scene.export.path + "/../ballast"
            let free = try Int(
                ShellCommand.run(["df", "-k", "--output=avail", scene.export.path]).split(separator: "\n").last?
                    .trimmingCharacters(in: .whitespaces) ?? "")
            let kibibytes = try #require(free)
            // Not the one that reads it for the proof at the beginning.
            let reader = """
                SELECT active_pid FROM pg_replication_slots JOIN pg_stat_replication ON pid = active_pid
                WHERE slot_name = '\(scene.slot)'
                """
            try waitUntil("the slot to be free") { try scene.server.sql(reader).isEmpty }
            let run = try KedgeProcess(scene.run("--min-free", "\(kibibytes - kibibytes / 10)KiB"))
            try waitUntil("the slot to be read") { try !scene.server.sql(reader).isEmpty }
            let pid = try scene.server.sql(reader)
            try scene.workload.startRows(clients: 2, pace: pace)
            try ShellCommand.run(["fallocate", "-l", "\(kibibytes / 5)KiB", ballast])
            try waitUntil("the pause", deadline: .seconds(20)) { run.errors.contains("nearly full") }
            Thread.sleep(forTimeInterval: 5)
            #expect(try scene.server.sql(reader) == pid)
            try FileManager.default.removeItem(atPath: ballast)
            try waitUntil("the end of the pause", deadline: .seconds(20)) { run.errors.contains("has room again") }
            try scene.workload.stop()
            run.terminate()
            #expect(try run.wait(deadline: .seconds(30)).status == 0)
            #expect(!run.errors.contains("trying again"), "\(run.errors.suffix(2000))")
            try scene.catchUp()
            try scene.expectNoFaults()
        }

        @Test("promise 14: many tiny transactions through small buffers freeze neither side")
        func tinyTransactions() throws {
            let count = Count.of("KEDGE_TEST_COMMITS", default: 5000)
            let server = try PostgresServer.shared()
            let scene = try Scene("tiny", on: server, through: FaultyProxy(to: server, socketBufferByteCount: 4096))
            try scene.catchUp()
            try server.sql("ALTER DATABASE \(scene.database) SET wal_sender_timeout = '2s'")
            try server.sql(
                """
                DO $$ BEGIN
                    FOR i IN 1..\(count) LOOP INSERT INTO queue_a(payload) VALUES ('tiny'); COMMIT; END LOOP;
                END $$
                """, in: scene.database)
            // Anchors, and so acknowledgements, as often as they can be.
            let outcome = try KedgeProcess.expect(
                0, scene.run("--until", "now", anchors: "1s,20tx,1MiB"), deadline: .seconds(120))
            #expect(!outcome.errors.contains("trying again"), "\(outcome.errors.suffix(2000))")
            try scene.expectNoFaults()
            #expect(try scene.comparedEventCount() == count)
        }

        @Test("promise 14: the stream is the same in whatever pieces its bytes come", arguments: [1, 7, 1000])
        func pieces(byteCount: Int) throws {
            let server = try PostgresServer.shared()
            let scene = try Scene("pieces", on: server, through: FaultyProxy(to: server))
            try scene.catchUp()
            try scene.workload.writeOneTransaction(rows: 200)
            scene.proxy?.behave { manners in
                manners.pieceByteCount = byteCount
                manners.delay = byteCount == 1000 ? .milliseconds(1) : .zero
            }
            try scene.catchUp()
            try scene.expectNoFaults()
        }

        @Test(
            "promise 15: a server that is told to stop in the middle of it all is not held up, and the next run is exact",
            .enabled(if: PostgresServer.isPrivate), arguments: ServerPrograms.all)
        func fastShutdown(programs: ServerPrograms) throws {
            let server = try PostgresServer(programs)
            defer { try? server.remove() }
            let scene = try Scene("shutdown", on: server)
            try scene.catchUp()
            try scene.workload.startRows(clients: 2, pace: .full, .acrossRestarts)
            try scene.workload.writeOneTransaction(rows: 20_000)
            // Much is received, and nothing of it is acknowledged.
            let run = try KedgeProcess(
                scene.run("--retry-for", "1s", "--queue-bytes", "128KiB", anchors: "1h,1000000tx,1GiB"))
            try waitUntil("data to come in") {
                try server.sql("SELECT count(*) FROM pg_stat_replication WHERE sent_lsn > '0/0' AND write_lsn > '0/0'")
                    == "1"
            }
            Thread.sleep(forTimeInterval: 1)
            let before = ContinuousClock.now
            try server.stop(.fast)
            #expect(ContinuousClock.now - before < .seconds(5))
            #expect(try run.wait(deadline: .seconds(30)).status == 69)
            #expect(try KedgeProcess.run(["verify", "--to", scene.export.path]).status == 0)
            try server.start()
            try scene.workload.stop()
            try scene.catchUp()
            try scene.expectNoFaults()
        }

        @Test(
            "promise 16: a slot waits for transactions of the whole cluster no longer than it may, names them, and leaves nothing",
            arguments: ServerPrograms.all)
        func blockedSlot(programs: ServerPrograms) throws {
            let scene = try Scene("blocked", on: .shared(programs))
            let other = "kedge_other_" + String(UInt32.random(in: 0...UInt32.max), radix: 36)
            try scene.server.createDatabase(other)
            defer { try? scene.server.dropDatabase(other) }
            let name = "kedge blocker of \(other)"
            try scene.server.sql("BEGIN; CREATE TABLE t (id int); PREPARE TRANSACTION '\(name)'", in: other)
            defer { _ = try? scene.server.sql("ROLLBACK PREPARED '\(name)'", in: other) }
            let writer = try ShellCommand(
                ["psql", "-X", "-q", "-d", scene.server.address(of: other)],
                input: "BEGIN; CREATE TABLE u (id int); SELECT pg_sleep(600);")
            let open = "SELECT pid FROM pg_stat_activity WHERE datname = '\(other)' AND backend_xid IS NOT NULL"
            try waitUntil("the writer") { try !scene.server.sql(open).isEmpty }
            let pid = try scene.server.sql(open)
            let before = ContinuousClock.now
            let refused = try KedgeProcess.expect(
                69, scene.run("--until", "now", "--slot-timeout", "4s", "--retry-for", "1s"))
            #expect(ContinuousClock.now - before < .seconds(20))
            #expect(refused.errors.contains("[postgres.slot.timeout]"))
            #expect(refused.errors.contains(name) && refused.errors.contains("pid \(pid)"), "\(refused.errors)")
            let leftovers = try scene.server.sql(
                """
                SELECT (SELECT count(*) FROM pg_replication_slots WHERE database = current_database())
                     + (SELECT count(*) FROM pg_publication)
                """, in: scene.database)
            #expect(leftovers == "0")
            // And it waits as long as it may: longer than for any lock.
            let patient = try KedgeProcess(scene.run("--until", "now", "--slot-timeout", "60s"))
            if programs == .standard { Thread.sleep(forTimeInterval: 12) }
            #expect(patient.isRunning, "\(patient.errors.suffix(2000))")
            writer.send(SIGTERM)
            try scene.server.sql("SELECT pg_terminate_backend(\(pid)); ROLLBACK PREPARED '\(name)'", in: other)
            let outcome = try patient.wait(deadline: .seconds(60))
            #expect(outcome.status == 0, "\(outcome.errors.suffix(2000))")
        }
    }
}
