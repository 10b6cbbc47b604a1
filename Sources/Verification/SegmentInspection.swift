// SPDX-License-Identifier: Apache-2.0

internal import Anchors
public import Changelog
public import Compression
public import Digests
internal import DurableFiles
public import Export
public import Faults
public import ParquetReading

/// What one segment holds, found by reading all of it.
public struct SegmentInspection: Sendable {
    /// The file.
    public let path: String
    /// The format of its records.
    public let format: RecordFormat
    /// What compresses the whole file; nothing does where pages inside it are compressed.
    public let codec: Codec
    /// What the footer says, where the format is one of columns.
    public let columns: ParquetSummary?
    /// How many records it holds.
    public let rows: Int
    /// How many records of each operation.
    public let changes: OperationCounts
    /// The key of the first record, nil when there is none.
    public let seqMin: SequenceKey?
    /// The key of the last record.
    public let seqMax: SequenceKey?
    /// How many bytes the file has.
    public let bytes: Int
    /// How many bytes the records have.
    public let uncompressedBytes: Int
    /// The digest of the file's bytes.
    public let sha256: Digest
    /// What the anchor that publishes it says of it, when the file lies in an export that does.
    public let published: Publication?

    /// What an export says of a segment.
    public struct Publication: Sendable {
        /// The number of the anchor.
        public let anchor: Int
        /// The table as people write it.
        public let table: String
        /// What anchors call the schema of its records.
        public let schemaID: String
        /// The schema itself, nil when it cannot be read.
        public let schema: TableSchema?
        /// The digest of the file as it was published.
        public let sha256: Digest
    }

    /// Reads the segment at `path`, wherever it lies; a damaged one is a fault.
    public init(path: String) throws(Fault) {
        format = path.hasSuffix(".parquet") ? .parquet : .ndjson
        guard format == .parquet || path.hasSuffix(".ndjson") || Codec(path: path) != .none else {
            throw Fault(.usage, "\(path) is not called like a segment: .ndjson, .ndjson.zst, .ndjson.gz or .parquet")
        }
        let content = try SegmentContent(path)
        let export = try Self.export(around: path)
        let prefix = try export.flatMap { (folder) throws(Fault) in try ExportRecord.read(in: folder) }?.columnPrefix
        let columns = format == .parquet ? try ParquetReader(path: path).summary : nil
        let tally = try doing("reading \(path)") { () throws(Fault) in
            try RecordTally.read(path, columnPrefix: prefix ?? columns?.columnPrefix ?? "_cdc_")
        }
        self.columns = columns
        self.path = path
        codec = Codec(path: path)
        rows = tally.rows
        changes = tally.changes
        seqMin = tally.first
        seqMax = tally.last
        bytes = content.byteCount
        uncompressedBytes = tally.textByteCount
        sha256 = content.sha256
        published = try export.flatMap { (folder) throws(Fault) in try Self.publication(of: path, in: folder) }
    }

    /// The export whose `<table>/data` folder the file lies in.
    private static func export(around path: String) throws(Fault) -> ExportFolder? {
        let data = Files.parent(of: path)
        let table = Files.parent(of: data)
        guard Files.name(of: data) == "data", table != ".", table != "/" else { return nil }
        let folder = ExportFolder(Files.parent(of: table))
        return try Files.isFolder(folder.control) ? folder : nil
    }

    /// What the newest anchor that names the file says of it.
    private static func publication(of path: String, in folder: ExportFolder) throws(Fault) -> Publication? {
        let data = Files.parent(of: path)
        let relative = "\(Files.name(of: Files.parent(of: data)))/data/\(Files.name(of: path))"
        let store = DirectoryAnchorStore(exportPath: folder.path)
        for number in try store.numbers().reversed() {
            guard let anchor = try store.anchor(number)?.anchor,
                let segment = anchor.segments.first(where: { $0.path == relative })
            else { continue }
            return Publication(
                anchor: number, table: segment.table, schemaID: segment.schema,
                schema: try? SchemaStore(folder).schema(segment.schema), sha256: segment.sha256)
        }
        return nil
    }
}
