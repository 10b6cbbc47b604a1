// SPDX-License-Identifier: Apache-2.0

public import Anchors
internal import Digests
internal import DurableFiles
public import Faults

extension SegmentRecord {
    /// Proves that the file in `folder` is the one that was published; a missing or damaged one is a fault. Reads all
    /// of it.
    public func prove(in folder: ExportFolder) throws(Fault) {
        let file = folder.file(path)
        guard try Files.kind(of: file) == .file else { throw Fault(.exportBroken, "\(file) is missing") }
        let content = try SegmentContent(file)
        guard content.byteCount == bytes, content.sha256 == sha256 else {
            throw Fault(.exportBroken, "\(file) is damaged", detail: "its bytes are not those that were published")
        }
    }
}
