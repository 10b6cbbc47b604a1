// SPDX-License-Identifier: Apache-2.0

internal import Changelog
internal import Compression
public import Export
internal import ParquetFormat

/// What the footer of a Parquet segment says.
public struct ParquetSummary: Sendable {
    /// What one column of the file takes.
    public struct Column: Sendable {
        /// Its name, from the root to the leaf.
        public let path: String
        /// How its values are encoded in the groups of rows, each way once.
        public let encodings: [String]
        /// How its pages are compressed, each way once.
        public let codecs: [String]
        /// How many bytes its pages have in the file.
        public let byteCount: Int
        /// How many bytes they have uncompressed.
        public let uncompressedByteCount: Int
        /// How many entries are null.
        public let nullCount: Int
    }

    /// How many records.
    public let rowCount: Int
    /// How many records each group of rows has.
    public let rowGroups: [Int]
    /// Who wrote it.
    public let createdBy: String
    /// What kedge's own columns begin with.
    public let columnPrefix: String
    /// The number of the history.
    public let epoch: UInt16
    /// Which types it uses.
    public let profile: ColumnarProfile
    /// The identifier of the export.
    public let exportID: String?
    /// The columns.
    public let columns: [Column]

    init(_ file: ParquetFile) {
        let groups = file.metadata.rowGroups
        rowCount = Int(file.metadata.rowCount)
        rowGroups = groups.map { Int($0.rowCount) }
        createdBy = file.metadata.createdBy
        columnPrefix = file.layout.columnPrefix
        epoch = file.layout.epoch
        profile = file.layout.columnar.profile
        exportID = file.layout.columnar.exportID
        columns = file.shape.paths.indices.map { leaf in
            let chunks = groups.map { $0.chunks[leaf] }
            let encodings = chunks.flatMap(\.encodings).filter { $0 != .hybrid }.map { "\($0)" }
            return Column(
                path: file.shape.paths[leaf].joined(separator: "."), encodings: Set(encodings).sorted(),
                codecs: Set(chunks.map(\.codec.rawValue)).sorted(),
                byteCount: chunks.reduce(0) { $0 &+ Int($1.compressedByteCount) },
                uncompressedByteCount: chunks.reduce(0) { $0 &+ Int($1.byteCount) },
                nullCount: chunks.reduce(0) { $0 &+ Int($1.statistics.nullCount) })
        }
    }
}
