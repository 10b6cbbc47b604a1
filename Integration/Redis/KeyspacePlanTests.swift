// SPDX-License-Identifier: Apache-2.0

import Faults
import Foundation
import Testing

extension IntegrationSuites {
    @Suite("The plan of a keyspace", .serialized)
    struct KeyspacePlanTests {
        @Test(
            "it tells what the server holds and what a run would do, and changes nothing", arguments: RedisPrograms.all)
        func server(programs: RedisPrograms) throws {
            let server = try RedisServer(programs)
            defer { server.remove() }
            for number in 1...3 { try server.command("SET", "k\(number)", "v", database: 2) }
            let source = ["plan", "--source", server.address()]
            let plan = try KedgeProcess.expect(0, source).output
            #expect(plan.contains("Redis \(programs.version)") && plan.contains("db2  3 keys"), "\(plan)")
            #expect(plan.contains("a snapshot of all keys, then every command behind it"))
            #expect(try KedgeProcess.expect(0, source + ["--mode", "scan"]).output.contains("a pass over all keys"))
            let json = try KedgeProcess.expect(0, source + ["--snapshot", "none", "--output", "json"]).output
            let report = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
            #expect((report?["wouldDo"] as? String)?.contains("without the keys") == true)
            #expect(try server.info("replication")["connected_slaves"] == "0")
            #expect(try server.info("stats")["sync_full"] == "0")
        }

        @Test("of a cluster every shard is told, and values of touched keys are refused there")
        func cluster() throws {
            let cluster = try RedisClusterServers(masterCount: 2)
            defer { cluster.remove() }
            let plan = try KedgeProcess.expect(0, ["plan", "--source", cluster.address]).output
            for server in cluster.masters { #expect(plan.contains("127.0.0.1:\(server.port)"), "\(plan)") }
            let export = try ExportFolder()
            defer { export.remove() }
            let refusal = try KedgeProcess.expect(
                2, ["run", "--source", cluster.address, "--to", export.path, "--state", "touched", "--until", "now"])
            #expect(refusal.errors.contains("--state") && refusal.errors.contains("cluster"), "\(refusal.errors)")
        }
    }
}
