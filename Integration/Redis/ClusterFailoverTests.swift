// SPDX-License-Identifier: Apache-2.0

import Foundation
import RedisCluster
import Testing

extension ClusterSuites {
    /// Streams of a cluster, while its masters change.
    @Suite("Streams of a cluster and failovers", .serialized)
    struct ClusterFailoverTests {
        private static let names = ClusterStreamTests.names

        /// The replica that follows a master.
        private static func replica(of master: RedisServer, in cluster: RedisClusterServers) throws -> RedisServer {
            let id = try RedisClusterServers.id(of: master)
            let endpoints = try cluster.topology().shards.first { $0.master.id == id }?.replicas.map(\.endpoint) ?? []
            guard let replica = cluster.servers.first(where: { endpoints.contains($0.endpoint) }) else {
                throw TestFailure("the master has no replica")
            }
            return replica
        }

        @Test("a replica takes over under load while kedge runs: nothing is lost", arguments: RedisPrograms.all)
        func takeover(programs: RedisPrograms) throws {
            let cluster = try RedisClusterServers(programs, masterCount: 2, replicaCount: 2)
            defer { cluster.remove() }
            let scene = try StreamScene(cluster, streams: "s:*")
            try ClusterStreamTests.add(5, to: Self.names, of: cluster)
            let load = try StreamClients(cluster, streams: Self.names)
            let process = try KedgeProcess(scene.run("--retry-for", "1m", anchors: "100ms"))
            try scene.waitForAnchors(2, while: process)
            for _ in 0..<2 {
                let master = try cluster.owner(of: "s:1")
                let replica = try Self.replica(of: master, in: cluster)
                var asked = ContinuousClock.now
                try replica.command("CLUSTER", "FAILOVER")
                try waitUntil("the replica is the master") {
                    // Whoever has voted a moment ago does not vote again.
                    if asked.duration(to: .now) > .seconds(6) {
                        _ = try? replica.command("CLUSTER", "FAILOVER")
                        asked = .now
                    }
                    return try cluster.owner(of: "s:1").port == replica.port
                }
                Thread.sleep(forTimeInterval: 0.5)
                #expect(process.isRunning, "\(process.errors.suffix(2000))")
            }
            try load.end()
            for name in Self.names {
                try scene.waitForRecords(try scene.entries(of: name).count, of: name, while: process)
            }
            process.terminate()
            #expect(try process.wait().status == 0)
            try scene.expectEqual(Self.names)
            try ClusterStreamTests.expectWhole(scene)
        }

        @Test("a master is killed, and the run goes on at its replica", arguments: RedisPrograms.all)
        func killed(programs: RedisPrograms) throws {
            let cluster = try RedisClusterServers(programs, masterCount: 3, replicaCount: 3)
            defer { cluster.remove() }
            let scene = try StreamScene(cluster, streams: "s:*")
            try ClusterStreamTests.add(20, to: Self.names, of: cluster)
            let process = try KedgeProcess(scene.run("--retry-for", "2m", anchors: "100ms"))
            for name in Self.names { try scene.waitForRecords(20, of: name, while: process) }
            let master = try cluster.owner(of: "s:1")
            let replica = try Self.replica(of: master, in: cluster)
            try waitUntil("the replica has it all") {
                try replica.info("replication")["slave_repl_offset"] == master.info("replication")["master_repl_offset"]
            }
            try master.kill9()
            try waitUntil("the replica is the master") {
                (try? cluster.owner(of: "s:1").port) == replica.port
            }
            try ClusterStreamTests.add(20, to: Self.names, from: 21, of: cluster)
            for name in Self.names { try scene.waitForRecords(40, of: name, while: process) }
            // Who comes back is a replica.
            try master.start()
            try ClusterStreamTests.add(5, to: Self.names, from: 41, of: cluster)
            for name in Self.names { try scene.waitForRecords(45, of: name, while: process) }
            process.terminate()
            #expect(try process.wait().status == 0)
            try scene.expectEqual(Self.names)
            try ClusterStreamTests.expectWhole(scene)
        }

        @Test("entries that the promoted replica never had are told", arguments: RedisPrograms.all)
        func lost(programs: RedisPrograms) throws {
            let cluster = try RedisClusterServers(
                programs, masterCount: 3, replicaCount: 3, settings: ["cluster-replica-validity-factor 0"])
            defer { cluster.remove() }
            let scene = try StreamScene(cluster, streams: "s:*")
            try ClusterStreamTests.add(20, to: Self.names, of: cluster)
            let master = try cluster.owner(of: "s:1")
            let replica = try Self.replica(of: master, in: cluster)
            let here = try Self.names.filter { try cluster.owner(of: $0).port == master.port }
            try waitUntil("the replica has it all") {
                try replica.info("replication")["slave_repl_offset"] == master.info("replication")["master_repl_offset"]
            }
            try replica.command("SAVE")
            try replica.kill9()
            try ClusterStreamTests.add(5, to: Self.names, from: 21, of: cluster)
            try scene.catchUp()
            try scene.expectEqual(Self.names)
            try master.kill9()
            try replica.start()
            try waitUntil("the replica is the master") {
                (try? cluster.owner(of: "s:1").port) == replica.port
            }
            // To one stream nothing is added any more, to another less than is lost, and to a third more.
            #expect(here == ["s:1", "s:5", "s:9"])
            try ClusterStreamTests.add(3, to: ["s:5"], from: 26, of: cluster)
            try ClusterStreamTests.add(
                8, to: Self.names.filter { !["s:1", "s:5"].contains($0) }, from: 26, of: cluster)
            try scene.catchUp("--retry-for", "1m")
            let kinds = try here.map { name in try scene.breaks(of: name).map { $0["kind"] as? String ?? "" } }
            let counts = programs.isAtLeast(7, 0)
            #expect(kinds == [["reset"], [counts ? "reset" : "unknown"], ["unknown"]])
            try scene.verify()
            // What was exported and is lost stays in the export; of a stream that began anew, in its first history.
            let anew = zip(here, kinds).filter { $0.1 == ["reset"] }.map(\.0)
            for name in anew { #expect(try scene.exported(name) == scene.entries(of: name)) }
            for name in here where !anew.contains(name) {
                #expect(try Set(scene.exported(name)).isSuperset(of: scene.entries(of: name)))
                #expect(try scene.exported(name).count == scene.entries(of: name).count + 5)
            }
            for name in here { #expect(try scene.records(of: name).count >= 25) }
            for name in Self.names where !here.contains(name) {
                #expect(try scene.exported(name) == scene.entries(of: name) && scene.breaks(of: name).isEmpty)
            }
        }
    }
}
