// SPDX-License-Identifier: Apache-2.0

public import Bytes
public import Faults

/// Frames of bytes that memory does not hold: appended once, then read from the beginning.
///
/// The file is working space and never synchronized; what a crash leaves behind is swept. Each frame stands behind its
/// length as a 32-bit little-endian integer.
public struct SpoolFile: ~Copyable, Sendable {
    private static let bufferByteLimit = 1 << 18

    private var file: DurableFile
    private var buffer = ByteBuffer(capacity: SpoolFile.bufferByteLimit)

    /// Creates the file; one that exists already is a fault.
    public init(creating path: String) throws(Fault) {
        file = try DurableFile(creating: path)
    }

    /// The path under which the file was created.
    public var path: String { file.path }
    /// How many bytes the frames take, with their lengths.
    public var byteCount: Int { file.byteCount + buffer.count }

    /// Appends one frame, of less than 4 GiB.
    public mutating func append(_ frame: RawSpan) throws(Fault) {
        guard let length = UInt32(exactly: frame.byteCount) else {
            throw Fault(.fileWrite, "cannot spool \(frame.byteCount) bytes in one piece")
        }
        buffer.appendLittleEndian(length)
        if frame.byteCount < Self.bufferByteLimit {
            buffer.append(frame)
            if buffer.count >= Self.bufferByteLimit { try flush() }
        } else {
            try flush()
            try file.write(frame)
        }
    }

    /// Hands what is buffered to the kernel.
    public mutating func flush() throws(Fault) {
        try Self.write(buffer, to: &file)
        buffer.removeAll(keepingAtMost: 2 * Self.bufferByteLimit)
    }

    private static func write(_ buffer: borrowing ByteBuffer, to file: inout DurableFile) throws(Fault) {
        try file.write(buffer.bytes)
    }

    /// A reader over all frames appended so far.
    public mutating func makeReader() throws(Fault) -> SpoolReader {
        try flush()
        return SpoolReader(try ReadableFile(path), byteCount: file.byteCount)
    }

    /// Makes the frames durable under another name in the same folder, replacing what is there.
    public consuming func keep(as newPath: String) throws(Fault) {
        try flush()
        try file.synchronize()
        try Files.rename(path, to: newPath)
        try Files.synchronizeFolder(Files.parent(of: newPath))
    }

    /// Removes the file. Readers that are open can still read.
    public func remove() throws(Fault) {
        try Files.remove(path)
    }
}

/// Reads the frames of a ``SpoolFile`` in order.
public struct SpoolReader: ~Copyable, Sendable {
    private static let chunkByteCount = 1 << 18

    private var file: ReadableFile
    private var chunk = ByteBuffer(capacity: SpoolReader.chunkByteCount)
    private var offset = 0
    /// How many bytes of the file are not in the chunk yet.
    private var unread: Int

    /// Reads a file that ``SpoolFile/keep(as:)`` has left.
    public init(opening path: String) throws(Fault) {
        self.init(try ReadableFile(path), byteCount: try Files.byteCount(of: path) ?? 0)
    }

    init(_ file: consuming ReadableFile, byteCount: Int) {
        self.file = file
        unread = byteCount
    }

    /// Replaces what `frame` holds with the next frame; false after the last.
    public mutating func next(into frame: inout ByteBuffer) throws(Fault) -> Bool {
        frame.removeAll()
        guard unread > 0 || offset < chunk.count else { return false }
        while chunk.count - offset < 4 { try refill() }
        let length = Int(chunk.bytes.littleEndianHalfWord(at: offset))
        offset += 4
        guard length <= chunk.count - offset + unread else { throw ended() }
        try take(length, into: &frame)
        return true
    }

    private mutating func take(_ length: Int, into frame: inout ByteBuffer) throws(Fault) {
        var rest = length
        while true {
            let count = min(rest, chunk.count - offset)
            frame.append(chunk.bytes.extracting(offset..<offset + count))
            offset += count
            rest -= count
            guard rest > 0 else { return }
            try refill()
        }
    }

    /// Moves what is left of the chunk to its beginning and reads behind it.
    private mutating func refill() throws(Fault) {
        var fresh = ByteBuffer(capacity: Self.chunkByteCount)
        fresh.append(chunk.bytes.extracting(droppingFirst: offset))
        let length = try file.read(upTo: min(unread, Self.chunkByteCount - fresh.count), into: &fresh)
        guard length > 0 else { throw ended() }
        unread -= length
        offset = 0
        chunk = fresh
    }

    private func ended() -> Fault {
        Fault(.fileRead, "cannot read \(file.path)", detail: "the spool file ends early")
    }
}
