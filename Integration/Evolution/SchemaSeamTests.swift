// SPDX-License-Identifier: Apache-2.0

import Faults
import Foundation
import Testing

extension IntegrationSuites {
    /// Changes of columns beside crashes, restarts, large transactions, snapshots and partitions.
    @Suite("The seams of schema evolution", .serialized)
    struct SchemaSeamTests {
        private static func scene(_ label: String, _ setting: String = "") throws -> FaultScene {
            let scene = try FaultScene(label)
            try scene.sql(
                """
                CREATE TABLE public.ledger (id int PRIMARY KEY, v int);
                INSERT INTO ledger VALUES (1, 5);
                CREATE TABLE public.aside (id int PRIMARY KEY, v int);
                INSERT INTO aside VALUES (1, 5);
                \(setting)
                """)
            try KedgeProcess.expect(0, run(scene))
            return scene
        }

        private static func run(_ scene: FaultScene, _ more: String...) -> [String] {
            scene.run("--until", "now", "--format", "parquet")
                + (more.contains("--on-rewrite") ? more : ["--on-rewrite", "warn"] + more)
        }

        /// The ids of all records of a table of the source, in order, through `kedge cat`.
        private func ids(_ scene: FaultScene, of table: String) throws -> [Int] {
            let cat = try KedgeProcess.expect(0, ["cat", "--to", scene.export.path, "--table", "public.\(table)"])
            return cat.output.split(separator: "\n").compactMap { line in
                line.firstMatch(of: /"id":(\d+)/).flatMap { Int($0.output.1) }
            }
        }

        private func verify(_ scene: FaultScene) throws {
            try KedgeProcess.expect(0, ["verify", "--to", scene.export.path])
        }

        /// The tables in whose folders the segments of the newest anchor of `kind` lie, and the tables that these are of.
        private func newest(_ kind: String, in scene: FaultScene) throws -> [String] {
            let anchor = try scene.export.anchors().last { $0["kind"] as? String == kind }
            return (anchor?["segments"] as? [[String: Any]] ?? []).map { segment in
                "\(segment["table"] ?? "?")" + ((segment["of"] as? String).map { " of \($0)" } ?? "")
            }
        }

        @Test("promise 42: a crash at any step of a publication leaves one route, and every record once")
        func crashes() throws {
            let scene = try Self.scene("evocrash")
            let points = ["afterSegmentRename:1", "afterAnchorWrite:1", "afterAnchorLink:1", "afterCatalogRecord:1"]
            for (round, point) in points.enumerated() {
                let type = round.isMultiple(of: 2) ? "text" : "int USING v::int"
                for table in ["ledger", "aside"] {
                    try scene.sql(
                        """
                        INSERT INTO \(table) VALUES (\(10 * round + 11), '5');
                        ALTER TABLE \(table) ALTER v TYPE \(type);
                        INSERT INTO \(table) VALUES (\(10 * round + 12), '5')
                        """)
                }
                let run = Self.run(scene, "--on-incompatible", "quarantine,ledger=new-table")
                try KedgeProcess.expect(137, run, environment: ["KEDGE_CRASH_AT": point])
                try KedgeProcess.expect(0, run)
                let notices = try scene.export.schemaNotices()
                #expect(notices["public.aside"]?.count == round + 1 && notices["public.ledger"]?.count == round + 1)
                #expect(notices["public.ledger"]?.last?.folder == "public.ledger__v\(round + 2)", "\(point)")
            }
            #expect(try ids(scene, of: "ledger") == [1, 11, 12, 21, 22, 31, 32, 41, 42])
            #expect(try ids(scene, of: "aside") == [1, 11, 22, 31, 42])
            #expect(try ids(scene, of: "aside__quarantine") == [12, 21, 32, 41])
            try verify(scene)
        }

        @Test("promise 42: nothing of a transaction is published that cannot be whole, and all that came before is")
        func transactions() throws {
            let scene = try Self.scene("evotransaction")
            // Larger than a batch, so that most of it is recorded when the change comes.
            try scene.sql(
                """
                INSERT INTO ledger VALUES (2, 5);
                BEGIN;
                INSERT INTO ledger VALUES (3, 5);
                INSERT INTO orders SELECT n, repeat('x', 1000) FROM generate_series(1000, 4000) n;
                ALTER TABLE ledger ADD c int;
                INSERT INTO ledger VALUES (4, 5, 6);
                ALTER TABLE ledger ALTER v TYPE text;
                INSERT INTO ledger VALUES (5, 'x', 6);
                COMMIT;
                INSERT INTO ledger VALUES (6, 'y', 7)
                """)
            var anchors = 0
            for attempt in 0..<2 {
                try scene.expect(.schemaIncompatible, Self.run(scene), names: ["public.ledger", "\"v\"", "new-table"])
                #expect(try ids(scene, of: "ledger") == [1, 2] && ids(scene, of: "orders").count == 50)
                let now = try scene.export.anchors()
                #expect(attempt == 0 || now.count == anchors, "running again publishes nothing")
                anchors = now.count
                let confirmed = try scene.server.sql(
                    "SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = '\(scene.slot)'")
                #expect(confirmed == now.last?["to"] as? String, "what is anchored is acknowledged")
            }
            try KedgeProcess.expect(0, Self.run(scene, "--on-incompatible", "new-table"))
            #expect(try ids(scene, of: "ledger") == [1, 2, 3, 4, 5, 6] && ids(scene, of: "orders").count == 3051)
            #expect(try ids(scene, of: "ledger__v2") == [5, 6])
            #expect(
                try scene.export.schemaNotices()["public.ledger"]?.map(\.changes)
                    == [["column-added c"], ["type-changed v"]])
            // The choice is needed once: the chain tells the route.
            try scene.sql("INSERT INTO ledger VALUES (7, 'z', 8)")
            try KedgeProcess.expect(0, Self.run(scene))
            #expect(try ids(scene, of: "ledger__v2") == [5, 6, 7])
            try verify(scene)
        }

        @Test("promise 42: tables that are read again, and new snapshots, go where the changes go")
        func snapshots() throws {
            let scene = try Self.scene("evosnapshot")
            try scene.sql("ALTER TABLE ledger ALTER v TYPE text USING v || '!'; INSERT INTO ledger VALUES (2, 'x')")
            let again = Self.run(scene, "--on-rewrite", "resnapshot-table", "--on-incompatible", "new-table")
            try KedgeProcess.expect(0, again)
            #expect(try newest("table-snapshot", in: scene) == ["public.ledger__v2 of public.ledger"])
            #expect(try ids(scene, of: "ledger") == [1, 2, 1, 2])
            // A new snapshot under the old type does not fit, and costs nothing when it may not go elsewhere.
            try scene.sql("ALTER TABLE ledger ALTER v TYPE int USING 7")
            try scene.expect(.schemaIncompatible, Self.run(scene, "--resnapshot"), names: ["public.ledger__v2"])
            try KedgeProcess.expect(0, Self.run(scene, "--on-incompatible", "new-table"))
            try KedgeProcess.expect(0, Self.run(scene, "--resnapshot", "--on-incompatible", "new-table"))
            #expect(try newest("snapshot", in: scene).contains("public.ledger__v3 of public.ledger"))
            try verify(scene)
        }

        @Test("promise 42: partitions follow their root, whatever the order of their columns")
        func partitions() throws {
            let scene = try Self.scene(
                "evopartition",
                """
                CREATE TABLE public.root (id int, note text, PRIMARY KEY (id)) PARTITION BY RANGE (id);
                CREATE TABLE public.low PARTITION OF root FOR VALUES FROM (0) TO (100);
                INSERT INTO root VALUES (1, 'a')
                """)
            try scene.sql(
                """
                CREATE TABLE public.high (dropped int, note text, id int PRIMARY KEY);
                ALTER TABLE high DROP dropped;
                ALTER TABLE root ATTACH PARTITION high FOR VALUES FROM (100) TO (200);
                INSERT INTO root VALUES (2, 'b'), (102, 'c');
                ALTER TABLE root ADD f int;
                INSERT INTO high VALUES ('d', 103, 4);
                ALTER TABLE root RENAME note TO remark;
                INSERT INTO low VALUES (3, 'e', 5)
                """)
            try KedgeProcess.expect(0, Self.run(scene))
            #expect(try ids(scene, of: "root") == [1, 2, 102, 103, 3])
            let changes = try scene.export.schemaNotices()["public.root"]?.flatMap(\.changes)
            #expect(changes == ["column-added f", "column-renamed remark"])
            #expect(
                try scene.export.rows(of: "public.root").suffix(2)
                    == [#"{"id":103,"note":"d","f":4}"#, #"{"id":3,"remark":"e","f":5}"#])
            try verify(scene)
        }

        @Test(
            "promise 42: a table that is called like a folder of another is refused, and what only the catalog tells is noticed live"
        )
        func namesAndFacts() throws {
            let scene = try Self.scene("evonames", "CREATE TABLE public.ledger__v2 (id int PRIMARY KEY);")
            try scene.sql("INSERT INTO ledger__v2 VALUES (1)")
            try KedgeProcess.expect(0, Self.run(scene))
            try scene.sql("ALTER TABLE ledger ALTER v TYPE text; INSERT INTO ledger VALUES (2, 'x')")
            try scene.expect(
                .tableReserved, Self.run(scene, "--on-incompatible", "new-table"),
                names: ["public.ledger__v2", "--exclude-tables"])
            try KedgeProcess.expect(0, Self.run(scene, "--on-incompatible", "quarantine"))
            let process = try KedgeProcess(
                scene.follow("--format", "parquet", "--on-rewrite", "warn"))
            try scene.sql("INSERT INTO aside VALUES (2, 6)")
            try waitUntil("the run to follow", deadline: .seconds(30)) { try ids(scene, of: "aside").count == 2 }
            try scene.sql("ALTER TABLE aside ALTER v SET NOT NULL; INSERT INTO aside VALUES (3, 7)")
            try waitUntil("the change to be told of", deadline: .seconds(30)) {
                process.errors.contains("[schema.changed]")
            }
            #expect(process.errors.contains("may no longer be null"))
            process.terminate()
            #expect(try process.wait().status == 0)
            try verify(scene)
        }
    }
}
