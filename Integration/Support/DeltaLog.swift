// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The log of one Delta table of an export, read as plain JSON, and written to as others do.
struct DeltaLog {
    let export: ExportFolder
    let table: String

    var folder: String { "\(export.path)/\(table)/_delta_log" }

    func path(of version: Int) -> String { folder + "/" + String(format: "%020d", version) + ".json" }

    /// The versions whose commits are there, ascending.
    func versions() throws -> [Int] {
        try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.count == 25 && $0.hasSuffix(".json") }
            .compactMap { Int($0.prefix(20)) }.sorted()
    }

    /// The checkpoints that are there, ascending.
    func checkpoints() throws -> [Int] {
        try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".checkpoint.parquet") }
            .compactMap { Int($0.prefix(20)) }.sorted()
    }

    /// The actions of a commit.
    func actions(of version: Int) throws -> [[String: Any]] {
        try String(contentsOfFile: path(of: version), encoding: .utf8).split(separator: "\n").map { line in
            guard let action = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else {
                throw TestFailure("version \(version) of \(table) has a line that is no action")
            }
            return action
        }
    }

    /// The anchor and the files of every commit of ours that is still there.
    func commits() throws -> [(anchor: Int, files: [String])] {
        try versions().compactMap { version in
            let actions = try actions(of: version)
            let anchor = actions.compactMap { ($0["txn"] as? [String: Any])?["version"] as? Int }.first
            return anchor.map { anchor in
                (anchor, actions.compactMap { ($0["add"] as? [String: Any])?["path"] as? String })
            }
        }
    }

    /// Commits something as another writer does.
    func commit(_ actions: [[String: Any]]) throws {
        let lines = try actions.map { try JSONSerialization.data(withJSONObject: $0) }
        let text = lines.map { String(decoding: $0, as: UTF8.self) + "\n" }.joined()
        let version = (try versions().last ?? -1) + 1
        // Kedge may take the number meanwhile: then the next one.
        guard FileManager.default.createFile(atPath: path(of: version) + ".part", contents: Data(text.utf8)) else {
            throw TestFailure("\(folder) cannot be written to")
        }
        defer { try? FileManager.default.removeItem(atPath: path(of: version) + ".part") }
        try FileManager.default.linkItem(atPath: path(of: version) + ".part", toPath: path(of: version))
    }

    /// What `metaData` or `protocol` says last, for a commit that changes it.
    func newest(_ kind: String) throws -> [String: Any] {
        for version in try versions().reversed() {
            if let found = try actions(of: version).compactMap({ $0[kind] as? [String: Any] }).last { return found }
        }
        throw TestFailure("\(folder) has no \(kind)")
    }

    func remove() throws { try FileManager.default.removeItem(atPath: folder) }
}

extension ExportFolder {
    /// The newest cut: the version of each table, and the anchor.
    func newestCut() throws -> (anchor: Int, versions: [String: Int]) {
        let folder = path + "/_kedge/cuts"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder).sorted()) ?? []
        guard let name = names.last,
            let cut = try JSONSerialization.jsonObject(
                with: Data(contentsOf: URL(fileURLWithPath: folder + "/" + name)))
                as? [String: Any], let anchor = cut["anchor"] as? Int, let tables = cut["tables"] as? [String: Any]
        else { throw TestFailure("there is no cut") }
        return (anchor, tables.compactMapValues { ($0 as? [String: Any])?["version"] as? Int })
    }

    /// How many cuts there are.
    func cutCount() -> Int {
        ((try? FileManager.default.contentsOfDirectory(atPath: path + "/_kedge/cuts")) ?? []).count
    }
}
