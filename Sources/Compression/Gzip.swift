// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import CZlib
internal import Faults

/// A `z_stream` at an address that never changes, as zlib wants it.
@safe
struct StreamMemory: ~Copyable {
    let stream: UnsafeMutablePointer<z_stream>

    init() {
        unsafe stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
    }

    deinit {
        unsafe stream.deallocate()
    }

    /// One call of `operation` over `input` with room for `limit` bytes.
    func step(
        _ input: RawSpan, limit: Int, into output: inout ByteBuffer,
        _ operation: (UnsafeMutablePointer<z_stream>) -> Int32
    ) -> (consumed: Int, status: Int32) {
        let input = input.extracting(first: min(input.byteCount, Int(UInt32.max)))
        var status: Int32 = 0
        var left = 0
        unsafe output.append(upTo: limit) { room in
            unsafe input.withUnsafeBytes { bytes in
                // SAFETY: zlib reads `avail_in` and writes at most `avail_out` bytes, and never writes to its input.
                unsafe stream.pointee.next_in = UnsafeMutablePointer(
                    mutating: bytes.assumingMemoryBound(to: UInt8.self).baseAddress)
                unsafe stream.pointee.avail_in = UInt32(bytes.count)
                unsafe stream.pointee.next_out = room.assumingMemoryBound(to: UInt8.self).baseAddress
                unsafe stream.pointee.avail_out = UInt32(room.count)
                status = unsafe operation(stream)
                left = unsafe Int(stream.pointee.avail_in)
                return unsafe room.count - Int(stream.pointee.avail_out)
            }
        }
        return (input.byteCount - left, status)
    }

    /// zlib's own words for what is wrong.
    var message: String {
        // SAFETY: zlib's messages are static strings.
        "zlib: " + (unsafe stream.pointee.msg.map { unsafe String(cString: $0) } ?? "unexpected end or unknown error")
    }
}

private let chunk = 1 << 16
/// The largest window, with a gzip header and trailer instead of zlib's.
private let gzipWindow: Int32 = 15 + 16

/// Owns a deflate stream. Its state lies behind the pointer, so borrowing is enough to move it on.
@safe
struct GzipCompression: ~Copyable {
    private let memory: StreamMemory
    private let header: UnsafeMutablePointer<gz_header>

    init(level: Int32) throws(Fault) {
        let memory = StreamMemory()
        let status = unsafe deflateInit2_(
            memory.stream, level, Z_DEFLATED, gzipWindow, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else { throw Fault(.settingInvalid, "gzip refuses level \(level)") }
        self.memory = memory
        unsafe header = UnsafeMutablePointer<gz_header>.allocate(capacity: 1)
        unsafe header.initialize(to: gz_header())
        // 255 is "unknown": the header tells neither system nor time.
        unsafe header.pointee.os = 255
        unsafe deflateSetHeader(self.memory.stream, header)
    }

    deinit {
        unsafe deflateEnd(memory.stream)
        unsafe header.deallocate()
    }

    func compress(_ input: RawSpan, into output: inout ByteBuffer) throws(Fault) {
        var consumed = 0
        while consumed < input.byteCount {
            let rest = input.extracting(droppingFirst: consumed)
            let step = unsafe memory.step(rest, limit: chunk, into: &output) { unsafe deflate($0, Z_NO_FLUSH) }
            guard step.status == Z_OK else { throw Fault(.bug, "gzip stopped compressing", detail: memory.message) }
            consumed += step.consumed
        }
    }

    func end(into output: inout ByteBuffer) throws(Fault) {
        var status = Z_OK
        while status == Z_OK {
            status = unsafe memory.step(RawSpan(), limit: chunk, into: &output) { unsafe deflate($0, Z_FINISH) }.status
        }
        guard status == Z_STREAM_END else { throw Fault(.bug, "gzip does not end", detail: memory.message) }
    }
}

/// Owns an inflate stream.
@safe
struct GzipDecompression: ~Copyable {
    private let memory: StreamMemory

    init() throws(Fault) {
        let memory = StreamMemory()
        let status = unsafe inflateInit2_(
            memory.stream, gzipWindow, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else { throw Fault(.unexpected, "no memory for gzip") }
        self.memory = memory
    }

    deinit {
        unsafe inflateEnd(memory.stream)
    }

    /// Gets ready for the member that follows one that ended.
    func beginFrame() throws(Fault) {
        guard unsafe inflateReset(memory.stream) == Z_OK else { throw Fault(.bug, "gzip cannot begin again") }
    }

    func step(_ input: RawSpan, limit: Int, into output: inout ByteBuffer) throws(Fault) -> DecompressionStep {
        let step = unsafe memory.step(input, limit: limit, into: &output) { unsafe inflate($0, Z_NO_FLUSH) }
        guard step.status == Z_OK || step.status == Z_STREAM_END || step.status == Z_BUF_ERROR else {
            throw Fault(.exportBroken, "the compressed bytes are damaged", detail: memory.message)
        }
        return DecompressionStep(consumed: step.consumed, frameEnded: step.status == Z_STREAM_END)
    }
}

// SAFETY: the streams are owned alone and moved, never shared.
extension GzipCompression: @unchecked Sendable {}
extension GzipDecompression: @unchecked Sendable {}
