// SPDX-License-Identifier: Apache-2.0

import Foundation
import RedisCluster
import Testing

extension IntegrationSuites {
    /// The export of a cluster is the cluster, shard by shard.
    @Suite("The keyspace of a cluster", .serialized)
    struct ClusterKeyspaceTests {
        @Test(
            "snapshot and stream of each shard replayed are the shard, by its own digest", arguments: RedisPrograms.all)
        func shards(programs: RedisPrograms) throws {
            let scene = try ClusterScene(programs, masterCount: programs == .standard ? 3 : 2)
            try scene.write(1500)
            try scene.catchUp()
            try scene.write(1500)
            try scene.expectSameShards()
            #expect(try scene.kinds() == ["snapshot"])
            #expect(try scene.lanes().map(\.name) == scene.cluster.masters.indices.map { "shard-\($0 + 1)" })
            for master in scene.cluster.masters { #expect(try master.info("stats")["sync_full"] == "1") }
            // One anchor is one cut: its lanes stand each at an offset of its own.
            let first = try #require(try scene.export.anchors().first)
            #expect((first["lanes"] as? [[String: Any]])?.count == scene.cluster.masters.count)
            #expect(first["from"] as? String == "0" && first["to"] as? String == "0")
        }

        @Test("kills of kedge lose nothing and repeat nothing", arguments: RedisPrograms.all)
        func kills(programs: RedisPrograms) throws {
            let scene = try ClusterScene(programs)
            let writer = ClusterWriter(scene.cluster)
            for _ in 0..<KeyspaceCount.kills {
                let process = try KedgeProcess(scene.run())
                Thread.sleep(forTimeInterval: .random(in: 0.05...0.9))
                process.killNow()
                _ = try process.wait()
            }
            try writer.end()
            try scene.expectSameShards()
            #expect(try scene.kinds() == ["snapshot"])
        }
    }
}
