// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import Compression
internal import DurableFiles
internal import Faults
internal import ParquetFormat

/// Walks the entries of one leaf in one row group, holding one page.
struct LeafCursor: ~Copyable {
    /// What is known of the leaf.
    let form: LeafForm
    private let chunk: ChunkMetadata
    private let checksums: ChecksumRule
    private let decompressor: BlockDecompressor
    /// Where the next page begins.
    private var offset: Int
    private var page = ByteBuffer(capacity: 64)
    private var dictionary = ValueList()
    private var values: ValueStream?
    private var repetitions: HybridStream?
    private var definitions: HybridStream?
    private var leftInPage = 0
    private var leftInChunk: Int

    /// The repetition level of the current entry.
    private(set) var repetition: UInt8 = 0
    /// The definition level of the current entry.
    private(set) var definition: UInt8 = 0
    /// Whether there is a current entry.
    private(set) var isAtEnd = false

    /// Begins before the first entry; call ``advance(_:)``.
    init(_ chunk: ChunkMetadata, _ form: LeafForm, _ checksums: ChecksumRule) throws(WireFault) {
        guard chunk.type == form.type, let entryCount = Int(exactly: chunk.entryCount),
            let start = Int(exactly: chunk.start), let dataStart = Int(exactly: chunk.dataOffset), dataStart >= start
        else { throw WireFault(.malformed, at: 0) }
        self.form = form
        self.chunk = chunk
        self.checksums = checksums
        decompressor = BlockDecompressor(chunk.codec)
        offset = start
        leftInChunk = entryCount
    }

    /// Whether the current entry is a value.
    var isValue: Bool { definition == form.maxDefinition }

    /// Goes to the next entry, and to its value when it is one.
    mutating func advance(_ file: inout ReadableFile) throws(Fault) {
        while leftInPage == 0 {
            guard leftInChunk > 0 else {
                isAtEnd = true
                return
            }
            try readPage(&file)
        }
        do throws(WireFault) {
            try step()
        } catch {
            throw Self.damaged(error)
        }
        leftInPage -= 1
        leftInChunk -= 1
    }

    /// Appends the bytes of the current value, as the plain encoding has them without a length.
    func appendValue(to output: inout ByteBuffer) {
        switch values {
        case .some(let values): output.append(values.value.bytes)
        case nil: break
        }
    }

    private mutating func step() throws(WireFault) {
        repetition = try Self.level(&repetitions, page, max: form.maxRepetition)
        definition = try Self.level(&definitions, page, max: form.maxDefinition)
        guard isValue else { return }
        try Self.advance(&values, page, dictionary)
    }

    private static func advance(
        _ values: inout ValueStream?, _ page: borrowing ByteBuffer, _ dictionary: borrowing ValueList
    ) throws(WireFault) {
        try values?.advance(page.bytes, dictionary)
    }

    private static func level(
        _ levels: inout HybridStream?, _ page: borrowing ByteBuffer, max: UInt8
    ) throws(WireFault) -> UInt8 {
        guard let level = try levels?.next(page.bytes) else { return 0 }
        guard level <= UInt64(max) else { throw WireFault(.malformed, at: 0) }
        return UInt8(level)
    }

    /// Reads pages up to the end of the chunk and compares their checksums, without a look at what they hold.
    static func check(_ chunk: ChunkMetadata, _ form: LeafForm, _ file: inout ReadableFile) throws(Fault) {
        do throws(WireFault) {
            var cursor = try LeafCursor(chunk, form, .compared)
            try cursor.checkAll(&file)
        } catch {
            throw damaged(error)
        }
    }

    static func damaged(_ fault: WireFault) -> Fault {
        Fault(.exportBroken, "a column is damaged", detail: fault.description)
    }
}

extension LeafCursor {
    private mutating func checkAll(_ file: inout ReadableFile) throws(WireFault) {
        // A fault of the file is one of the bytes here: both end the look at it.
        while leftInChunk > 0 {
            do throws(Fault) { try readPage(&file) } catch { throw WireFault(.malformed, at: offset) }
            leftInChunk -= leftInPage
        }
    }

    /// Reads the next page of values, and before the first of them the dictionary.
    private mutating func readPage(_ file: inout ReadableFile) throws(Fault) {
        do throws(WireFault) {
            let header = try take(&file)
            switch header.kind {
            case .dictionary(let count):
                guard chunk.dictionaryOffset != nil else { throw WireFault(.malformed, at: offset) }
                dictionary = try ValueList(page.bytes, count: Int(count), form)
            case .data(let count, let encoding, _): try begin(Int(count), encoding)
            }
        } catch {
            throw Self.damaged(error)
        }
    }

    private mutating func begin(_ count: Int, _ encoding: Encoding) throws(WireFault) {
        guard count > 0, count <= leftInChunk else { throw WireFault(.malformed, at: offset) }
        var place = 0
        repetitions = try Self.levels(page.bytes, &place, form.maxRepetition)
        definitions = try Self.levels(page.bytes, &place, form.maxDefinition)
        leftInPage = count
        values = nil
        // Pages without values have nothing behind their levels.
        if place < page.count { values = try ValueStream(page.bytes, at: place, encoding, form) }
    }

    private static func levels(
        _ page: RawSpan, _ place: inout Int, _ max: UInt8
    ) throws(WireFault) -> HybridStream? {
        guard max > 0 else { return nil }
        guard place + 4 <= page.byteCount else { throw WireFault(.truncated, at: place) }
        let start = place + 4
        let end = start + Int(page.littleEndianHalfWord(at: place))
        guard end <= page.byteCount else { throw WireFault(.truncated, at: place) }
        place = end
        return HybridStream(start..<end, width: bitWidth(of: UInt64(max)))
    }

    /// Reads header and bytes of the page at ``offset``, checked and decompressed, into ``page``.
    private mutating func take(_ file: inout ReadableFile) throws(WireFault) -> PageHeader {
        let end = Int(chunk.start) + Int(chunk.compressedByteCount)
        var head = ByteBuffer(capacity: 256)
        try Self.read(&file, at: offset, upTo: min(256, end - offset), into: &head)
        let (header, headLength) = try PageHeader.read(head.bytes)
        let length = Int(header.compressedByteCount)
        guard offset + headLength + length <= end else { throw WireFault(.truncated, at: offset) }
        var body = ByteBuffer(capacity: length)
        // A dictionary of nothing has no bytes.
        if length > 0 { try Self.read(&file, at: offset + headLength, upTo: length, into: &body) }
        let isTrusted =
            checksums == .ignored || checksums == .comparedWhereGiven && header.checksum == nil
            || header.checksum == crc32(of: body.bytes)
        guard body.count == length, isTrusted else { throw WireFault(.malformed, at: offset) }
        page.removeAll(keepingAtMost: 4 << 20)
        if length > 0 || header.byteCount > 0 { try decompress(body, byteCount: Int(header.byteCount)) }
        offset += headLength + length
        return header
    }

    private mutating func decompress(_ body: borrowing ByteBuffer, byteCount: Int) throws(WireFault) {
        do throws(Fault) {
            try decompressor.decompress(body.bytes, byteCount: byteCount, into: &page)
        } catch {
            throw WireFault(.malformed, at: offset)
        }
    }

    private static func read(
        _ file: inout ReadableFile, at offset: Int, upTo count: Int, into output: inout ByteBuffer
    ) throws(WireFault) {
        guard count > 0 else { throw WireFault(.truncated, at: offset) }
        do throws(Fault) {
            try file.seek(to: offset)
            _ = try file.readAll(count, into: &output)
        } catch {
            throw WireFault(.truncated, at: offset)
        }
    }
}
