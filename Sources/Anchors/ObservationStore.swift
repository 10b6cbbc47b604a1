// SPDX-License-Identifier: Apache-2.0

public import Faults

/// What a source knew of its tables at each anchor, each in a file that is named by its digest (`docs/format.md`,
/// Tables file). Only the source reads what is in them.
public struct ObservationStore: Sendable {
    private let files: DigestNamedFiles

    /// The observations of the export in `folder`, whose folders exist.
    public init(_ folder: ExportFolder) {
        files = DigestNamedFiles(folder: folder.tables, temporary: folder.temporary, noun: "tables file")
    }

    /// Makes `observation` durable, unless it is already, and returns what anchors call it. Call it before an anchor
    /// does.
    @discardableResult
    public func save(_ observation: [UInt8]) throws(Fault) -> String {
        try files.save(observation)
    }

    /// The observation that anchors call `id`, proved to be it.
    public func observation(_ id: String) throws(Fault) -> [UInt8] {
        try files.bytes(id)
    }
}
