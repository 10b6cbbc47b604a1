// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension ClusterSuites {
    /// What the other commands say of streams of a cluster, and what is refused.
    @Suite("Commands about streams of a cluster", .serialized)
    struct ClusterCommandTests {
        @Test("plan, doctor and status look at all shards", arguments: RedisPrograms.all)
        func looks(programs: RedisPrograms) throws {
            let cluster = try RedisClusterServers(programs, masterCount: 2)
            defer { cluster.remove() }
            let scene = try StreamScene(cluster, streams: "s:*,missing")
            let names = ClusterStreamTests.names
            try ClusterStreamTests.add(4, to: names, of: cluster)
            let source = ["--source", cluster.address, "--streams", "s:*,missing"]
            let plan = try KedgeProcess.expect(0, ["plan", "--to", scene.export.path] + source).output
            for name in names { #expect(plan.contains("\(name)  4 entries"), "\(plan)") }
            #expect(plan.contains("missing  not there yet"))
            let doctor = try KedgeProcess.expect(0, ["doctor"] + source).output
            #expect(doctor.contains("2 masters own all slots") && doctor.contains("9 match --streams"), "\(doctor)")
            for master in cluster.masters { #expect(doctor.contains("server at 127.0.0.1:\(master.port)")) }
            try scene.catchUp()
            try ClusterStreamTests.add(3, to: ["s:1"], from: 5, of: cluster)
            let status = try KedgeProcess.expect(
                0, ["status", "--to", scene.export.path, "--source", cluster.address]
            ).output
            let line = status.split(separator: "\n").first { $0.contains("s:1 ") } ?? ""
            #expect(line.contains("the newest is"), "\(status)")
            #expect(line.contains("3 entries ahead") == programs.isAtLeast(7, 0), "\(line)")
        }

        @Test("a user who may only read is enough", arguments: RedisPrograms.all)
        func reader(programs: RedisPrograms) throws {
            let cluster = try RedisClusterServers(programs, masterCount: 2)
            defer { cluster.remove() }
            let rules = """
                on >secret ~s:* resetchannels -@all +xrange +xread +xinfo +scan +multi +exec +info +ping +time +asking \
                +cluster|info +cluster|nodes
                """
            for master in cluster.masters {
                try master.command(
                    (["ACL", "SETUSER", "reader"] + rules.split(separator: " ").map(String.init)).map { Array($0.utf8) }
                )
            }
            let scene = try StreamScene(cluster, streams: "s:*")
            try ClusterStreamTests.add(4, to: ClusterStreamTests.names, of: cluster)
            let source = cluster.address.replacingOccurrences(of: "//", with: "//reader:secret@")
            try KedgeProcess.expect(
                0,
                ["run", "--source", source, "--to", scene.export.path, "--streams", "s:*", "--until", "now"])
            try scene.expectEqual(ClusterStreamTests.names)
            try KedgeProcess.expect(0, ["doctor", "--source", source, "--streams", "s:*"])
            for master in cluster.masters { try master.command("ACL", "SETUSER", "reader", "-asking") }
            let doctor = try KedgeProcess.run(["doctor", "--source", source, "--streams", "s:*"])
            #expect(doctor.status != 0 && (doctor.output + doctor.errors).contains("redis.permission"))
        }

        @Test("groups and replicas are refused for a cluster, and one node alone says that it is one")
        func refusals() throws {
            let cluster = try RedisClusterServers(masterCount: 2)
            defer { cluster.remove() }
            let scene = try StreamScene(cluster, streams: "s:*")
            try ClusterStreamTests.add(1, to: ClusterStreamTests.names, of: cluster)
            let group = try KedgeProcess.run(scene.run("--until", "now", "--group", "g", "--consumer", "c"))
            #expect(group.status == 2 && group.errors.contains("is read at one server"), "\(group.errors)")
            let replica = try KedgeProcess.run(scene.run("--until", "now", "--prefer-replica"))
            #expect(replica.status == 2 && replica.errors.contains("the masters are read"), "\(replica.errors)")
            let node = try KedgeProcess.run(
                ["run", "--source", cluster.masters[0].address(), "--to", scene.export.path, "--until", "now"]
                    + ["--streams", ClusterStreamTests.names.joined(separator: ",")])
            #expect(node.status == 78 && node.errors.contains("[redis.cluster]"), "\(node.errors)")
            let single = try RedisServer()
            let alone = try KedgeProcess.run(
                ["run", "--source", "redis+cluster://127.0.0.1:\(single.port)", "--to", scene.export.path]
                    + ["--streams", "s:*", "--until", "now"])
            #expect(alone.status == 78 && alone.errors.contains("no node of a cluster"), "\(alone.errors)")
        }

        @Test("a run ends at an entry in every shard")
        func untilEntry() throws {
            let cluster = try RedisClusterServers(masterCount: 2)
            defer { cluster.remove() }
            let scene = try StreamScene(cluster, streams: "s:*")
            let client = ClusterClient(cluster)
            for name in ClusterStreamTests.names {
                for number in 1...20 { _ = try client.run(["XADD", name, "\(number)-1", "n", "\(number)"]) }
            }
            try KedgeProcess.expect(0, scene.run("--until", "10-1"))
            for name in ClusterStreamTests.names { #expect(try scene.exported(name).count == 10) }
            try scene.catchUp()
            try scene.expectEqual(ClusterStreamTests.names)
        }
    }
}
