// SPDX-License-Identifier: Apache-2.0

import Changelog
import Faults
import Foundation
import Glibc
import Hiredis
import RedisKeyspace
import RedisURI
import Testing

extension IntegrationSuites {
    /// A link and a destination that takes nothing.
    @Suite("Links to a keyspace", .serialized)
    struct KeyspaceLinkTests {
        private func options(_ server: RedisServer, _ folder: URL) -> ReplicationOptions {
            ReplicationOptions(
                address: RedisAddress(endpoints: [server.endpoint]), endpoint: server.endpoint, spoolFolder: folder.path
            )
        }

        @Test("redis promise 6: a stalled destination fills the spool, not the server's buffer")
        func stalled() throws {
            let scene = try KeyspaceScene(settings: ["client-output-buffer-limit replica 1mb 0 0"])
            let folder = try TemporaryFolder.make("spool")
            defer { try? FileManager.default.removeItem(at: folder) }
            let link = try ReplicationLink.open(options(scene.server, folder), .full)
            defer { link.close() }
            guard case .snapshot(let id, let offset) = link.answer else { throw TestFailure("no snapshot") }
            try waitUntil("the link is online") {
                try scene.server.info("replication")["slave0"]?.contains("online") == true
            }
            for number in 0..<300 {
                try scene.server.command("SET", "k\(number)", String(repeating: "x", count: 100_000))
            }
            try waitUntil("all of it has come") { link.commands.appendedByteCount > 30_000_000 }
            #expect(try scene.server.info("replication")["connected_slaves"] == "1")
            #expect(link.commands.fileByteCount > 15_000_000)
            let target = try scene.server.digest().offset
            var source = KeyspaceSource(
                link, from: ReplicationPoint(replicationID: id, offset: offset, database: 0),
                until: Position(rawValue: UInt64(target)))
            var count = 0
            var batch = ChangeBatch(byteLimit: 1 << 20)
            while try source.fill(&batch, until: .now + .seconds(1)) == .more {
                count += batch.count
                batch.removeAll()
            }
            #expect(count + batch.count == 300 && source.ending == nil)
        }

        @Test("a spool that is full ends the run behind the last whole transaction, and the next goes on")
        func full() throws {
            let scene = try KeyspaceScene()
            try scene.catchUp()
            let values = (0..<400).map { ["SET", "k\($0)", String(repeating: "x", count: 50_000)] }
            try scene.server.commands(values)
            // Encoding is slower than the loopback: what waits outgrows a mebibyte.
            let full = try KedgeProcess.run(
                scene.run("--until", "now", "--spool-bytes", "1MiB", "--compression-level", "19"))
            #expect(full.status == 75 && full.errors.contains("[redis.spool.full]"), "\(full.status) \(full.errors)")
            #expect(try scene.server.info("replication")["connected_slaves"] == "0")
            try scene.expectSameDigest()
            #expect(try scene.export.records(of: "db0").filter { $0.contains("\"key\":\"k") }.count == 400)
            #expect(try scene.fullSyncCount() == 1)
        }

        @Test("a dump and what the server has written since are the keyspace, without another fork")
        func fromDump() throws {
            let scene = try KeyspaceScene()
            let replica = try scene.server.makeReplica()
            defer { replica.remove() }
            var load = KeyspaceLoad(seed: KeyspaceCount.seed)
            var connection = try scene.server.connect()
            try load.write(500, over: &connection)
            try scene.server.command("SAVE")
            let dump = scene.server.folder + "/dump.rdb"
            try load.write(500, over: &connection)
            let before = try scene.fullSyncCount()
            try scene.catchUp("--from-rdb", dump)
            try scene.expectSameDigest()
            #expect(try scene.fullSyncCount() == before)
            let anchors = try scene.export.anchors()
            #expect(anchors.filter { $0["kind"] as? String == "snapshot" }.count == 1)
        }

        @Test("a dump alone is an export of one anchor, and a damaged one is none")
        func snapshotOfDump() throws {
            let scene = try KeyspaceScene()
            var load = KeyspaceLoad(seed: KeyspaceCount.seed)
            var connection = try scene.server.connect()
            try load.write(500, over: &connection)
            try scene.settle()
            try scene.server.command("SAVE")
            let dump = scene.server.folder + "/dump.rdb"
            let digest = try scene.server.digest().digest
            try KedgeProcess.expect(0, ["snapshot", "--source", dump, "--to", scene.export.path])
            try KedgeProcess.expect(0, ["verify", "--to", scene.export.path])
            let copy = try RedisServer()
            defer { copy.remove() }
            try KeyspaceReplay(into: copy).apply(scene.export)
            #expect(try copy.digest().digest == digest)
            var bytes = try Data(contentsOf: URL(fileURLWithPath: dump))
            bytes[bytes.count / 2] ^= 1
            let damaged = scene.server.folder + "/damaged.rdb"
            try bytes.write(to: URL(fileURLWithPath: damaged))
            let other = try ExportFolder()
            defer { other.remove() }
            let refused = try KedgeProcess.run(["snapshot", "--source", damaged, "--to", other.path])
            #expect(refused.status == 65 && refused.errors.contains("[redis.payload]"), "\(refused.errors)")
            #expect(try other.anchors().isEmpty)
        }

        @Test("a server without PSYNC is named, with the mode that works instead")
        func noReplication() throws {
            let server = try RedisServer(settings: ["rename-command REPLCONF \"\"", "rename-command PSYNC \"\""])
            defer { server.remove() }
            let export = try ExportFolder()
            defer { export.remove() }
            for command in [["run", "--until", "now"], ["doctor"]] {
                let refused = try KedgeProcess.run(command + ["--source", server.address(), "--to", export.path])
                #expect(
                    refused.status == 78 && (refused.errors + refused.output).contains("--streams"), "\(refused.errors)"
                )
                #expect(refused.errors.contains("[redis.replication.missing]"))
            }
        }

        @Test("a user with four permissions is enough, and key patterns do not limit what it gets")
        func permissions() throws {
            let server = try RedisServer(settings: [
                "user reader on >geheim ~only:* resetchannels -@all +psync +replconf +ping +info",
                "user weak on >geheim ~* -@all +replconf +ping +info",
            ])
            defer { server.remove() }
            try server.command("SET", "other:1", "1")
            let export = try ExportFolder()
            defer { export.remove() }
            func arguments(_ user: String) -> [String] {
                ["--source", "redis://\(user):geheim@127.0.0.1:\(server.port)", "--to", export.path]
            }
            let refused = try KedgeProcess.run(["run", "--until", "now"] + arguments("weak"))
            #expect(refused.status == 77 && refused.errors.contains("[redis.permission]"), "\(refused.errors)")
            try KedgeProcess.expect(0, ["run", "--until", "now"] + arguments("reader"))
            #expect(try export.records(of: "db0").contains { $0.contains("other:1") })
            let doctor = try KedgeProcess.expect(0, ["doctor"] + arguments("reader"))
            #expect(doctor.output.contains("anchor lifetime") && doctor.output.contains("the next run goes on"))
        }
    }
}
