// SPDX-License-Identifier: Apache-2.0

import Foundation
import Hiredis
import Testing

extension IntegrationSuites {
    /// What an operator may ask of a run that follows a keyspace.
    @Suite("Flags of a keyspace", .serialized)
    struct KeyspaceFlagTests {
        @Test("a new snapshot is taken when it is asked for, behind a gap that says so, and the next run goes on")
        func newSnapshot() throws {
            let scene = try KeyspaceScene()
            try scene.server.commands((0..<20).map { ["SET", "k\($0)", "1"] })
            try scene.catchUp()
            try scene.server.commands((0..<10).map { ["DEL", "k\($0)"] })
            try scene.catchUp("--resnapshot")
            #expect(try scene.fullSyncCount() == 2)
            let anchors = try scene.export.anchors()
            let kinds = anchors.compactMap { $0["kind"] as? String }
            let gap = try #require(kinds.firstIndex(of: "gap"), "\(kinds)")
            #expect(anchors[gap]["reason"] as? String == "a new snapshot was asked for")
            #expect(kinds[gap + 1] == "snapshot" && anchors[gap + 1]["epoch"] as? Int == 2)
            let keys = try scene.export.records(of: "db0").filter {
                $0.hasPrefix("{\"_cdc_seq\":\"0002") && $0.contains("\"key\":\"k")
            }
            #expect(keys.count == 10)
            try scene.server.command("SET", "k0", "2")
            try scene.expectSameDigest()
            #expect(try scene.fullSyncCount() == 2)
        }

        @Test("with --ack honest the source never hears of more than the anchors hold")
        func honest() throws {
            let scene = try KeyspaceScene(settings: ["repl-timeout 2"])
            try scene.catchUp()
            try scene.server.command("SET", "a", "1")
            try scene.catchUp()
            let start = try Self.anchored(scene)
            let run = try KedgeProcess(scene.run("--ack", "honest", anchors: "700ms,100000tx,1GiB"))
            try waitUntil("kedge follows") { try Self.acknowledged(scene) != nil }
            let writer = BackgroundWork(writingTo: scene.server, seed: KeyspaceCount.seed)
            var heard: [Int] = []
            let end = ContinuousClock.now + .seconds(6)
            while ContinuousClock.now < end {
                // In this order: the anchor was there before the source heard of it.
                let offset = try #require(try Self.acknowledged(scene))
                let anchored = try Self.anchored(scene)
                #expect(offset <= anchored)
                // None before the first word, where the server says 0.
                if offset > 0, offset != heard.last { heard.append(offset) }
                Thread.sleep(forTimeInterval: 0.02)
            }
            try writer.end()
            #expect(heard.count >= 3 && heard.first == start && heard == heard.sorted(), "\(start): \(heard)")
            let target = try scene.server.digest().offset
            try waitUntil("the source hears of the last anchor") { try Self.acknowledged(scene) ?? 0 >= target }
            #expect(try Self.anchored(scene) >= target)
            run.terminate()
            #expect(try run.wait().status == 0)
            try scene.expectSameDigest()
        }

        @Test("what the manual warns of is so: with --ack honest WAIT counts kedge, and FAILOVER chooses it")
        func honestHazards() throws {
            let scene = try KeyspaceScene(settings: ["repl-timeout 2"])
            try scene.catchUp()
            let run = try KedgeProcess(scene.run("--ack", "honest"))
            try waitUntil("kedge follows") { try Self.acknowledged(scene) != nil }
            try scene.server.command("SET", "a", "1")
            #expect(try scene.server.command("WAIT", "1", "8000") == .integer(1))
            try scene.server.command("FAILOVER", "TIMEOUT", "5000")
            try waitUntil("the server follows nobody") { try scene.server.info("replication")["role"] == "slave" }
            #expect(throws: (any Error).self) { try scene.server.command("SET", "b", "1") }
            run.terminate()
            _ = try run.wait()
        }

        @Test("a run ends behind the unit that holds the offset it was given, and goes on from there")
        func untilOffset() throws {
            let scene = try KeyspaceScene()
            try scene.catchUp()
            let start = try scene.server.digest().offset
            try scene.server.command("SET", "a", "1")
            let middle = try scene.server.digest().offset
            try scene.server.commands([["MULTI"], ["SET", "b", "1"], ["SET", "c", "1"], ["EXEC"]])
            let end = try scene.server.digest().offset
            try scene.server.command("SET", "d", "1")
            func count() throws -> Int {
                try scene.export.records(of: "db0").filter { $0.contains("\"cmd\":\"SET\"") }.count
            }
            for (target, reached, expected) in [
                (start, start, 0), (middle, middle, 1), (middle + 1, end, 3), (end, end, 3),
            ] {
                let outcome = try KedgeProcess.expect(0, scene.run("--until", "\(target)", "--output", "json"))
                #expect(outcome.output.contains("target-reached"), "\(outcome.output)")
                #expect(try Self.anchored(scene) == reached)
                #expect(try count() == expected, "until \(target)")
            }
            try scene.expectSameDigest()
            #expect(try count() == 4)
            let refused = try KedgeProcess.run(scene.run("--until", "12x"))
            #expect(refused.status == 2 && refused.errors.contains("12x"), "\(refused.status) \(refused.errors)")
        }

        @Test("status tells the lag, how long the backlog still reaches, and what the server holds back for kedge")
        func status() throws {
            let scene = try KeyspaceScene(settings: ["repl-backlog-size 100kb"])
            try scene.catchUp()
            let status = ["status", "--to", scene.export.path, "--source", scene.source]
            func report() throws -> [String: Any] {
                let text = try KedgeProcess.expect(0, status + ["--output", "json"]).output
                return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
            }
            let start = try scene.server.digest().offset
            try scene.server.command("SET", "a", String(repeating: "x", count: 20_000))
            let behind = try report()
            let lag = try scene.server.digest().offset - start
            #expect(behind["lagBytes"] as? Int == lag && lag > 20_000)
            let keyspace = try #require(behind["keyspace"] as? [String: Any])
            #expect(keyspace["history"] as? String == "goes on" && keyspace["backlogBytes"] as? Int == 102_400)
            #expect(keyspace["reachBytes"] as? Int == 102_400 - lag)
            #expect((keyspace["replicas"] as? [Any])?.isEmpty == true)
            let run = try KedgeProcess(scene.run())
            try waitUntil("kedge has caught up") { try Self.anchored(scene) >= start + lag }
            let text = try KedgeProcess.expect(0, status).output
            #expect(text.contains("0 bytes ahead") && text.contains("history     goes on"), "\(text)")
            #expect(text.contains("replica     127.0.0.1: online, at 0"), "\(text)")
            #expect(text.contains("bytes wait for it at the server"), "\(text)")
            run.terminate()
            _ = try run.wait()
            for number in 0..<10 {
                try scene.server.command("SET", "k\(number)", String(repeating: "x", count: 20_000))
            }
            let lost = try KedgeProcess.expect(0, status).output
            #expect(lost.contains("are overwritten") && lost.contains("no run is connected"), "\(lost)")
        }

        /// What the source has heard from its replica; nil while there is none.
        private static func acknowledged(_ scene: KeyspaceScene) throws -> Int? {
            guard let line = try scene.server.info("replication")["slave0"], line.contains("state=online"),
                let field = line.split(separator: ",").first(where: { $0.hasPrefix("offset=") })
            else { return nil }
            return Int(field.dropFirst(7))
        }

        private static func anchored(_ scene: KeyspaceScene) throws -> Int {
            Int(try scene.export.anchors().last?["to"] as? String ?? "") ?? 0
        }
    }
}
