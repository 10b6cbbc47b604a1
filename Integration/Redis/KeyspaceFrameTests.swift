// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Testing

extension IntegrationSuites {
    /// What networks do to a link near the end of its snapshot, which is where its two halves meet.
    @Suite("A network round the end of a snapshot", .serialized)
    struct KeyspaceFrameTests {
        /// How far apart the places are that are tried; 1 tries them all.
        private static let step = max(1, Count.of("KEDGE_TEST_REDIS_PLACES", default: 16))

        /// All places near the end, of which the environment says how many are tried.
        private static func faults(_ places: Range<Int>) -> [PayloadFault] {
            var faults: [PayloadFault] = []
            for kind in PayloadFault.Kind.allCases where kind != .newline {
                let start = places.lowerBound + Int.random(in: 0..<step)
                faults += stride(from: start, to: places.upperBound, by: step).map {
                    PayloadFault(kind: kind, place: $0)
                }
            }
            return faults + (-1...3).map { PayloadFault(kind: .newline, place: $0) }
        }

        @Test(
            "redis promises 3, 4 and 7: cut, split, late, glued or with newlines, the export is the source",
            arguments: [("yes", -32..<72), ("no", -32..<48)])
        func everyPlace(diskless: String, places: Range<Int>) throws {
            let server = try RedisServer(settings: ["repl-diskless-sync \(diskless)", "repl-backlog-size 16mb"])
            defer { server.remove() }
            let copy = try RedisServer()
            defer { copy.remove() }
            try server.commands([
                ["SET", "s", "wert"], ["RPUSH", "l", "a", "b"], ["HSET", "h", "f", "v"], ["SADD", "e", "1", "2"],
                ["ZADD", "z", "1", "m"], ["XADD", "x", "1-1", "f", "v"], ["PFADD", "p", "a"],
            ])
            let faults = Self.faults(places)
            for fault in faults { try round(fault, server, copy) }
            print("diskless \(diskless): \(faults.count) faults")
        }

        private func round(_ fault: PayloadFault, _ server: RedisServer, _ copy: RedisServer) throws {
            let export = try ExportFolder()
            defer { export.remove() }
            let proxy = try FaultyProxy(toPort: server.port)
            defer { proxy.end() }
            proxy.disturb(fault)
            let fullSyncs = try Self.fullSyncCount(server)
            let arguments = [
                "run", "--source", "redis://127.0.0.1:\(proxy.port)", "--to", export.path, "--anchor-every",
                "20ms,200tx,1MiB", "--min-free", "1MiB",
            ]
            let run = try KedgeProcess(arguments)
            try waitUntil("a snapshot is announced") { proxy.payload.hasBegun || !run.isRunning }
            try server.commands([
                ["INCR", "n"], ["MULTI"], ["RPUSH", "l", "c"], ["APPEND", "s", "+"], ["EXEC"], ["LPOP", "l"],
                ["HINCRBY", "h", "zahl", "1"],
            ])
            let source = try server.digest()
            try waitUntil("\(fault): it is exported, or ends") {
                try !run.isRunning || Self.position(export) >= source.offset
            }
            run.terminate()
            let outcome = try run.wait()
            #expect(proxy.payload.hasHappened, "\(fault) did not happen: \(outcome.errors)")
            if fault.kind == .cut {
                #expect([0, 75].contains(outcome.status), "\(fault): \(outcome.errors)")
                try KedgeProcess.expect(0, arguments + ["--until", "now"])
            } else {
                #expect(outcome.status == 0, "\(fault): \(outcome.errors)")
                #expect(try Self.fullSyncCount(server) == fullSyncs + 1, "\(fault)")
            }
            let replay = try KeyspaceReplay(into: copy)
            try replay.apply(export)
            #expect(try replay.refusals.isEmpty && copy.digest().digest == source.digest, "\(fault)")
            let records = try export.records(of: "db0")
            #expect(Set(records.map { $0.dropFirst(13).prefix(38) }).count == records.count, "\(fault)")
            let commands = records.filter { !$0.contains("\"_cdc_op\":\"r\"") }
            #expect(fault.kind == .cut || commands.count == 5, "\(fault): \(commands.count) commands")
        }

        private static func fullSyncCount(_ server: RedisServer) throws -> Int {
            Int(try server.info("stats")["sync_full"] ?? "") ?? -1
        }

        private static func position(_ export: ExportFolder) throws -> Int {
            Int(try export.anchors().last?["to"] as? String ?? "") ?? 0
        }
    }
}
