// SPDX-License-Identifier: Apache-2.0

internal import Anchors
internal import Bytes
internal import Changelog
internal import Compression
internal import Export
internal import Faults

/// Puts groups of rows into the bytes of one file, and at the end the footer.
struct FileWriter: ~Copyable, Sendable {
    /// Whose records it holds; nil for rows that are none.
    private let schema: TableSchema?
    private let layout: RecordLayout
    private let shape: FileShape
    /// How many bytes of the file have been handed out.
    private var byteCount = 0
    private var rowCount = 0
    private var groups: [RowGroupMetadata] = []
    /// The page indexes of each group, by leaf.
    private var indexes: [[PageIndex]] = []
    private var chunks: ChunkWriter?
    private var first: SequenceKey?
    private var last: SequenceKey?
    /// Whether the keys so far ascend.
    private var isAscending = true
    /// The leaves that get filters.
    private let filtered: Set<Int>

    init(schema: TableSchema?, layout: RecordLayout, shape: FileShape) {
        self.schema = schema
        self.layout = layout
        self.shape = shape
        var filtered: Set<Int> = []
        if layout.columnar.bloomFilters == .key, let schema {
            for (column, node) in zip(schema.columns, shape.columns) where schema.key.contains(column.name) {
                if case .leaf(let leaf) = node.kind, shape.leaves[leaf].type != .boolean { filtered.insert(leaf) }
            }
        }
        self.filtered = filtered
    }

    /// Takes notice of the key of a row.
    @inline(__always)
    mutating func note(_ key: SequenceKey) {
        if let last, key <= last { isAscending = false }
        if first == nil { first = key }
        last = key
    }

    /// Writes what the builders hold, and empties them.
    mutating func writeRowGroup(
        _ leaves: inout OwnedList<LeafBuilder>, rowCount: Int, into output: inout ByteBuffer
    ) throws(Fault) {
        let base = begin(&output)
        if chunks == nil { chunks = try ChunkWriter(layout.columnar.codec, level: layout.columnar.level) }
        var written: [WrittenChunk] = []
        if schema != nil { leaves[FileShape.Own.sequence].isAscending = isAscending }
        for leaf in 0..<leaves.count {
            guard
                var chunk = try chunks?.write(leaves[leaf], path: shape.paths[leaf], base: base, into: &output)
            else { throw Fault(.bug, "nothing writes chunks") }
            if filtered.contains(leaf) { chunk.bloomFilter = BloomFilter.make(leaves[leaf]).bytes }
            leaves[leaf].removeAll()
            written.append(chunk)
        }
        for index in written.indices where !written[index].bloomFilter.isEmpty {
            let bytes = written[index].bloomFilter
            written[index].metadata.bloomFilter = ChunkMetadata.Extent(
                offset: Int64(base + output.count), byteCount: Int32(bytes.count))
            output.append(contentsOf: bytes)
        }
        var group = RowGroupMetadata(chunks: written.map(\.metadata), rowCount: Int64(rowCount))
        group.isSorted = schema != nil
        groups.append(group)
        indexes.append(written.map(\.index))
        self.rowCount += rowCount
        byteCount = base + output.count
    }

    /// Writes page indexes and footer.
    mutating func writeFooter(into output: inout ByteBuffer) {
        let base = begin(&output)
        for group in groups.indices {
            for leaf in groups[group].chunks.indices where indexes[group][leaf].hasBounds {
                let start = output.count
                Self.append(indexes[group][leaf].columnIndex(into: ByteBuffer()), to: &output)
                groups[group].chunks[leaf].columnIndex = Self.extent(base, start, output.count)
            }
        }
        for group in groups.indices {
            for leaf in groups[group].chunks.indices {
                let start = output.count
                Self.append(indexes[group][leaf].offsetIndex(into: ByteBuffer()), to: &output)
                groups[group].chunks[leaf].offsetIndex = Self.extent(base, start, output.count)
            }
        }
        var writer = ThriftWriter(ByteBuffer(capacity: 1 << 12))
        let metadata = FileMetadata(
            schema: shape.elements, rowCount: Int64(rowCount), rowGroups: groups, properties: properties,
            createdBy: "kedge version \(layout.columnar.version)")
        metadata.write(leafCount: shape.leaves.count, to: &writer)
        output.append(writer.output.bytes)
        output.appendLittleEndian(UInt32(truncatingIfNeeded: writer.output.count))
        output.append(contentsOf: FileMetadata.magic)
        byteCount = base + output.count
    }

    private static func append(_ bytes: consuming ByteBuffer, to output: inout ByteBuffer) {
        output.append(bytes.bytes)
    }

    private static func extent(_ base: Int, _ start: Int, _ end: Int) -> ChunkMetadata.Extent {
        ChunkMetadata.Extent(offset: Int64(base + start), byteCount: Int32(truncatingIfNeeded: end - start))
    }

    /// Writes the first bytes of the file where there are none, and returns what offsets in `output` are short of those
    /// in the file.
    private mutating func begin(_ output: inout ByteBuffer) -> Int {
        let base = byteCount - output.count
        if byteCount == 0 { output.append(contentsOf: FileMetadata.magic) }
        return base
    }

    /// What the file says of itself; nothing that would differ when the same range is written again.
    private var properties: [(name: String, value: String)] {
        guard let schema else { return [] }
        var properties = [
            ("kedge.format", "1"), ("kedge.profile", layout.columnar.profile.rawValue),
            ("kedge.columnPrefix", layout.columnPrefix), ("kedge.epoch", String(layout.epoch)),
            ("kedge.schema.id", schema.schemaID),
            ("kedge.schema", String(decoding: schema.canonicalBytes, as: UTF8.self)),
        ]
        if layout.columnar.widening != .none {
            properties.append(("kedge.widen", layout.columnar.widening.rawValue))
        }
        if let exportID = layout.columnar.exportID { properties.append(("kedge.export", exportID)) }
        if let first, let last {
            properties.append(("kedge.seqMin", first.description))
            properties.append(("kedge.seqMax", last.description))
        }
        return properties
    }
}
