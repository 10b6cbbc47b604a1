// SPDX-License-Identifier: Apache-2.0

import Testing

extension ClusterSuites {
    /// Shards that are followed at their replicas.
    @Suite("The replicas of a cluster", .serialized)
    struct ClusterReplicaTests {
        @Test("replicas are followed where they are preferred, and their masters go on with the same lanes")
        func preferred() throws {
            let scene = try ClusterScene(replicaCount: 2)
            try scene.write(300)
            try scene.catchUp("--prefer-replica")
            for master in scene.cluster.masters { #expect(try master.info("stats")["sync_full"] == "1") }
            for replica in scene.cluster.replicas { #expect(try replica.info("stats")["sync_full"] == "1") }
            try scene.write(300)
            for (master, replica) in zip(scene.cluster.masters, scene.cluster.replicas) {
                try master.waitForReplica(replica)
            }
            try scene.catchUp("--prefer-replica")
            try scene.write(300)
            // A master has the same history as its replica.
            try scene.expectSameShards()
            #expect(try scene.kinds() == ["snapshot"])
            // Without a replica the master is taken.
            try scene.cluster.replicas[0].kill9()
            try scene.write(100)
            try scene.catchUp("--prefer-replica")
            try scene.expectSameShards()
            #expect(try scene.kinds() == ["snapshot"])
        }
    }
}
