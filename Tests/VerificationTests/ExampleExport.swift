// SPDX-License-Identifier: Apache-2.0

import Anchors
import Bytes
import Changelog
import Compression
import Digests
import Export
import Faults
import Sinks
import TestSupport

/// One record as a test wants it.
struct ExampleRecord {
    var epoch: UInt16 = 1
    var position: UInt64
    var ordinal: UInt64 = 1
    var operation = "c"
    var rest = #","id":1"#

    var key: SequenceKey { SequenceKey(epoch: epoch, position: Position(rawValue: position), ordinal: ordinal) }
    var line: String { #"{"_cdc_seq":"\#(key)","_cdc_op":"\#(operation)"\#(rest)}"# + "\n" }
}

/// An export that a test makes by hand, so that it can also make what kedge never would.
final class ExampleExport {
    let temporary: TemporaryFolder
    let folder: ExportFolder
    let sink: DirectorySink
    let store: DirectoryAnchorStore
    var path: String { folder.path }

    init(columnPrefix: String = "_cdc_") throws {
        temporary = try TemporaryFolder()
        folder = ExportFolder(temporary.path)
        try folder.create()
        sink = try DirectorySink(folder, runID: "run")
        store = DirectoryAnchorStore(exportPath: folder.path)
        try ExportRecord(
            id: Anchor.exampleExport, source: .example, columnPrefix: columnPrefix, fileFormat: "ndjson",
            created: .example
        ).create(in: folder)
    }

    /// A snapshot of two tables and two anchors of changes, in every codec.
    static func small() throws -> ExampleExport {
        let export = try ExampleExport()
        let snapshot = [
            ExampleRecord(position: 0x100, ordinal: 1, operation: "r"),
            ExampleRecord(position: 0x100, ordinal: 2, operation: "r", rest: #","name":"Zoë ☃ 🎉""#),
        ]
        try export.append(
            kind: .snapshot, to: 0x100,
            [
                try export.segment("orders", snapshot, codec: .zstd),
                try export.segment(
                    "people", [ExampleRecord(position: 0x100, ordinal: 3, operation: "r")], codec: .none),
            ])
        try export.append(
            to: 0x200,
            [
                try export.segment(
                    "orders",
                    [ExampleRecord(position: 0x150), ExampleRecord(position: 0x150, ordinal: 2, operation: "u")],
                    codec: .gzip),
                try export.segment("orders", [ExampleRecord(position: 0x200, operation: "d")], codec: .zstd, part: 1),
            ])
        try export.append(to: 0x300, [try export.segment("orders", [ExampleRecord(position: 0x2ff)], codec: .none)])
        return export
    }

    /// Appends an anchor that publishes `segments`.
    @discardableResult
    func append(
        kind: AnchorKind? = nil, epoch: UInt16? = nil, from: UInt64? = nil, to: UInt64? = nil,
        _ segments: [SegmentRecord], reason: String? = nil, tables: String? = nil,
        contract: ContractLink? = nil
    ) throws -> StoredAnchor {
        let from = from ?? (kind == .snapshot || kind == .tableSnapshot ? to : nil)
        return try store.append(
            .example(
                after: try store.latest(), kind: kind, epoch: epoch, from: from.map(Position.init(rawValue:)),
                to: to.map(Position.init(rawValue:)), segments: segments, reason: reason, tables: tables,
                contract: contract))
    }

    /// Writes a segment; `name` and `claim` let a test lie.
    func segment(
        _ table: String, _ records: [ExampleRecord], codec: Codec = .zstd, part: Int = 0, text: String? = nil,
        name: SegmentName? = nil, rows: Int? = nil, seqMin: SequenceKey? = nil, seqMax: SequenceKey? = nil,
        changes: OperationCounts? = nil, schemaOf schemaTable: String? = nil
    ) throws -> SegmentRecord {
        let bytes = try Self.compress(Array((text ?? records.map(\.line).joined()).utf8), codec)
        return try segment(
            table, records, bytes: bytes, codec: codec, part: part, name: name, rows: rows, seqMin: seqMin,
            seqMax: seqMax, changes: changes, schemaOf: schemaTable)
    }

    /// Writes a segment of these very bytes.
    func segment(
        _ table: String, _ records: [ExampleRecord], bytes: [UInt8], codec: Codec = .none, part: Int = 0,
        name: SegmentName? = nil, rows: Int? = nil, seqMin: SequenceKey? = nil, seqMax: SequenceKey? = nil,
        changes: OperationCounts? = nil, schemaOf schemaTable: String? = nil
    ) throws -> SegmentRecord {
        let (first, last) = (seqMin ?? records[0].key, seqMax ?? records[records.count - 1].key)
        let tableName = TableName(namespace: "public", name: table)
        let name = name ?? SegmentName(epoch: first.epoch, first: first.position, last: last.position, part: part)
        let path = name.path(of: tableName, fileExtension: codec == .none ? "ndjson" : "ndjson." + codec.fileExtension)
        try sink.put(bytes, at: path)
        var counted = OperationCounts()
        for record in records {
            if let operation = record.operation.utf8.first.flatMap(Operation.init(rawValue:)) {
                counted[operation] += 1
            }
        }
        let schema = TableSchema(
            table: TableName(namespace: "public", name: schemaTable ?? table),
            columns: [.init(name: "id", type: .integer(bits: 64), sourceType: "pg_catalog.int8")], key: ["id"])
        return SegmentRecord(
            table: tableName.description, path: path, rows: rows ?? records.count, bytes: bytes.count,
            sha256: Digest(of: bytes), schema: try SchemaStore(folder).save(schema), seqMin: first, seqMax: last,
            changes: changes ?? counted)
    }

    static func compress(_ bytes: [UInt8], _ codec: Codec) throws(Fault) -> [UInt8] {
        var compressor = try Compressor(codec)
        var output = ByteBuffer()
        try bytes.withRawSpan { (span) throws(Fault) in try compressor.compress(span, into: &output) }
        try compressor.end(into: &output)
        return output.bytes.copiedBytes()
    }
}
