// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension PromiseSuites {
    /// The life of a server: failover, restore, slots that end.
    @Suite("Promises: lifecycle", .serialized)
    struct LifecycleTests {
        @Test(
            "promise 37: generated columns are in both snapshot and stream or in neither", arguments: ServerPrograms.all
        )
        func generatedColumns(programs: ServerPrograms) throws {
            let scene = try Scene("made", on: PostgresServer.shared(programs))
            let virtual = programs.major >= 18 ? ", w int GENERATED ALWAYS AS (a + 1) VIRTUAL" : ""
            try scene.server.sql(
                """
                CREATE TABLE public.sums (id int PRIMARY KEY, a int, b int GENERATED ALWAYS AS (a * 2) STORED\(virtual), c int);
                INSERT INTO sums (id, a) VALUES (1, 1);
                CREATE PUBLICATION plain FOR TABLE sums;
                """, in: scene.database)
            var expected = ["plain": "id a c", "kedge": "id a c"]
            if programs.major >= 18 {
                try scene.server.sql(
                    "CREATE PUBLICATION stored FOR TABLE sums WITH (publish_generated_columns = stored)",
                    in: scene.database)
                expected["stored"] = "id a b c"
            }
            for (publication, columns) in expected {
                let export = try ExportFolder()
                defer { export.remove() }
                let chosen = publication == "kedge" ? [] : ["--publication", publication]
                let run =
                    ["run", "--source", scene.source, "--to", export.path, "--tables", "public.sums", "--until", "now"]
                    + chosen
                try KedgeProcess.expect(0, run)
                try scene.server.sql(
                    "INSERT INTO sums (id, a) SELECT max(id) + 1, 2 FROM sums; UPDATE sums SET a = a + 1",
                    in: scene.database)
                try KedgeProcess.expect(0, run)
                let sets = Set(try export.records(of: "public.sums").map(columnNames))
                #expect(sets == [columns], "\(publication)")
            }
        }

        @Test(
            "promise 39: a promoted standby that lacks exported commits is a fork, and its range is named",
            arguments: ServerPrograms.all)
        func laggingStandby(programs: ServerPrograms) throws {
            let primary = try PostgresServer(programs)
            defer { try? primary.remove() }
            let scene = try Scene("lagging", on: primary)
            try scene.catchUp()
            let standby = try primary.makeStandby()
            defer { try? standby.remove() }
            try standby.waitForReplay(of: primary)
            try standby.stop()
            try scene.workload.writeOneTransaction(rows: 50)
            try scene.catchUp()
            let end = try #require(try scene.export.anchors().last?["to"] as? String)
            let slot = try primary.sql("SELECT slot_name FROM pg_replication_slots WHERE slot_type = 'logical'")
            try primary.stop(.immediate)
            try standby.start()
            try standby.promote()
            try standby.sql("SELECT pg_create_logical_replication_slot('\(slot)', 'pgoutput')", in: scene.database)

            let both = try
                "postgresql://postgres@127.0.0.1:\(primary.ownPlace().port),127.0.0.1:\(standby.ownPlace().port)"
            let source = "\(both)/\(scene.database)?target_session_attrs=read-write"
            let anchors = try scene.export.anchors().count
            let refused = try KedgeProcess.expect(66, scene.run("--until", "now", "--source", source))
            #expect(refused.errors.contains("[source.fork]") && refused.errors.contains("to \(end) is void"))
            #expect(try scene.export.anchors().count == anchors)
            try standby.sql("INSERT INTO queue_a (payload) VALUES ('on the new primary')", in: scene.database)
            try KedgeProcess.expect(0, scene.run("--until", "now", "--source", source, "--accept-gap"))
            #expect(try scene.export.anchors()[anchors]["kind"] as? String == "fork")
            try KedgeProcess.expect(0, ["verify", "--to", scene.export.path])
            try KedgeProcess.expect(0, scene.run("--until", "now", "--source", source, "--resnapshot"))
            #expect(try scene.faults(on: standby) == [])
        }

        @Test("promise 39: a slot that standbys keep goes on after a failover, without a fork")
        func failoverSlot() throws {
            let programs = try ServerPrograms.version(18)
            let primary = try PostgresServer(programs, settings: ["synchronized_standby_slots": "'standby'"])
            defer { try? primary.remove() }
            let scene = try Scene("failover", on: primary)
            // Nothing is sent before the standby has it, and there is none yet.
            try primary.sql("ALTER SYSTEM SET synchronized_standby_slots = ''; SELECT pg_reload_conf()")
            try scene.catchUp()
            let standby = try primary.makeStandby(settings: ["sync_replication_slots": "on"])
            defer { try? standby.remove() }
            try primary.sql("ALTER SYSTEM RESET synchronized_standby_slots; SELECT pg_reload_conf()")
            let doctor = try KedgeProcess.expect(
                0, ["doctor", "--source", scene.source, "--to", scene.export.path, "--tables", "public.*"])
            #expect(doctor.output.contains("ok       failover: standbys that synchronize slots keep a copy"))
            let status = try KedgeProcess.expect(0, ["status", "--source", scene.source, "--to", scene.export.path])
            #expect(status.output.contains(", copied to standbys"))
            let copied = "SELECT count(*) FROM pg_replication_slots WHERE synced AND NOT temporary"
            try waitUntil("the slot is copied", deadline: .seconds(90)) {
                try primary.sql("SELECT pg_log_standby_snapshot()")
                try scene.server.sql("INSERT INTO queue_b (payload) VALUES ('busy')", in: scene.database)
                try scene.catchUp()
                return try standby.sql(copied) == "1"
            }
            let early = try KedgeProcess.expect(
                66, scene.run("--until", "now", "--source", standby.address(of: scene.database)))
            #expect(early.errors.contains("[postgres.slot.foreign]"))

            let both = try
                "postgresql://postgres@127.0.0.1:\(primary.ownPlace().port),127.0.0.1:\(standby.ownPlace().port)"
            let source = "\(both)/\(scene.database)?target_session_attrs=read-write"
            try scene.workload.startRows(clients: 2)
            let run = try KedgeProcess(scene.run("--source", source, "--retry-for", "2m"))
            try scene.waitForAnchors(scene.export.anchors().count + 3, while: run)
            try scene.workload.stop()
            try scene.workload.writeOneTransaction(rows: 500)
            try primary.stop(.immediate)
            try standby.promote()
            try standby.sql("INSERT INTO queue_b (payload) VALUES ('on the new primary')", in: scene.database)
            let anchors = try scene.export.anchors().count
            try scene.waitForAnchors(anchors + 1, while: run)
            run.terminate()
            #expect(try run.wait(deadline: .seconds(60)).status == 0)
            try KedgeProcess.expect(0, scene.run("--until", "now", "--source", source))
            #expect(try scene.export.lastEpoch() == 1)
            #expect(try scene.faults(on: standby) == [])
        }

        @Test(
            "promise 40: a slot that the server has invalidated is told from every other end, and is not tried again",
            arguments: ServerPrograms.all)
        func invalidatedSlot(programs: ServerPrograms) throws {
            let server = try PostgresServer(
                programs, settings: ["max_slot_wal_keep_size": "2MB", "max_wal_size": "4MB", "min_wal_size": "2MB"],
                initdb: ["--wal-segsize=1"])
            defer { try? server.remove() }
            let scene = try Scene("lost", on: server)
            try scene.catchUp()
            try server.sql(
                "CREATE TABLE noise AS SELECT repeat('x', 1000) FROM generate_series(1, 15000); DROP TABLE noise; CHECKPOINT",
                in: scene.database)
            try scene.workload.writeOneTransaction(rows: 100)
            try expectInvalid(scene)
            try server.sql("ALTER SYSTEM SET max_slot_wal_keep_size = -1; SELECT pg_reload_conf()")
            try scene.catchUp("--resnapshot")
            #expect(try scene.export.lastEpoch() == 2)
            try scene.expectNoFaults()
        }

        @Test("promise 40: a slot that was idle for too long is lost, and said to be")
        func idleSlot() throws {
            let server = try PostgresServer(.version(18), settings: ["idle_replication_slot_timeout": "1s"])
            defer { try? server.remove() }
            let scene = try Scene("idle_slot", on: server)
            try scene.catchUp()
            try waitUntil("the slot is invalidated") {
                try server.sql("CHECKPOINT")
                return try server.sql("SELECT invalidation_reason FROM pg_replication_slots") == "idle_timeout"
            }
            #expect(try expectInvalid(scene).errors.contains("idle_timeout"))
        }

        @Test(
            "promise 40: a copy of the server that was promoted has no slot, or lacks what was exported",
            arguments: ServerPrograms.all)
        func promotedCopy(programs: ServerPrograms) throws {
            let primary = try PostgresServer(programs)
            defer { try? primary.remove() }
            let scene = try Scene("copy", on: primary)
            try scene.catchUp()
            let copy = try primary.makeStandby()
            defer { try? copy.remove() }
            try copy.waitForReplay(of: primary)
            try copy.stop()
            let before = try scene.export.copied()
            defer { before.remove() }
            try scene.workload.writeOneTransaction(rows: 10)
            try scene.catchUp()
            try primary.sql("SELECT pg_drop_replication_slot('standby')")
            try copy.start()
            try copy.promote()
            // Beyond the export: what tells the two apart is the history, not the distance.
            try copy.sql(
                "INSERT INTO big SELECT -i, repeat('x', 100) FROM generate_series(1, 20000) i", in: scene.database)
            let source = ["--until", "now", "--source", copy.address(of: scene.database)]
            let anchors = try scene.export.anchors().count
            let missing = try KedgeProcess.expect(66, scene.run(to: before) + source)
            #expect(missing.errors.contains("[postgres.slot.missing]"))
            let forked = try KedgeProcess.expect(66, scene.run() + source)
            #expect(forked.errors.contains("[source.fork]"))
            #expect(try scene.export.anchors().count == anchors)
            try scene.catchUp()
            try scene.expectNoFaults()
        }

        @Test(
            "promise 40: a disk that was put back is a fork before and after the log has overtaken the export",
            arguments: ServerPrograms.all)
        func restoredDisk(programs: ServerPrograms) throws {
            let server = try PostgresServer(programs)
            defer { try? server.remove() }
            let scene = try Scene("restored", on: server)
            try scene.catchUp()
            try scene.workload.writeOneTransaction(rows: 20)
            try scene.catchUp()
            try server.sql("CHECKPOINT")
            try server.saveDisk()
            try scene.catchUp()
            for _ in 0..<3 { try scene.workload.writeOneTransaction(rows: 500) }
            try scene.catchUp()
            let anchors = try scene.export.anchors().count
            try server.restoreDisk()
            func refused(_ reason: String) throws {
                let outcome = try KedgeProcess.expect(66, scene.run("--until", "now"))
                #expect(
                    outcome.errors.contains("[source.fork]") && outcome.errors.contains(reason), "\(outcome.errors)")
                #expect(try scene.export.anchors().count == anchors)
            }
            try refused("the server's log ends before")
            // The same statements again, and more: the log goes past the export with other commits at like places.
            for _ in 0..<6 { try scene.workload.writeOneTransaction(rows: 500) }
            try refused("other transactions than the export")
            try refused("other transactions than the export")
            try scene.catchUp("--accept-gap")
            #expect(try scene.export.anchors()[anchors]["kind"] as? String == "fork")
            try KedgeProcess.expect(0, ["verify", "--to", scene.export.path])
            try scene.catchUp("--resnapshot")
            try scene.expectNoFaults()
        }

        @Test("promise 40: a server that only forgot what was acknowledged is no fork", arguments: ServerPrograms.all)
        func forgottenAcknowledgement(programs: ServerPrograms) throws {
            let server = try PostgresServer(programs)
            defer { try? server.remove() }
            let scene = try Scene("forgotten", on: server)
            try scene.workload.startRows(clients: 2)
            try scene.catchUp()
            for mode in [PostgresServer.StopMode.immediate, .fast] {
                try KedgeProcess.expect(137, scene.run(), environment: ["KEDGE_CRASH_AT": "beforeAcknowledge:2"])
                try scene.catchUp()
                try scene.workload.stop()
                try server.restart(mode)
                try scene.workload.startRows(clients: 2)
                try scene.catchUp("--messages", mode == .fast ? "exclude" : "include")
            }
            try scene.workload.stop()
            try scene.catchUp()
            try scene.expectNoFaults()
        }

        /// A run ends with the fault of a slot that is lost, at once, and publishes nothing.
        @discardableResult
        private func expectInvalid(_ scene: Scene) throws -> ShellCommand.Outcome {
            let anchors = try scene.export.anchors().count
            let refused = try KedgeProcess.expect(66, scene.run("--until", "now"))
            #expect(refused.errors.contains("[postgres.slot.invalid]") && !refused.errors.contains("trying again"))
            #expect(try scene.export.anchors().count == anchors)
            return refused
        }

        /// The table's columns that a record names, kedge's own left out, in order.
        private func columnNames(_ record: String) throws -> String {
            let names = ["id", "a", "b", "w", "c"]
            let object = try JSONSerialization.jsonObject(with: Data(record.utf8)) as? [String: Any] ?? [:]
            return names.filter { object.keys.contains($0) }.joined(separator: " ")
        }
    }
}
