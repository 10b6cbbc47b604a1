// SPDX-License-Identifier: Apache-2.0

import Faults
import Foundation
import Testing

extension IntegrationSuites {
    /// What a run of streams says when it cannot go on.
    @Suite("Faults of streams", .serialized)
    struct RedisFaultTests {
        @Test("entries that are missing end the run when that was asked for, and nothing behind them is published")
        func gap() throws {
            let scene = try StreamScene(streams: "s")
            for number in 1...10 { try scene.add("s", "n", "\(number)") }
            try scene.catchUp()
            let anchors = try scene.export.anchors().count
            for number in 11...20 { try scene.add("s", "n", "\(number)") }
            try scene.server.command("XTRIM", "s", "MAXLEN", "5")
            try expect(
                .redisStreamGap, scene.run("--until", "now", "--on-gap", "stop"), names: ["stream s", "5 entries"])
            #expect(try scene.export.anchors().count == anchors)
            try scene.catchUp()
            #expect(try scene.breaks(of: "s").first?["missing"] as? Int == 5)
            try scene.verify()
        }

        @Test("a key that is no stream")
        func type() throws {
            let scene = try StreamScene(streams: "list")
            try scene.server.command("RPUSH", "list", "a")
            try expect(.redisStreamType, scene.run("--until", "now"), names: ["\"list\" is no stream"])
            // A pattern does not mean it.
            let other = try StreamScene(server: scene.server, streams: "l*")
            try other.catchUp()
            // A stream that has become something else is no stream any more.
            let third = try StreamScene(server: scene.server, streams: "s")
            try third.add("s", "n", "1")
            try third.catchUp()
            try scene.server.command("SET", "s", "text")
            try expect(.redisStreamType, third.run("--until", "now"), names: ["\"s\" is no stream"])
        }

        @Test("two keys with one name")
        func name() throws {
            let scene = try StreamScene()
            try scene.server.command([Array("XADD".utf8), [0x61, 0xff], Array("*".utf8), [], []])
            try scene.add(#"a\xff"#, "n", "1")
            try expect(.redisStreamName, scene.run("--until", "now"), names: [#"a\xff"#])
            // While it runs, too.
            let other = try StreamScene(streams: "a*")
            try other.add(#"a\xff"#, "n", "1")
            try other.catchUp()
            try other.server.command([Array("XADD".utf8), [0x61, 0xff], Array("*".utf8), [], []])
            try expect(.redisStreamName, other.run("--until", "now"), names: [#"a\xff"#])
        }

        @Test("a group that is missing, and one that goes away")
        func group() throws {
            let scene = try StreamScene(streams: "s")
            try scene.add("s", "n", "1")
            let arguments = scene.run("--group", "g", "--consumer", "c")
            try expect(.redisGroupMissing, arguments, names: ["stream s", "\"g\""])
            try scene.server.command("XGROUP", "CREATE", "s", "g", "0")
            let process = try KedgeProcess(arguments + ["--log-format", "json"])
            try scene.waitForRecords(1, of: "s", while: process)
            try scene.server.command("XGROUP", "DESTROY", "s", "g")
            try FaultScene.check(process.wait(), .redisGroupMissing)
            // A pattern leaves out streams without the group, and needs one that has it.
            let other = try StreamScene(server: scene.server, streams: "s*")
            try expect(.redisGroupMissing, other.run("--group", "g", "--consumer", "c"), names: ["\"g\""])
            try scene.add("s2", "n", "1")
            try scene.server.command("XGROUP", "CREATE", "s2", "g", "0")
            let third = try StreamScene(server: scene.server, streams: "s*")
            try KedgeProcess.expect(0, third.run("--group", "g", "--consumer", "c", "--until", "now"))
            #expect(Set(try third.export.segments().map(\.table)) == ["s2"])
        }

        @Test("an export goes on with what it was begun with")
        func otherSource() throws {
            let scene = try StreamScene(streams: "s")
            try scene.add("s", "n", "1")
            try scene.catchUp()
            let postgres = ["run", "--source", "postgresql://postgres@127.0.0.1:1/x", "--to", scene.export.path]
            try expect(.sourceOther, postgres, names: ["begun from redis"])
            let database = scene.server.address(database: 3)
            try expect(.sourceOther, scene.run("--until", "now", "--source", database), names: ["database 0"])
            let group = scene.run("--until", "now", "--group", "g", "--consumer", "c")
            try expect(.sourceOther, group, names: ["without a group"])
        }

        @Test("flags of the other kind of source are mistakes")
        func foreignFlags() throws {
            let scene = try StreamScene(streams: "s")
            try expect(.usage, scene.run("--slot", "x"), names: ["--slot", "PostgreSQL"])
            try expect(.usage, scene.run("--accept-gap"), names: ["--accept-gap", "PostgreSQL"])
            let postgres = ["--source", "postgresql://h/x", "--to", scene.export.path, "--streams", "s"]
            try expect(.usage, ["run"] + postgres, names: ["--streams", "Redis"])
            try expect(.usage, ["plan"] + postgres, names: ["--streams", "Redis"])
            try expect(
                .usage, ["run", "--source", scene.server.address(), "--to", "x", "--mode", "streams"],
                names: ["--streams is missing"])
            let keyspace = ["run", "--source", scene.server.address(), "--to", scene.export.path]
            try expect(.usage, keyspace + ["--state-bytes", "1MiB"], names: ["--state touched"])
            try expect(.usage, ["plan", "--source", "redis+cluster:/h:1"], names: ["redis+cluster://host"])
            #expect(try scene.export.anchors().isEmpty)
        }

        @Test("a command that the user may not run is named", arguments: RedisPrograms.all)
        func permission(programs: RedisPrograms) throws {
            let scene = try StreamScene(programs, streams: "s*")
            try scene.add("s", "n", "1")
            for (missing, name) in [("xrange", "xrange"), ("xinfo", "xinfo"), ("scan", "scan"), ("info", "info")] {
                try scene.server.command(
                    "ACL", "SETUSER", "u", "reset", "on", ">p", "~*", "+@all", "-\(missing)")
                let address = "redis://u:p@127.0.0.1:\(scene.server.port)"
                try expect(.redisPermission, scene.run("--until", "now", "--source", address), names: [name])
            }
        }

        @Test("a replica is no place for a consumer group")
        func replica() throws {
            let scene = try StreamScene(streams: "s")
            try scene.add("s", "n", "1")
            try scene.server.command("XGROUP", "CREATE", "s", "g", "0")
            let replica = try StreamScene(server: scene.server.makeReplica(), streams: "s")
            try expect(.redisReadOnly, replica.run("--until", "now", "--group", "g", "--consumer", "c"))
        }

        private func expect(
            _ code: Fault.Code, _ arguments: [String], names words: [String] = [],
            at place: SourceLocation = #_sourceLocation
        ) throws {
            let outcome = try KedgeProcess.run(
                arguments + ["--log-format", "json", "--retry-for", "1s"].prefix(arguments[0] == "run" ? 4 : 2),
                deadline: .seconds(60))
            try FaultScene.check(outcome, code, names: words, at: place)
        }
    }
}
