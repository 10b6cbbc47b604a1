// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import Compression
internal import Faults

/// A chunk that has been written.
struct WrittenChunk: Sendable {
    var metadata: ChunkMetadata
    var index: PageIndex
    /// The bits of its bloom filter, with their header; empty without one.
    var bloomFilter: [UInt8] = []
}

/// Writes the chunks of leaves, page by page, into the bytes of a file.
struct ChunkWriter: ~Copyable {
    private var compressor: BlockCompressor
    private var stored: BlockCompressor
    private var page = ByteBuffer(capacity: 1 << 16)
    private var compressed = ByteBuffer(capacity: 1 << 16)

    init(_ codec: PageCodec, level: Int32?) throws(Fault) {
        let compressor = try BlockCompressor(codec, level: level)
        let stored = try BlockCompressor(.none)
        self.compressor = compressor
        self.stored = stored
    }

    /// Appends the chunk of one leaf; `base` is what the offset of a byte in `output` is short of that in the file.
    mutating func write(
        _ builder: borrowing LeafBuilder, path: [String], base: Int, into output: inout ByteBuffer
    ) throws(Fault) -> WrittenChunk {
        let choice = try EncodingChoice.make(for: builder, &compressor)
        let start = output.count
        var index = PageIndex()
        var (rawByteCount, dictionaryOffset): (Int, Int64?) = (0, nil)
        let codec = choice.isCompressed ? compressor.codec : .none
        if choice.encoding == .dictionary {
            dictionaryOffset = Int64(base + start)
            rawByteCount += try writeDictionary(choice.dictionary, of: builder, codec, into: &output)
        }
        let dataStart = output.count
        var (cutter, bounds, nullCount) = (PageCutter(), ValueBounds?.none, 0)
        var pageBounds: [ValueBounds?] = []
        while let extent = cutter.next(builder) {
            let before = output.count
            fillPage(builder, extent, choice)
            let kind = PageHeader.Kind.data(
                valueCount: Int32(extent.entries.count), encoding: choice.encoding, statistics: nil)
            rawByteCount += try emitPage(kind, codec, choice.effort, into: &output)
            let found = builder.bounds(extent.values)
            pageBounds.append(found)
            bounds = builder.merged(bounds, found)
            nullCount += extent.entries.count - extent.values.count
            index.pages.append(
                PageIndex.Page(
                    offset: Int64(base + before), byteCount: Int32(output.count - before),
                    firstRow: Int64(extent.firstRow), isNull: extent.values.isEmpty,
                    valueByteCount: builder.byteCount(ofValues: extent.values),
                    statistics: builder.statistics(found, nullCount: extent.entries.count - extent.values.count)))
        }
        index.order = Self.order(pageBounds, builder)
        let metadata = ChunkMetadata(
            type: builder.form.type, encodings: Self.encodings(choice), path: path, codec: codec,
            entryCount: Int64(builder.entryCount), byteCount: Int64(rawByteCount),
            compressedByteCount: Int64(output.count - start), dataOffset: Int64(base + dataStart),
            dictionaryOffset: dictionaryOffset, statistics: builder.statistics(bounds, nullCount: nullCount),
            sizes: builder.sizes)
        return WrittenChunk(metadata: metadata, index: index)
    }

    private static func encodings(_ choice: borrowing EncodingChoice) -> [Encoding] {
        choice.encoding == .dictionary ? [.plain, .hybrid, .dictionary] : [.hybrid, choice.encoding]
    }

    private mutating func fillPage(
        _ builder: borrowing LeafBuilder, _ extent: PageExtent, _ choice: borrowing EncodingChoice
    ) {
        page.removeAll(keepingAtMost: 4 << 20)
        page.append(levels: builder.repetitions, extent.entries, max: builder.form.maxRepetition)
        page.append(levels: builder.definitions, extent.entries, max: builder.form.maxDefinition)
        if choice.encoding == .dictionary {
            page.append(choice.dictionary, extent.values)
        } else {
            page.append(builder, extent.values, choice.encoding)
        }
    }

    private mutating func writeDictionary(
        _ dictionary: borrowing ValueDictionary, of builder: borrowing LeafBuilder, _ codec: PageCodec,
        into output: inout ByteBuffer
    ) throws(Fault) -> Int {
        page.removeAll()
        let values = builder.values.bytes
        for number in 0..<dictionary.count {
            let value = values.extracting(builder.range(ofValue: dictionary.first(number)))
            if builder.form.width == 0 { page.appendPlain(value) } else { page.append(value) }
        }
        return try emitPage(.dictionary(valueCount: Int32(dictionary.count)), codec, .full, into: &output)
    }

    /// Appends header and bytes of the page that was filled, and returns how many bytes they have uncompressed.
    private mutating func emitPage(
        _ kind: PageHeader.Kind, _ codec: PageCodec, _ effort: BlockCompressor.Effort,
        into output: inout ByteBuffer
    ) throws(Fault) -> Int {
        guard page.count < Int32.max else {
            throw Fault(.unexpected, "a row has more bytes in one column than a page of Parquet can hold")
        }
        compressed.removeAll(keepingAtMost: 4 << 20)
        if codec == .none {
            try Self.compress(page, .full, with: &stored, into: &compressed)
        } else {
            try Self.compress(page, effort, with: &compressor, into: &compressed)
        }
        let header = PageHeader(
            kind: kind, byteCount: Int32(page.count), compressedByteCount: Int32(compressed.count),
            checksum: crc32(of: compressed.bytes))
        var writer = ThriftWriter(ByteBuffer(capacity: 64))
        header.write(to: &writer)
        output.append(writer.output.bytes)
        output.append(compressed.bytes)
        return writer.output.count + page.count
    }

    private static func compress(
        _ page: borrowing ByteBuffer, _ effort: BlockCompressor.Effort, with compressor: inout BlockCompressor,
        into output: inout ByteBuffer
    ) throws(Fault) {
        try compressor.compress(page.bytes, effort: effort, into: &output)
    }

    /// How the bounds of pages follow each other; pages without values have no say.
    private static func order(_ bounds: [ValueBounds?], _ builder: borrowing LeafBuilder) -> PageIndex.Order {
        let known = bounds.compactMap { $0 }
        let pairs = zip(known, known.dropFirst())
        var (isAscending, isDescending) = (true, true)
        for (before, after) in pairs {
            if builder.order(before.least, after.least) > 0 || builder.order(before.greatest, after.greatest) > 0 {
                isAscending = false
            }
            if builder.order(before.least, after.least) < 0 || builder.order(before.greatest, after.greatest) < 0 {
                isDescending = false
            }
        }
        return isAscending ? .ascending : isDescending ? .descending : .none
    }
}

extension ByteBuffer {
    /// Appends the numbers of the values in `range`, with their width before them.
    mutating func append(_ dictionary: borrowing ValueDictionary, _ range: Range<Int>) {
        append(UInt8(dictionary.width))
        appendHybrid(width: dictionary.width, count: range.count) { dictionary.number(range.lowerBound + $0) }
    }
}
