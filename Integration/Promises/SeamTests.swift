// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension PromiseSuites {
    /// The seam between snapshot and stream.
    @Suite("Promises: the seam", .serialized)
    struct SeamTests {
        @Test(
            "promise 17: what is committed while an export begins is exported once, with 16 writers",
            arguments: ServerPrograms.all)
        func writersThroughTheSeam(programs: ServerPrograms) throws {
            let scene = try Scene("seam", on: PostgresServer.shared(programs))
            try scene.workload.startRows(clients: 16)
            let run = try KedgeProcess(scene.run())
            try scene.waitForAnchors(2, while: run)
            try scene.workload.stop()
            run.terminate()
            #expect(try run.wait(deadline: .seconds(60)).status == 0)
            try scene.catchUp()
            try scene.expectNoFaults()
            #expect(try scene.comparedEventCount() > 100)
        }

        @Test("promise 18: all connections that read a snapshot see the same moment", arguments: ServerPrograms.all)
        func bank(programs: ServerPrograms) throws {
            let scene = try Scene("bank", on: .shared(programs))
            try scene.server.sql(Self.bank, in: scene.database)
            let script = scene.export.path + ".sql"
            try "SELECT transfer(random(), random());".write(toFile: script, atomically: true, encoding: .utf8)
            let writers = try ShellCommand(["pgbench", "-n", "-c", "6", "-T", "600", "-f", script, scene.source])
            for epoch in 1...4 {
                let again = epoch == 1 ? [] : ["--resnapshot"]
                try KedgeProcess.expect(
                    0, scene.run("--snapshot-only", "--jobs", "4") + again + ["--tables", "public.bank_*"])
                let prefix = "{\"_cdc_seq\":\"000\(epoch)/"
                let sums = try (1...4).map { table in
                    try scene.export.records(of: "public.bank_\(table)").filter { $0.hasPrefix(prefix) }
                        .reduce(0) { try $0 + number("amount", in: $1) }
                }
                #expect(sums.reduce(0, +) == 4 * 5000 * 100, "epoch \(epoch): \(sums)")
            }
            #expect(writers.isRunning)
            writers.send(SIGTERM)
            _ = try writers.wait(deadline: .seconds(20))
            let moves = try Int(scene.server.sql("SELECT count(*) FROM transfers", in: scene.database)) ?? 0
            #expect(moves > 100)
        }

        private static let bank = """
            CREATE TABLE transfers (id bigserial PRIMARY KEY);
            DO $$ BEGIN
                FOR n IN 1..4 LOOP
                    EXECUTE format('CREATE TABLE public.bank_%s AS
                        SELECT i AS id, 100 AS amount FROM generate_series(1, 5000) i', n);
                    EXECUTE format('ALTER TABLE public.bank_%s ADD PRIMARY KEY (id)', n);
                END LOOP;
            END $$;
            CREATE FUNCTION transfer(a float8, b float8) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
                EXECUTE format('UPDATE public.bank_%s SET amount = amount - 7 WHERE id = %s', 1 + floor(a * 4), 1 + floor(b * 5000));
                EXECUTE format('UPDATE public.bank_%s SET amount = amount + 7 WHERE id = %s', 1 + floor(b * 4), 1 + floor(a * 5000));
                INSERT INTO transfers DEFAULT VALUES;
            END $$;
            """

        /// What dies while a snapshot waits between two of its tables.
        enum Loss: String, CaseIterable, Sendable {
            /// Nothing, though the role's sessions may idle in a transaction for a second only.
            case nothing
            /// The connection that holds the snapshot for others.
            case holder
            /// Every connection of kedge.
            case all
        }

        @Test(
            "promise 19: a snapshot whose connections die shows one moment or is taken again", arguments: Loss.allCases)
        func brokenSnapshot(loss: Loss) throws {
            let scene = try Scene("broken")
            try scene.server.sql(
                """
                CREATE TABLE public.aaa_large AS SELECT i AS id, 1 AS v, repeat('x', 500) AS filler FROM generate_series(1, 90000) i;
                ALTER TABLE public.aaa_large ADD PRIMARY KEY (id);
                CREATE TABLE public.zzz_small (id int PRIMARY KEY, v int);
                INSERT INTO public.zzz_small VALUES (1, 1);
                ALTER DATABASE \(scene.database) SET idle_in_transaction_session_timeout = '1s';
                """, in: scene.database)
            let run = try KedgeProcess(
                scene.run("--until", "now", "--jobs", "1", "--tables", "public.aaa_large,public.zzz_small"))
            try waitUntil("the snapshot to be read") { run.errors.contains("reading ") }
            let blocker = try ShellCommand([
                "psql", "-X", "-q", "-d", scene.source, "-c", "BEGIN", "-c",
                "SET idle_in_transaction_session_timeout = 0",
                "-c", "LOCK TABLE public.zzz_small IN ACCESS EXCLUSIVE MODE", "-c", "SELECT pg_sleep(3)", "-c",
                "UPDATE public.zzz_small SET v = 2", "-c", "UPDATE public.aaa_large SET v = 2 WHERE id = 1", "-c",
                "COMMIT",
            ])
            let ours = "application_name LIKE 'kedge/%' AND datname = '\(scene.database)'"
            try waitUntil("the reader to wait for the second table") {
                try scene.server.sql(
                    "SELECT count(*) FROM pg_stat_activity WHERE \(ours) AND wait_event_type = 'Lock'") == "1"
            }
            let victims = loss == .all ? "true" : loss == .holder ? "state = 'idle in transaction'" : "false"
            let killed = try scene.server.sql(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE \(ours) AND \(victims)")
            #expect(loss == .nothing || killed != "0")
            #expect(try blocker.wait(deadline: .seconds(30)).status == 0)
            let outcome = try run.wait(deadline: .seconds(120))
            #expect(outcome.status == 0, "\(outcome.errors.suffix(2000))")
            #expect(outcome.errors.contains("trying again") == (loss == .all), "\(outcome.errors.suffix(2000))")
            try scene.catchUp()

            let small = try scene.export.records(of: "public.zzz_small").map { try number("v", in: $0) }
            let large = try scene.export.records(of: "public.aaa_large").filter { $0.contains("\"id\":1,") }
                .map { try number("v", in: $0) }
            #expect(small == large, "rows of two moments")
            #expect(small == (loss == .all ? [2] : [1, 2]))
            #expect(try scene.export.anchors().filter { $0["kind"] as? String == "snapshot" }.count == 1)
            try expectNothingLeftOver(scene)
        }

        @Test("promise 20: a snapshot that is killed again and again is published once", arguments: ServerPrograms.all)
        func killedSnapshots(programs: ServerPrograms) throws {
            let scene = try Scene("killed", on: PostgresServer.shared(programs))
            let kills = programs == .standard ? 20 : 5
            for kill in 0..<kills {
                let point = kill % 7 == 0 ? "duringSnapshot" : "duringSnapshot:\(kill % 7)"
                try KedgeProcess.expect(137, scene.run("--jobs", "2"), environment: ["KEDGE_CRASH_AT": point])
                try scene.workload.writeOneTransaction(rows: 5)
            }
            try scene.catchUp()
            let kinds = try scene.export.anchors().compactMap { $0["kind"] as? String }
            #expect(kinds.first == "snapshot" && kinds.filter { $0 != "changes" }.count == 1)
            #expect(try scene.export.lastEpoch() == 1)
            try expectNothingLeftOver(scene)
            try scene.expectNoFaults()
        }

        @Test(
            "promise 21: a publication's row filter and column list hold for the snapshot too",
            arguments: ServerPrograms.all)
        func filters(programs: ServerPrograms) throws {
            let scene = try Scene("filters", on: .shared(programs))
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

        @Test(
            "promise 22: a table whose rows are hidden from the role is refused, by doctor and by run",
            arguments: ServerPrograms.all)
        func hiddenRows(programs: ServerPrograms) throws {
            let scene = try Scene("hidden", on: .shared(programs))
            try scene.server.sql(
                """
                CREATE TABLE public.hidden (id int PRIMARY KEY);
                INSERT INTO hidden VALUES (1);
                ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;
                DO $$ BEGIN
                  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'kedge_reader') THEN
                    CREATE ROLE kedge_reader LOGIN REPLICATION;
                  END IF;
                END $$;
                GRANT SELECT ON ALL TABLES IN SCHEMA public TO kedge_reader;
                CREATE PUBLICATION visible FOR TABLE hidden, accounts
                """, in: scene.database)
            let source = scene.source.replacingOccurrences(of: "postgres@", with: "kedge_reader@")
            let asked = ["--source", source, "--to", scene.export.path, "--publication", "visible", "--tables"]
            for command in [["doctor"], ["run", "--until", "now"]] {
                let refused = try KedgeProcess.expect(77, command + asked + ["public.hidden"])
                #expect(refused.errors.contains("[postgres.row-security]"))
            }
            try KedgeProcess.expect(0, ["run", "--until", "now"] + asked + ["public.accounts"])
            try scene.server.sql("ALTER ROLE kedge_reader BYPASSRLS")
            defer { _ = try? scene.server.sql("ALTER ROLE kedge_reader NOBYPASSRLS") }
            try KedgeProcess.expect(0, ["run", "--until", "now", "--resnapshot"] + asked + ["public.hidden"])
            #expect(try scene.export.records(of: "public.hidden").count == 1)
        }

        @Test(
            "promise 24: partitions, quoted names, heirs and empty partitions are read whole",
            arguments: ServerPrograms.all)
        func shapes(programs: ServerPrograms) throws {
            let scene = try Scene("shapes", on: .shared(programs))
            try scene.server.sql(
                """
                CREATE TABLE public.events (id int, day date, note text, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
                CREATE TABLE public."Events 2024" PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
                CREATE TABLE public.events_2025 (note text, day date NOT NULL, id int NOT NULL);
                ALTER TABLE events ATTACH PARTITION events_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
                CREATE TABLE public.events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')
                    PARTITION BY HASH (id);
                CREATE TABLE public.events_2026_0 PARTITION OF events_2026 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
                CREATE TABLE public.events_2026_1 PARTITION OF events_2026 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
                CREATE TABLE public.events_rest PARTITION OF events DEFAULT;
                INSERT INTO events SELECT i, date '2024-06-01' + i, 'n' || i FROM generate_series(1, 570) i;
                CREATE TABLE public."It's a ""Table"".x" ("Id" int PRIMARY KEY, "v,w" text);
                INSERT INTO public."It's a ""Table"".x" SELECT i, 'v' || i FROM generate_series(1, 50) i;
                CREATE TABLE public.parent (id int PRIMARY KEY, v text);
                CREATE TABLE public.heir (extra int, PRIMARY KEY (id)) INHERITS (parent);
                INSERT INTO parent VALUES (1, 'p'); INSERT INTO heir VALUES (2, 'h', 3);
                CREATE TABLE public.empty (id int PRIMARY KEY);
                """, in: scene.database)
            try scene.catchUp()
            try scene.server.sql(
                """
                INSERT INTO events VALUES (5000, '2025-05-05', 'new'), (5001, '2026-02-02', 'new');
                UPDATE events SET day = '2025-07-07' WHERE id = 3;
                DELETE FROM events WHERE id = 4;
                UPDATE parent SET v = 'both';
                UPDATE public."It's a ""Table"".x" SET "v,w" = 'new' WHERE "Id" < 4;
                """, in: scene.database)
            try scene.catchUp()
            // The triggers do not watch tables that came after them: what counts is the state.
            try scene.records.load(scene.export)
            #expect(try scene.records.disorder() == [])
            let wrong = try StateFold(records: scene.records).differences()
            // The comparison reads the parent with its heirs, and the export holds each on its own.
            #expect(wrong.filter { !$0.hasPrefix("'public.parent'") } == [])
            #expect(try scene.export.records(of: "public.parent").count == 2)
            #expect(try scene.export.records(of: "public.heir").count == 2)
            #expect(try scene.export.records(of: "public.events").count == 570 + 5)
        }

        @Test(
            "promise 26: changes that are older than the publication end the run, on every version",
            arguments: ServerPrograms.all)
        func publicationBehindSlot(programs: ServerPrograms) throws {
            let scene = try Scene("order", on: PostgresServer.shared(programs))
            let slot = "late_" + scene.database
            let makeSlot = "SELECT pg_create_logical_replication_slot('\(slot)', 'pgoutput');"
            let makePublication = "CREATE PUBLICATION late FOR TABLE public.queue_a;"
            let write = "INSERT INTO public.queue_a (payload) VALUES ('x');"
            func run() throws -> ShellCommand.Outcome {
                try KedgeProcess.run([
                    "run", "--source", scene.source, "--to", scene.export.path, "--tables", "public.queue_a", "--slot",
                    slot, "--publication", "late", "--no-create", "--snapshot", "none", "--until", "now",
                ])
            }
            try scene.server.sql(makeSlot + write + makePublication + write, in: scene.database)
            for _ in 0..<2 {
                let refused = try run()
                #expect(refused.status == 66 && refused.errors.contains("[postgres.publication.missing]"))
                #expect(try scene.export.segments().isEmpty)
            }
            scene.export.remove()
            try scene.server.sql("SELECT pg_drop_replication_slot('\(slot)');" + makeSlot + write, in: scene.database)
            let right = try run()
            #expect(right.status == 0, "\(right.errors.suffix(2000))")
            #expect(try scene.export.records(of: "public.queue_a").count == 1)
        }

        /// Nothing is at the source but one slot and one publication, and nothing in the export that no anchor names.
        private func expectNothingLeftOver(_ scene: Scene, at place: SourceLocation = #_sourceLocation) throws {
            let atSource = try scene.server.sql(
                """
                SELECT count(*) FROM pg_replication_slots WHERE database = current_database();
                SELECT count(*) FROM pg_publication
                """, in: scene.database)
            #expect(atSource == "1\n1", sourceLocation: place)
            let files = try Set(scene.export.dataDigests().keys)
            #expect(try files == Set(scene.export.segments().map { "./" + $0.path }), sourceLocation: place)
        }

        private func number(_ member: String, in record: String) throws -> Int {
            let object = try JSONSerialization.jsonObject(with: Data(record.utf8)) as? [String: Any]
            guard let value = object?[member] as? Int else { throw TestFailure("\(record) has no number \(member)") }
            return value
        }
    }
}
