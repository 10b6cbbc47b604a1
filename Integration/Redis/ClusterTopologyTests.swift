// SPDX-License-Identifier: Apache-2.0

import Hiredis
import RedisCluster
import RedisURI
import Testing

extension ClusterSuites {
    @Suite("The topology of a real cluster", .serialized)
    struct ClusterTopologyTests {
        @Test("shards, replicas and a moved slot are seen", arguments: RedisPrograms.all)
        func topology(programs: RedisPrograms) throws {
            let cluster = try RedisClusterServers(programs, masterCount: 2, replicaCount: 1)
            defer { cluster.remove() }
            let before = try cluster.topology()
            #expect(before.shards.map(\.endpoint) == cluster.masters.map(\.endpoint))
            #expect(before.shards.map { $0.replicas.map(\.endpoint) } == [[cluster.replicas[0].endpoint], []])
            let key = "bar"
            let slot = KeySlot(of: Array(key.utf8))
            #expect(try cluster.masters[0].command("CLUSTER", "KEYSLOT", key) == .integer(Int64(slot.number)))
            try cluster.masters[0].command("SET", key, "1")
            try cluster.move(slot.number, from: cluster.masters[0], to: cluster.masters[1])
            #expect(try cluster.owner(of: key).port == cluster.masters[1].port)
            #expect(try cluster.masters[1].command("GET", key).text == "1")
        }
    }
}
