// SPDX-License-Identifier: Apache-2.0

import Faults
import Foundation
import Testing

extension PromiseSuites {
    /// Rows that change, come or go without an event in the stream.
    @Suite("Promises about changes without an event", .serialized)
    struct RewriteTests {
        /// Something that is done to a table, and what kedge must say of it.
        private struct Deed {
            let sql: String
            /// The code behind `postgres.table.` and the table; nil when there is nothing to say.
            var notice: (code: String, table: String)?
            var isDecided = true

            init(_ sql: String, _ code: String? = nil, of table: String = "", isDecided: Bool = true) {
                self.sql = sql
                notice = code.map { ($0, "public.\(table)") }
                self.isDecided = isDecided && code != nil
            }
        }

        private static let setting = """
            CREATE TABLE public.plain (id int PRIMARY KEY, v int);
            INSERT INTO plain SELECT i, i FROM generate_series(1, 50) i;
            CREATE TABLE public.fast (id int PRIMARY KEY, v int);
            INSERT INTO fast SELECT i, i FROM generate_series(1, 50) i;
            CREATE TABLE public.bare (id int PRIMARY KEY, v int);
            CREATE TABLE public.doomed (id int PRIMARY KEY);
            INSERT INTO doomed VALUES (1);
            CREATE TABLE public.root (id int, day date, note text, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
            CREATE TABLE public.y1 PARTITION OF root FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
            CREATE TABLE public.y2 PARTITION OF root FOR VALUES FROM ('2022-01-01') TO ('2023-01-01');
            CREATE TABLE public.y3 PARTITION OF root FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
            INSERT INTO root SELECT i, date '2021-06-01' + i % 900, 'n' FROM generate_series(1, 300) i;
            CREATE TABLE public.late (id int PRIMARY KEY, v int);
            INSERT INTO late VALUES (1, 1), (2, 2);
            CREATE TABLE public.outside (note text, day date NOT NULL, id int NOT NULL, PRIMARY KEY (id, day));
            INSERT INTO outside VALUES ('brought', '2024-03-03', 7001)
            """

        /// Deeds to plain tables; each stands alone, for each is looked at before the next.
        private static let plainDeeds = [
            Deed("ALTER TABLE plain ALTER v TYPE text USING (v * 100)::text", "rewritten", of: "plain"),
            Deed("ALTER TABLE plain ALTER v TYPE text USING v || '!'", "rewritten", of: "plain"),
            Deed("ALTER TABLE plain ADD r float8 DEFAULT random()", "rewritten", of: "plain"),
            Deed("VACUUM FULL plain"), Deed("CLUSTER plain USING plain_pkey"), Deed("TRUNCATE doomed"),
            Deed("ALTER TABLE plain ADD n int; UPDATE plain SET n = 1"), Deed("ALTER TABLE plain DROP n"),
            Deed("ALTER TABLE bare ALTER v TYPE bigint"),
            Deed("ALTER TABLE fast ADD k int DEFAULT 7", "column-default", of: "fast", isDecided: false),
            // The default moves into the rows; so it does when the values change.
            Deed("VACUUM FULL fast"),
            Deed("ALTER TABLE fast ADD m int DEFAULT 9", "column-default", of: "fast", isDecided: false),
            Deed("ALTER TABLE fast ALTER m TYPE int USING m * 2", "rewritten", of: "fast"),
            // Without the default itself nothing tells the two apart.
            Deed(
                "ALTER TABLE fast ADD o int DEFAULT 5; ALTER TABLE fast ALTER o DROP DEFAULT", "column-default",
                of: "fast", isDecided: false),
            Deed("VACUUM FULL fast", "rewritten", of: "fast"),
        ]

        /// Deeds to partitions of a table that is published as its root.
        private static let leafDeeds = [
            Deed(
                "ALTER TABLE root ATTACH PARTITION outside FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')",
                "attached", of: "root"),
            Deed(
                """
                CREATE TABLE public.y5 (id int NOT NULL, day date NOT NULL, note text);
                ALTER TABLE root ATTACH PARTITION y5 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')
                """),
            Deed(
                """
                CREATE TABLE public.y6 PARTITION OF root FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
                INSERT INTO root VALUES (7002, '2026-02-02', 'told')
                """),
            Deed(
                """
                BEGIN; CREATE TABLE public.y7 (id int NOT NULL, day date NOT NULL, note text);
                INSERT INTO y7 VALUES (7003, '2027-02-02', 'brought');
                ALTER TABLE root ATTACH PARTITION y7 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01'); COMMIT
                """, "attached", of: "root"),
            Deed(
                """
                CREATE TABLE public.branch (id int NOT NULL, day date NOT NULL, note text) PARTITION BY LIST (id);
                CREATE TABLE public.twig PARTITION OF branch DEFAULT;
                INSERT INTO branch VALUES (7004, '2028-02-02', 'brought');
                ALTER TABLE root ATTACH PARTITION branch FOR VALUES FROM ('2028-01-01') TO ('2029-01-01')
                """, "attached", of: "root"),
            Deed(
                """
                CREATE TABLE public.y9 PARTITION OF root FOR VALUES FROM ('2029-01-01') TO ('2030-01-01') PARTITION BY LIST (id);
                CREATE TABLE public.y9_rest PARTITION OF y9 DEFAULT;
                INSERT INTO root VALUES (7005, '2029-02-02', 'told')
                """),
            Deed("TRUNCATE y1", "leaf-emptied", of: "root"),
            Deed("ALTER TABLE root DETACH PARTITION y2", "detached", of: "root"),
            Deed("DROP TABLE y3", "detached", of: "root"),
            Deed("ALTER TABLE root ADD f int DEFAULT 3", "column-default", of: "root", isDecided: false),
            Deed("ALTER TABLE root ALTER note TYPE text USING note || '?'", "rewritten", of: "root"),
            Deed("TRUNCATE root"),
        ]

        /// Deeds to the publication.
        private static func publicationDeeds(_ publication: String) -> [Deed] {
            [
                Deed("ALTER PUBLICATION \(publication) ADD TABLE late", "published", of: "late"),
                Deed(
                    "ALTER PUBLICATION \(publication) DROP TABLE late; ALTER PUBLICATION \(publication) ADD TABLE late WHERE (id > 0)",
                    "filter", of: "late"),
            ]
        }

        private func scene(_ label: String, _ programs: ServerPrograms = .standard) throws -> Scene {
            let scene = try Scene(label, on: PostgresServer.shared(programs))
            try scene.server.sql(Self.setting, in: scene.database)
            // Two tables join later.
            try KedgeProcess.expect(0, Self.run(scene) + ["--exclude-tables", "public.late,public.outside"])
            return scene
        }

        private static func run(_ scene: Scene, _ more: String...) -> [String] {
            scene.run("--until", "now") + more
        }

        /// Does it, and checks that a run stops until the operator says that it may go on.
        private func check(_ deed: Deed, in scene: Scene) throws {
            try scene.server.sql(deed.sql, in: scene.database)
            let anchors = try scene.export.anchors().count
            if deed.isDecided {
                let refused = try KedgeProcess.expect(66, Self.run(scene))
                #expect(refused.errors.contains("[postgres.table.rewritten]"), "\(deed.sql)")
                #expect(refused.errors.contains(deed.notice?.table ?? "?"), "\(refused.errors.suffix(1000))")
                #expect(try scene.export.anchors().count == anchors, "\(deed.sql)")
            }
            try KedgeProcess.expect(0, Self.run(scene) + (deed.isDecided ? ["--on-rewrite", "warn"] : []))
            let told = try scene.export.anchors().dropFirst(anchors).flatMap { $0["notices"] as? [[String: Any]] ?? [] }
            let codes = told.map { "\($0["code"] ?? "") \($0["table"] ?? "")" }
                .filter { !$0.hasPrefix("schema.changed ") }
            #expect(codes == deed.notice.map { ["postgres.table.\($0.code) \($0.table)"] } ?? [], "\(deed.sql)")
        }

        @Test(
            "promise 35: a rewrite stops the run until somebody chooses, and what is harmless does not",
            arguments: ServerPrograms.all)
        func rewrites(programs: ServerPrograms) throws {
            let scene = try scene("rewrites", programs)
            for deed in Self.plainDeeds { try check(deed, in: scene) }
            for deed in Self.publicationDeeds("kedge_\(scene.export.name)") { try check(deed, in: scene) }
            try check(
                Deed("ALTER TABLE late RENAME TO later", "renamed", of: "later", isDecided: false), in: scene)
            try check(Deed("DROP TABLE doomed", "dropped", of: "doomed", isDecided: false), in: scene)
            #expect(try KedgeProcess.run(["verify", "--to", scene.export.path]).status == 0)
            let status = try KedgeProcess.expect(0, ["status", "--to", scene.export.path])
            #expect(status.output.contains("[postgres.table.dropped]"))
        }

        @Test(
            "promise 36: a partition that comes or goes with rows stops the run, and one that was made as one does not",
            arguments: ServerPrograms.all)
        func partitions(programs: ServerPrograms) throws {
            let scene = try scene("leaves", programs)
            for deed in Self.leafDeeds { try check(deed, in: scene) }
            #expect(try scene.export.records(of: "public.root").last?.contains(#""_cdc_op":"t""#) == true)
            #expect(try KedgeProcess.run(["verify", "--to", scene.export.path]).status == 0)
        }

        @Test("promise 36: with partitions published as themselves no statement on one of them goes unseen")
        func partitionsAsThemselves() throws {
            let scene = try Scene("themselves")
            try scene.server.sql(
                Self.setting + "; CREATE PUBLICATION everything FOR ALL TABLES", in: scene.database)
            let run = Self.run(scene) + ["--publication", "everything"]
            try KedgeProcess.expect(0, run)
            try scene.server.sql(
                """
                TRUNCATE y1;
                ALTER TABLE root ATTACH PARTITION outside FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
                ALTER TABLE root DETACH PARTITION y2;
                CREATE TABLE public.y8 PARTITION OF root FOR VALUES FROM ('2028-01-01') TO ('2029-01-01');
                CREATE TABLE public.newborn AS SELECT i AS id FROM generate_series(1, 10) i;
                INSERT INTO root VALUES (8001, '2028-08-08', 'told'), (8002, '2024-08-08', 'told')
                """, in: scene.database)
            try KedgeProcess.expect(0, run)
            #expect(try scene.export.records(of: "public.y8").count == 1)
            #expect(try scene.export.records(of: "public.outside").count == 2)
            #expect(try scene.export.records(of: "public.newborn").count == 10)
            #expect(try scene.export.records(of: "public.y1").last?.contains(#""_cdc_op":"t""#) == true)
            #expect(try scene.newestNotices() == [])
        }

        @Test("promise 35: rows written while a table was unlogged are noticed, however it came to be logged")
        func unlogged() throws {
            let scene = try Scene("unlogged")
            try scene.server.sql(
                Self.setting + "; CREATE PUBLICATION everything FOR ALL TABLES", in: scene.database)
            let run = Self.run(scene) + ["--publication", "everything"]
            try KedgeProcess.expect(0, run)
            let deeds = [
                Deed("ALTER TABLE plain SET UNLOGGED", "persistence", of: "plain"),
                Deed("UPDATE plain SET v = v + 1; ALTER TABLE plain SET LOGGED", "persistence", of: "plain"),
                Deed(
                    """
                    CREATE UNLOGGED TABLE public.loaded AS SELECT i AS id FROM generate_series(1, 10) i;
                    ALTER TABLE loaded SET LOGGED
                    """, "published", of: "loaded"),
            ]
            for deed in deeds {
                try scene.server.sql(deed.sql, in: scene.database)
                let refused = try KedgeProcess.expect(66, run)
                #expect(refused.errors.contains("[postgres.table.rewritten]"))
                try KedgeProcess.expect(0, run + ["--on-rewrite", "warn"])
                #expect(
                    try scene.newestNotices() == deed.notice.map { ["postgres.table.\($0.code) \($0.table)"] } ?? [])
            }
        }

        // MARK: Reading again

        @Test(
            "promise 35: tables that are read again are the tables of the source, and a reader that folds needs to know nothing",
            arguments: ServerPrograms.all)
        func readAgain(programs: ServerPrograms) throws {
            let scene = try scene("again", programs)
            // Without the truncation at their end, after which there would be nothing to compare.
            let deeds =
                Self.plainDeeds + Self.leafDeeds.dropLast()
                + Self.publicationDeeds("kedge_\(scene.export.name)")
            // Several at once first, then one by one.
            for group in [Array(deeds.prefix(4)), Array(deeds.dropFirst(4).prefix(8))]
                + deeds.dropFirst(12).map({ [$0] })
            {
                for deed in group { try scene.server.sql(deed.sql, in: scene.database) }
                try scene.server.sql(
                    "INSERT INTO plain (id, v) SELECT max(id) + 1, 'new' FROM plain; DELETE FROM fast WHERE id = (SELECT min(id) FROM fast)",
                    in: scene.database)
                try KedgeProcess.expect(0, Self.run(scene, "--on-rewrite", "resnapshot-table"))
            }
            try scene.server.sql(
                "ALTER TABLE outside RENAME TO still_inside; DROP TABLE doomed; DROP TABLE y2", in: scene.database)
            try KedgeProcess.expect(0, Self.run(scene, "--on-rewrite", "resnapshot-table"))
            try scene.expectTruth()
            let kinds = try scene.export.anchors().compactMap { $0["kind"] as? String }
            #expect(kinds.filter { $0 == "table-snapshot" }.count >= 5)
            #expect(try scene.export.lastEpoch() == 1)
            let slots = try scene.server.sql(
                "SELECT count(*) FROM pg_replication_slots WHERE database = '\(scene.database)'")
            #expect(slots == "1")
        }

        @Test("promise 35: a rewrite is found and mended while kedge follows a busy database")
        func whileFollowing() throws {
            let scene = try Scene("following")
            try scene.catchUp()
            try scene.workload.startRows()
            let run = try KedgeProcess(scene.run("--on-rewrite", "resnapshot-table"))
            try scene.waitForAnchors(3, while: run)
            for type in ["numeric", "text"] {
                try scene.server.sql(
                    "ALTER TABLE accounts ALTER score TYPE \(type) USING (score::numeric * 2)::\(type)",
                    in: scene.database)
                let known = try tableSnapshots(scene)
                try waitUntil("the table to be read again", deadline: .seconds(60)) {
                    guard run.isRunning else { throw TestFailure("kedge ended:\n\(run.errors.suffix(3000))") }
                    return try tableSnapshots(scene) > known
                }
            }
            run.terminate()
            #expect(try run.wait(deadline: .seconds(30)).status == 0)
            try scene.workload.stop()
            try scene.catchUp()
            try scene.expectNoFaults()
        }

        private func tableSnapshots(_ scene: Scene) throws -> Int {
            try scene.export.anchors().filter { $0["kind"] as? String == "table-snapshot" }.count
        }

        @Test(
            "promise 35: a crash while tables are read again repeats nothing and loses nothing",
            arguments: CrashPoint.allCases.filter { $0.occasion == .readingAgain })
        func crash(point: CrashPoint) throws {
            let scene = try Scene("rereadcrash")
            try scene.catchUp()
            try scene.workload.startRows(clients: 2)
            Thread.sleep(forTimeInterval: 0.5)
            try checkCrash(at: point.rawValue, in: scene)
            try scene.workload.stop()
            try scene.catchUp()
            try checkWhole(scene)
        }

        /// Nobody writes, so that the first segments and the second anchor are those of the tables that are read again.
        @Test(
            "promise 35: a crash while the tables that were read again are published leaves nothing behind",
            arguments: [
                "afterSegmentSync", "afterSegmentRename", "afterSegmentRename:1", "afterFolderSync",
                "afterAnchorWrite:1",
                "afterAnchorLink:1", "afterAnchorSync:1", "duringSnapshot",
            ])
        func crashWhilePublishing(plan: String) throws {
            let scene = try Scene("rereadpublish")
            try scene.catchUp()
            try checkCrash(at: plan, in: scene)
            try checkWhole(scene)
        }

        /// Rewrites two tables, crashes while they are read again, and goes on.
        private func checkCrash(at plan: String, in scene: Scene) throws {
            try scene.server.sql(
                """
                ALTER TABLE accounts ALTER score TYPE float8 USING score * 2;
                ALTER TABLE moves ALTER label TYPE text USING label || '!'
                """, in: scene.database)
            let again = Self.run(scene, "--on-rewrite", "resnapshot-table")
            try KedgeProcess.expect(137, again, environment: ["KEDGE_CRASH_AT": plan])
            try KedgeProcess.expect(0, again)
        }

        private func checkWhole(_ scene: Scene) throws {
            try scene.expectNoFaults()
            #expect(try tableSnapshots(scene) == 1)
            let files = try Set(scene.export.dataDigests().keys.map { String($0.dropFirst(2)) })
            #expect(try files == Set(scene.export.segments().map(\.path)), "segments that no anchor names are swept")
        }

        @Test("promise 35: a rewrite that is seen while kedge follows ends the run, and every next start")
        func stopsWhileFollowing() throws {
            let scene = try Scene("stopping")
            try scene.catchUp()
            let run = try KedgeProcess(scene.run())
            try scene.workload.startRows(clients: 1)
            try scene.waitForAnchors(2, while: run)
            try scene.server.sql("ALTER TABLE accounts ALTER score TYPE numeric USING score * 2", in: scene.database)
            let outcome = try run.wait(deadline: .seconds(30))
            #expect(outcome.status == 66 && outcome.errors.contains("[postgres.table.rewritten]"))
            try scene.workload.stop()
            let anchors = try scene.export.anchors().count
            for _ in 0..<2 { try KedgeProcess.expect(66, Self.run(scene)) }
            #expect(try scene.export.anchors().count == anchors)
            #expect(try KedgeProcess.run(["verify", "--to", scene.export.path]).status == 0)
            // Once is enough: the choice is in the chain.
            try KedgeProcess.expect(0, Self.run(scene, "--on-rewrite", "resnapshot-table"))
            try scene.catchUp()
            try scene.expectNoFaults()
        }
    }
}
