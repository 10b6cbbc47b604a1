// SPDX-License-Identifier: Apache-2.0

import Testing

extension PromiseSuites {
    /// Connections that do not reach the server that the others have reached.
    @Suite("Promises: the balancer", .serialized)
    struct BalancerTests {
        @Test("promise 23: connections that reach different servers end the run, at whichever connection it happens")
        func alternatingServers() throws {
            let primary = try PostgresServer()
            defer { try? primary.remove() }
            let scene = try Scene("balanced", on: primary)
            let standby = try primary.makeStandby()
            defer { try? standby.remove() }
            try standby.waitForReplay(of: primary)
            // The catalog, the replication, the holder of the snapshot, and the one that reads.
            for others in 1...3 {
                let ports = [Int](repeating: try primary.ownPlace().port, count: others) + [try standby.ownPlace().port]
                let balancer = try AlternatingForwarder(to: ports)
                defer { balancer.close() }
                let source = "postgresql://postgres@127.0.0.1:\(balancer.port)/\(scene.database)"
                let refused = try KedgeProcess.expect(
                    69, scene.run("--until", "now", "--jobs", "1", "--retry-for", "0s", "--source", source))
                #expect(refused.errors.contains("[postgres.server.changed]"), "\(refused.errors)")
                #expect(try scene.export.anchors().isEmpty)
            }
            try scene.catchUp()
            try scene.expectNoFaults()
            let left = try primary.sql("SELECT count(*) FROM pg_replication_slots WHERE slot_type = 'logical'")
            #expect(left == "1")
        }
    }
}
