// SPDX-License-Identifier: Apache-2.0

internal import Bytes
public import Compression
internal import DurableFiles
public import Faults

/// Reads the records of one segment in order, a line each, whatever compresses them. Holds some 256 KiB, and a line
/// that is longer.
///
///     var reader = try RecordReader(path: path)
///     while try reader.advance() { use(reader.line) }
public struct RecordReader: ~Copyable {
    private static let chunkByteCount = 1 << 17
    /// A line beyond this is taken for damage: no row of a database has one.
    private static let lineByteLimit = 1 << 33

    private var file: ReadableFile
    private var decompressor: Decompressor
    private var input = ByteBuffer(capacity: RecordReader.chunkByteCount)
    private var inputOffset = 0
    private var text = ByteBuffer(capacity: 2 * RecordReader.chunkByteCount)
    private var lineRange = 0..<0
    private var nextLine = 0
    /// How many bytes were decompressed so far.
    public private(set) var textByteCount = 0

    /// Opens a segment; nil takes the codec that the end of `path` tells.
    public init(path: String, codec: Codec? = nil) throws(Fault) {
        let file = try ReadableFile(path)
        decompressor = try Decompressor(codec ?? Codec(path: path))
        self.file = file
    }

    /// Goes to the next record; false after the last. A segment that is damaged or ends inside a record is a fault.
    public mutating func advance() throws(Fault) -> Bool {
        var scanned = nextLine
        while true {
            if let end = text.bytes.firstLineFeed(from: scanned) {
                lineRange = nextLine..<end
                nextLine = end + 1
                return true
            }
            scanned = text.count - dropReadLines()
            guard try decompressMore() else { break }
        }
        guard nextLine == text.count else { throw damaged("it ends inside a record") }
        return false
    }

    /// The record that the last ``advance()`` went to, without the line feed.
    public var line: RawSpan {
        @_lifetime(borrow self)
        borrowing get { text.bytes.extracting(lineRange) }
    }

    /// Moves the beginning of the line that is not whole to the beginning of the buffer; returns how far.
    private mutating func dropReadLines() -> Int {
        let count = nextLine
        guard count > 0 else { return 0 }
        var fresh = ByteBuffer(capacity: 2 * Self.chunkByteCount)
        fresh.append(text.bytes.extracting(droppingFirst: count))
        text = fresh
        nextLine = 0
        return count
    }

    /// Appends at least one byte to the text; false at the end of the file.
    private mutating func decompressMore() throws(Fault) -> Bool {
        guard text.count < Self.lineByteLimit else { throw damaged("a record does not end") }
        let before = text.count
        while text.count == before {
            if inputOffset == input.count { try readInput() }
            let consumed = try decompressInput()
            inputOffset += consumed
            guard consumed == 0, text.count == before else { continue }
            guard input.isEmpty, decompressor.isAtEnd else { throw damaged("it ends inside a compressed frame") }
            return false
        }
        textByteCount += text.count - before
        return true
    }

    /// Replaces the input with the next bytes of the file; leaves it empty at the end.
    private mutating func readInput() throws(Fault) {
        input.removeAll()
        inputOffset = 0
        _ = try file.read(upTo: Self.chunkByteCount, into: &input)
    }

    private mutating func decompressInput() throws(Fault) -> Int {
        do throws(Fault) {
            return try Self.decompress(input, from: inputOffset, with: &decompressor, into: &text)
        } catch {
            throw error.adding("reading \(file.path)")
        }
    }

    private static func decompress(
        _ input: borrowing ByteBuffer, from offset: Int, with decompressor: inout Decompressor,
        into text: inout ByteBuffer
    ) throws(Fault) -> Int {
        try decompressor.decompress(
            input.bytes.extracting(droppingFirst: offset), limit: chunkByteCount, into: &text)
    }

    private func damaged(_ why: String) -> Fault {
        Fault(.exportBroken, "\(file.path) is damaged", detail: why)
    }
}
