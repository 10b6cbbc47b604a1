// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import CZstd
internal import Faults

/// Owns a `ZSTD_CCtx`. Its state lies behind the pointer, so borrowing is enough to move it on.
@safe
struct ZstdCompression: ~Copyable {
    private let context: OpaquePointer

    init(level: Int32) throws(Fault) {
        guard let context = unsafe ZSTD_createCCtx() else { throw Fault(.unexpected, "no memory for zstd") }
        unsafe self.context = context
        // The library draws a level beyond its limits back to them.
        _ = unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)
        _ = unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
    }

    deinit {
        unsafe ZSTD_freeCCtx(context)
    }

    func compress(_ input: RawSpan, into output: inout ByteBuffer) throws(Fault) {
        var consumed = 0
        while consumed < input.byteCount {
            consumed += try step(input.extracting(droppingFirst: consumed), ZSTD_e_continue, into: &output).consumed
        }
    }

    func end(into output: inout ByteBuffer) throws(Fault) {
        while try step(RawSpan(), ZSTD_e_end, into: &output).pending > 0 {}
    }

    private func step(
        _ input: RawSpan, _ directive: ZSTD_EndDirective, into output: inout ByteBuffer
    ) throws(Fault) -> (consumed: Int, pending: Int) {
        var consumed = 0
        var status = 0
        unsafe output.append(upTo: ZSTD_CStreamOutSize()) { room in
            unsafe input.withUnsafeBytes { bytes in
                // SAFETY: both buffers tell the library their sizes and outlive the call.
                var source = unsafe ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
                var target = unsafe ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
                status = unsafe ZSTD_compressStream2(context, &target, &source, directive)
                consumed = unsafe source.pos
                return unsafe target.pos
            }
        }
        return (consumed, try Self.check(status))
    }

    private static func check(_ status: Int) throws(Fault) -> Int {
        guard ZSTD_isError(status) == 0 else {
            throw Fault(.unexpected, "zstd refuses to compress", detail: zstdErrorName(status))
        }
        return status
    }
}

/// Owns a `ZSTD_DCtx`.
@safe
struct ZstdDecompression: ~Copyable {
    /// Frames that want more than 128 MiB of history are refused; no level of zstd makes such frames.
    private static let windowLogLimit: Int32 = 27
    private let context: OpaquePointer

    init() throws(Fault) {
        guard let context = unsafe ZSTD_createDCtx() else { throw Fault(.unexpected, "no memory for zstd") }
        unsafe self.context = context
        _ = unsafe ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Self.windowLogLimit)
    }

    deinit {
        unsafe ZSTD_freeDCtx(context)
    }

    func step(_ input: RawSpan, limit: Int, into output: inout ByteBuffer) throws(Fault) -> DecompressionStep {
        var consumed = 0
        var status = 0
        unsafe output.append(upTo: limit) { room in
            unsafe input.withUnsafeBytes { bytes in
                // SAFETY: both buffers tell the library their sizes and outlive the call.
                var source = unsafe ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
                var target = unsafe ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
                status = unsafe ZSTD_decompressStream(context, &target, &source)
                consumed = unsafe source.pos
                return unsafe target.pos
            }
        }
        guard ZSTD_isError(status) == 0 else {
            throw Fault(.exportBroken, "the compressed bytes are damaged", detail: zstdErrorName(status))
        }
        return DecompressionStep(consumed: consumed, frameEnded: status == 0)
    }
}

private func zstdErrorName(_ status: Int) -> String {
    // SAFETY: the library returns a static string for every code.
    "zstd: " + (unsafe ZSTD_getErrorName(status).map { unsafe String(cString: $0) } ?? "unknown error")
}

// SAFETY: the contexts are owned alone and moved, never shared.
extension ZstdCompression: @unchecked Sendable {}
extension ZstdDecompression: @unchecked Sendable {}
