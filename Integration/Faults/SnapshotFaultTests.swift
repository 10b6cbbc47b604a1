// SPDX-License-Identifier: Apache-2.0

import Faults
import Foundation
import Testing

extension IntegrationSuites {
    /// What happens while a snapshot is read: a slow reader gives the time for it.
    @Suite("Faults of the snapshot", .serialized)
    struct SnapshotFaultTests {
        private static let slowly = ["--compression", "gzip", "--compression-level", "9", "--jobs", "1"]

        @Test("a connection of the snapshot that breaks ends it, and nothing of it is published")
        func brokenSnapshot() throws {
            let scene = try slowScene("broken")
            let run = try begin(scene, "--retry-for", "0s")
            try scene.sql(
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND query ILIKE 'copy%' AND application_name LIKE 'kedge/%'
                """)
            try FaultScene.check(run.wait(deadline: .seconds(60)), .postgresSnapshotLost, names: ["snapshot"])
            try scene.expectNothingBegun()
        }

        @Test("a table that is rewritten again and again while the snapshot is read ends it")
        func rewrittenTable() throws {
            let scene = try slowScene("rewritten")
            let rewriting = try ShellCommand(
                [
                    "psql", "-X", "-q", "-d", scene.source, "-c", "SET lock_timeout = '50ms'", "-c",
                    "SELECT 1 FROM items LIMIT 0", "-f", "-",
                ], input: String(repeating: "VACUUM FULL public.items; SELECT pg_sleep(0.02);\n", count: 3000))
            defer { rewriting.send(SIGKILL) }
            let run = try KedgeProcess(scene.follow("--log-format", "json") + Self.slowly + ["--retry-for", "1m"])
            let outcome = try run.wait(deadline: .seconds(90))
            try FaultScene.check(outcome, .postgresSnapshotRewritten, names: ["public.items", "DDL"])
            try scene.expectNothingBegun()
        }

        @Test("a signal before the first anchor ends the run with nothing published and nothing left")
        func stopped() throws {
            let scene = try slowScene("stopped")
            let run = try begin(scene)
            run.terminate()
            try FaultScene.check(run.wait(deadline: .seconds(60)), .stopped, names: ["begin anew"])
            try scene.expectNothingBegun()
        }

        private func slowScene(_ label: String) throws -> FaultScene {
            let scene = try FaultScene(label)
            // Sorted before the others and so read before them.
            try scene.sql(
                """
                CREATE TABLE public.a_slow (id int PRIMARY KEY, v text);
                INSERT INTO a_slow SELECT n, md5(n::text) || md5((n + 1)::text) FROM generate_series(1, 400000) n
                """)
            return scene
        }

        private func begin(_ scene: FaultScene, _ more: String...) throws -> KedgeProcess {
            let run = try KedgeProcess(scene.follow("--log-format", "json") + Self.slowly + more)
            try waitUntil("the snapshot is being read") {
                guard run.isRunning else { throw TestFailure("ended too early: \(run.errors)") }
                return try scene.sql(
                    """
                    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                    AND query ILIKE 'copy%' AND state = 'active' AND application_name LIKE 'kedge/%'
                    """) != "0"
            }
            return run
        }
    }
}
