// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Hiredis
import Testing

/// One server whose keyspace is exported, and the export.
final class KeyspaceScene {
    let server: RedisServer
    let export: ExportFolder
    var source: String

    /// Starts a server that keeps enough of its history for any test, unless `settings` say otherwise.
    init(_ programs: RedisPrograms = .standard, settings: [String] = []) throws {
        server = try RedisServer(programs, settings: ["repl-backlog-size 256mb"] + settings)
        export = try ExportFolder()
        source = server.address()
        if programs.isAtLeast(7, 0) { try server.command("FUNCTION", "LOAD", KeyspaceLoad.library) }
    }

    deinit {
        export.remove()
        server.remove()
    }

    /// The arguments of `kedge run`: small anchors, so that there are many.
    func run(_ more: String..., anchors: String = "200ms,200tx,1MiB") -> [String] {
        ["run", "--source", source, "--to", export.path, "--anchor-every", anchors, "--min-free", "1MiB"] + more
    }

    /// Catches up with the source.
    @discardableResult
    func catchUp(_ more: String..., environment: [String: String] = [:]) throws -> ShellCommand.Outcome {
        try KedgeProcess.expect(0, run("--until", "now") + more, environment: environment, deadline: .seconds(300))
    }

    /// Keys that expire soon are gone, and the server has said so.
    func settle() throws {
        Thread.sleep(forTimeInterval: 0.4)
        for database in 0..<4 {
            _ = try server.cli(
                "-n", "\(database)", "EVAL",
                "for _, k in ipairs(redis.call('KEYS', 'short:*')) do redis.call('GET', k) end", "0")
        }
    }

    /// Compares the export with the source by `DEBUG DIGEST`: call when nobody writes.
    func expectSameDigest(at place: SourceLocation = #_sourceLocation) throws {
        try settle()
        let before = try server.digest()
        try catchUp()
        let after = try server.digest()
        #expect(before.digest == after.digest, "somebody writes", sourceLocation: place)
        let last = try #require(try export.anchors().last?["to"] as? String)
        #expect(Int(last) ?? 0 >= before.offset, sourceLocation: place)
        try KedgeProcess.expect(0, ["verify", "--to", export.path])
        let copy = try RedisServer(server.programs)
        defer { copy.remove() }
        let replay = try KeyspaceReplay(into: copy)
        try replay.apply(export)
        #expect(replay.refusals.isEmpty, "\(replay.refusals.prefix(5))", sourceLocation: place)
        let copied = try copy.digest()
        if copied.digest != before.digest {
            Issue.record("\(try Self.differences(server, copy))", sourceLocation: place)
        }
    }

    /// Which keys differ, for whoever has to find out why.
    static func differences(
        _ left: RedisServer, _ right: RedisServer, databases: Range<Int> = 0..<4
    ) throws -> String {
        var found: [String] = []
        for database in databases {
            for name in try Set(keys(left, database)).union(keys(right, database)) {
                let values = try [left, right].map { server in
                    try server.command([Array("DEBUG".utf8), Array("DIGEST-VALUE".utf8), name], database: database)
                }
                if values[0] != values[1] {
                    found.append("db\(database) \(String(decoding: name, as: UTF8.self)): \(values)")
                }
            }
        }
        return "the digests differ: \(found.prefix(10).joined(separator: "\n"))"
    }

    private static func keys(_ server: RedisServer, _ database: Int) throws -> [[UInt8]] {
        (try server.command("KEYS", "*", database: database).elements ?? []).compactMap {
            if case .bulk(let bytes) = $0 { bytes } else { nil }
        }
    }

    /// How often the source has sent all of its data.
    func fullSyncCount() throws -> Int { Int(try server.info("stats")["sync_full"] ?? "") ?? -1 }
}
