// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension IntegrationSuites {
    /// Everything at once: the mixed workload, kills of kedge, restarts of the server, connections cut at random bytes.
    @Suite("Chaos", .serialized, .enabled(if: PostgresServer.isPrivate))
    struct ChaosTests {
        // A test for each version, so that they can run side by side in processes of their own.

        @Test("promise 1: chaos repeats nothing and loses nothing, and the slot never runs ahead")
        func onStandard() throws { try chaos(.standard) }

        @Test("promise 1: chaos on PostgreSQL 16")
        func on16() throws { try chaos(.version(16)) }

        @Test("promise 1: chaos on PostgreSQL 18")
        func on18() throws { try chaos(.version(18)) }

        private func chaos(_ programs: ServerPrograms) throws {
            let server = try PostgresServer(programs)
            defer { try? server.remove() }
            let scene = try Scene("chaos", on: server, through: FaultyProxy(to: server))
            let law = try SlotLaw(of: scene.export, slot: scene.slot, on: server)
            try scene.workload.startRows(clients: 2, pace: .full, .acrossRestarts)
            var run = try start(scene)
            let events = Event.some()
            for (number, event) in events.enumerated() {
                // Definitions change once the snapshot has been taken.
                if number == events.count / 3 {
                    try scene.waitForAnchors(1, while: run)
                    try scene.workload.startDefinitions(.acrossRestarts)
                }
                Thread.sleep(forTimeInterval: .random(in: 0.05...1.2))
                #expect(run.isRunning, "ended before event \(number), \(event): \(run.errors.suffix(2000))")
                switch event {
                case .kill:
                    run.killNow()
                    _ = try run.wait(deadline: .seconds(10))
                    run = try start(scene)
                case .restart(let mode): try server.restart(mode)
                case .cut(let byteCount, let direction): try cut(scene, after: byteCount, direction)
                }
            }
            let anchors = (try? scene.export.anchors().count) ?? 0
            try scene.waitForAnchors(anchors + 1, while: run)
            run.terminate()
            let outcome = try run.wait(deadline: .seconds(60))
            #expect(outcome.status == 0, "\(outcome.errors.suffix(2000))")
            try scene.workload.stop()
            try scene.catchUp()
            #expect(try law.violations() == [])
            try scene.expectNoFaults()
        }

        /// Cuts after a number of bytes; after two seconds at once, should so many not come.
        private func cut(_ scene: Scene, after byteCount: Int, _ direction: FaultyProxy.Direction) throws {
            let proxy = try #require(scene.proxy)
            let cuts = proxy.cutCount
            let end = ContinuousClock.now + .seconds(2)
            proxy.cut(after: byteCount, direction)
            while proxy.cutCount == cuts, .now < end { Thread.sleep(forTimeInterval: 0.01) }
            if proxy.cutCount == cuts { proxy.cut() }
        }

        private func start(_ scene: Scene) throws -> KedgeProcess {
            try KedgeProcess(scene.run("--queue-bytes", "1MiB", "--retry-for", "2m"))
        }

        private enum Event {
            case kill
            case restart(PostgresServer.StopMode)
            case cut(Int, FaultyProxy.Direction)

            /// As many of each kind as the environment asks for, in any order.
            static func some() -> [Event] {
                let kills = (0..<Count.of("KEDGE_TEST_KILLS", default: 5)).map { _ in Event.kill }
                let restarts = (0..<Count.of("KEDGE_TEST_RESTARTS", default: 2)).map { number in
                    Event.restart(number % 2 == 0 ? .immediate : .fast)
                }
                let cuts = (0..<Count.of("KEDGE_TEST_CUTS", default: 4)).map { number in
                    number % 3 == 2
                        ? Event.cut(.random(in: 0...300), .toServer) : Event.cut(.random(in: 0...100_000), .toClient)
                }
                return (kills + restarts + cuts).shuffled()
            }
        }
    }
}
