// SPDX-License-Identifier: Apache-2.0

internal import DurableFiles
public import Faults

/// The contracts that an export's records were held to, each in a file that is named by its digest.
public struct ContractStore: Sendable {
    private let files: DigestNamedFiles
    private let folder: String

    /// The contracts of the export in `folder`.
    public init(_ folder: ExportFolder) {
        self.folder = folder.contracts
        files = DigestNamedFiles(
            folder: folder.contracts, temporary: folder.temporary, noun: "contract", fileExtension: "yaml")
    }

    /// What anchors call a contract of these bytes.
    public static func id(of bytes: [UInt8]) -> String { DigestNamedFiles.id(of: bytes) }

    /// Makes a contract durable, unless it is already, and returns what anchors call it. Call it before an anchor does.
    @discardableResult
    public func save(_ bytes: [UInt8]) throws(Fault) -> String {
        try Files.createFolder(folder)
        return try files.save(bytes)
    }

    /// The bytes of the contract that anchors call `id`, proved to be it.
    public func contract(_ id: String) throws(Fault) -> [UInt8] {
        try files.bytes(id)
    }

    /// What anchors call the contracts that are kept, in the order of their names.
    public func kept() throws(Fault) -> [String] {
        guard try Files.exists(folder) else { return [] }
        return try Files.names(in: folder).filter { $0.hasSuffix(".yaml") }.map {
            DigestNamedFiles.prefix + $0.dropLast(5)
        }
        .sorted()
    }
}
