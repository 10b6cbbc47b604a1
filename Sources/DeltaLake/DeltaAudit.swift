// SPDX-License-Identifier: Apache-2.0

public import Anchors
internal import Bytes
internal import DurableFiles
public import Faults

/// Compares the Delta tables of an export with its chain. Memory grows with the number of files.
public struct DeltaAudit {
    /// What is wrong, or worth a look, with one file or folder, relative to the export.
    public struct Remark: Hashable, Sendable {
        /// The file or folder.
        public let path: String
        /// What there is to say.
        public let what: String
    }

    private let folder: ExportFolder
    private let exportID: String
    private let lastAnchor: Int
    private var logs: [String: DeltaLogView?] = [:]
    private var segments: [String: [(anchor: Int, record: SegmentRecord)]] = [:]
    /// What breaks a promise.
    public private(set) var findings: [Remark] = []
    /// What breaks none.
    public private(set) var notes: [Remark] = []
    /// How many tables have a log.
    public private(set) var tableCount = 0
    /// How many segments others have replaced.
    public private(set) var replacedCount = 0

    /// Looks at the tables as of the anchor `lastAnchor`, the newest that is compared.
    public init(_ folder: ExportFolder, exportID: String, lastAnchor: Int) {
        self.folder = folder
        self.exportID = exportID
        self.lastAnchor = lastAnchor
    }

    /// Takes in a segment, in the order of the chain.
    public mutating func add(_ segment: SegmentRecord, anchor: Int) {
        segments[String(segment.path.prefix { $0 != "/" }), default: []].append((anchor, segment))
    }

    /// Whether others have put other files in the place of a segment, so that its own may be gone.
    public mutating func isReplaced(_ segment: SegmentRecord, anchor: Int) throws(Fault) -> Bool {
        let path = String(segment.path.prefix { $0 != "/" })
        guard let view = try log(path, segment.table), anchor <= view.anchor else { return false }
        return view.state.files[view.relative(segment)] == nil
    }

    /// Compares every table that has a log.
    public mutating func compare() throws(Fault) {
        for path in segments.keys.sorted() {
            guard let all = segments[path], let name = all.first?.record.table, let view = try log(path, name) else {
                continue
            }
            tableCount += 1
            compare(view, path, all)
        }
        try compareCuts()
    }

    private mutating func log(_ path: String, _ name: String) throws(Fault) -> DeltaLogView? {
        if let known = logs[path] { return known }
        let view: DeltaLogView?
        do throws(Fault) {
            view = try DeltaLogView(
                DeltaLogFolder(table: folder.file(path)), application: "kedge/\(exportID)/\(name)", path: path,
                upTo: lastAnchor)
        } catch {
            guard error.code == .deltaLog || error.code == .exportBroken else { throw error }
            find("\(path)/\(DeltaLogFolder.name)", error.message + (error.detail.map { " (\($0))" } ?? ""))
            view = nil
        }
        logs[path] = .some(view)
        return view
    }

    private mutating func find(_ path: String, _ what: String) { findings.append(Remark(path: path, what: what)) }

    // MARK: One table

    private mutating func compare(
        _ view: DeltaLogView, _ path: String, _ all: [(anchor: Int, record: SegmentRecord)]
    ) {
        let log = "\(path)/\(DeltaLogFolder.name)"
        for problem in view.problems { find(log, problem) }
        if view.anchor > lastAnchor { find(log, "it holds anchor \(view.anchor), and the chain ends at \(lastAnchor)") }
        let waiting = Set(all.map(\.anchor).filter { $0 > view.anchor })
        if !waiting.isEmpty {
            notes.append(Remark(path: log, what: "\(waiting.count) anchors are not in it yet; the next run adds them"))
        }
        let held = all.filter { $0.anchor <= view.anchor }
        var anchored: Set<String> = []
        for (anchor, segment) in held {
            let file = view.relative(segment)
            anchored.insert(file)
            if let add = view.state.files[file] {
                if add["size"]?.number != Int64(segment.bytes) { find(log, "it has another size for \(file)") }
            } else if view.isGone(file, anchor: anchor) {
                replacedCount += 1
            } else {
                find(log, "it lacks \(file) of anchor \(anchor)")
            }
        }
        compareCommits(view, log, held)
        for (file, add) in view.state.files where add["tags"]?["kedge.anchor"] != nil && !anchored.contains(file) {
            find(log, "it has \(file), which no anchor names")
        }
        if let rows = view.rowCount {
            let expected = held.reduce(0) { $0 + $1.record.rows }
            if rows != expected { find(log, "its files have \(rows) records instead of \(expected)") }
        }
    }

    /// Every commit of ours must add just what its anchor names.
    private mutating func compareCommits(
        _ view: DeltaLogView, _ log: String, _ held: [(anchor: Int, record: SegmentRecord)]
    ) {
        let named = Dictionary(grouping: held) { $0.anchor }
        for commit in view.commits {
            let files = (named[commit.anchor] ?? []).map { view.relative($0.record) }
            if files != commit.files {
                find(log, "version \(commit.version) is not what anchor \(commit.anchor) names")
            }
        }
    }

    // MARK: Cuts

    private mutating func compareCuts() throws(Fault) {
        for number in try DeltaCut.numbers(in: folder) where number <= lastAnchor {
            let path = String(folder.cut(number).dropFirst(folder.path.utf8.count + 1))
            guard let cut = try DeltaCut.read(number, in: folder) else {
                find(path, "it cannot be read")
                continue
            }
            for (name, table) in cut.tables.sorted(by: { $0.key < $1.key }) {
                guard let view = try log(table.path, name) else {
                    find(path, "it names \(name), which has no log that can be read")
                    continue
                }
                let expected = segments[table.path]?.last { $0.anchor <= number }?.anchor
                guard let held = view.anchor(atVersion: table.version), held != expected else { continue }
                find(path, "version \(table.version) of \(name) holds anchor \(held) and not \(expected ?? 0)")
            }
        }
    }
}
