// SPDX-License-Identifier: Apache-2.0

import Foundation
import RedisCluster
import Testing

extension ClusterSuites {
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

        @Test("a reshard under writes loses nothing and marks what moved", arguments: RedisPrograms.all)
        func reshard(programs: RedisPrograms) throws {
            let scene = try ClusterScene(programs)
            try scene.write(800)
            // Many keys of one slot, which is the first master's.
            for number in 0..<60 { try scene.set("{bar}\(number)", "moves") }
            let process = try KedgeProcess(scene.run())
            try waitUntil("kedge follows") { try !scene.export.anchors().isEmpty || !process.isRunning }
            let writer = ClusterWriter(scene.cluster)
            // What is marked is what is seen while it moves.
            try waitUntil("both are followed") {
                try scene.lanes().allSatisfy { try !scene.export.records(of: "\($0.name).db0").isEmpty }
                    && scene.export.anchors().count > 3 || !process.isRunning
            }
            let moved = try scene.moveSlots(4, tagged: "bar")
            Thread.sleep(forTimeInterval: 1.5)
            try writer.end()
            process.terminate()
            #expect(try process.wait().status == 0)
            try scene.expectSameShards()
            #expect(try scene.kinds() == ["snapshot"])
            // Each key that was restored elsewhere says why, and so does its deletion.
            let moves = try scene.moves()
            let arrivals = moves.filter { $0.contains("\"cmd\":\"RESTORE-ASKING\"") && $0.contains("\"op\":\"put\"") }
            let departures = moves.filter { $0.contains("\"op\":\"del\"") }
            #expect(arrivals.filter { $0.contains("{bar}") }.count == 60, "\(moved) \(moves.count)")
            // The first deletions of a slot may come before its arrivals are seen.
            #expect(departures.contains { $0.contains("{bar}") }, "\(moved) \(departures.count)")
            let all = try scene.lanes().flatMap { try scene.export.records(of: "\($0.name).db0") }
            #expect(all.filter { $0.contains("RESTORE-ASKING\"") && $0.contains("\"cause\":null") }.isEmpty)
            // The anchors tell whose the slots are now.
            let slots = try scene.lanes().map { SlotList($0.slots) }
            #expect(slots.map(\.count).reduce(0, +) == KeySlot.count)
            #expect(moved.slots.allSatisfy { slots[1].contains($0) && !slots[0].contains($0) })
        }

        @Test("a reshard while kedge is stopped loses nothing", arguments: RedisPrograms.all)
        func reshardStopped(programs: RedisPrograms) throws {
            let scene = try ClusterScene(programs)
            try scene.write(800)
            try scene.catchUp()
            let writer = ClusterWriter(scene.cluster)
            let there = try scene.moveSlots(3)
            // One of them goes back.
            try scene.cluster.move(
                there.slots[0], from: scene.cluster.masters[1], to: scene.cluster.masters[0])
            try writer.end()
            try scene.expectSameShards()
            #expect(try scene.kinds() == ["snapshot"])
            #expect(try !scene.moves().isEmpty)
        }

        @Test("a reshard while snapshots are taken loses nothing")
        func reshardDuringSnapshot() throws {
            let scene = try ClusterScene()
            try scene.write(1500)
            let writer = ClusterWriter(scene.cluster)
            let process = try KedgeProcess(scene.run())
            _ = try scene.moveSlots(4)
            try writer.end()
            try waitUntil("the snapshot is there") { try !scene.export.anchors().isEmpty || !process.isRunning }
            process.killNow()
            _ = try process.wait()
            try scene.expectSameShards()
        }

        @Test(
            "a failover that is asked for goes on without a gap, and the others do not wait",
            arguments: RedisPrograms.all)
        func failover(programs: RedisPrograms) throws {
            let scene = try ClusterScene(programs, replicaCount: 1)
            try scene.write(500)
            let process = try KedgeProcess(scene.run())
            try waitUntil("kedge follows") { try !scene.export.anchors().isEmpty || !process.isRunning }
            let writer = ClusterWriter(scene.cluster)
            let replica = scene.cluster.replicas[0]
            try replica.command("CLUSTER", "FAILOVER")
            try waitUntil("the replica is promoted") { try replica.info("replication")["role"] == "master" }
            try waitUntil("kedge follows it") {
                try replica.info("replication")["connected_slaves"] == "2" || !process.isRunning
            }
            let written = writer.writtenCount
            try waitUntil("writing goes on") { writer.writtenCount > written + 100 }
            try writer.end()
            process.terminate()
            let outcome = try process.wait()
            #expect(outcome.status == 0, "\(outcome.errors)")
            try scene.expectSameShards()
            #expect(try scene.kinds() == ["snapshot"], "\(outcome.errors)")
            #expect(try scene.lanes()[0].node == RedisClusterServers.id(of: replica))
            #expect(try scene.lanes()[0].replicationID == replica.info("replication")["master_replid"])
        }

        @Test("a master that dies is followed at its replica, without a gap or with an honest fork")
        func death() throws {
            let scene = try ClusterScene(masterCount: 3, replicaCount: 1)
            try scene.write(500)
            let process = try KedgeProcess(scene.run("--retry-for", "1m"))
            try waitUntil("kedge follows") { try !scene.export.anchors().isEmpty || !process.isRunning }
            let writer = ClusterWriter(scene.cluster)
            Thread.sleep(forTimeInterval: 0.5)
            try scene.cluster.masters[0].kill9()
            let replica = scene.cluster.replicas[0]
            try waitUntil("the replica is promoted") { try replica.info("replication")["role"] == "master" }
            let anchors = try scene.export.anchors().count
            try waitUntil("anchors go on") { try scene.export.anchors().count > anchors + 2 || !process.isRunning }
            try writer.end()
            process.terminate()
            let outcome = try process.wait()
            #expect(outcome.status == 0, "\(outcome.errors)")
            try scene.expectSameShards()
            let kinds = try scene.kinds()
            print("kinds: \(kinds)")
            #expect(kinds == ["snapshot"] || kinds == ["snapshot", "fork", "snapshot"], "\(outcome.errors)")
        }

        @Test("a master that dies between two runs is gone on with where its replica had everything")
        func deathBetween() throws {
            let scene = try ClusterScene(masterCount: 3, replicaCount: 1)
            try scene.write(500)
            try scene.catchUp()
            try scene.write(200)
            let replica = scene.cluster.replicas[0]
            try scene.cluster.masters[0].waitForReplica(replica)
            try scene.cluster.masters[0].kill9()
            try waitUntil("the replica is promoted") { try replica.info("replication")["role"] == "master" }
            try scene.write(200)
            try scene.expectSameShards()
            #expect(try scene.kinds() == ["snapshot"])
        }

        @Test("what a promoted replica never had is a fork of its lane alone")
        func fork() throws {
            let scene = try ClusterScene(masterCount: 3, replicaCount: 1)
            try scene.write(300)
            let (master, replica) = (scene.cluster.masters[0], scene.cluster.replicas[0])
            try master.waitForReplica(replica)
            replica.pause()
            try master.command("CLIENT", "KILL", "TYPE", "replica")
            let keys = (0..<400).map { "f\($0)" }
            for key in keys { try scene.set(key, "lost") }
            try scene.catchUp()
            try master.kill9()
            replica.resume()
            try waitUntil("the replica is promoted") { try replica.info("replication")["role"] == "master" }
            let stopped = try KedgeProcess.run(scene.run("--until", "now", "--on-gap", "stop", "--retry-for", "20s"))
            #expect(stopped.status == 66 && stopped.errors.contains("[source.fork]"), "\(stopped.errors)")
            try scene.expectSameShards()
            #expect(try scene.kinds() == ["snapshot", "fork", "snapshot"])
            let forked = try #require(try scene.lanes().first)
            #expect(forked.epoch == 2)
            #expect(try scene.lanes().dropFirst().allSatisfy { $0.epoch == 1 })
        }

        @Test("a fork is found while kedge follows, and the others go on under load")
        func forkFollowed() throws {
            let scene = try ClusterScene(masterCount: 3, replicaCount: 1)
            try scene.write(300)
            let (master, replica) = (scene.cluster.masters[0], scene.cluster.replicas[0])
            try master.waitForReplica(replica)
            let process = try KedgeProcess(scene.run("--retry-for", "1m"))
            try waitUntil("kedge follows") { try !scene.export.anchors().isEmpty || !process.isRunning }
            replica.pause()
            // Its link ends as well, and is opened again.
            try master.command("CLIENT", "KILL", "TYPE", "replica")
            for number in 0..<40 { try scene.set("{bar}\(number)", "lost") }
            try waitUntil("they are exported") {
                try scene.export.records(of: "shard-1.db0").contains { $0.contains("{bar}39") } || !process.isRunning
            }
            try master.kill9()
            replica.resume()
            let writer = ClusterWriter(scene.cluster)
            try waitUntil("the shard is read anew") {
                try scene.lanes().contains { $0.epoch == 2 } || !process.isRunning
            }
            try writer.end()
            process.terminate()
            let outcome = try process.wait()
            #expect(outcome.status == 0, "\(outcome.errors)")
            try scene.expectSameShards()
            #expect(try scene.kinds() == ["snapshot", "fork", "snapshot"], "\(outcome.errors)")
        }

        @Test("what one shard has forgotten is a gap of its lane alone, and a snapshot of it follows")
        func gap() throws {
            let scene = try ClusterScene(settings: ["repl-backlog-size 16kb"])
            try scene.write(300)
            try scene.catchUp()
            let key = (0..<100).map { "g\($0)" }.first { KeySlot(of: Array($0.utf8)).number < 8192 }
            let far = try #require(key)
            for number in 0..<30 { try scene.set(far, "\(number)" + String(repeating: "x", count: 2000)) }
            let stopped = try KedgeProcess.run(scene.run("--until", "now", "--on-gap", "stop"))
            #expect(stopped.status == 66 && stopped.errors.contains("[source.gap]"), "\(stopped.errors)")
            #expect(stopped.errors.contains("shard-1"))
            let crashed = try KedgeProcess.run(
                scene.run("--until", "now"), environment: ["KEDGE_CRASH_AT": "afterGapAnchor"])
            #expect(crashed.status == 128 + SIGKILL)
            #expect(try scene.kinds() == ["snapshot", "gap"])
            let again = try KedgeProcess.run(
                scene.run("--until", "now", "--on-gap", "stop"), environment: ["KEDGE_CRASH_AT": "afterSegmentRename"])
            #expect(again.status == 128 + SIGKILL)
            // The gap is told once, whatever happens before its snapshot.
            try scene.expectSameShards()
            #expect(try scene.kinds() == ["snapshot", "gap", "snapshot"])
            #expect(try scene.lanes().map(\.epoch) == [2, 1])
            let anchors = try scene.export.anchors()
            let reason = try #require(anchors.first { $0["kind"] as? String == "gap" }?["reason"] as? String)
            #expect(reason.hasPrefix("shard-1: ") && reason.contains("overwritten"))
        }

        @Test(
            "a shard that comes begins a lane, and one that gives everything away leaves it",
            arguments: RedisPrograms.all)
        func comingAndGoing(programs: RedisPrograms) throws {
            let scene = try ClusterScene(programs)
            try scene.write(500)
            let process = try KedgeProcess(scene.run())
            try waitUntil("kedge follows") { try !scene.export.anchors().isEmpty || !process.isRunning }
            let third = try scene.cluster.addMaster(programs)
            let writer = ClusterWriter(scene.cluster)
            let moved = try scene.moveSlots(3, to: third)
            try waitUntil("it has a lane") { try scene.lanes().count == 3 || !process.isRunning }
            try writer.end()
            process.terminate()
            let outcome = try process.wait()
            #expect(outcome.status == 0, "\(outcome.errors)")
            try scene.expectSameShards()
            #expect(try scene.kinds() == ["snapshot", "snapshot"])
            // All of it goes back.
            for slot in moved.slots { try scene.cluster.move(slot, from: third, to: scene.cluster.masters[1]) }
            try scene.expectSameShards()
            #expect(try scene.lanes()[2].slots.isEmpty)
            try third.kill9()
            for server in scene.cluster.servers where server.isRunning {
                try server.command("CLUSTER", "FORGET", scene.lanes()[2].node)
            }
            try scene.write(100)
            try scene.expectSameShards()
            // Where it became a replica of another at once, what it said last cannot be known.
            #expect(try [[], ["unknown"]].contains(scene.kinds().dropFirst(2).map(\.self)))
            #expect(try scene.lanes().count == 3)
        }

        @Test("a new snapshot of all shards replaces what was there")
        func resnapshot() throws {
            let scene = try ClusterScene()
            try scene.write(300)
            try scene.catchUp()
            try scene.catchUp("--resnapshot")
            #expect(try scene.lanes().map(\.epoch) == [2, 2])
            #expect(try scene.kinds() == ["snapshot", "gap", "gap", "snapshot"])
            try scene.expectSameShards()
            let once = try KedgeProcess.expect(0, scene.run("--snapshot-only")).errors
            #expect(!once.contains("snapshot read"))
        }

        @Test("a cluster without its data, from 7.0 on")
        func noSnapshot() throws {
            let scene = try ClusterScene()
            try scene.set("before", "1")
            try scene.catchUp("--snapshot", "none")
            try scene.set("after", "1")
            try scene.catchUp("--snapshot", "none")
            #expect(try scene.kinds() == ["reset"])
            let records = try scene.lanes().flatMap { try scene.export.records(of: "\($0.name).db0") }
            #expect(records.count == 1 && records[0].contains("after"))
            try KedgeProcess.expect(0, ["verify", "--to", scene.export.path])
        }

        @Test("what means one server is refused for a cluster, and so is the export of another kind")
        func refusals() throws {
            let scene = try ClusterScene()
            func refuse(_ status: Int32, _ arguments: [String]) throws -> String {
                try KedgeProcess.expect(status, arguments).errors
            }
            #expect(try refuse(2, scene.run("--until", "4711")).contains("each shard of a cluster counts its own"))
            #expect(try refuse(2, scene.run("--from-rdb", "/dev/null")).contains("a dump is of one server"))
            let alone = try KeyspaceScene()
            try alone.catchUp()
            let other = ["run", "--source", scene.cluster.address, "--to", alone.export.path, "--until", "now"]
            #expect(try refuse(66, other).contains("[source.other]"))
            try scene.catchUp()
            let back = ["run", "--source", alone.source, "--to", scene.export.path, "--until", "now"]
            #expect(try refuse(66, back).contains("[source.other]"))
            let single = [
                "run", "--source", "redis+cluster://127.0.0.1:\(alone.server.port)", "--to", "/tmp/none", "--until",
                "now",
            ]
            #expect(try refuse(78, single).contains("[redis.cluster]"))
        }

        @Test("doctor and status speak of every shard")
        func looks() throws {
            let scene = try ClusterScene()
            let doctor = ["doctor", "--source", scene.cluster.address, "--to", scene.export.path]
            let before = try KedgeProcess.expect(0, doctor).output
            #expect(before.contains("ok       cluster: 2 shards"))
            #expect(before.components(separatedBy: "may replicate").count == 3, "\(before)")
            try scene.catchUp()
            try scene.set("bar", "1")
            let after = try KedgeProcess.expect(0, doctor).output
            #expect(
                after.contains("ok       shard-1: history") && after.contains("ok       shard-2: history"), "\(after)")
            let status = ["status", "--to", scene.export.path]
            let alone = try KedgeProcess.expect(0, status).output
            #expect(alone.contains("shard       shard-1 at "))
            let asked = try KedgeProcess.expect(0, status + ["--source", scene.cluster.address]).output
            #expect(asked.contains("bytes ahead") && asked.contains("shard       shard-2 at "), "\(asked)")
        }

        @Test("a shard that gives everything away while it is followed leaves quietly")
        func leaving() throws {
            let scene = try ClusterScene()
            let third = try scene.cluster.addMaster()
            let slots = try scene.moveSlots(2, tagged: "bar", to: third).slots
            try scene.write(300)
            let process = try KedgeProcess(scene.run("--on-gap", "stop"))
            try waitUntil("kedge follows") { try !scene.export.anchors().isEmpty || !process.isRunning }
            let writer = ClusterWriter(scene.cluster)
            for slot in slots { try scene.cluster.move(slot, from: third, to: scene.cluster.masters[0]) }
            try waitUntil("the lane owns nothing") {
                try scene.lanes().contains { $0.slots.isEmpty } || !process.isRunning
            }
            let anchors = try scene.export.anchors().count
            try waitUntil("the others go on") { try scene.export.anchors().count > anchors + 2 || !process.isRunning }
            try writer.end()
            process.terminate()
            let outcome = try process.wait()
            #expect(outcome.status == 0, "\(outcome.errors)")
            try scene.expectSameShards()
            let kinds = try scene.kinds()
            #expect(kinds == ["snapshot"] || kinds == ["snapshot", "unknown"], "\(outcome.errors)")
        }

        @Test("a transaction larger than any batch is whole, though other shards write between its bytes")
        func largeUnits() throws {
            let scene = try ClusterScene()
            try scene.catchUp()
            let process = try KedgeProcess(scene.run())
            let writer = ClusterWriter(scene.cluster)
            let script = "local v = string.rep('x', 80000) for i = 1, 300 do redis.call('RPUSH', KEYS[1], v .. i) end"
            for key in ["bar", "foo"] {
                try scene.client.run(["EVAL", script, "1", key].map { Array($0.utf8) }, key: Array(key.utf8))
            }
            try scene.set("bar:one", String(repeating: "y", count: 3_000_000))
            Thread.sleep(forTimeInterval: 1)
            process.killNow()
            _ = try process.wait()
            try writer.end()
            try scene.expectSameShards()
            let pushes = try scene.lanes().flatMap { try scene.export.records(of: "\($0.name).db0") }
                .filter { $0.contains("\"key\":\"bar\"") }
            // One position is one transaction.
            #expect(pushes.count == 300 && Set(pushes.map { $0.dropFirst(13).prefix(21) }).count == 1)
        }
    }
}
