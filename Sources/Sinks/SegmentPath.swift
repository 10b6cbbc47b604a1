// SPDX-License-Identifier: Apache-2.0

internal import Anchors

/// A path that a segment may have: `<table folder>/data/<file>`, each a plain name, so that it cannot leave the export.
struct SegmentPath {
    static let dataName = "data"

    /// The folder that the segment lies in, relative to the export.
    let dataFolder: String

    init?(_ path: String) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, parts.allSatisfy(Self.isName), parts[1] == Self.dataName,
            parts[0] != ExportFolder.controlName
        else { return nil }
        dataFolder = "\(parts[0])/\(parts[1])"
    }

    /// Whether `text` can name a file and nothing but one file.
    static func isName(_ text: String) -> Bool {
        !text.isEmpty && text != "." && text != ".." && text.utf8.count <= 255
            && text.utf8.allSatisfy { $0 != 0 && $0 != UInt8(ascii: "/") }
    }
}
