// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What tests of values share.
enum StateScene {
    /// Many anchors, and many keys in each.
    static let anchors = "300ms,2000tx,4MiB"

    /// Users who may do all but write; the second may not replicate either.
    static let users = [
        "user leser on >geheim ~* &* +@all -@write -@dangerous +psync +replconf +info",
        "user scanner on >geheim ~* &* +@all -@write -@dangerous -psync -sync +info",
    ]

    static func reader(_ server: RedisServer) -> String { "redis://leser:geheim@127.0.0.1:\(server.port)" }

    static func scanner(_ server: RedisServer) -> String { "redis://scanner:geheim@127.0.0.1:\(server.port)" }

    /// The records of an anchor's segments by database, as objects.
    private static func records(
        of anchor: [String: Any], _ export: ExportFolder
    ) throws -> [(database: Int, position: Int, fields: [String: Any])] {
        try (anchor["segments"] as? [[String: Any]] ?? []).flatMap { segment in
            let path = export.path + "/" + (segment["path"] as? String ?? "")
            let database = Int((segment["table"] as? String ?? "").dropFirst(2)) ?? -1
            let text = try ShellCommand.run(["zstd", "-dcq", path])
            return try Lines.of(text).map { line in
                guard let fields = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
                    let seq = fields["_cdc_seq"] as? String
                else { throw TestFailure("a record is no object") }
                return (database, Int(seq.dropFirst(5).prefix(16), radix: 16) ?? -1, fields)
            }
        }
    }

    private static func stamp(_ fields: [String: Any]) -> Int? {
        (fields["meta"] as? [String: String])?["as_of"].flatMap { Int($0) }
    }

    /// Every key that a relative or derived record names has a row in the same anchor that is not older.
    static func expectCompleteAnchors(_ export: ExportFolder, at place: SourceLocation = #_sourceLocation) throws {
        var checked = 0
        for anchor in try export.anchors() where anchor["kind"] as? String == "changes" {
            var stamps: [KeyPlace: Int] = [:]
            var touched: [KeyPlace: Int] = [:]
            #expect((anchor["source"] as? [String: Any])?["state"] as? String == "touched", sourceLocation: place)
            for (database, position, fields) in try records(of: anchor, export) {
                guard let key = fields["key"], !(key is NSNull) else { continue }
                let found = KeyPlace(database: database, name: KeyspaceReplay.bytes(key))
                if fields["_cdc_op"] as? String == "r" {
                    if let stamp = stamp(fields) { stamps[found] = stamp }
                } else if fields["apply"] as? String != "absolute" {
                    touched[found] = position
                }
            }
            for (key, position) in touched where stamps[key] ?? -1 < position {
                // Where a whole database was read, a key that is gone has no row.
                Issue.record("anchor \(anchor["anchor"] ?? 0): \(key) at \(position)", sourceLocation: place)
            }
            checked += touched.count
        }
        #expect(checked > 0, sourceLocation: place)
    }

    /// How many rows are ahead of the end of their anchor.
    static func aheadCount(_ export: ExportFolder) throws -> Int {
        try export.anchors().reduce(0) { sum, anchor in
            let end = (anchor["to"] as? String).flatMap { Int($0) } ?? .max
            return try sum + records(of: anchor, export).count { stamp($0.fields) ?? 0 > end }
        }
    }
}

extension KeyspaceScene {
    /// Catches up and compares the values of all keys with the source: call when nobody writes.
    func expectSameValues(
        as other: RedisServer? = nil, anchors: String = StateScene.anchors, at place: SourceLocation = #_sourceLocation
    ) throws -> KeyspaceMaterializer {
        try settle()
        try KedgeProcess.expect(
            0, run("--until", "now", "--state", "touched", anchors: anchors), deadline: .seconds(300))
        return try compareValues(as: other, at: place)
    }

    /// Compares the values of the newest history with the source.
    func compareValues(
        as other: RedisServer? = nil, at place: SourceLocation = #_sourceLocation
    ) throws -> KeyspaceMaterializer {
        try KedgeProcess.expect(0, ["verify", "--to", export.path])
        let folded = try KeyspaceMaterializer(export)
        let expected = try (other ?? server).values()
        let places = Set(expected.keys).union(folded.states.keys)
        let differences = places.filter { expected[$0] != folded.states[$0] }.map { key in
            "\(key): \(expected[key].map { "\($0.value.summary) \($0.expiresAt ?? -1)" } ?? "nothing") is \(folded.states[key].map { "\($0.value.summary) \($0.expiresAt ?? -1)" } ?? "nothing")"
        }
        #expect(
            differences.isEmpty, "\(differences.count) of \(places.count): \(differences.prefix(5))",
            sourceLocation: place)
        #expect(expected.isEmpty == folded.states.isEmpty, sourceLocation: place)
        return folded
    }
}
