// SPDX-License-Identifier: Apache-2.0

internal import Anchors
internal import DurableFiles
public import Faults

/// Proves offline that an export is what was published: its chain, its schemas, and every record of every segment.
///
/// Memory grows with the number of files, never with their size.
public struct Verifier: Sendable {
    private let folder: ExportFolder
    private let catalog: CatalogView?

    /// Verifies the export at `exportPath`; `catalog` is compared with the chain when it can be read.
    public init(exportPath: String, catalog: CatalogView? = nil) {
        folder = ExportFolder(exportPath)
        self.catalog = catalog
    }

    /// Verifies the anchors from `first` on and all that they name. What is broken stands in the report; a fault is
    /// thrown only when there is no export, no such anchor, or no permission to read.
    public func verify(fromAnchor first: Int = 1) throws(Fault) -> VerificationReport {
        guard try Files.isFolder(folder.control) else {
            throw Fault(.exportMissing, "there is no export at \(folder.path)")
        }
        let numbers = try DirectoryAnchorStore(exportPath: folder.path).numbers()
        guard first <= max(numbers.last ?? 0, 1) else { throw Fault(.anchorMissing, "there is no anchor \(first)") }
        var walk = VerificationWalk(folder, from: max(first, 1))
        try walk.checkExportRecord()
        walk.beginDelta(lastAnchor: numbers.last ?? 0)
        try walk.checkChain(numbers)
        if first <= 1 { try walk.compareDelta() }
        if let catalog { walk.compare(catalog, with: numbers) }
        if first <= 1 { try walk.noteStrayFiles() }
        return walk.report
    }
}
