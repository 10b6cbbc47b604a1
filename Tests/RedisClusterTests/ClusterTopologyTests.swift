// SPDX-License-Identifier: Apache-2.0

import Faults
import RedisCluster
import RedisURI
import Testing

@Suite("The topology of a cluster")
struct ClusterTopologyTests {
    private let host = Endpoint.tcp(host: "asked", port: 7000)

    @Test("masters, replicas, slots and moves are read from CLUSTER NODES")
    func reads() throws {
        let text = """
            a1 :7000@17000,name.example myself,master - 0 0 1 connected 0-5460 8000 [93->-b1] [9001-<-b1]
            b1 10.0.0.2:7001@17001 master - 0 1 2 connected 5461-7999 8001-16383
            c1 10.0.0.3:7002@17002 slave a1 0 1 1 connected
            d1 10.0.0.4:7003@17003 slave,fail a1 0 1 1 disconnected
            e1 :0@0 master,noaddr - 0 1 0 disconnected
            """
        let topology = try ClusterTopology(text, from: host)
        #expect(topology.shards.map(\.endpoint) == [host, .tcp(host: "10.0.0.2", port: 7001)])
        #expect(topology.shards.map { $0.replicas.map(\.id) } == [["c1"], []])
        let first = topology.shards[0].master
        #expect(first.isMyself && first.slots == [0...5460, 8000...8000])
        #expect(first.migrating == [93: "b1"] && first.importing == [9001: "b1"])
        #expect(topology.shard(of: KeySlot(of: "foo".utf8))?.master.id == "b1")
    }

    @Test("a node's address of version 6 is read, also one with colons")
    func addresses() throws {
        let topology = try ClusterTopology("a1 ::1:7000@17000 master - 0 0 1 connected 0-16383", from: host)
        #expect(topology.shards[0].endpoint == .tcp(host: "::1", port: 7000))
    }

    @Test("slots that nobody owns are told")
    func holes() {
        let fault = #expect(throws: Fault.self) {
            try ClusterTopology("a1 10.0.0.1:7000@17000 master - 0 0 1 connected 0-16381", from: host)
        }
        #expect(fault?.code == .redisNotReady)
        #expect("\(fault.map { "\($0)" } ?? "")".contains("2 of the cluster's 16384 slots"))
    }

    @Test(
        "what no cluster answers is refused",
        arguments: [
            "nonsense", "a1 10.0.0.1:7000@17000 master - 0 0 1 connected 0-16384",
            "a1 10.0.0.1:7000@17000 master - 0 0 1 connected 9-3", "a1 h:1@2 master - 0 0 1 connected 0-16383 [93",
            "a1 h:1@2 master - 0 0 1 connected 0-16383 [93-x-b1]", "a1 h:1@2 master - 0 0 1 connected 1-2-3",
        ])
    func nonsense(text: String) {
        let fault = #expect(throws: Fault.self) { try ClusterTopology(text, from: host) }
        #expect(fault?.code == .redisProtocol)
    }
}
