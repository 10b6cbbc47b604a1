// SPDX-License-Identifier: Apache-2.0

import Faults
import Foundation
import Hiredis
import RedisURI
import Testing

extension ClusterSuites {
    /// Servers that sentinels watch.
    @Suite("Sentinels", .serialized)
    struct SentinelTests {
        @Test("the master is found, and found again after a failover; the keyspace goes on without a gap")
        func failover() throws {
            let scene = try KeyspaceScene()
            let replica = try scene.server.makeReplica(settings: ["repl-backlog-size 64mb"])
            let sentinel = try RedisSentinel(watching: scene.server, replicaCount: 1)
            defer {
                sentinel.remove()
                replica.remove()
            }
            // The first sentinel of the address does not answer.
            scene.source = "redis+sentinel://shop@127.0.0.1:1,127.0.0.1:\(sentinel.port)"
            try scene.server.command("SET", "before", "1")
            try scene.catchUp()
            try scene.server.waitForReplica(replica)
            try scene.server.kill9()
            try waitUntil("the replica is promoted", deadline: .seconds(30)) {
                try replica.info("replication")["role"] == "master"
            }
            try waitUntil("the sentinel says so", deadline: .seconds(30)) {
                try sentinel.ask("SENTINEL", "get-master-addr-by-name", "shop").contains("\(replica.port)")
            }
            try replica.command("SET", "after", "2")
            try scene.catchUp()
            let anchors = try scene.export.anchors()
            #expect(anchors.compactMap { $0["kind"] as? String }.filter { $0 != "changes" } == ["snapshot"])
            let records = try KedgeProcess.expect(0, ["cat", "--to", scene.export.path, "--table", "db0"]).output
            #expect(records.contains(#""key":"before""#) && records.contains(#""key":"after""#))
        }

        @Test("a replica is taken where one is preferred, and the master where there is none")
        func preference() throws {
            let scene = try KedgePlace()
            defer { scene.remove() }
            let sentinel = try RedisSentinel(watching: scene.master, replicaCount: 1)
            defer { sentinel.remove() }
            let address = try RedisAddress(parsing: Redacted("redis+sentinel://shop@127.0.0.1:\(sentinel.port)"))
            try waitUntil("the sentinel knows the replica's link", deadline: .seconds(30)) {
                try sentinel.ask("SENTINEL", "replicas", "shop").contains("master-link-status\nok")
            }
            #expect(try address.located(.replica).endpoints == [scene.replica.endpoint])
            #expect(try address.located(.master).endpoints == [scene.master.endpoint])
            try scene.replica.kill9()
            #expect(try address.located(.replica).endpoints == [scene.master.endpoint])
        }

        @Test("a name that no sentinel knows is refused, and so is a sentinel that is none")
        func unknownName() throws {
            let scene = try KedgePlace()
            defer { scene.remove() }
            let sentinel = try RedisSentinel(watching: scene.master, replicaCount: 1)
            defer { sentinel.remove() }
            let export = try ExportFolder()
            defer { export.remove() }
            func refuse(_ status: Int32, _ source: String) throws -> String {
                try KedgeProcess.expect(
                    status,
                    ["run", "--source", source, "--to", export.path, "--until", "now", "--retry-for", "1s"]
                ).errors
            }
            #expect(
                try refuse(78, "redis+sentinel://shoppe@127.0.0.1:\(sentinel.port)").contains("[redis.master.unknown]"))
            #expect(
                try refuse(70, "redis+sentinel://shop@127.0.0.1:\(scene.master.port)").contains("[redis.command]"))
            #expect(try refuse(69, "redis+sentinel://shop@127.0.0.1:1").contains("[redis.unreachable]"))
        }
    }
}

/// A master and a replica.
private struct KedgePlace {
    let master: RedisServer
    let replica: RedisServer

    init() throws {
        master = try RedisServer()
        replica = try master.makeReplica()
    }

    func remove() {
        replica.remove()
        master.remove()
    }
}
