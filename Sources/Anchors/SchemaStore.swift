// SPDX-License-Identifier: Apache-2.0

public import Changelog
internal import Digests
internal import DurableFiles
public import Faults

/// The table schemas of an export folder, each in a file that is named by its digest.
public struct SchemaStore: Sendable {
    private static let byteLimit = 1 << 26
    private static let prefix = "sha256:"

    private let folder: ExportFolder

    /// The schemas of the export in `folder`, whose folders exist.
    public init(_ folder: ExportFolder) {
        self.folder = folder
    }

    /// What anchors call `schema`. Costs a pass over it: keep the answer.
    public static func schemaID(of schema: TableSchema) -> String {
        schema.schemaID
    }

    /// Makes `schema` durable, unless it is already, and returns what anchors call it. Call it before an anchor does.
    @discardableResult
    public func save(_ schema: TableSchema) throws(Fault) -> String {
        let bytes = schema.canonicalBytes
        let digest = Digest(of: bytes)
        let path = folder.schema(digest)
        let draft = "\(folder.temporary)/schema-\(digest.hexadecimal).part"
        guard try Files.exists(path) else {
            _ = try AtomicFile.create(path, by: draft, bytes)
            return Self.prefix + digest.hexadecimal
        }
        if try Files.contents(of: path, limit: Self.byteLimit) != bytes {
            try AtomicFile.replace(path, by: draft, bytes)
        }
        return Self.prefix + digest.hexadecimal
    }

    /// The schema that anchors call `id`, proved to be it.
    public func schema(_ id: String) throws(Fault) -> TableSchema {
        guard id.hasPrefix(Self.prefix), let digest = Digest(hexadecimal: String(id.dropFirst(Self.prefix.count)))
        else { throw Fault(.exportBroken, "\"\(id)\" is not the name of a schema") }
        let path = folder.schema(digest)
        guard try Files.exists(path) else { throw Fault(.exportBroken, "the schema \(id) is missing") }
        let bytes = try Files.contents(of: path, limit: Self.byteLimit)
        guard Digest(of: bytes) == digest else { throw Fault(.exportBroken, "the schema \(id) is damaged") }
        return try TableSchema(canonicalBytes: bytes, place: "schema \(id)")
    }
}
