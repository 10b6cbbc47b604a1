// SPDX-License-Identifier: Apache-2.0

public import Anchors
internal import DurableFiles
public import Export
public import Faults
internal import Synchronization

/// Segments as files of an export folder. Drafts lie in kedge's own working space until they are renamed into place.
public final class DirectorySink: Sink {
    private struct State {
        var drafts = 0
        /// Folders in which names have changed since the last settling.
        var unsettled: Set<String> = []
        /// Folders whose own names are known to be durable.
        var durable: Set<String> = []
    }

    private let folder: ExportFolder
    private let runID: String
    private let crash: CrashPlan
    private let state = Mutex(State())

    /// Writes into the export in `folder`, whose folders exist; `runID` keeps drafts of several runs apart.
    public init(_ folder: ExportFolder, runID: String, crash: CrashPlan = .none) throws(Fault) {
        guard SegmentPath.isName(runID) else { throw Fault(.bug, "the run's identifier is not fit for a file name") }
        self.folder = folder
        self.runID = runID
        self.crash = crash
    }

    /// Begins a file that nobody sees yet.
    public func beginDraft() throws(Fault) -> DirectoryDraft {
        let number = state.withLock { state in
            state.drafts += 1
            return state.drafts
        }
        return try DirectoryDraft(in: folder.temporary, token: "\(runID)-\(number).part", crash: crash)
    }

    /// Gives a sealed draft its path and replaces what stood there.
    public func place(_ draft: SealedDraft, at path: String) throws(Fault) {
        guard let target = SegmentPath(path), SegmentPath.isName(draft.token) else {
            throw Fault(.bug, "\(path) is not the path of a segment")
        }
        let dataFolder = folder.file(target.dataFolder)
        try Files.createFolder(dataFolder)
        try Files.rename("\(folder.temporary)/\(draft.token)", to: folder.file(path))
        _ = state.withLock { $0.unsettled.insert(dataFolder) }
        try crash.reach(.afterSegmentRename)
    }

    /// Makes all places durable.
    public func settle() throws(Fault) {
        let (unsettled, durable) = state.withLock { ($0.unsettled, $0.durable) }
        for dataFolder in unsettled.sorted() {
            try Files.synchronizeFolder(dataFolder)
            guard !durable.contains(dataFolder) else { continue }
            // A run before this one may have made the folders and crashed before their names were durable.
            let tableFolder = Files.parent(of: dataFolder)
            try Files.synchronizeFolder(tableFolder)
            try Files.synchronizeFolder(Files.parent(of: tableFolder))
        }
        state.withLock { state in
            state.unsettled.subtract(unsettled)
            state.durable.formUnion(unsettled)
        }
        try crash.reach(.afterFolderSync)
    }

    /// Removes what no anchor names; returns how many files went.
    public func sweep(keeping isAnchored: (String) -> Bool) throws(Fault) -> Int {
        var count = 0
        for workingSpace in [folder.temporary, folder.spool] {
            guard try Files.isFolder(workingSpace) else { continue }
            for name in try Files.names(in: workingSpace) {
                try Files.removeTree("\(workingSpace)/\(name)")
                count += 1
            }
        }
        for table in try Files.names(in: folder.path) where table != ExportFolder.controlName {
            count += try sweep(table: table, keeping: isAnchored)
        }
        return count
    }

    /// How many bytes may still be written.
    public func freeByteCount() throws(Fault) -> UInt64? {
        try Files.freeByteCount(at: folder.path)
    }

    private func sweep(table: String, keeping isAnchored: (String) -> Bool) throws(Fault) -> Int {
        let dataFolder = "\(table)/\(SegmentPath.dataName)"
        guard try Files.isFolder(folder.file(dataFolder)) else { return 0 }
        var count = 0
        for name in try Files.names(in: folder.file(dataFolder)) {
            let path = "\(dataFolder)/\(name)"
            guard !isAnchored(path), try Files.kind(of: folder.file(path)) == .file else { continue }
            try Files.remove(folder.file(path))
            count += 1
        }
        if count > 0 { try Files.synchronizeFolder(folder.file(dataFolder)) }
        return count
    }
}

/// A file in the working space of an export.
public final class DirectoryDraft: SegmentDraft {
    private let token: String
    private let path: String
    private let crash: CrashPlan
    private var file: DurableFile?
    private var byteCount = 0

    init(in folder: String, token: String, crash: CrashPlan) throws(Fault) {
        self.token = token
        self.crash = crash
        path = "\(folder)/\(token)"
        file = try DurableFile(creating: path)
    }

    /// Appends bytes.
    public func write(_ bytes: RawSpan) throws(Fault) {
        guard file != nil else { throw Fault(.bug, "a draft that has ended was written to") }
        try file?.write(bytes)
        byteCount += bytes.byteCount
        try crash.reach(.duringSegment)
    }

    /// Makes the bytes durable and ends the draft.
    public func seal() throws(Fault) -> SealedDraft {
        guard file != nil else { throw Fault(.bug, "a draft that has ended was sealed") }
        try crash.reach(.afterSegmentWrite)
        try file?.synchronize()
        file = nil
        try crash.reach(.afterSegmentSync)
        return SealedDraft(token: token, byteCount: byteCount)
    }

    /// Forgets the file.
    public func discard() {
        file = nil
        // What cannot be removed now is swept by the next run.
        try? Files.remove(path)
    }
}
