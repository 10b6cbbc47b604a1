// SPDX-License-Identifier: Apache-2.0

import Faults
import Foundation
import Testing

extension PromiseSuites {
    /// What is acknowledged is durable, and what comes again after a crash is told apart from what is new.
    @Suite("Acknowledgement", .serialized)
    struct AcknowledgementTests {
        @Test(
            "promise 1: a crash at a named point repeats nothing and loses nothing, and the slot never runs ahead",
            arguments: CrashPoint.allCases.filter {
                ![.readingAgain, .replicating, .deltaTables].contains($0.occasion)
            })
        func namedPoint(point: CrashPoint) throws {
            let scene = try Scene("crash")
            let law = try SlotLaw(of: scene.export, slot: scene.slot, on: scene.server)
            try scene.workload.startRows(clients: 2)
            try crash(scene, at: point.rawValue)
            if Self.isPassedAgain(point) { try crash(scene, at: "\(point.rawValue):3") }
            try scene.workload.stop()
            try scene.catchUp()
            try scene.workload.writeOneTransaction(rows: 10)
            try scene.catchUp()
            #expect(try law.violations() == [])
            try scene.expectNoFaults()
        }

        @Test(
            "promise 2: slot and last anchor may differ after a crash between the two; the next run goes on",
            arguments: ServerPrograms.all, [CrashPoint.beforeAcknowledge, .afterAcknowledge])
        func crashBesideAcknowledgement(programs: ServerPrograms, point: CrashPoint) throws {
            let scene = try Scene("beside", on: .shared(programs))
            try scene.catchUp()
            try scene.workload.writeOneTransaction(rows: 100)
            // The first acknowledgement repeats that of the anchor before.
            try KedgeProcess.expect(
                137, scene.run("--until", "now"), environment: ["KEDGE_CRASH_AT": "\(point.rawValue):1"])
            let anchored = try #require(scene.export.anchors().last?["to"] as? String)
            if point == .beforeAcknowledge { #expect(try scene.slotPosition() != anchored) }
            try scene.workload.writeOneTransaction(rows: 100)
            try scene.catchUp()
            try scene.expectNoFaults()
            let kinds = try scene.export.anchors().compactMap { $0["kind"] as? String }
            #expect(kinds.filter { $0 == "snapshot" }.count == 1)
            #expect(Set(kinds) == ["snapshot", "changes"])
        }

        @Test(
            "promise 3: a slot made again under its name is a gap that is named; nothing is published until somebody chooses",
            arguments: ServerPrograms.all)
        func recreatedSlot(programs: ServerPrograms) throws {
            let scene = try Scene("gap", on: .shared(programs))
            try scene.catchUp()
            let end = try #require(scene.export.anchors().last?["to"] as? String)
            try scene.workload.writeOneTransaction(rows: 10)
            try scene.server.sql(
                "SELECT pg_drop_replication_slot('\(scene.slot)'); SELECT pg_create_logical_replication_slot('\(scene.slot)', 'pgoutput')",
                in: scene.database)
            let standing = try scene.slotPosition()
            try scene.workload.writeOneTransaction(rows: 10)
            let before = try scene.export.files()
            let refused = try KedgeProcess.expect(66, scene.run("--until", "now"))
            #expect(refused.errors.contains("[source.gap]"))
            #expect(refused.errors.contains("between \(end) and \(standing)"), "\(refused.errors)")
            #expect(try scene.export.files() == before)

            try scene.catchUp("--accept-gap")
            let gap = try #require(scene.export.anchors().first { $0["kind"] as? String == "gap" })
            #expect(gap["from"] as? String == end && gap["to"] as? String == standing)
            #expect(try scene.export.lastEpoch() == 2)
            try KedgeProcess.expect(0, ["verify", "--to", scene.export.path])
        }

        @Test(
            "promise 4: commits whose records touch each other are all exported, wherever a run ends between them",
            arguments: ServerPrograms.all)
        func neighbours(programs: ServerPrograms) throws {
            let commits = Count.of("KEDGE_TEST_COMMITS", default: 300)
            let scene = try Scene("neighbours", on: .shared(programs))
            try scene.catchUp()
            // Ten transactions wait, prepared, and are then committed with nothing between them.
            let script = stride(from: 0, to: commits, by: 10).map { first in
                let names = (first..<first + 10).map { "'\(scene.database) \($0)'" }
                return names.map { "BEGIN; INSERT INTO queue_a(payload) VALUES (\($0)); PREPARE TRANSACTION \($0);\n" }
                    .joined() + names.map { "COMMIT PREPARED \($0);\n" }.joined()
            }
            try scene.server.sql(script.joined(), in: scene.database)
            let run = scene.run("--until", "now", anchors: "1h,37tx,1GiB")
            var anchors = try scene.export.anchors().count
            for turn in 0... {
                // By turns an anchor that the server never hears of, and one that it does.
                let point = turn % 2 == 0 ? "afterAnchorSync" : "afterAcknowledge:1"
                let outcome = try KedgeProcess.run(run, environment: ["KEDGE_CRASH_AT": point])
                if outcome.status == 0 { break }
                #expect(outcome.status == 137, "\(outcome.errors.suffix(2000))")
                let now = try scene.export.anchors().count
                guard now > anchors else { throw TestFailure("a run came to nothing") }
                anchors = now
            }
            #expect(anchors > commits / 37)
            try scene.expectNoFaults()
            #expect(try scene.comparedEventCount() == commits)
        }

        @Test(
            "promise 5: the rows of one COPY, which share a position, are all exported after a crash among them",
            arguments: ServerPrograms.all)
        func copiedRows(programs: ServerPrograms) throws {
            let rows = Count.of("KEDGE_TEST_COPIED", default: 5000)
            let scene = try Scene("copy", on: .shared(programs))
            try scene.catchUp()
            let lines = (1...rows).map { "\(10_000_000 + $0)\tcopied \($0)\n" }.joined()
            try scene.server.sql(
                "BEGIN;\nCOPY big FROM stdin;\n\(lines)\\.\nCOPY queue_a(id, payload) FROM stdin;\n\(lines)\\.\nCOMMIT;",
                in: scene.database)
            let run = scene.run("--until", "now", "--segment-bytes", "64KiB", "--queue-bytes", "256KiB")
            for point in ["duringSegment", "duringSegment:2", "afterSegmentRename:1"] {
                try KedgeProcess.expect(137, run, environment: ["KEDGE_CRASH_AT": point])
            }
            try KedgeProcess.expect(0, run)
            try scene.expectNoFaults()
            #expect(try scene.comparedEventCount() == 2 * rows)
        }

        @Test(
            "promise 6: a transaction that spans the whole test and commits last comes last, whole, and hides no other",
            arguments: ServerPrograms.all)
        func longTransaction(programs: ServerPrograms) throws {
            let scene = try Scene("long", on: .shared(programs))
            try runBesideLongTransaction(scene)
            let last = try scene.export.records(of: "public.queue_b").last
            #expect(last?.contains("\"long\"") == true)
        }

        @Test(
            "promise 6: the order over all tables is the one that another decoder of the log tells",
            .enabled(if: PostgresServer.isPrivate))
        func otherDecoder() throws {
            let server = try OrderOracle.makeServer()
            defer { try? server.remove() }
            let scene = try Scene("order", on: server)
            try scene.catchUp()
            let order = try OrderOracle(scene)
            try scene.workload.startRows(clients: 2)
            try scene.workload.startDefinitions()
            Thread.sleep(forTimeInterval: 2)
            // A long transaction would let nobody change the tables that it writes to.
            try scene.workload.stop()
            try runBesideLongTransaction(scene)
            #expect(try order.differences() == [])
            #expect(try order.count() > 100)
        }

        /// One transaction is open through the whole time, with changes all along, while short ones come and kedge is
        /// killed and started again.
        private func runBesideLongTransaction(_ scene: Scene) throws {
            try scene.catchUp()
            try scene.server.sql("CREATE TABLE oracle.enough (yes boolean)", in: scene.database)
            let writer = try ShellCommand(
                ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", scene.server.address(of: scene.database)],
                input: """
                    DO $$ BEGIN
                        WHILE NOT EXISTS (SELECT FROM oracle.enough) LOOP
                            INSERT INTO queue_b(payload) VALUES ('long');
                            PERFORM pg_sleep(0.02);
                        END LOOP;
                    END $$;
                    """)
            try scene.workload.startRows(clients: 2)
            for _ in 0..<Count.of("KEDGE_TEST_KILLS", default: 4) {
                let run = try KedgeProcess(scene.run())
                Thread.sleep(forTimeInterval: .random(in: 0.3...1.2))
                run.killNow()
                _ = try run.wait(deadline: .seconds(10))
            }
            try scene.workload.stop()
            try scene.catchUp()
            try scene.server.sql("INSERT INTO oracle.enough VALUES (true)", in: scene.database)
            let outcome = try writer.wait(deadline: .seconds(30))
            #expect(outcome.status == 0, "\(outcome.errors)")
            try scene.catchUp()
            try scene.expectNoFaults()
        }

        @Test(
            "promise 7: transaction numbers wrap around between two runs, and order and resuming do not care",
            .enabled(if: PostgresServer.isPrivate))
        func transactionNumbersWrap() throws {
            let server = try PostgresServer(settings: ["autovacuum": "off"])
            defer { try? server.remove() }
            try Self.moveToTheWrap(server)
            let scene = try Scene("wrap", on: server)
            try scene.catchUp()
            let epoch = "SELECT pg_current_xact_id()::text::bigint >> 32"
            #expect(try server.sql(epoch) == "1")
            try scene.workload.startRows(clients: 2)
            try waitUntil("the numbers to wrap", deadline: .seconds(60)) {
                let run = try KedgeProcess(scene.run())
                Thread.sleep(forTimeInterval: 0.7)
                run.killNow()
                _ = try run.wait(deadline: .seconds(10))
                return try server.sql(epoch) == "2"
            }
            try scene.workload.stop()
            try scene.catchUp()
            try scene.expectNoFaults()
            let sides = try server.sql(
                """
                SELECT bool_or((rec->>'_cdc_xid')::bigint > 4294960000), bool_or((rec->>'_cdc_xid')::bigint < 100000)
                FROM oracle.records
                """, in: scene.database)
            #expect(sides == "t|t")
        }

        /// Makes the next transaction one of the last of epoch 1. Rows must be frozen first: the numbers that made them
        /// would lie in the future.
        private static func moveToTheWrap(_ server: PostgresServer) throws {
            try server.sql("ALTER DATABASE template0 ALLOW_CONNECTIONS true")
            for database in ["template0", "template1", "postgres"] { try server.sql("VACUUM FREEZE", in: database) }
            let next = 4_294_967_296 - 700
            try server.alter { folder in
                try PostgresServer.asServerUser(
                    ["dd", "if=/dev/zero", "of=\(folder)/pg_xact/0FFF", "bs=256k", "count=1"])
                try PostgresServer.asServerUser(
                    ["\(server.programs.folder)/pg_resetwal", "-D", folder, "-e", "1", "-x", "\(next)"]
                        + ["-u", "\(next - 1000)"])
            }
        }

        @Test(
            "promise 8: positions never go down, though the server reads from far before where it was asked to begin",
            arguments: ServerPrograms.all)
        func positionsAscend(programs: ServerPrograms) throws {
            let megabytes = Count.of("KEDGE_TEST_MEGABYTES", default: 24)
            let scene = try Scene("ascend", on: .shared(programs))
            try scene.catchUp()
            try scene.server.sql(
                "BEGIN; INSERT INTO queue_b(payload) VALUES ('held'); PREPARE TRANSACTION '\(scene.database)'",
                in: scene.database)
            for _ in 0..<4 {
                try scene.server.sql(
                    """
                    CREATE TABLE oracle.noise AS SELECT repeat('x', 1000) AS filler
                        FROM generate_series(1, \(megabytes * 256)); DROP TABLE oracle.noise
                    """, in: scene.database)
                try scene.workload.writeOneTransaction(rows: 20)
                try scene.catchUp()
            }
            let behind = try scene.server.sql(
                """
                SELECT confirmed_flush_lsn - restart_lsn > \(megabytes) * 900000 FROM pg_replication_slots
                WHERE slot_name = '\(scene.slot)'
                """)
            #expect(behind == "t", "the server had to read again what kedge has")
            try scene.server.sql("COMMIT PREPARED '\(scene.database)'", in: scene.database)
            try scene.catchUp()
            try scene.expectNoFaults()
            let ends = try scene.export.anchors().compactMap { ($0["to"] as? String).flatMap(SlotLaw.position) }
            #expect(ends.count > 5 && zip(ends, ends.dropFirst()).allSatisfy { $0 < $1 })
        }

        /// Runs until the crash point is reached, under load, with a large transaction for the points that need one.
        private func crash(_ scene: Scene, at plan: String) throws {
            let run = try KedgeProcess(
                scene.run("--queue-bytes", "1MiB", "--segment-bytes", "256KiB"),
                environment: ["KEDGE_CRASH_AT": plan])
            let end = ContinuousClock.now + .seconds(45)
            while run.isRunning, ContinuousClock.now < end {
                Thread.sleep(forTimeInterval: 0.5)
                // One that memory does not hold, where that is the point.
                let rows = plan.hasPrefix(CrashPoint.duringSpool.rawValue) ? 60_000 : 4000
                if run.isRunning { try scene.workload.writeOneTransaction(rows: rows) }
            }
            let outcome = try run.wait(deadline: .seconds(1))
            guard outcome.status == 137 else {
                throw TestFailure("\(plan) was not reached: status \(outcome.status)\n\(outcome.errors.suffix(3000))")
            }
        }

        /// Whether the point is passed more than once by a run that goes on.
        private static func isPassedAgain(_ point: CrashPoint) -> Bool {
            point.occasion != .beginning
        }
    }
}
