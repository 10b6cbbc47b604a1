// SPDX-License-Identifier: Apache-2.0

import Faults
import Foundation
import Glibc
import Hiredis
import Testing

extension IntegrationSuites {
    /// `--mode scan`: all keys of a server that refuses to be followed.
    @Suite("Passes over all keys", .serialized)
    struct KeyspaceScanTests {
        @Test(
            "a pass has all values of all types, where PSYNC is refused, and writes nothing",
            arguments: RedisPrograms.all)
        func pass(programs: RedisPrograms) throws {
            let scene = try KeyspaceScene(programs, settings: StateScene.users)
            scene.source = StateScene.scanner(scene.server)
            print("seed \(KeyspaceCount.seed)")
            var load = KeyspaceLoad(seed: KeyspaceCount.seed)
            load.largeByteCount = 30_000
            var connection = try scene.server.connect()
            try load.write(KeyspaceCount.steps / 2, over: &connection)
            try Self.addLargeKeys(to: scene.server)
            try scene.settle()
            let refused = try KedgeProcess.run(scene.run("--until", "now", "--retry-for", "0s"))
            #expect(refused.status == 77 && refused.errors.contains("[redis.permission]"), "\(refused.errors)")
            try scene.server.command("CONFIG", "RESETSTAT")
            let before = try scene.server.info("stats")["total_commands_processed"]
            try KedgeProcess.expect(0, scene.run("--mode", "scan"))
            try Self.expectReadsOnly(scene.server)
            #expect(before != nil)
            let values = try scene.compareValues()
            #expect(values.counts["row_end"] ?? 0 >= 6 && values.counts["row_void"] == nil && values.unknown.isEmpty)
            #expect(values.states.contains { $0.value.expiresAt != nil })
            #expect(Set(values.states.keys.map(\.database)).count > 2)
            let source = try #require(scene.export.anchors().last?["source"] as? [String: Any])
            #expect(source["mode"] as? String == "scan" && source["unsettled"] as? Int == 0, "\(source)")
        }

        @Test("a second pass drops what was deleted, and its stamps are those of its own time")
        func again() throws {
            let scene = try KeyspaceScene()
            // Somebody has followed the server once: from then on it counts.
            let replica = try scene.server.makeReplica()
            defer { replica.remove() }
            try scene.server.commands((0..<100).map { ["SET", "k\($0)", "alt"] })
            try KedgeProcess.expect(0, scene.run("--mode", "scan"))
            try scene.server.commands((0..<40).map { ["DEL", "k\($0)"] } + [["SET", "neu", "1"]])
            try KedgeProcess.expect(0, scene.run("--mode", "scan"))
            let values = try scene.compareValues()
            #expect(values.states.count == 61)
            let anchors = try scene.export.anchors()
            #expect(anchors.map { $0["kind"] as? String } == ["pass", "pass"])
            #expect(anchors.map { $0["epoch"] as? Int } == [1, 2])
            let sources = anchors.compactMap { $0["source"] as? [String: Any] }
            #expect(sources.map { $0["stamps"] as? String } == ["moving", "moving"])
            #expect(sources.allSatisfy { $0["replid"] as? String != nil })
            let offsets = sources.compactMap { $0["asOfFirst"] as? Int }
            #expect(offsets.count == 2 && offsets[0] < offsets[1])
            #expect(values.stamps.values.allSatisfy { $0 >= offsets[1] })
            let status = try KedgeProcess.expect(0, ["status", "--to", scene.export.path])
            #expect(status.output.contains("(pass, epoch 2)"))
        }

        @Test("a server that has never had a replica is said not to count")
        func standing() throws {
            let scene = try KeyspaceScene()
            try scene.server.command("SET", "a", "1")
            let outcome = try KedgeProcess.expect(0, scene.run("--mode", "scan"))
            #expect(outcome.errors.contains("does not count its writes"), "\(outcome.errors)")
            let source = try #require(scene.export.anchors().last?["source"] as? [String: Any])
            #expect(source["stamps"] as? String == "standing")
        }

        @Test("a large key that changes while it is read is never published torn", arguments: RedisPrograms.all)
        func torn(programs: RedisPrograms) throws {
            let scene = try KeyspaceScene(programs)
            let script = "for i = 1, 2000 do redis.call('HSET', KEYS[1], 'f' .. i, string.rep('x', 1000)) end"
            try scene.server.command("EVAL", script, "1", "hash")
            let list = "for i = 1, 3000 do redis.call('RPUSH', KEYS[1], string.rep('x', 1000)) end"
            try scene.server.command("EVAL", list, "1", "liste")
            let change = """
                redis.call('HSET', 'hash', 'f1', ARGV[1], 'f2000', ARGV[1])
                redis.call('LSET', 'liste', 0, ARGV[1]) redis.call('LSET', 'liste', -1, ARGV[1])
                """
            let writer = repeating(change, at: scene.server)
            for _ in 0..<3 { try KedgeProcess.expect(0, scene.run("--mode", "scan")) }
            try writer.end()
            let values = try KeyspaceMaterializer(scene.export)
            guard case .hash(let fields)? = values.states[KeyPlace(database: 0, name: Array("hash".utf8))]?.value,
                case .list(let elements)? = values.states[KeyPlace(database: 0, name: Array("liste".utf8))]?.value
            else { throw TestFailure("no value: \(values.counts)") }
            #expect(fields.count == 2000 && fields[Array("f1".utf8)] == fields[Array("f2000".utf8)])
            #expect(elements.count == 3000 && elements.first == elements.last)
            #expect(values.counts["row_void"] ?? 0 > 0, "\(values.counts)")
            #expect(values.unknown.isEmpty)
        }

        @Test("a key that never settles and is too large to be read whole is named, and has no value")
        func unsettled() throws {
            let scene = try KeyspaceScene()
            let script = "for i = 1, 2200 do redis.call('HSET', KEYS[1], 'f' .. i, string.rep('x', 10000)) end"
            try scene.server.command("EVAL", script, "1", "hash")
            let writer = repeating("redis.call('HSET', 'hash', 'f1', ARGV[1])", at: scene.server)
            let outcome = try KedgeProcess.expect(0, scene.run("--mode", "scan"))
            try writer.end()
            let values = try KeyspaceMaterializer(scene.export)
            #expect(values.unknown == [KeyPlace(database: 0, name: Array("hash".utf8))])
            #expect(values.states.allSatisfy { $0.key.name != Array("hash".utf8) })
            #expect(outcome.errors.contains("1 large keys changed whenever they were read"), "\(outcome.errors)")
            let source = try #require(scene.export.anchors().last?["source"] as? [String: Any])
            #expect(source["unsettled"] as? Int == 1)
        }

        @Test("a pass that was killed is begun again, and nothing of it is published")
        func killed() throws {
            let scene = try KeyspaceScene()
            try scene.server.command("DEBUG", "POPULATE", "30000")
            let crashed = try KedgeProcess.run(
                scene.run("--mode", "scan"), environment: ["KEDGE_CRASH_AT": "duringSnapshot:1"])
            #expect(crashed.status == 128 + SIGKILL)
            #expect(try scene.export.anchors().isEmpty)
            try KedgeProcess.expect(0, scene.run("--mode", "scan"))
            #expect(try scene.compareValues().states.count == 30000)
        }

        @Test("the kinds of export do not mix, and what the user may not read is named", arguments: RedisPrograms.all)
        func refusals(programs: RedisPrograms) throws {
            let scene = try KeyspaceScene(programs)
            try scene.server.command("SET", "a", "1")
            try KedgeProcess.expect(0, scene.run("--mode", "scan"))
            let other = try KedgeProcess.run(scene.run("--until", "now"))
            #expect(other.status == 66 && other.errors.contains("[source.other]"), "\(other.errors)")
            let followed = try KeyspaceScene(programs)
            try followed.catchUp()
            let scan = try KedgeProcess.run(followed.run("--mode", "scan"))
            #expect(scan.status == 66 && scan.errors.contains("[source.other]"), "\(scan.errors)")
            for missing in ["dump", "scan", "memory", "info"] {
                try scene.server.command("ACL", "SETUSER", "u", "reset", "on", ">p", "~*", "+@all", "-\(missing)")
                let arguments = ["--mode", "scan", "--source", "redis://u:p@127.0.0.1:\(scene.server.port)"]
                let refused = try KedgeProcess.run(scene.run("--retry-for", "0s") + arguments)
                #expect(refused.status == 77 && refused.errors.contains(missing), "\(missing): \(refused.errors)")
                let doctor = try KedgeProcess.run(["doctor"] + arguments)
                #expect(doctor.status == 77 && doctor.output.contains(missing), "\(missing): \(doctor.output)")
            }
            let doctor = try KedgeProcess.expect(
                0, ["doctor", "--mode", "scan", "--source", "redis://127.0.0.1:\(scene.server.port)"])
            #expect(doctor.output.contains("all commands that a pass needs"), "\(doctor.output)")
        }

        private static func addLargeKeys(to server: RedisServer) throws {
            let scripts = [
                "for i = 1, 1500 do redis.call('RPUSH', 'groß:l', string.rep('x', 1000) .. i) end",
                "for i = 1, 1500 do redis.call('SADD', 'groß:e', string.rep('x', 1000) .. i) end",
                "for i = 1, 1500 do redis.call('ZADD', 'groß:z', i / 3, string.rep('x', 1000) .. i) end",
                "for i = 1, 1500 do redis.call('HSET', 'groß:h', i, string.rep('x', 1000) .. i) end",
                "for i = 1, 1500 do redis.call('XADD', 'groß:x', i .. '-1', 'a', string.rep('x', 1000), 'a', i) end",
                "redis.call('SET', 'groß:s', string.rep('xyz', 1000000), 'PXAT', '99999999999999')",
                "redis.call('XGROUP', 'CREATE', 'groß:x', 'gruppe', '7-1') redis.call('PEXPIREAT', 'groß:h', '99999999999998')",
            ]
            for script in scripts { try server.command("EVAL", script, "0", database: 2) }
        }

        /// What the source counts since its counts were reset: reads, and what tests do themselves.
        private static func expectReadsOnly(_ server: RedisServer) throws {
            let reads: Set<String> = [
                "auth", "client", "client|setname", "client|no-touch", "select", "info", "scan", "memory",
                "memory|usage",
                "type", "dump", "pttl", "pexpiretime", "time", "multi", "exec", "watch", "unwatch", "strlen",
                "getrange",
                "llen", "lrange", "scard", "sscan", "hlen", "hscan", "zcard", "zscan", "xrange", "xinfo",
                "xinfo|stream",
                "xinfo|groups", "config", "config|resetstat",
            ]
            let seen = try server.info("commandstats").keys.map { $0.replacingOccurrences(of: "cmdstat_", with: "") }
            let others = seen.filter { !$0.hasPrefix("#") && !reads.contains($0) }
            #expect(others.isEmpty, "\(others)")
            #expect(seen.contains("dump") && seen.contains("scan"))
        }
    }
}

/// Runs a script again and again with a growing number.
private func repeating(_ script: String, at server: RedisServer) -> BackgroundWork {
    BackgroundWork(pause: 0.0005) {
        var connection = try server.connect()
        var number = 0
        return {
            number += 1
            _ = try connection.run("EVAL", script, "0", "\(number)").orFault()
        }
    }
}
