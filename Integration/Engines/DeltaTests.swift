// SPDX-License-Identifier: Apache-2.0

import Faults
import Foundation
import Testing

extension IntegrationSuites {
    /// An anchor becomes versions of Delta tables, whatever happens between the two.
    @Suite("Delta tables", .serialized)
    struct DeltaTests {
        @Test("a crash at a named point is mended: no anchor is missing in a table, and none is there twice")
        func namedPoints() throws {
            let delta = try DeltaScene()
            try delta.catchUp()
            for point in CrashPoint.allCases where point.occasion == .deltaTables && point != .duringDeltaRebuild {
                // Twice, for the run that mends passes the same points; the second time between two tables, where
                // there are two in one run.
                let isOfTable = ![.afterDeltaTables, .afterDeltaCut, .duringDeltaCleanup].contains(point)
                for passes in [0, isOfTable ? 1 : 0] {
                    var status: Int32 = 0
                    for _ in 0..<6 where status != 137 {
                        try delta.change()
                        status = try KedgeProcess.run(
                            delta.run(), environment: ["KEDGE_CRASH_AT": "\(point.rawValue):\(passes)"]
                        ).status
                    }
                    #expect(status == 137, "\(point) is not passed")
                }
                try delta.changeAndCatchUp()
                try delta.expectWhole()
            }
        }

        @Test("logs that were lost are made anew from the chain, also when that is interrupted, and the cuts with them")
        func lostLogs() throws {
            let delta = try DeltaScene(DeltaScene.long)
            try delta.catchUp()
            try delta.changeAndCatchUp(times: 3)
            let before = try delta.export.newestCut()
            try delta.orders.remove()
            try delta.catchUp()
            #expect(try delta.export.newestCut() == before)
            try delta.orders.remove()
            try delta.items.remove()
            for point in [CrashPoint.duringDeltaRebuild, .afterDeltaLink] {
                let crashed = try KedgeProcess.run(
                    delta.run(), environment: ["KEDGE_CRASH_AT": "\(point.rawValue):1"])
                #expect(crashed.status == 137)
            }
            try FileManager.default.removeItem(atPath: delta.export.path + "/_kedge/cuts")
            try delta.catchUp()
            #expect(try delta.export.newestCut() == before)
            #expect(try delta.export.cutCount() == delta.export.anchors().count)
            try delta.expectWhole()
        }

        @Test("anchors of runs without Delta tables are added by the next run with them")
        func turnedOn() throws {
            let delta = try DeltaScene()
            try KedgeProcess.expect(0, delta.scene.run("--format", "parquet", "--delta", "off"))
            for _ in 0..<2 {
                try delta.change()
                try KedgeProcess.expect(0, delta.scene.run("--format", "parquet", "--delta", "off"))
            }
            #expect(!FileManager.default.fileExists(atPath: delta.orders.folder))
            try delta.catchUp()
            try delta.expectWhole()
            let status = try KedgeProcess.expect(0, ["status", "--to", delta.export.path])
            #expect(status.output.contains("delta       3 tables at anchor \(try delta.export.anchors().count)"))
        }

        @Test("columns come and go: the table has all of them, and every engine reads old and new files")
        func columns() throws {
            let delta = try DeltaScene(DeltaScene.long)
            try delta.catchUp()
            try delta.scene.sql(
                """
                ALTER TABLE orders ADD COLUMN at timestamp, ADD COLUMN "a b,c" numeric(12, 3), ADD COLUMN "x.y" int[];
                INSERT INTO orders VALUES (1000, 'new', '2026-01-02 03:04:05.6', 1.5, '{1,2}'),
                    (1001, 'odd', 'infinity', 'NaN', '{}');
                ALTER TABLE items ALTER COLUMN id TYPE int;
                """)
            try delta.catchUp()
            try delta.scene.sql("ALTER TABLE orders DROP COLUMN note; INSERT INTO orders VALUES (1002, now())")
            try delta.catchUp()
            let rule = try delta.orders.newest("protocol")
            #expect(rule["minReaderVersion"] as? Int == 3)
            #expect(rule["readerFeatures"] as? [String] == ["timestampNtz"])
            #expect(try delta.items.newest("protocol")["minReaderVersion"] as? Int == 1)
            try delta.changeSecondTable(times: 4)
            try delta.expectWhole()
            let report = try delta.compare()
            #expect(report.contains("deltalake: "))
        }

        @Test("what others commit meanwhile is stepped over, and a rewrite of the files is no loss")
        func others() throws {
            let delta = try DeltaScene()
            try delta.catchUp()
            try delta.changeAndCatchUp(times: 2)
            let run = try KedgeProcess(delta.follow())
            try delta.change()
            try waitUntil("an anchor of the run") { try delta.export.newestCut().anchor >= 4 }
            // The number that the run will try next is taken.
            try delta.orders.commit([["commitInfo": ["operation": "VACUUM START", "operationMetrics": ["share": 0.5]]]])
            try delta.change()
            let anchor = try delta.export.newestCut().anchor
            try waitUntil("another anchor") { try delta.export.newestCut().anchor > anchor }
            run.terminate()
            #expect(try run.wait().status == 0)
            try delta.expectWhole()
            let report = try delta.compare("--compact", "--vacuum", "0")
            #expect(report.contains("public.orders: compacted"))
            try delta.changeAndCatchUp(times: 4)
            try delta.compare()
            let verified = try KedgeProcess.expect(0, ["verify", "--to", delta.export.path])
            #expect(verified.output.contains("segments are gone, replaced there"))
            // What was vacuumed cannot be made anew from the chain.
            try delta.orders.remove()
            try delta.scene.expect(.deltaLog, delta.run(), names: ["is missing"])
        }

        @Test("a checkpoint that others have written is gone on from")
        func foreignCheckpoint() throws {
            let delta = try DeltaScene(DeltaScene.long)
            try delta.catchUp()
            try delta.changeAndCatchUp(times: 2)
            try delta.compare("--checkpoint")
            for log in [delta.orders, delta.items] {
                #expect(try log.checkpoints() == [2])
                for version in try log.versions() { try FileManager.default.removeItem(atPath: log.path(of: version)) }
            }
            try delta.changeAndCatchUp(times: 3)
            try delta.compare()
            try KedgeProcess.expect(0, ["verify", "--to", delta.export.path])
        }

        @Test("a keyspace's tables are Delta tables, too")
        func keyspace() throws {
            let scene = try KeyspaceScene()
            let mirror = scene.export.url.deletingLastPathComponent().appendingPathComponent("mirror").path
            for round in 0..<4 {
                try scene.server.command("SET", "key:\(round)", "value")
                try scene.server.command("RPUSH", "list", "a", "b")
                try scene.server.command("SET", "bytes", "\u{1}\u{7f}é")
                try scene.catchUp("--format", "parquet", "--delta-checkpoint-every", "2")
            }
            let report = try DeltaScene.compare(scene.export, mirror: mirror)
            #expect(report.contains("of 1 tables"))
            try KedgeProcess.expect(0, ["verify", "--to", scene.export.path])
        }
    }
}

extension DeltaScene {
    /// Changes the table whose columns stay as they are, and catches up.
    func changeSecondTable(times: Int) throws {
        for _ in 0..<times {
            try scene.sql("INSERT INTO items SELECT max(id) + 1, 0.5 FROM items")
            try catchUp()
        }
    }
}
