// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension PromiseSuites {
    /// Where a run ends, what it says of that, and who may go on.
    @Suite("Resuming", .serialized)
    struct ResumeTests {
        @Test(
            "promise 9: a run stopped in a large backlog has published, moved anchor and slot, and does not say it is done"
        )
        func stoppedInBacklog() throws {
            let rows = Count.of("KEDGE_TEST_ROWS", default: 50_000)
            let scene = try Scene("backlog")
            try scene.catchUp()
            let before = (anchors: try scene.export.anchors().count, slot: try scene.slotPosition())
            for _ in 0..<10 { try scene.workload.writeOneTransaction(rows: rows / 10) }
            let arguments = scene.run(
                "--until", "now", "--queue-bytes", "128KiB", "--output", "json", anchors: "1h,1tx,1GiB")
            let run = try KedgeProcess(arguments)
            try scene.waitForAnchors(before.anchors + 2, while: run)
            run.terminate()
            let outcome = try run.wait(deadline: .seconds(30))
            #expect(outcome.status == 0)
            #expect(outcome.output.contains(#""end":"stopped""#), "\(outcome.output)")
            let anchors = try scene.export.anchors()
            #expect(anchors.count >= before.anchors + 2)
            #expect(try scene.slotPosition() != before.slot)
            #expect(try scene.slotPosition() == anchors.last?["to"] as? String)
            #expect(try KedgeProcess.run(["verify", "--to", scene.export.path]).status == 0)

            let rest = try KedgeProcess.expect(0, arguments)
            #expect(rest.output.contains(#""end":"target-reached""#), "\(rest.output)")
            #expect(try scene.export.anchors().count > anchors.count, "the first run was stopped before the end")
            try scene.expectNoFaults()
        }

        @Test("promise 10: a target on an idle database is reached at once", arguments: ServerPrograms.all)
        func idleSource(programs: ServerPrograms) throws {
            let scene = try Scene("idle", on: .shared(programs))
            try scene.catchUp()
            try scene.server.sql("SELECT pg_switch_wal()")
            let records = try scene.export.segments().count
            let before = ContinuousClock.now
            try scene.catchUp()
            #expect(ContinuousClock.now - before < .seconds(10))
            #expect(try scene.export.segments().count == records)
            try scene.expectNoFaults()
        }

        @Test(
            "promise 11: a connection that broke without a word keeps the slot; the next run says by whom, and takes nothing over"
        )
        func halfOpenConnection() throws {
            let server = try PostgresServer.shared()
            let scene = try Scene("halfopen", on: server, through: FaultyProxy(to: server))
            let proxy = try #require(scene.proxy)
            try scene.catchUp()
            let reader = "SELECT active_pid FROM pg_replication_slots WHERE slot_name = '\(scene.slot)'"
            try waitUntil("the slot to be free") { try server.sql(reader).isEmpty }
            let lost = try KedgeProcess(scene.run())
            try waitUntil("the slot to be read") { try !server.sql(reader).isEmpty }
            let holder = try server.sql(reader)
            proxy.behave { $0.isSilent = true }
            lost.killNow()
            _ = try lost.wait(deadline: .seconds(10))

            var arguments = scene.run("--until", "now", "--retry-for", "1s")
            arguments[2] = server.address(of: scene.database)
            let before = ContinuousClock.now
            let refused = try KedgeProcess.expect(75, arguments)
            #expect(ContinuousClock.now - before < .seconds(30))
            #expect(refused.errors.contains("[postgres.slot.active]"))
            #expect(refused.errors.contains("server process \(holder)"), "\(refused.errors)")
            #expect(try server.sql(reader) == holder)

            proxy.behave { $0.isSilent = false }
            try scene.workload.writeOneTransaction(rows: 10)
            try scene.catchUp()
            try scene.expectNoFaults()
        }

        @Test("promise 11: a run whose server falls silent notices, says so, and goes on when it can be reached again")
        func silentServer() throws {
            let server = try PostgresServer.shared()
            let scene = try Scene("silent", on: server, through: FaultyProxy(to: server))
            let proxy = try #require(scene.proxy)
            try server.sql("ALTER DATABASE \(scene.database) SET wal_sender_timeout = '2s'")
            let run = try KedgeProcess(scene.run())
            try scene.waitForAnchors(1, while: run)
            // Idle for longer than the limit: silence of a server that answers when asked is none.
            Thread.sleep(forTimeInterval: 12)
            #expect(!run.errors.contains("trying again"), "\(run.errors)")
            proxy.behave { $0.isSilent = true }
            try waitUntil("the silence to be noticed", deadline: .seconds(30)) {
                run.errors.contains("has not answered for 10 s [postgres.unreachable]; trying again")
            }
            proxy.behave { $0.isSilent = false }
            let anchors = try scene.export.anchors().count
            try scene.workload.writeOneTransaction(rows: 10)
            try scene.waitForAnchors(anchors + 1, while: run)
            run.terminate()
            #expect(try run.wait(deadline: .seconds(30)).status == 0)
            try scene.catchUp()
            try scene.expectNoFaults()
        }

        @Test("promise 11: a server that accepts and never answers is given up within a bounded time")
        func mutedServer() throws {
            let server = try PostgresServer.shared()
            let scene = try Scene("muted", on: server, through: FaultyProxy(to: server))
            try scene.catchUp()
            scene.proxy?.behave { $0.isSilent = true }
            var arguments = scene.run("--until", "now", "--retry-for", "2s")
            arguments[2] += "?connect_timeout=2"
            let before = ContinuousClock.now
            let refused = try KedgeProcess.expect(69, arguments)
            #expect(ContinuousClock.now - before < .seconds(20))
            #expect(refused.errors.contains("[postgres.unreachable]"))
        }

        @Test(
            "promise 12: of two runs on one export one is turned away, before it asks the server for anything",
            .enabled(if: PostgresServer.isPrivate))
        func secondRun() throws {
            let scene = try Scene("lease")
            let run = try KedgeProcess(scene.run())
            try scene.waitForAnchors(1, while: run)
            let begun = try commands(scene)
            let refused = try KedgeProcess.expect(75, scene.run("--until", "now"))
            #expect(refused.errors.contains("[export.busy]"))
            #expect(try commands(scene) == begun)
            run.terminate()
            #expect(try run.wait(deadline: .seconds(30)).status == 0)

            // Both at once: whichever comes first goes through.
            try scene.workload.writeOneTransaction(rows: 3000)
            let pair = try (0..<2).map { _ in try KedgeProcess(scene.run("--until", "now")) }
            let statuses = try pair.map { try $0.wait().status }.sorted()
            #expect(statuses == [0, 75] || statuses == [0, 0])
            try scene.catchUp()
            try scene.expectNoFaults()
        }

        @Test(
            "promise 12: a second export on the slot of another that reads it is turned away",
            .enabled(if: PostgresServer.isPrivate))
        func secondReader() throws {
            let scene = try Scene("reader")
            let run = try KedgeProcess(scene.run())
            try scene.waitForAnchors(1, while: run)
            try waitUntil("the stream") { try commands(scene) > 0 }
            let begun = try commands(scene)
            let other = try ExportFolder()
            defer { other.remove() }
            let refused = try KedgeProcess.expect(
                75,
                scene.run(
                    "--slot", scene.slot, "--snapshot", "none", "--retry-for", "1s", "--until", "now", to: other))
            #expect(refused.errors.contains("[postgres.slot.active]"), "\(refused.errors)")
            #expect(try commands(scene) == begun)
            try scene.workload.writeOneTransaction(rows: 10)
            run.terminate()
            #expect(try run.wait(deadline: .seconds(30)).status == 0)
            try scene.catchUp()
            try scene.expectNoFaults()
        }

        /// How often somebody has begun to read the slot of the scene.
        private func commands(_ scene: Scene) throws -> Int {
            try scene.server.log().split(separator: "\n")
                .filter { $0.contains("START_REPLICATION SLOT \"\(scene.slot)\"") && $0.contains("received") }.count
        }
    }
}
