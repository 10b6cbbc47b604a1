// SPDX-License-Identifier: Apache-2.0

internal import Anchors
internal import Bytes
internal import Changelog
internal import DurableFiles
internal import Export
internal import Faults
internal import ParquetFormat

/// What the footer of a file of ours says, compared with what kedge would have written for the same schema.
struct ParquetFile: Sendable {
    /// The footer.
    let metadata: FileMetadata
    /// The columns of the table.
    let schema: TableSchema
    /// What kedge's own columns begin with, the epoch, and the profile.
    let layout: RecordLayout
    /// The leaves.
    let shape: FileShape

    /// Footers larger than this are taken for damage.
    private static let footerByteLimit = 1 << 28

    /// Reads the footer; whatever does not look like a file of ours is a fault.
    init(_ file: inout ReadableFile) throws(Fault) {
        let footer = try Self.footer(&file)
        let metadata: FileMetadata
        do throws(WireFault) {
            metadata = try FileMetadata(footer.bytes)
        } catch {
            throw Fault(.exportBroken, "the footer is damaged", detail: error.description)
        }
        let properties = Dictionary(metadata.properties.map { ($0.name, $0.value) }) { first, _ in first }
        guard properties["kedge.format"] == "1" else {
            throw Fault(.exportFormat, "the file was not written by this version of kedge")
        }
        guard let profile = properties["kedge.profile"].flatMap(ColumnarProfile.init),
            let prefix = properties["kedge.columnPrefix"],
            let epoch = properties["kedge.epoch"].flatMap({ UInt16($0) }), let schema = properties["kedge.schema"]
        else { throw Self.broken("the footer does not say how the file is made") }
        self.metadata = metadata
        self.schema = try TableSchema(canonicalBytes: Array(schema.utf8), place: "kedge.schema")
        let widening = properties["kedge.widen"].map(ColumnarWidening.init) ?? .some(.none)
        guard let widening else {
            throw Fault(.exportFormat, "the file is made in a way that this version does not know")
        }
        var columnar = ColumnarChoice(profile: profile, widening: widening)
        columnar.exportID = properties["kedge.export"]
        layout = RecordLayout(columnPrefix: prefix, epoch: epoch, columnar: columnar)
        let hasViolations = metadata.schema.first?.childCount == Int32(self.schema.columns.count) + 8
        shape = FileShape(
            self.schema, columnPrefix: prefix, profile: profile, widening: widening,
            violations: hasViolations ? .present : .absent)
        guard properties["kedge.schema.id"] == self.schema.schemaID else {
            throw Self.broken("the schema is not the one that the file names")
        }
        try checkShape()
    }

    static func footer(_ file: inout ReadableFile) throws(Fault) -> ByteBuffer {
        let byteCount = try file.byteCount()
        guard byteCount >= 12 else { throw broken("it is too short") }
        var ends = ByteBuffer(capacity: 64)
        try file.seek(to: 0)
        _ = try file.readAll(4, into: &ends)
        try file.seek(to: byteCount - 8)
        _ = try file.readAll(8, into: &ends)
        let magic = FileMetadata.magic
        guard ends.count == 12, ends.bytes.extracting(0..<4).copiedBytes() == magic,
            ends.bytes.extracting(8..<12).copiedBytes() == magic
        else { throw broken("it is not a whole Parquet file") }
        let length = Int(ends.bytes.littleEndianHalfWord(at: 4))
        guard length <= byteCount - 12, length <= footerByteLimit else { throw broken("its footer is impossible") }
        var footer = ByteBuffer(capacity: length)
        try file.seek(to: byteCount - 8 - length)
        _ = try file.readAll(length, into: &footer)
        return footer
    }

    /// The nodes must be those of the schema, and every group must have a chunk for each leaf.
    private func checkShape() throws(Fault) {
        let expected = shape.elements.map { element in
            var bare = element
            bare.annotation = nil
            return bare
        }
        guard metadata.schema == expected else { throw Self.broken("its columns are not those of its schema") }
        var rows: Int64 = 0
        for group in metadata.rowGroups {
            guard group.chunks.map(\.path) == shape.paths else { throw Self.broken("a group of rows lacks a column") }
            let (sum, overflow) = rows.addingReportingOverflow(group.rowCount)
            guard !overflow else { throw Self.broken("its rows do not add up") }
            rows = sum
        }
        guard rows == metadata.rowCount else { throw Self.broken("its rows do not add up") }
    }

    static func broken(_ why: String) -> Fault {
        Fault(.exportBroken, "a Parquet file is damaged", detail: why)
    }
}
