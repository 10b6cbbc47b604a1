// SPDX-License-Identifier: Apache-2.0

import Faults
import Foundation
import Testing

extension IntegrationSuites {
    /// A beginning that cannot be: the right words, and nothing left behind.
    @Suite("Faults at the beginning", .serialized)
    struct BeginningFaultTests {
        @Test("a server that does not log what is needed is refused", arguments: ["replica", "minimal"])
        func walLevel(level: String) throws {
            let senders = level == "minimal" ? "0" : "10"
            let server = try PostgresServer(settings: ["wal_level": level, "max_wal_senders": senders])
            defer { try? server.remove() }
            let scene = try FaultScene("level", on: server)
            for command in [scene.run(), ["plan", "--source", scene.source], ["doctor", "--source", scene.source]] {
                try scene.expect(
                    .postgresConfiguration, command,
                    names: ["wal_level", level, "ALTER SYSTEM SET wal_level = logical"])
            }
            try scene.expectNothingBegun()
        }

        @Test("a role that may not replicate is told which attribute it lacks", arguments: ServerPrograms.all)
        func replicationAttribute(programs: ServerPrograms) throws {
            let scene = try FaultScene("attribute", on: try PostgresServer.shared(programs))
            try role("kedge_plain", "LOGIN", scene)
            try scene.expect(
                .postgresPermission, scene.run(source: scene.source(as: "kedge_plain")),
                names: ["may not replicate", "ALTER ROLE", "REPLICATION"])
            try scene.expectNothingBegun()
        }

        @Test("a role that may not read a table, or not publish it, is told so, and nothing is left")
        func privileges() throws {
            let scene = try FaultScene("privilege")
            try role("kedge_blind", "LOGIN REPLICATION", scene)
            let source = scene.source(as: "kedge_blind")
            try scene.expect(.postgresPermission, scene.run(source: source), names: ["permission denied"])
            try scene.expectNothingBegun()
            try scene.sql("CREATE PUBLICATION \(scene.slot) FOR TABLE orders, items")
            try scene.expect(
                .postgresPermission, scene.run(source: source), names: ["denied for table", "kedge doctor"])
            #expect(try scene.leftovers() == "publication \(scene.slot)")
            #expect(try scene.export.anchors().isEmpty)
        }

        @Test("row security, a missing table, a reserved name and a table without a key are refused by name")
        func tables() throws {
            let scene = try FaultScene("tables")
            try scene.expect(
                .postgresTableMissing, scene.run("--tables", "public.order"),
                names: ["public.order", "did you mean public.orders?"])
            try scene.expect(
                .postgresTableMissing, scene.run("--tables", "public.nothing_like_it"), names: ["--tables"])
            try scene.sql("CREATE TABLE public.ours (id int PRIMARY KEY, _cdc_note text)")
            try scene.expect(
                .postgresColumnReserved, scene.run(), names: ["_cdc_note", "public.ours", "--column-prefix"])
            try scene.sql("DROP TABLE ours; CREATE TABLE public.orders__quarantine (id int PRIMARY KEY)")
            try scene.expect(
                .tableReserved, scene.run(), names: ["public.orders__quarantine", "--exclude-tables"])
            try scene.sql("DROP TABLE orders__quarantine; CREATE TABLE public.keyless (line text)")
            try scene.expect(
                .postgresReplicaIdentity, scene.run(), names: ["public.keyless", "REPLICA IDENTITY FULL"])
            try scene.sql("DROP TABLE keyless; ALTER TABLE items ENABLE ROW LEVEL SECURITY")
            try role("kedge_hidden", "LOGIN REPLICATION", scene)
            try scene.sql(
                "GRANT SELECT ON ALL TABLES IN SCHEMA public TO kedge_hidden; CREATE PUBLICATION seen FOR TABLE items")
            try scene.expect(
                .postgresRowSecurity, scene.run("--publication", "seen", source: scene.source(as: "kedge_hidden")),
                names: ["public.items", "BYPASSRLS"])
            #expect(try scene.leftovers() == "publication seen")
        }

        @Test("a table whose updates would begin to fail on 18 is refused")
        func generatedColumn() throws {
            let scene = try FaultScene("generated", on: try PostgresServer.shared(.version(18)))
            try scene.sql(
                """
                CREATE TABLE public.sums (id int PRIMARY KEY, b int GENERATED ALWAYS AS (id * 2) STORED);
                ALTER TABLE sums REPLICA IDENTITY FULL
                """)
            try scene.expect(.postgresTableUnsafe, scene.run(), names: ["public.sums", "--exclude-tables"])
            try scene.expectNothingBegun()
        }

        @Test("what must be there with --no-create and is not, is named")
        func publications() throws {
            let scene = try FaultScene("publications")
            try scene.expect(
                .postgresPublicationMissing, scene.run("--no-create", "--publication", "shop"), names: ["\"shop\""])
            try scene.sql("CREATE PUBLICATION shop FOR TABLE orders")
            try scene.expect(
                .postgresPublicationIncomplete, scene.run("--publication", "shop", "--tables", "public.items"),
                names: ["shop", "public.items", "ADD TABLE"])
            try scene.expect(
                .postgresSlotMissing, scene.run("--publication", "shop", "--no-create"),
                names: [scene.slot, "--snapshot none"])
            try scene.sql("SELECT pg_create_logical_replication_slot('\(scene.slot)', 'pgoutput')")
            try scene.expect(
                .postgresSnapshotImpossible, scene.run("--publication", "shop"), names: [scene.slot, "slot drop"])
            #expect(try scene.export.anchors().isEmpty)
        }

        @Test("the slot of another plugin is neither read nor dropped")
        func foreignSlot() throws {
            let scene = try FaultScene("foreign", on: try PostgresServer.shared(.version(15)))
            try scene.sql("SELECT pg_create_logical_replication_slot('\(scene.slot)', 'test_decoding')")
            try scene.sql("CREATE PUBLICATION \(scene.slot) FOR TABLE orders, items")
            try scene.expect(
                .postgresSlotForeign, scene.run("--snapshot", "none"), names: [scene.slot, "test_decoding", "--slot"])
            try scene.expect(
                .postgresSlotForeign, ["slot", "drop", "--source", scene.source, "--slot", scene.slot],
                names: ["test_decoding"])
            #expect(try scene.sql("SELECT plugin FROM pg_replication_slots WHERE slot_name = '\(scene.slot)'") != "")
        }

        @Test("a server without a free slot or WAL sender says which, and keeps nothing")
        func noRoom() throws {
            let server = try PostgresServer(settings: ["max_replication_slots": "1", "max_wal_senders": "1"])
            defer { try? server.remove() }
            let scene = try FaultScene("room", on: server)
            try scene.sql("SELECT pg_create_physical_replication_slot('taken')")
            try scene.expect(.postgresSlotNoRoom, scene.run(), names: ["replication slot", "max_replication_slots"])
            try scene.expectNothingBegun()
            try scene.sql("SELECT pg_drop_replication_slot('taken')")
            let run = try KedgeProcess(scene.follow())
            try waitUntil("the only WAL sender is taken") {
                guard run.isRunning else { throw TestFailure(run.errors) }
                return try scene.export.anchors().count >= 1
                    && scene.sql("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == "1"
            }
            let other = try ExportFolder()
            defer { other.remove() }
            try scene.expect(.postgresSlotNoRoom, scene.run(to: other.path), names: ["WAL sender", "max_wal_senders"])
            run.terminate()
            #expect(try run.wait(deadline: .seconds(30)).status == 0)
        }

        @Test("a server whose commits would wait for kedge is refused")
        func synchronous() throws {
            let server = try PostgresServer(settings: ["synchronous_commit": "local"])
            defer { try? server.remove() }
            let scene = try FaultScene("sync", on: server)
            for names in ["*", "FIRST 1 (other, \"kedge/\(scene.export.name)\")"] {
                try server.sql("ALTER SYSTEM SET synchronous_standby_names = '\(names)'")
                try server.reloadSettings()
                try scene.expect(
                    .postgresSynchronous, scene.run(),
                    names: ["synchronous_standby_names", "kedge/\(scene.export.name)"])
                try scene.expectNothingBegun()
            }
        }

        @Test("a statement that the server refuses for a reason of its own is reported in its words")
        func refusedStatement() throws {
            let scene = try FaultScene("statement")
            try scene.sql(
                """
                CREATE FUNCTION public.no() RETURNS event_trigger LANGUAGE plpgsql AS
                    $$ BEGIN RAISE EXCEPTION 'no publications on Fridays'; END $$;
                CREATE EVENT TRIGGER no ON ddl_command_start WHEN TAG IN ('CREATE PUBLICATION') EXECUTE FUNCTION public.no()
                """)
            try scene.expect(.postgresQuery, scene.run(), names: ["no publications on Fridays", "P0001"])
            try scene.expectNothingBegun()
        }

        @Test("a slot that waits for others too long names them and is given up")
        func slotTimeout() throws {
            let scene = try FaultScene("timeout")
            try scene.sql("BEGIN; INSERT INTO orders VALUES (0, 'open'); PREPARE TRANSACTION 'kedge open'")
            defer { _ = try? scene.sql("ROLLBACK PREPARED 'kedge open'") }
            try scene.expect(
                .postgresSlotTimeout, scene.run("--slot-timeout", "1s"), names: ["kedge open", "--slot-timeout"])
            try scene.expectNothingBegun()
        }

        private func role(_ name: String, _ attributes: String, _ scene: FaultScene) throws {
            try scene.sql(
                """
                DO $$ BEGIN
                  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '\(name)') THEN CREATE ROLE \(name) \(attributes); END IF;
                END $$
                """)
        }
    }
}
