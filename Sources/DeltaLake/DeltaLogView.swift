// SPDX-License-Identifier: Apache-2.0

internal import Anchors
internal import Bytes
internal import Faults

/// What one log says, looked at by somebody who does not write it, up to the last commit of ours that concerns him.
struct DeltaLogView {
    /// A commit of ours that is still there.
    struct Commit {
        let version: Int
        let anchor: Int
        let files: [String]
    }

    let state: DeltaState
    /// The newest anchor that it holds.
    let anchor: Int
    let commits: [Commit]
    /// What must not be in a log of ours.
    private(set) var problems: [String] = []
    /// The oldest version whose commit is still there.
    private let oldest: Int
    private let prefix: String

    /// Reads a log; nil when there is none.
    init?(_ log: DeltaLogFolder, application: String, path: String, upTo lastAnchor: Int) throws(Fault) {
        let listing = try log.list()
        guard let newest = listing.newest else { return nil }
        prefix = path + "/"
        oldest = listing.commits.first ?? newest + 1
        var (commits, problems): ([Commit], [String]) = ([], [])
        var last = newest
        for version in listing.commits {
            let actions = try log.actions(of: version)
            guard let anchor = Self.anchor(actions, application) else {
                problems += Self.changes(actions).map { "version \(version) \($0)" }
                continue
            }
            // Written since the chain was read.
            if anchor > lastAnchor, let previous = commits.last, previous.anchor <= lastAnchor {
                last = version - 1
                break
            }
            if let before = commits.last, before.anchor >= anchor {
                problems.append("version \(version) holds anchor \(anchor) behind anchor \(before.anchor)")
            }
            commits.append(
                Commit(version: version, anchor: anchor, files: actions.compactMap { $0["add"]?["path"]?.text }))
        }
        state = try DeltaState.replay(log, .files, upTo: last, listing: listing)
        anchor = state.transaction(of: application) ?? 0
        self.commits = commits
        self.problems = problems
    }

    private static func anchor(_ actions: [JSON], _ application: String) -> Int? {
        for action in actions where action["txn"]?["appId"]?.text == application {
            return action["txn"]?["version"]?.number.map { Int($0) }
        }
        return nil
    }

    /// What others have changed in the data; rewriting it in other files is no change.
    private static func changes(_ actions: [JSON]) -> [String] {
        var found: [String] = []
        for (kind, what) in [("add", "adds records that no anchor has"), ("remove", "takes records away")]
        where actions.contains(where: { $0[kind]?["dataChange"]?.isTrue == true }) {
            found.append(what)
        }
        return found
    }

    /// The path of a segment as the log has it.
    func relative(_ segment: SegmentRecord) -> String { String(segment.path.dropFirst(prefix.utf8.count)) }

    /// Whether a file that was added once is gone by a rewrite, as far as the log still tells.
    func isGone(_ file: String, anchor: Int) -> Bool {
        if state.tombstones[file] != nil { return true }
        // What was removed before the oldest commit may have been forgotten.
        return oldest > 0 && !commits.contains { $0.anchor == anchor }
    }

    /// How many records the files have, nil when one does not say.
    var rowCount: Int? {
        var sum = 0
        for add in state.files.values {
            guard let text = add["stats"]?.text, let stats = JSON(parsing: Array(text.utf8), otherNumbers: .asText),
                let count = stats["numRecords"]?.number
            else { return nil }
            let (next, isOver) = sum.addingReportingOverflow(Int(count))
            guard !isOver else { return nil }
            sum = next
        }
        return sum
    }

    /// The newest anchor that a version holds; nil when the log does not tell any more.
    func anchor(atVersion version: Int) -> Int? {
        guard version <= state.version else { return -1 }
        guard let commit = commits.last(where: { $0.version <= version }) else { return nil }
        return commit.anchor
    }
}
