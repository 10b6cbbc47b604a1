// SPDX-License-Identifier: Apache-2.0

import Foundation
import Hiredis
import Testing

extension IntegrationSuites {
    /// Streams read through a consumer group.
    @Suite("Consumer groups", .serialized)
    struct StreamGroupTests {
        @Test("a group is read, its entries acknowledged once they are durable", arguments: RedisPrograms.all)
        func reads(programs: RedisPrograms) throws {
            let scene = try StreamScene(programs, streams: "s,t")
            for number in 1...500 { try scene.add("s", "n", "\(number)", "n", "twice", "", "") }
            for number in 1...50 { try scene.add("t", "n", "\(number)") }
            try KedgeProcess.expect(0, group(scene, "one", "--create-group"))
            #expect(try ids(scene, "s") == scene.entries(of: "s").map(\.id))
            #expect(try scene.exported("t") == scene.entries(of: "t"))
            #expect(try pending(scene, "s") == 0 && pending(scene, "t") == 0)
            for number in 501...600 { try scene.add("s", "n", "\(number)") }
            try KedgeProcess.expect(0, group(scene, "one"))
            #expect(try scene.exported("s") == scene.entries(of: "s"))
            try scene.verify()
            let sequences = try scene.records(of: "s").map(\.sequence)
            #expect(sequences.first == "0001/0000000000000001/0000000000000001")
            #expect(sequences.last == "0001/0000000000000258/0000000000000001")
        }

        @Test("pain 22: what a worker that was killed has read is taken over by another", arguments: RedisPrograms.all)
        func takesOver(programs: RedisPrograms) throws {
            let scene = try StreamScene(programs, streams: "s")
            for number in 1...200 { try scene.add("s", "n", "\(number)") }
            let crash = ["KEDGE_CRASH_AT": "duringSegment"]
            try KedgeProcess.expect(137, group(scene, "one", "--create-group"), environment: crash)
            #expect(try pending(scene, "s") > 0)
            let other = try StreamScene(server: scene.server, streams: "s")
            Thread.sleep(forTimeInterval: 1.1)
            try KedgeProcess.expect(0, group(other, "two", "--min-idle", "1s"))
            #expect(try Set(other.exported("s")) == Set(scene.entries(of: "s")))
            #expect(try other.records(of: "s").count == 200 && pending(scene, "s") == 0)
            try other.verify()
        }

        @Test("a crash between anchor and acknowledgement repeats nothing", arguments: RedisPrograms.all)
        func acknowledgesOnce(programs: RedisPrograms) throws {
            let scene = try StreamScene(programs, streams: "s")
            for number in 1...200 { try scene.add("s", "n", "\(number)") }
            try KedgeProcess.expect(
                137, group(scene, "one", "--create-group"), environment: ["KEDGE_CRASH_AT": "beforeAcknowledge"])
            #expect(try pending(scene, "s") == 200 && scene.records(of: "s").count == 200)
            for number in 201...210 { try scene.add("s", "n", "\(number)") }
            try KedgeProcess.expect(0, group(scene, "one"))
            #expect(try scene.exported("s") == scene.entries(of: "s"))
            #expect(try pending(scene, "s") == 0)
            // A server that has lost acknowledgements hands out everything once more.
            try scene.server.command("XGROUP", "SETID", "s", "g", "0")
            try KedgeProcess.expect(0, group(scene, "one"))
            #expect(try scene.exported("s") == scene.entries(of: "s"))
            #expect(try pending(scene, "s") == 0)
            try scene.verify()
        }

        @Test("pain 24: entries that were trimmed while they were pending are recorded", arguments: RedisPrograms.all)
        func lost(programs: RedisPrograms) throws {
            let scene = try StreamScene(programs, streams: "s")
            for number in 1...20 { try scene.add("s", "n", "\(number)", id: "\(number)-0") }
            try scene.server.command("XGROUP", "CREATE", "s", "g", "0")
            // Five with another consumer, five with us, five of each trimmed but for the last.
            try scene.server.command("XREADGROUP", "GROUP", "g", "other", "COUNT", "5", "STREAMS", "s", ">")
            try scene.server.command("XREADGROUP", "GROUP", "g", "one", "COUNT", "5", "STREAMS", "s", ">")
            for id in [1, 2, 3, 6, 7, 8] { try scene.server.command("XDEL", "s", "\(id)-0") }
            try KedgeProcess.expect(0, group(scene, "one", "--min-idle", "0s"))
            #expect(try Set(scene.exported("s").map(\.id)) == Set(scene.entries(of: "s").map(\.id)))
            let notices = try scene.export.anchors().flatMap { $0["notices"] as? [[String: Any]] ?? [] }
            let lost = notices.filter { $0["code"] as? String == "redis.entry.lost" && $0["table"] as? String == "s" }
            let told = lost.compactMap { $0["message"] as? String }.joined(separator: " ")
            for id in [1, 2, 3, 6, 7, 8] { #expect(told.contains("\(id)-0"), "\(id)-0 in \(told)") }
            #expect(!told.contains("9-0") && !told.contains("4-0"))
            #expect(try pending(scene, "s") == 0)
            try scene.verify()
        }

        @Test("two workers share a group under load, with kills", arguments: RedisPrograms.all)
        func share(programs: RedisPrograms) throws {
            let one = try StreamScene(programs, streams: "s")
            let two = try StreamScene(server: one.server, streams: "s")
            try one.server.command("XGROUP", "CREATE", "s", "g", "0", "MKSTREAM")
            var workers = [try follow(one, "one"), try follow(two, "two")]
            for part in 0..<Count.of("KEDGE_TEST_KILLS", default: 5) {
                try one.server.commands((0..<400).map { ["XADD", "s", "*", "n", "\(part) \($0)"] })
                Thread.sleep(forTimeInterval: .random(in: 0.1...0.6))
                workers[part % 2].killNow()
                _ = try workers[part % 2].wait()
                workers[part % 2] = try part % 2 == 0 ? follow(one, "one") : follow(two, "two")
            }
            try waitUntil("all is acknowledged", deadline: .seconds(60)) {
                for worker in workers where !worker.isRunning { throw TestFailure("\(worker.errors.suffix(2000))") }
                return try pending(one, "s") == 0 && lag(one) == 0
            }
            // The worker that was started last may not listen to signals yet.
            Thread.sleep(forTimeInterval: 1)
            for worker in workers {
                worker.terminate()
                let status = try worker.wait().status
                #expect(status == 0, "\(worker.errors.suffix(600))")
            }
            let (left, right) = (try one.records(of: "s").map(\.entry), try two.records(of: "s").map(\.entry))
            #expect(try Set(left + right) == Set(one.entries(of: "s")))
            #expect(Set(left).count == left.count && Set(right).count == right.count)
            try one.verify()
            try two.verify()
        }

        // MARK: Parts

        @Test("doctor looks whether the group is there, as the user of a group, and changes nothing")
        func doctor() throws {
            let scene = try StreamScene(streams: "s,m:*")
            for stream in ["s", "m:1", "m:2"] { try scene.add(stream, "n", "1") }
            try scene.server.command(
                "ACL", "SETUSER", "worker", "on", ">secret", "~*", "resetchannels", "-@all", "+xreadgroup", "+xack",
                "+xautoclaim", "+xinfo", "+scan", "+type", "+info", "+ping")
            let address = "redis://worker:secret@127.0.0.1:\(scene.server.port)"
            func examine(_ streams: String) throws -> ShellCommand.Outcome {
                try KedgeProcess.run(["doctor", "--source", address, "--streams", streams, "--group", "g"])
            }
            let missing = try examine("s,m:*")
            #expect(missing.status == 66 && missing.errors.contains("[redis.group.missing]"), "\(missing)")
            #expect(missing.output.contains("stream s has no group \"g\""), "\(missing.output)")
            let none = try examine("m:*")
            #expect(none.status == 66 && none.output.contains("no stream that --streams selects"), "\(none.output)")
            #expect(try examine("nirgends").status == 66)
            for stream in ["s", "m:2"] { try scene.server.command("XGROUP", "CREATE", stream, "g", "0") }
            let good = try examine("s,m:*")
            #expect(good.status == 0 && good.output.contains("2 of 3 streams have the group \"g\""), "\(good)")
            #expect(good.output.contains("all commands that a run needs are allowed"), "\(good.output)")
            #expect(try pending(scene, "s") == 0)
            #expect(try scene.server.command("XINFO", "CONSUMERS", "s", "g").elements?.isEmpty == true)
            try scene.server.command("ACL", "SETUSER", "worker", "-xautoclaim")
            let denied = try examine("s")
            #expect(denied.status == 77 && denied.output.contains("xautoclaim"), "\(denied)")
        }

        private func group(_ scene: StreamScene, _ consumer: String, _ more: String...) -> [String] {
            scene.run("--until", "now", "--group", "g", "--consumer", consumer) + more
        }

        private func follow(_ scene: StreamScene, _ consumer: String) throws -> KedgeProcess {
            try KedgeProcess(
                scene.run("--group", "g", "--consumer", consumer, "--min-idle", "1s", anchors: "100ms,200tx,64KiB"))
        }

        private func ids(_ scene: StreamScene, _ stream: String) throws -> [String] {
            try scene.exported(stream).map(\.id)
        }

        private func pending(_ scene: StreamScene, _ stream: String) throws -> Int {
            let reply = try scene.server.command("XPENDING", stream, "g")
            return reply.elements?.first?.integer.map(Int.init) ?? -1
        }

        /// How many entries the group has not read.
        private func lag(_ scene: StreamScene) throws -> Int {
            let groups = try scene.server.command("XINFO", "GROUPS", "s").elements ?? []
            let facts = groups.first?.elements ?? []
            let last =
                facts.firstIndex(of: .bulk(Array("last-delivered-id".utf8))).map { facts[$0 + 1].text ?? "" } ?? ""
            return try scene.entries(of: "s").last?.id == last ? 0 : 1
        }
    }
}
