// SPDX-License-Identifier: Apache-2.0

internal import Bytes
package import Changelog
internal import DurableFiles
internal import Export
package import Faults
package import ParquetFormat

/// What the footer of a segment says of all its values: how many, how many nulls, and their bounds.
package struct SegmentStatistics: Sendable {
    /// What is known of one column that consists of one leaf.
    package struct Column: Sendable {
        /// Its name.
        package let name: String
        /// How its values are stored.
        package let form: LeafForm
        /// How many rows have no value.
        package let nullCount: Int
        /// No value is less; nil where nothing is known.
        package let least: [UInt8]?
        /// No value is greater; nil where nothing is known.
        package let greatest: [UInt8]?
    }

    /// How many records.
    package let rowCount: Int
    /// The columns of the table.
    package let schema: TableSchema
    /// What kedge's own columns begin with.
    package let columnPrefix: String
    /// What the columns of the file are.
    package let shape: FileShape
    /// The columns without parts, in the order of the file.
    package let columns: [Column]

    /// Reads the footer of the segment at `path`.
    package init(path: String) throws(Fault) {
        var file = try ReadableFile(path)
        let parts: ParquetFile
        do throws(Fault) { parts = try ParquetFile(&file) } catch { throw error.adding("reading \(path)") }
        rowCount = Int(parts.metadata.rowCount)
        schema = parts.schema
        columnPrefix = parts.layout.columnPrefix
        shape = parts.shape
        let groups = parts.metadata.rowGroups
        columns = parts.shape.paths.indices.compactMap { leaf in
            guard parts.shape.paths[leaf].count == 1 else { return nil }
            let chunks = groups.map { $0.chunks[leaf] }
            let form = parts.shape.leaves[leaf]
            let bounds = Self.bounds(chunks, form)
            return Column(
                name: parts.shape.paths[leaf][0], form: form,
                nullCount: chunks.reduce(0) { $0 &+ Int($1.statistics.nullCount) }, least: bounds?.least,
                greatest: bounds?.greatest)
        }
    }

    /// The bounds over all groups of rows; nil where one has values and does not say between which they are.
    private static func bounds(_ chunks: [ChunkMetadata], _ form: LeafForm) -> (least: [UInt8], greatest: [UInt8])? {
        var found: (least: [UInt8], greatest: [UInt8])?
        for chunk in chunks where chunk.entryCount > chunk.statistics.nullCount {
            guard let least = chunk.statistics.least?.bytes, let greatest = chunk.statistics.greatest?.bytes,
                form.width == 0 || least.count == form.width && greatest.count == form.width
            else { return nil }
            guard let before = found else {
                found = (least, greatest)
                continue
            }
            guard let isLess = precedes(least, before.least, form),
                let isGreater = precedes(before.greatest, greatest, form)
            else { return nil }
            found = (isLess ? least : before.least, isGreater ? greatest : before.greatest)
        }
        return found
    }

    /// Whether the one value comes before the other; nil where the order is not known here.
    private static func precedes(_ lhs: [UInt8], _ rhs: [UInt8], _ form: LeafForm) -> Bool? {
        switch form.order {
        case .boolean, .bytes, .fixedBytes: lhs.lexicographicallyPrecedes(rhs)
        case .signed32, .signed64: lhs.littleEndianInteger < rhs.littleEndianInteger
        case .float32, .float64, .signedBytes: nil
        }
    }
}

extension [UInt8] {
    /// The integer of four or eight bytes, the lowest first.
    package var littleEndianInteger: Int64 {
        var bits: UInt64 = 0
        for byte in reversed() { bits = bits << 8 | UInt64(byte) }
        return count == 4 ? Int64(Int32(truncatingIfNeeded: bits)) : Int64(bitPattern: bits)
    }
}
