// SPDX-License-Identifier: Apache-2.0

import Faults
import Foundation
import Glibc
import Testing

extension IntegrationSuites {
    /// The power goes while a keyspace is exported.
    @Suite("A keyspace and crashes", .serialized)
    struct KeyspaceCrashTests {
        /// What is passed before the first anchor.
        private static let beginning: [CrashPoint] = [
            .afterFullResync, .duringReplicationPayload, .afterReplicationPayload, .duringSnapshot, .afterSnapshotRead,
        ]
        /// What each anchor passes.
        private static let publishing = CrashPoint.allCases.filter { $0.occasion == .publishing }
        /// What has a test of its own.
        private static let alone: [CrashPoint] = [.afterGapAnchor, .duringReplicationSpool]

        @Test("every point that the export of a keyspace passes is tried here")
        func everyPoint() throws {
            let tried = Set(Self.beginning + Self.publishing + Self.alone)
            let rest = CrashPoint.allCases.filter { !tried.contains($0) }
            #expect(!rest.contains { $0.occasion == .replicating })
            for point in rest {
                let armed = ["KEDGE_CRASH_AT": point.rawValue]
                let scene = try KeyspaceScene(settings: ["repl-backlog-size 16kb"])
                try scene.server.command("DEBUG", "POPULATE", "2000")
                try scene.catchUp(environment: armed)
                try scene.server.command("SET", "k", "v")
                try scene.catchUp(environment: armed)
                try scene.server.commands((0..<50).map { ["SET", "groß\($0)", String(repeating: "x", count: 2000)] })
                try scene.catchUp(environment: armed)
                #expect(try scene.fullSyncCount() == 2, "\(point)")
            }
        }

        @Test("redis promise 19: a transaction is in one anchor, wherever kedge is killed", arguments: publishing)
        func transaction(point: CrashPoint) throws {
            let scene = try KeyspaceScene()
            try scene.catchUp()
            try scene.server.commands([["MULTI"]] + (0..<50).map { ["SET", "t\($0)", "1"] } + [["EXEC"]])
            let crashed = try KedgeProcess.run(
                scene.run("--until", "now"), environment: ["KEDGE_CRASH_AT": point.rawValue])
            #expect(crashed.status == 128 + SIGKILL)
            try scene.catchUp()
            let records = try scene.export.records(of: "db0").filter { $0.contains("\"key\":\"t") }
            #expect(records.count == 50)
            #expect(Set(records.map { $0.dropFirst(13).prefix(21) }).count == 1)
            #expect(try scene.fullSyncCount() == 1)
        }

        @Test(
            "redis promise 7: a snapshot is published once and whole, wherever kedge is killed", arguments: publishing)
        func snapshotPublished(point: CrashPoint) throws {
            let scene = try KeyspaceScene()
            try scene.server.command("DEBUG", "POPULATE", "300")
            let crashed = try KedgeProcess.run(
                scene.run("--until", "now"), environment: ["KEDGE_CRASH_AT": point.rawValue])
            // The source hears of what the stream has brought alone.
            let isSilent = [.beforeAcknowledge, .afterAcknowledge].contains(point)
            #expect(crashed.status == 128 + SIGKILL || (isSilent && crashed.status == 0))
            try scene.server.command("INCR", "zahl")
            try scene.expectSameDigest()
            #expect(try scene.export.anchors().filter { $0["kind"] as? String == "snapshot" }.count == 1)
        }

        @Test(
            "redis promise 7: a snapshot that was not finished is taken again, wherever kedge is killed",
            arguments: beginning)
        func snapshotAgain(point: CrashPoint) throws {
            let scene = try KeyspaceScene()
            try scene.server.command("DEBUG", "POPULATE", "20000")
            for passes in [0, 3] {
                let crashed = try KedgeProcess.run(
                    scene.run("--until", "now"), environment: ["KEDGE_CRASH_AT": "\(point.rawValue):\(passes)"])
                #expect(crashed.status == 128 + SIGKILL || passes > 0)
                #expect(try passes > 0 || scene.export.anchors().isEmpty)
                try scene.server.command("INCR", "zahl")
            }
            try scene.expectSameDigest()
        }

        @Test("redis promise 2: a crash between the gap and its snapshot leads to another gap, never to silence")
        func gapAgain() throws {
            let scene = try KeyspaceScene(settings: ["repl-backlog-size 16kb"])
            try scene.catchUp()
            try scene.server.commands((0..<50).map { ["SET", "groß\($0)", String(repeating: "x", count: 2000)] })
            let crashed = try KedgeProcess.run(
                scene.run("--until", "now"), environment: ["KEDGE_CRASH_AT": CrashPoint.afterGapAnchor.rawValue])
            #expect(crashed.status == 128 + SIGKILL)
            try scene.expectSameDigest()
            let kinds = try scene.export.anchors().compactMap { $0["kind"] as? String }
            #expect(kinds.filter { $0 == "gap" }.count == 2 && kinds.filter { $0 == "snapshot" }.count == 2)
        }

        @Test("redis promise 6: what waited on disk when the power went comes again, and the files are gone")
        func spool() throws {
            let scene = try KeyspaceScene()
            try scene.catchUp()
            try scene.server.commands((0..<500).map { ["SET", "k\($0)", String(repeating: "x", count: 100_000)] })
            for passes in [0, 3] {
                // Slower than the loopback, so that much waits.
                let crashed = try KedgeProcess.run(
                    scene.run("--until", "now", "--compression-level", "19", anchors: "1h,100000tx,1GiB"),
                    environment: ["KEDGE_CRASH_AT": "\(CrashPoint.duringReplicationSpool.rawValue):\(passes)"])
                #expect(crashed.status == 128 + SIGKILL)
            }
            let folder = scene.export.path + "/_kedge/spool"
            #expect(try !FileManager.default.contentsOfDirectory(atPath: folder).isEmpty, "nothing was spooled")
            try scene.expectSameDigest()
            #expect(try scene.fullSyncCount() == 1)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }
}
