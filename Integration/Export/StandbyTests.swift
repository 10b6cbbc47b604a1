// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension IntegrationSuites {
    /// A hot standby as the source.
    @Suite("Standbys", .serialized)
    struct StandbyTests {
        /// When a standby becomes a primary.
        enum Promotion: String, CaseIterable, Sendable {
            case betweenRuns, whileFollowed
        }

        private static let versions = [16, 18]

        @Test("a standby is exported, and goes on through its promotion", arguments: versions, Promotion.allCases)
        func standby(version: Int, promotion: Promotion) throws {
            let primary = try PostgresServer(.version(version))
            defer { try? primary.remove() }
            let scene = try Scene("standby", on: primary)
            let standby = try primary.makeStandby()
            defer { try? standby.remove() }
            let options = ["--source", standby.address(of: scene.database), "--publication", "everything"]
            try begin(scene, primary, standby, options)

            try scene.workload.startRows(clients: 2)
            let run = try KedgeProcess(scene.run() + options + ["--retry-for", "2m"])
            try scene.waitForAnchors(3, while: run)
            try scene.workload.stop()
            try standby.waitForReplay(of: primary)
            if promotion == .betweenRuns {
                run.terminate()
                #expect(try run.wait(deadline: .seconds(30)).status == 0)
                try KedgeProcess.expect(0, scene.run("--until", "now") + options)
                try scene.expectNoFaults()
                try standby.waitForReplay(of: primary)
            }
            try primary.stop(.immediate)
            try standby.promote()
            try standby.sql(
                "INSERT INTO queue_b (payload) SELECT 'promoted' FROM generate_series(1, 100)", in: scene.database)
            if promotion == .whileFollowed {
                let end = try standby.flushedPosition()
                try waitUntil("the run to go on behind the promotion", deadline: .seconds(60)) {
                    guard run.isRunning else { throw TestFailure(run.errors) }
                    return try standby.sql(
                        "SELECT confirmed_flush_lsn >= '\(end)' FROM pg_replication_slots WHERE slot_type = 'logical'")
                        == "t"
                }
                run.terminate()
                #expect(try run.wait(deadline: .seconds(30)).status == 0)
            }
            try standby.sql("INSERT INTO queue_a (payload) VALUES ('later')", in: scene.database)
            try KedgeProcess.expect(0, scene.run("--until", "now") + options)
            #expect(try scene.export.lastEpoch() == 1)
            #expect(try scene.faults(on: standby) == [])
            let source = try #require(try scene.export.anchors().last?["source"] as? [String: Any])
            #expect(source["timeline"] as? Int == 2 && source["standby"] == nil)
        }

        /// The first run, with all that can be missing: the publication, and the record that a new slot waits for.
        private func begin(
            _ scene: Scene, _ primary: PostgresServer, _ standby: PostgresServer, _ options: [String]
        ) throws {
            try standby.waitForReplay(of: primary)
            let missing = try KedgeProcess.expect(66, scene.run("--until", "now") + options)
            #expect(
                missing.errors.contains("[postgres.publication.missing]") && missing.errors.contains("on the primary"))
            try primary.sql(
                "CREATE PUBLICATION everything FOR TABLES IN SCHEMA public, TABLE audit.events", in: scene.database)
            try standby.waitForReplay(of: primary)
            let asked = options + ["--tables", "public.*,\(AuditTrigger.table)"]
            for command in ["doctor", "plan"] { try KedgeProcess.expect(0, [command] + asked) }

            try standby.sql("SELECT pg_wal_replay_pause()")
            let waited = try KedgeProcess.expect(
                69, scene.run("--until", "now", "--slot-timeout", "4s", "--retry-for", "0s") + options)
            #expect(waited.errors.contains("[postgres.slot.timeout]"))
            #expect(waited.errors.contains("pg_log_standby_snapshot() on the primary"))
            #expect(try standby.sql("SELECT count(*) FROM pg_replication_slots") == "0")
            try standby.sql("SELECT pg_wal_replay_resume()")

            let helper = try ShellCommand(
                ["psql", "-X", "-q", "-d", primary.address(of: "postgres")],
                input: "SELECT pg_log_standby_snapshot() \\watch 0.5\n")
            try KedgeProcess.expect(0, scene.run("--until", "now") + options)
            helper.send(SIGKILL)
            #expect(try scene.export.anchors().first?["kind"] as? String == "snapshot")
        }

        @Test("a standby that has not replayed what was exported is waited for, and one before 16 is refused")
        func behindAndOld() throws {
            let primary = try PostgresServer()
            defer { try? primary.remove() }
            let scene = try Scene("behind", on: primary)
            let standby = try primary.makeStandby()
            defer { try? standby.remove() }
            try standby.waitForReplay(of: primary)
            try standby.sql("SELECT pg_wal_replay_pause()")
            try scene.workload.writeOneTransaction(rows: 10)
            try scene.catchUp()
            let source = ["--until", "now", "--source", standby.address(of: scene.database)]
            let behind = try KedgeProcess.expect(69, scene.run("--retry-for", "0s") + source)
            #expect(behind.errors.contains("[postgres.standby.behind]"))
            let other = try ExportFolder()
            defer { other.remove() }
            let begun = try KedgeProcess.run(scene.run("--retry-for", "0s", to: other) + source)
            let expected = primary.programs.major < 16 ? "[postgres.version]" : "[postgres.publication.missing]"
            #expect(begun.errors.contains(expected), "\(begun.errors)")
            try standby.sql("SELECT pg_wal_replay_resume()")
        }
    }
}
