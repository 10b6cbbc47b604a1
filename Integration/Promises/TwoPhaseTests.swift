// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension PromiseSuites {
    /// Transactions that are prepared in one run and end in another.
    @Suite("Two-phase transactions", .serialized)
    struct TwoPhaseTests {
        @Test(
            "prepared transactions are kept until they end, through kills and restarts", arguments: ServerPrograms.all)
        func keptUntilTheyEnd(programs: ServerPrograms) throws {
            let scene = try Scene("prepared", on: PostgresServer.shared(programs))
            try Self.prepare("before", 1, scene)
            try scene.server.sql("COMMIT PREPARED 'before'", in: scene.database)
            try scene.catchUp("--two-phase")
            try Self.prepare("kept", 1000, scene)
            try Self.prepare("undone", 2000, scene)
            try scene.catchUp("--two-phase")
            #expect(try Self.kept(scene) == 2)
            try Self.prepare("large", 3000, scene, rows: 60_000)
            try scene.workload.startRows(clients: 2)
            let follower = try KedgeProcess(scene.run("--two-phase"))
            try scene.waitForAnchors(6, while: follower)
            follower.killNow()
            _ = try follower.wait()
            try scene.server.sql(
                "COMMIT PREPARED 'kept'; ROLLBACK PREPARED 'undone'; COMMIT PREPARED 'large'", in: scene.database)
            try scene.workload.stop()
            try scene.catchUp("--two-phase")
            try scene.catchUp("--two-phase")
            try scene.expectNoFaults()
            #expect(try Self.kept(scene) == 0)
            let words = try KedgeProcess.expect(0, ["cat", "--to", scene.export.path, "--table", "_two_phase"]).output
                .split(separator: "\n").compactMap { line in
                    (try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]).map {
                        "\($0["gid"] ?? "") \($0["outcome"] ?? "")"
                    }
                }
            #expect(
                words == [
                    "kept prepared", "undone prepared", "large prepared", "kept committed", "undone rolled back",
                    "large committed",
                ])
        }

        @Test("without the flag a prepared transaction comes whole when it is committed")
        func wholeAtCommit() throws {
            let scene = try Scene("whole")
            try scene.catchUp()
            try Self.prepare("late", 1000, scene)
            try scene.catchUp()
            try scene.server.sql("COMMIT PREPARED 'late'", in: scene.database)
            try scene.catchUp()
            try scene.expectNoFaults()
        }

        @Test("the slot remembers, and what was prepared before it began to comes whole")
        func remembered() throws {
            let scene = try Scene("remembered")
            try scene.catchUp()
            try Self.prepare("earlier", 1000, scene)
            try scene.catchUp()
            try scene.catchUp("--two-phase")
            try Self.prepare("later", 2000, scene)
            try scene.catchUp()
            #expect(try Self.kept(scene) == 1)
            try scene.server.sql("COMMIT PREPARED 'later'; COMMIT PREPARED 'earlier'", in: scene.database)
            try scene.catchUp()
            try scene.expectNoFaults()
        }

        @Test("changes that somebody has deleted are a fault, and nothing is published")
        func deleted() throws {
            let scene = try Scene("deleted")
            try scene.catchUp("--two-phase")
            try Self.prepare("lost", 1000, scene)
            try scene.catchUp()
            let anchors = try scene.export.anchors().count
            try FileManager.default.removeItem(atPath: scene.export.path + "/_kedge/prepared")
            try scene.server.sql("COMMIT PREPARED 'lost'", in: scene.database)
            let refused = try KedgeProcess.run(scene.run("--until", "now"))
            #expect(refused.status == 66 && refused.errors.contains("[postgres.prepared.missing]"))
            #expect(try scene.export.anchors().count == anchors)
        }

        @Test("a flag that the version of the stream cannot carry is refused")
        func refused() throws {
            let scene = try Scene("refused")
            let low = try KedgeProcess.run(scene.run("--until", "now", "--two-phase", "--protocol", "2"))
            #expect(low.status == 78 && low.errors.contains("--two-phase needs --protocol 3 or 4"))
            let early = try Scene("early", on: PostgresServer.shared(.version(15)))
            let late = try KedgeProcess.run(early.run("--until", "now", "--protocol", "4"))
            #expect(late.status == 78 && late.errors.contains("needs PostgreSQL 16"))
        }

        private static func prepare(_ gid: String, _ from: Int, _ scene: Scene, rows: Int = 100) throws {
            try scene.server.sql(
                """
                BEGIN; INSERT INTO big SELECT -n, '\(gid)' FROM generate_series(\(from), \(from + rows - 1)) n;
                PREPARE TRANSACTION '\(gid)';
                """, in: scene.database)
        }

        private static func kept(_ scene: Scene) throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: scene.export.path + "/_kedge/prepared").count
        }
    }
}
