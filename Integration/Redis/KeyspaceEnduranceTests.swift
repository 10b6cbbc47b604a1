// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Testing

extension IntegrationSuites {
    /// Servers with little patience, destinations that stand still, commands that are larger than the memory.
    @Suite("A keyspace that is hard to follow", .serialized)
    struct KeyspaceEnduranceTests {
        @Test("redis promise 5: a destination that stands still for long does not cost the link")
        func patience() throws {
            let patience = 3.0
            let scene = try KeyspaceScene(settings: ["repl-timeout \(Int(patience))", "repl-ping-replica-period 1"])
            try scene.catchUp()
            let kibibytes = try Self.freeKibibytes(at: scene.export.path)
            let ballast = scene.export.path + "/../ballast-\(scene.server.port)"
            defer { try? FileManager.default.removeItem(atPath: ballast) }
            let run = try KedgeProcess(scene.run("--min-free", "\(kibibytes - kibibytes / 10)KiB"))
            try waitUntil("kedge follows") { try Self.replicaLine(scene.server)?.contains("state=online") == true }
            let client = try Self.replicaClient(scene.server)
            let anchors = try scene.export.anchors().count
            try ShellCommand.run(["fallocate", "-l", "\(kibibytes / 5)KiB", ballast])
            try waitUntil("the destination stands still") { run.errors.contains("nearly full") }
            let end = ContinuousClock.now + .seconds(patience * 3.5)
            while ContinuousClock.now < end {
                try scene.server.command("INCR", "zahl")
                #expect(try Self.replicaClient(scene.server) == client)
                Thread.sleep(forTimeInterval: 0.1)
            }
            #expect(try scene.export.anchors().count <= anchors + 1, "the destination does not stand still")
            try FileManager.default.removeItem(atPath: ballast)
            try waitUntil("the end of the pause") { run.errors.contains("has room again") }
            let target = try scene.server.digest().offset
            try waitUntil("kedge has caught up") {
                Int(try scene.export.anchors().last?["to"] as? String ?? "") ?? 0 >= target
            }
            #expect(try Self.replicaClient(scene.server) == client)
            #expect(try scene.fullSyncCount() == 1)
            #expect(!run.errors.contains("trying again"), "\(run.errors)")
            // Whoever really says nothing is cut off.
            run.pause()
            try waitUntil("the server loses its patience", deadline: .seconds(20)) {
                try scene.server.info("replication")["connected_slaves"] == "0"
            }
            run.resume()
            run.terminate()
            #expect(try [0, 75].contains(run.wait().status))
            try scene.expectSameDigest()
        }

        @Test("redis promise 13: a command that is larger than the memory streams through it")
        func largeCommand() throws {
            let scene = try KeyspaceScene()
            try scene.catchUp()
            let run = try KedgeProcess(scene.run(anchors: "1s,10000tx,64MiB"))
            try waitUntil("kedge follows") { try Self.replicaLine(scene.server)?.contains("state=online") == true }
            let byteCount = Count.of("KEDGE_TEST_REDIS_MEGABYTES", default: 200) * 1_000_000
            try scene.server.command(
                "EVAL", "redis.call('SET', KEYS[1], string.rep('~', ARGV[1]))", "1", "groß", "\(byteCount)")
            try scene.server.command("SET", "danach", "1")
            let target = try scene.server.digest().offset
            try waitUntil("it is exported", deadline: .seconds(300)) {
                Int(try scene.export.anchors().last?["to"] as? String ?? "") ?? 0 >= target
            }
            run.terminate()
            let outcome = try run.wait()
            #expect(outcome.status == 0)
            #expect((1...128 << 20).contains(outcome.peakByteCount), "\(outcome.peakByteCount) bytes")
            let segments = try scene.export.segments()
            let count = try ShellCommand.run(
                ["sh", "-e"], input: "(\(ExportFolder.printing(segments, of: scene.export))) | tr -cd '~' | wc -c")
            #expect(count.trimmingCharacters(in: .whitespacesAndNewlines) == "\(byteCount)")
            #expect(try scene.fullSyncCount() == 1)
        }

        private static func freeKibibytes(at path: String) throws -> Int {
            let lines = try ShellCommand.run(["df", "-k", "--output=avail", path]).split(separator: "\n")
            return try #require(Int(lines.last?.trimmingCharacters(in: .whitespaces) ?? ""))
        }

        private static func replicaLine(_ server: RedisServer) throws -> String? {
            try server.info("replication")["slave0"]
        }

        /// Which connection follows; another one has another number.
        private static func replicaClient(_ server: RedisServer) throws -> Substring {
            let lines = try server.cli("CLIENT", "LIST", "TYPE", "replica").split(separator: "\n")
            try #require(lines.count == 1, "\(lines)")
            return try #require(lines[0].split(separator: " ").first { $0.hasPrefix("id=") })
        }
    }
}
