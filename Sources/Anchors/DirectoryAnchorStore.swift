// SPDX-License-Identifier: Apache-2.0

internal import Digests
internal import DurableFiles
public import Faults

/// Anchors as files of an export folder. Each appears by a link to a finished file, so that it appears whole, and
/// never in the place of another.
public struct DirectoryAnchorStore: AnchorStore {
    /// The largest anchor that is read; one of a hundred thousand segments has some 40 MB.
    private static let byteLimit = 1 << 30

    private let folder: ExportFolder
    private let crash: CrashPlan

    /// The anchors of the export at `exportPath`, whose folders exist (see ``ExportFolder/create()``).
    public init(exportPath: String, crash: CrashPlan = .none) {
        folder = ExportFolder(exportPath)
        self.crash = crash
    }

    /// The numbers of all anchors, ascending; files that are not called like one are passed over.
    public func numbers() throws(Fault) -> [Int] {
        guard try Files.isFolder(folder.anchors) else { return [] }
        return try Files.names(in: folder.anchors).compactMap(ExportFolder.anchorNumber(ofFileNamed:))
    }

    /// One anchor, proved by its own checksum; nil when there is none of this number.
    public func anchor(_ number: Int) throws(Fault) -> StoredAnchor? {
        let path = folder.anchor(number)
        guard try Files.exists(path) else { return nil }
        let bytes = try Files.contents(of: path, limit: Self.byteLimit)
        let anchor = try Anchor(fileBytes: bytes, place: "anchor \(number)")
        guard anchor.number == number else {
            throw Fault(.exportBroken, "the file of anchor \(number) holds anchor \(anchor.number)")
        }
        return StoredAnchor(anchor: anchor, digest: Digest(of: bytes))
    }

    /// Commits `anchor`, durably, unless its number is taken.
    public func append(_ anchor: Anchor) throws(Fault) -> StoredAnchor {
        let path = folder.anchor(anchor.number)
        guard try !Files.exists(path) else { throw .anchorTaken(anchor.number) }
        try checkSuccession(of: anchor, after: try self.anchor(anchor.number - 1))
        let bytes = anchor.fileBytes
        let outcome = try AtomicFile.create(
            path, by: draft(of: anchor), bytes, crash: crash,
            moments: AtomicFile.Moments(
                afterWrite: .afterAnchorWrite, afterLink: .afterAnchorLink, afterSync: .afterAnchorSync))
        guard outcome == .linked else { throw .anchorTaken(anchor.number) }
        return StoredAnchor(anchor: anchor, digest: Digest(of: bytes))
    }

    /// A name of its own for each run, so that two writers never write one draft.
    private func draft(of anchor: Anchor) -> String {
        let run = Digest(of: Array(anchor.run.id.utf8)).hexadecimal.prefix(16)
        return "\(folder.temporary)/anchor-\(anchor.number)-\(run).part"
    }
}
