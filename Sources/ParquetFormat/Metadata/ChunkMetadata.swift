// SPDX-License-Identifier: Apache-2.0

internal import Bytes
package import Compression

/// What the footer says of one leaf in one row group (parquet.thrift, `ColumnChunk` and `ColumnMetaData`).
package struct ChunkMetadata: Hashable, Sendable {
    /// Where a run of bytes lies in the file.
    package struct Extent: Hashable, Sendable {
        /// The offset of its first byte.
        package var offset: Int64
        /// How many bytes.
        package var byteCount: Int32
    }

    /// How its values are stored.
    package var type: PhysicalType
    /// The encodings of its pages.
    package var encodings: [Encoding]
    /// The names from the root to the leaf.
    package var path: [String]
    /// How its pages are compressed.
    package var codec: PageCodec
    /// How many entries, nulls included.
    package var entryCount: Int64
    /// How many bytes the pages take, headers included, when they are not compressed.
    package var byteCount: Int64
    /// How many bytes the pages take in the file, headers included.
    package var compressedByteCount: Int64
    /// Where the first page of values lies.
    package var dataOffset: Int64
    /// Where the page of the dictionary lies, nil when there is none.
    package var dictionaryOffset: Int64?
    /// What it says of its values.
    package var statistics: Statistics
    /// How much its values are.
    package var sizes = SizeStatistics()
    /// Where its bloom filter lies.
    package var bloomFilter: Extent?
    /// Where its offset index lies.
    package var offsetIndex: Extent?
    /// Where its column index lies.
    package var columnIndex: Extent?

    /// Where its bytes begin.
    package var start: Int64 { dictionaryOffset ?? dataOffset }

    func write(to writer: inout ThriftWriter) {
        writer.field(2, Int64(0))
        writer.structure(3) { writeMetadata(to: &$0) }
        if let offsetIndex {
            writer.field(4, offsetIndex.offset)
            writer.field(5, offsetIndex.byteCount)
        }
        if let columnIndex {
            writer.field(6, columnIndex.offset)
            writer.field(7, columnIndex.byteCount)
        }
    }

    private func writeMetadata(to writer: inout ThriftWriter) {
        writer.field(1, type.rawValue)
        writer.list(2, of: .int32, encodings) { $0.element(Int64($1.rawValue)) }
        writer.list(3, of: .binary, path) { $0.element(Array($1.utf8)) }
        writer.field(4, codec.number)
        writer.field(5, entryCount)
        writer.field(6, byteCount)
        writer.field(7, compressedByteCount)
        writer.field(9, dataOffset)
        if let dictionaryOffset { writer.field(11, dictionaryOffset) }
        writer.structure(12) { statistics.write(to: &$0) }
        if let bloomFilter {
            writer.field(14, bloomFilter.offset)
            writer.field(15, bloomFilter.byteCount)
        }
        if !sizes.isEmpty { writer.structure(16) { sizes.write(to: &$0) } }
    }
}

extension ChunkMetadata {
    init(reading reader: inout ThriftReader) throws(WireFault) {
        var chunk: ChunkMetadata?
        var extents = [Int64](repeating: 0, count: 4)
        while let field = try reader.nextField() {
            switch field.id {
            case 3:
                let outer = try reader.enter(field)
                chunk = try Self.metadata(&reader)
                reader.leave(outer)
            case 4...7: extents[Int(field.id) - 4] = try reader.int64(field)
            default: try reader.skip(field)
            }
        }
        guard let chunk else { throw WireFault(.malformed, at: reader.offset) }
        self = chunk
        offsetIndex = Self.extent(extents[0], extents[1])
        columnIndex = Self.extent(extents[2], extents[3])
    }

    private static func extent(_ offset: Int64, _ byteCount: Int64) -> Extent? {
        offset > 0 ? Int32(exactly: byteCount).map { Extent(offset: offset, byteCount: $0) } : nil
    }

    private static func metadata(_ reader: inout ThriftReader) throws(WireFault) -> ChunkMetadata {
        var numbers = [Int64?](repeating: nil, count: 16)
        var (encodings, path): ([Encoding], [String]) = ([], [])
        var statistics = Statistics(nullCount: 0, least: nil, greatest: nil)
        var sizes = SizeStatistics()
        while let field = try reader.nextField() {
            switch field.id {
            case 1, 4...7, 9, 11, 14, 15: numbers[Int(field.id)] = try reader.int64(field)
            case 2: encodings = try self.encodings(&reader, field)
            case 3: path = try self.path(&reader, field)
            case 12:
                let outer = try reader.enter(field)
                statistics = try Statistics(reading: &reader)
                reader.leave(outer)
            case 16:
                let outer = try reader.enter(field)
                sizes = try SizeStatistics(reading: &reader)
                reader.leave(outer)
            default: try reader.skip(field)
            }
        }
        guard let type = numbers[1].flatMap({ Int32(exactly: $0) }).flatMap(PhysicalType.init),
            let codec = numbers[4].flatMap({ Int32(exactly: $0) }).flatMap(PageCodec.init(number:)),
            let entryCount = numbers[5], let byteCount = numbers[6], let compressed = numbers[7],
            let dataOffset = numbers[9], entryCount >= 0, compressed >= 0, dataOffset >= 0, numbers[11] ?? 0 >= 0
        else { throw WireFault(.malformed, at: reader.offset) }
        return ChunkMetadata(
            type: type, encodings: encodings, path: path, codec: codec, entryCount: entryCount, byteCount: byteCount,
            compressedByteCount: compressed, dataOffset: dataOffset, dictionaryOffset: numbers[11],
            statistics: statistics, sizes: sizes, bloomFilter: extent(numbers[14] ?? 0, numbers[15] ?? 0))
    }

    private static func encodings(
        _ reader: inout ThriftReader, _ field: ThriftReader.Field
    ) throws(WireFault) -> [Encoding] {
        var encodings: [Encoding] = []
        for _ in 0..<(try reader.count(field, of: .int32)) {
            guard let number = Int32(exactly: try reader.int64()) else {
                throw WireFault(.malformed, at: reader.offset)
            }
            // Others write more of them; the header of each page says which one counts.
            if let encoding = Encoding(number: number) { encodings.append(encoding) }
        }
        return encodings
    }

    private static func path(
        _ reader: inout ThriftReader, _ field: ThriftReader.Field
    ) throws(WireFault) -> [String] {
        var path: [String] = []
        for _ in 0..<(try reader.count(field, of: .binary)) {
            path.append(String(decoding: try reader.bytes(), as: UTF8.self))
        }
        return path
    }
}
