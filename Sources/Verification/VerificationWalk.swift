// SPDX-License-Identifier: Apache-2.0

internal import Anchors
internal import Changelog
internal import DeltaLake
internal import Digests
internal import DurableFiles
internal import Faults

/// One verification on its way through an export, with what it must remember.
struct VerificationWalk {
    static let anchorByteLimit = 1 << 30

    let folder: ExportFolder
    private let first: Int
    var report = VerificationReport()
    var columnPrefix = "_cdc_"
    /// The schemas by the name that anchors call them; nil for one that cannot be read.
    var schemas: [String: TableSchema?] = [:]
    /// The observations that have been looked at, by the name that anchors call them.
    var observations: Set<String> = []
    /// The key of the last record of each table's folder.
    var lastKeys: [String: SequenceKey] = [:]
    /// The paths of all segments that anchors name.
    var anchoredPaths: Set<String> = []
    /// What the Delta tables are compared with; nil where it cannot be said whose they are.
    var delta: DeltaAudit?
    /// The digests of the anchors' files.
    private var digests: [Int: Digest] = [:]

    init(_ folder: ExportFolder, from first: Int) {
        self.folder = folder
        self.first = first
    }

    /// Adds a finding about the file at `path`, relative to the export.
    mutating func find(_ path: String, _ what: String) {
        report.findings.append(Finding(path: path, what: what))
    }

    /// Runs `body`; a fault that tells of damage becomes a finding, any other stops the verification.
    mutating func finding<T>(_ path: String, _ body: () throws(Fault) -> T) throws(Fault) -> T? {
        do throws(Fault) {
            return try body()
        } catch {
            guard error.code == .exportBroken || error.code == .exportFormat else { throw error }
            find(path, error.message + (error.detail.map { " (\($0))" } ?? ""))
            return nil
        }
    }

    func relative(_ path: String) -> String {
        String(path.dropFirst(folder.path.utf8.count + 1))
    }

    // MARK: What the export is

    mutating func checkExportRecord() throws(Fault) {
        let path = relative(folder.exportRecord)
        let folder = folder
        guard let read = try finding(path, { () throws(Fault) in try ExportRecord.read(in: folder) }) else { return }
        guard let record = read else { return find(path, "it is missing") }
        report.exportID = record.id
        columnPrefix = record.columnPrefix
    }

    // MARK: The chain

    mutating func checkChain(_ numbers: [Int]) throws(Fault) {
        checkNumbering(numbers)
        var previous: Anchor?
        for number in numbers where number >= first - 1 {
            let anchor = try readAnchor(number)
            if number >= first {
                report.anchors = (report.anchors?.lowerBound ?? number)...number
                if let anchor { try check(anchor, after: previous?.number == number - 1 ? previous : nil) }
            }
            previous = anchor
        }
    }

    private mutating func checkNumbering(_ numbers: [Int]) {
        var expected = 1
        for number in numbers {
            if number > expected { find(relative(folder.anchor(expected)), "it is missing") }
            expected = number + 1
        }
    }

    /// The anchor, nil when it is damaged. Remembers the digest of its file either way.
    private mutating func readAnchor(_ number: Int) throws(Fault) -> Anchor? {
        let path = folder.anchor(number)
        let bytes = try Files.contents(of: path, limit: Self.anchorByteLimit)
        digests[number] = Digest(of: bytes)
        digests[number - 2] = nil
        return try finding(relative(path)) { () throws(Fault) in
            let anchor = try Anchor(fileBytes: bytes, place: "the anchor")
            guard anchor.number == number else { throw Fault(.exportBroken, "it is anchor \(anchor.number)") }
            return anchor
        }
    }

    private mutating func check(_ anchor: Anchor, after previous: Anchor?) throws(Fault) {
        let path = relative(folder.anchor(anchor.number))
        for problem in ChainRules.problems(of: anchor, after: previous) { find(path, problem) }
        if let exportID = report.exportID, anchor.export != exportID { find(path, "it belongs to another export") }
        checkLink(of: anchor, path)
        report.reached = anchor.source.notation.text(anchor.to)
        try checkTables(of: anchor)
        try checkSegments(of: anchor)
    }

    private mutating func checkLink(of anchor: Anchor, _ path: String) {
        guard anchor.number > 1 else { return }
        guard let link = anchor.previous else { return find(path, "it names no anchor before it") }
        guard let digest = digests[anchor.number - 1] else { return }
        if link != Anchor.Link(number: anchor.number - 1, sha256: digest) {
            find(path, "anchor \(anchor.number - 1) is not the one that it follows")
        }
    }

    /// The file that says what the source knew of its tables; looked at once, though every anchor names it.
    private mutating func checkTables(of anchor: Anchor) throws(Fault) {
        guard let id = anchor.tables, observations.insert(id).inserted else { return }
        let path = "\(relative(folder.tables))/\(id.dropFirst("sha256:".utf8.count)).json"
        let store = ObservationStore(folder)
        _ = try finding(path) { () throws(Fault) in try store.observation(id) }
    }

    // MARK: The catalog

    /// Asks the catalog for the newest anchors only: each proves all before it.
    mutating func compare(_ catalog: CatalogView, with numbers: [Int]) {
        let path = relative(folder.catalog)
        let newest = numbers.last ?? 0
        if let last = catalog.lastNumber, last > newest {
            find(path, "it knows anchor \(last), and the chain ends at \(newest)")
        }
        if let known = catalog.digest(newest), let digest = digests[newest], known != digest {
            find(path, "it knows another anchor \(newest)")
        }
    }

    // MARK: What no anchor names

    mutating func noteStrayFiles() throws(Fault) {
        for table in try Files.names(in: folder.path) where table != ExportFolder.controlName {
            let data = "\(table)/data"
            guard try Files.isFolder(folder.file(data)) else { continue }
            for name in try Files.names(in: folder.file(data)) where !anchoredPaths.contains("\(data)/\(name)") {
                report.notes.append(Finding(path: "\(data)/\(name)", what: "no anchor names it"))
            }
        }
    }
}
