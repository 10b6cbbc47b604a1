// SPDX-License-Identifier: Apache-2.0

import Foundation

/// An export on disk, read by other means than kedge's own: the anchors as plain JSON, the segments through the
/// `zstd` and `gzip` programs.
struct ExportFolder {
    /// Where it is.
    let url: URL

    /// The path, for `--to`.
    var path: String { url.path }
    /// The folder's own name, from which kedge makes the name of the slot.
    var name: String { url.lastPathComponent }

    /// A segment as its anchor names it.
    struct Segment: Hashable {
        let table: String
        let path: String
        let rows: Int
        let sha256: String
        let epoch: Int
    }

    /// An export that does not exist yet.
    init() throws {
        url = try TemporaryFolder.make("export").appendingPathComponent(
            "e" + String(UInt32.random(in: 0...UInt32.max), radix: 36))
    }

    /// An export that exists.
    init(url: URL) { self.url = url }

    /// Removes it.
    func remove() {
        try? FileManager.default.removeItem(at: url.deletingLastPathComponent())
    }

    /// A copy of everything as it is now, under another parent and the same name.
    func copied() throws -> ExportFolder {
        let copy = try ExportFolder(url: TemporaryFolder.make("copy").appendingPathComponent(name))
        try ShellCommand.run(["cp", "-a", path, copy.path])
        return copy
    }

    /// All anchors in order; fails when a number is missing.
    func anchors() throws -> [[String: Any]] {
        let folder = url.appendingPathComponent("_kedge/anchors")
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
            .filter { $0.hasSuffix(".json") }.sorted()
        return try names.enumerated().map { index, name in
            let data = try Data(contentsOf: folder.appendingPathComponent(name))
            guard let anchor = try JSONSerialization.jsonObject(with: data) as? [String: Any] else {
                throw TestFailure("\(name) is not a JSON object")
            }
            guard anchor["anchor"] as? Int == index + 1 else { throw TestFailure("\(name) is not anchor \(index + 1)") }
            return anchor
        }
    }

    /// All segments in chain order.
    func segments() throws -> [Segment] {
        try anchors().flatMap { anchor -> [Segment] in
            let epoch = anchor["epoch"] as? Int ?? 0
            return try (anchor["segments"] as? [[String: Any]] ?? []).map { segment in
                guard let table = segment["table"] as? String, let path = segment["path"] as? String,
                    let rows = segment["rows"] as? Int, let sha256 = segment["sha256"] as? String
                else { throw TestFailure("a segment of anchor \(anchor["anchor"] ?? "?") lacks a member") }
                return Segment(table: table, path: path, rows: rows, sha256: sha256, epoch: epoch)
            }
        }
    }

    /// The number of the last history.
    func lastEpoch() throws -> Int { try anchors().last?["epoch"] as? Int ?? 0 }

    /// A shell command that prints all records of `segments`, one a line, in order.
    static func printing(_ segments: [Segment], of folder: ExportFolder) -> String {
        segments.map { segment in
            let path = "'\(folder.path)/\(segment.path)'"
            if segment.path.hasSuffix(".zst") { return "zstd -dcq \(path)" }
            if segment.path.hasSuffix(".gz") { return "gzip -dc \(path)" }
            return "cat \(path)"
        }.joined(separator: "\n")
    }

    /// All records of one table as lines, in chain order. For small tables.
    func records(of table: String) throws -> [String] {
        let script = try Self.printing(segments().filter { $0.table == table }, of: self)
        let text = try ShellCommand.run(["sh", "-e"], input: script)
        return Lines.of(text)
    }

    /// The SHA-256 of every data file, by its path relative to the export: oracle O3.
    func dataDigests() throws -> [String: String] {
        let others = #"\( -path ./_kedge -o -name _delta_log \)"#
        let script =
            "cd '\(path)' && find . \(others) -prune -o -type f -print0 | sort -z | xargs -0 -r sha256sum"
        let list = try ShellCommand.run(["sh", "-c", script])
        var digests: [String: String] = [:]
        for line in list.split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 1)
            if parts.count == 2 { digests[parts[1].trimmingCharacters(in: .whitespaces)] = String(parts[0]) }
        }
        return digests
    }

    /// The files that are not working space, for flipping bytes.
    func files() throws -> [String] {
        try ShellCommand.run(
            ["sh", "-c", "cd '\(path)' && find . -type f ! -path './_kedge/spool/*' ! -path './_kedge/tmp/*' | sort"]
        ).split(separator: "\n").map { path + "/" + $0.dropFirst(2) }
    }
}
