// SPDX-License-Identifier: Apache-2.0

public import Changelog
public import Faults

/// The table schemas of an export folder, each in a file that is named by its digest.
public struct SchemaStore: Sendable {
    private let files: DigestNamedFiles

    /// The schemas of the export in `folder`, whose folders exist.
    public init(_ folder: ExportFolder) {
        files = DigestNamedFiles(folder: folder.schemas, temporary: folder.temporary, noun: "schema")
    }

    /// What anchors call `schema`. Costs a pass over it: keep the answer.
    public static func schemaID(of schema: TableSchema) -> String {
        schema.schemaID
    }

    /// Makes `schema` durable, unless it is already, and returns what anchors call it. Call it before an anchor does.
    @discardableResult
    public func save(_ schema: TableSchema) throws(Fault) -> String {
        try files.save(schema.canonicalBytes)
    }

    /// The schema that anchors call `id`, proved to be it.
    public func schema(_ id: String) throws(Fault) -> TableSchema {
        try TableSchema(canonicalBytes: files.bytes(id), place: "schema \(id)")
    }
}
