// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import DurableFiles
internal import Faults

/// Where the log of a Delta table lies, and what its files are called.
struct DeltaLogFolder: Sendable {
    static let name = "_delta_log"
    /// No log is as long as this.
    private static let versions = 0..<1 << 53
    /// No commit or checkpoint is as large as this.
    private static let byteLimit = 1 << 31

    /// The folder of the table.
    let table: String

    var path: String { "\(table)/\(Self.name)" }
    var pointer: String { "\(path)/_last_checkpoint" }

    func commit(_ version: Int) -> String { "\(path)/\(Self.digits(version)).json" }
    func checkpoint(_ version: Int) -> String { "\(path)/\(Self.digits(version)).checkpoint.parquet" }

    private static func digits(_ version: Int) -> String {
        let text = String(version)
        return String(repeating: "0", count: max(0, 20 - text.utf8.count)) + text
    }

    /// What is there.
    struct Listing: Sendable {
        /// The versions that have a commit, ascending.
        var commits: [Int] = []
        /// The checkpoints that are whole, by version: the files that make them up.
        var checkpoints: [Int: [String]] = [:]
        /// Names that begin with the digits of a version, ascending.
        var versioned: [(version: Int, name: String)] = []

        var newest: Int? { [commits.last, checkpoints.keys.max()].compactMap { $0 }.max() }
    }

    /// Looks; nothing is there where the folder is missing.
    func list() throws(Fault) -> Listing {
        var listing = Listing()
        guard try Files.isFolder(path) else { return listing }
        var parts: [Int: [(part: Int, count: Int, name: String)]] = [:]
        for name in try Files.names(in: path) {
            let pieces = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            guard pieces.count >= 2, pieces[0].utf8.count == 20, let version = Int(pieces[0]),
                Self.versions.contains(version)
            else {
                continue
            }
            listing.versioned.append((version, name))
            switch (pieces.count, pieces[1]) {
            case (2, "json"): listing.commits.append(version)
            case (3, "checkpoint") where pieces[2] == "parquet": listing.checkpoints[version] = [name]
            case (5, "checkpoint"):
                guard pieces[4] == "parquet", let part = Int(pieces[2]), let count = Int(pieces[3]) else { continue }
                parts[version, default: []].append((part, count, name))
            default: break
            }
        }
        for (version, found) in parts where listing.checkpoints[version] == nil {
            guard let count = found.first?.count, found.count == count, found.allSatisfy({ $0.count == count }) else {
                continue
            }
            listing.checkpoints[version] = found.map(\.name)
        }
        return listing
    }

    /// The actions of a commit, one an object with one member.
    func actions(of version: Int) throws(Fault) -> [JSON] {
        let bytes = try Files.contents(of: commit(version), limit: Self.byteLimit)
        var actions: [JSON] = []
        for line in bytes.split(separator: UInt8(ascii: "\n")) where line.contains(where: { $0 > 0x20 }) {
            guard let action = JSON(parsing: Array(line), otherNumbers: .asText), action.members != nil else {
                throw damaged("\(commit(version)) cannot be read")
            }
            actions.append(action)
        }
        return actions
    }

    /// The fault of a log that kedge cannot go on with.
    func damaged(_ what: String, detail: String? = nil) -> Fault {
        Fault(
            .deltaLog, what, detail: detail,
            hint: "restore the log, or remove \(path): the next run makes it anew from the chain")
    }
}
