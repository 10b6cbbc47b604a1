// SPDX-License-Identifier: Apache-2.0

import Faults
import Foundation
import Testing

extension IntegrationSuites {
    /// The power goes; the next run makes the export as if nothing had happened. The points of reading tables again
    /// have their test where tables are rewritten, in `SchemaTests`.
    @Suite("Crashing", .serialized)
    struct CrashTests {
        @Test(
            "a crash at a named point repeats nothing and loses nothing",
            arguments: CrashPoint.allCases.filter { $0.occasion != .readingAgain })
        func namedPoint(point: CrashPoint) throws {
            let scene = try Scene("crash")
            try scene.workload.startRows(clients: 2)
            try crash(scene, at: point.rawValue)
            if Self.isPassedAgain(point) { try crash(scene, at: "\(point.rawValue):3") }
            try scene.workload.stop()
            try scene.catchUp()
            try scene.expectNoFaults()
        }

        @Test("kills at random moments repeat nothing and lose nothing")
        func randomKills() throws {
            let kills = Int(ProcessInfo.processInfo.environment["KEDGE_TEST_KILLS"] ?? "") ?? 10
            let scene = try Scene("kills")
            try scene.workload.startRows()
            for kill in 0..<kills {
                let run = try KedgeProcess(scene.run("--queue-bytes", "1MiB"))
                // Definitions change once the snapshot has been taken.
                if kill == kills / 3 {
                    try scene.waitForAnchors(1, while: run)
                    try scene.workload.startDefinitions()
                }
                if kill % 4 == 3 { try scene.workload.writeOneTransaction(rows: 5000) }
                Thread.sleep(forTimeInterval: .random(in: 0.05...2.5))
                #expect(run.isRunning, "ended before kill \(kill): \(run.errors.suffix(2000))")
                run.killNow()
                _ = try run.wait(deadline: .seconds(10))
            }
            try scene.workload.stop()
            try scene.catchUp()
            try scene.expectNoFaults()
        }

        @Test("the same range written twice is the same files with the same bytes")
        func byteIdentity() throws {
            let scene = try Scene("identity")
            try scene.catchUp()
            let twin = try scene.export.copied()
            try scene.workload.startRows()
            Thread.sleep(forTimeInterval: 2)
            try scene.workload.stop()
            try scene.workload.writeOneTransaction(rows: 5000)
            let target = try scene.server.flushedPosition()
            let more = ["--until", target, "--segment-bytes", "256KiB"]
            let anchors = "1h,1000000tx,1GiB"
            // Published, and the power goes before the source hears of it: the slot can be read again. The first
            // acknowledgement repeats that of the anchor before.
            try KedgeProcess.expect(
                137, scene.run(anchors: anchors) + more, environment: ["KEDGE_CRASH_AT": "beforeAcknowledge:1"])
            // The twin is killed half-way first and then goes through.
            try KedgeProcess.expect(
                137, scene.run(to: twin, anchors: anchors) + more,
                environment: ["KEDGE_CRASH_AT": "afterSegmentRename:2"])
            try KedgeProcess.expect(0, scene.run(to: twin, anchors: anchors) + more)
            #expect(try twin.dataDigests() == scene.export.dataDigests())
            #expect(try scene.export.dataDigests().count > 5)
            try scene.expectNoFaults(in: twin)
            twin.remove()
        }

        @Test("a server that restarts in the middle is waited for", .enabled(if: PostgresServer.isPrivate))
        func serverRestarts() throws {
            let scene = try Scene("restart")
            let run = try KedgeProcess(scene.run("--retry-for", "2m"))
            try scene.waitForAnchors(1, while: run)
            for mode in [PostgresServer.StopMode.fast, .immediate] {
                try scene.workload.writeOneTransaction(rows: 2000)
                let before = ContinuousClock.now
                try scene.server.restart(mode)
                #expect(ContinuousClock.now - before < .seconds(10), "a \(mode) restart was held up")
                try scene.workload.writeOneTransaction(rows: 2000)
                let anchors = try scene.export.anchors().count
                try scene.waitForAnchors(anchors + 1, while: run)
            }
            run.terminate()
            #expect(try run.wait(deadline: .seconds(30)).status == 0)
            try scene.catchUp()
            try scene.expectNoFaults()
        }

        /// Runs until the crash point is reached, under load, with a large transaction for the points that need one.
        private func crash(_ scene: Scene, at plan: String) throws {
            let run = try KedgeProcess(
                scene.run("--queue-bytes", "1MiB", "--segment-bytes", "256KiB"),
                environment: ["KEDGE_CRASH_AT": plan])
            let end = ContinuousClock.now + .seconds(45)
            while run.isRunning, ContinuousClock.now < end {
                Thread.sleep(forTimeInterval: 0.5)
                // One that memory does not hold, where that is the point.
                let rows = plan.hasPrefix(CrashPoint.duringSpool.rawValue) ? 60_000 : 4000
                if run.isRunning { try scene.workload.writeOneTransaction(rows: rows) }
            }
            let outcome = try run.wait(deadline: .seconds(1))
            guard outcome.status == 137 else {
                throw TestFailure("\(plan) was not reached: status \(outcome.status)\n\(outcome.errors.suffix(3000))")
            }
        }

        /// Whether the point is passed more than once by a run that goes on.
        private static func isPassedAgain(_ point: CrashPoint) -> Bool {
            point.occasion != .beginning
        }
    }
}
