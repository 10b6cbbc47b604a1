// SPDX-License-Identifier: Apache-2.0

public import Bytes
internal import CSnappy
internal import CZlib
internal import CZstd
public import Faults

/// Compresses blocks, each by itself. The same block with the same effort becomes the same bytes.
public struct BlockCompressor: ~Copyable, Sendable {
    /// How hard to try.
    public enum Effort: Sendable {
        /// Level 1, where the codec has several that matter: several times as fast, and as small where little repeats.
        case light
        /// The level that was asked for.
        case full
    }

    /// The codec of all blocks.
    public let codec: PageCodec
    /// Whether ``Effort/light`` is another effort than ``Effort/full``.
    public let hasLightEffort: Bool
    private let zstd: ZstdBlocks?
    private let light: ZstdBlocks?
    private let level: Int32

    /// Gets ready; nil is level 3 for zstd and 6 for gzip.
    public init(_ codec: PageCodec, level: Int32? = nil) throws(Fault) {
        let hasLightEffort = codec == .zstd && level ?? 3 > 1
        let full = codec == .zstd ? try ZstdBlocks(level: level ?? 3) : nil
        let light = hasLightEffort ? try ZstdBlocks(level: 1) : nil
        self.codec = codec
        self.level = level ?? 6
        self.hasLightEffort = hasLightEffort
        zstd = full
        self.light = light
    }

    /// Appends the compressed form of `block`.
    public mutating func compress(
        _ block: RawSpan, effort: Effort = .full, into output: inout ByteBuffer
    ) throws(Fault) {
        switch codec {
        case .zstd:
            if effort == .light, hasLightEffort {
                try light?.compress(block, into: &output)
            } else {
                try zstd?.compress(block, into: &output)
            }
        case .snappy: try compressSnappy(block, into: &output)
        case .gzip:
            let gzip = try GzipCompression(level: level)
            try gzip.compress(block, into: &output)
            try gzip.end(into: &output)
        case .none: output.append(block)
        }
    }
}

/// Decompresses blocks whose length is known. Any input whatever ends in as many bytes or in a fault
/// ``Fault/Code/exportBroken``.
public struct BlockDecompressor: ~Copyable, Sendable {
    /// The codec of all blocks.
    public let codec: PageCodec

    /// Gets ready.
    public init(_ codec: PageCodec) {
        self.codec = codec
    }

    /// Appends the `byteCount` bytes that `block` holds.
    public func decompress(_ block: RawSpan, byteCount: Int, into output: inout ByteBuffer) throws(Fault) {
        let start = output.count
        switch codec {
        case .zstd: try decompressZstd(block, byteCount: byteCount, into: &output)
        case .snappy: try decompressSnappy(block, byteCount: byteCount, into: &output)
        case .gzip: try Self.inflate(block, byteCount: byteCount, into: &output)
        case .none: output.append(block)
        }
        guard output.count - start == byteCount else {
            throw Fault(.exportBroken, "a compressed block has another length than it says")
        }
    }

    private static func inflate(
        _ block: RawSpan, byteCount: Int, into output: inout ByteBuffer
    ) throws(Fault) {
        let gzip = try GzipDecompression()
        let start = output.count
        var consumed = 0
        while true {
            let room = min(byteCount - (output.count - start) + 1, 1 << 20)
            guard room > 0 else { throw Fault(.exportBroken, "a compressed block is longer than it says") }
            let before = output.count
            let step = try gzip.step(block.extracting(droppingFirst: consumed), limit: room, into: &output)
            consumed += step.consumed
            if step.frameEnded { break }
            guard step.consumed > 0 || output.count > before else {
                throw Fault(.exportBroken, "a compressed block ends early")
            }
        }
        guard consumed == block.byteCount else { throw Fault(.exportBroken, "bytes follow a compressed block") }
    }
}

/// Owns a `ZSTD_CCtx` that is used for one block after the other.
// Not private: other modules destroy it in place.
@safe
struct ZstdBlocks: ~Copyable {
    private let context: OpaquePointer

    init(level: Int32) throws(Fault) {
        guard let context = unsafe ZSTD_createCCtx() else { throw Fault(.unexpected, "no memory for zstd") }
        unsafe self.context = context
        _ = unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)
    }

    deinit {
        unsafe ZSTD_freeCCtx(context)
    }

    func compress(_ block: RawSpan, into output: inout ByteBuffer) throws(Fault) {
        var status = 0
        unsafe output.append(upTo: ZSTD_compressBound(block.byteCount)) { room in
            unsafe block.withUnsafeBytes { bytes in
                // SAFETY: the library is told the sizes of both buffers, which outlive the call.
                status = unsafe ZSTD_compress2(context, room.baseAddress, room.count, bytes.baseAddress, bytes.count)
                return ZSTD_isError(status) == 0 ? status : 0
            }
        }
        guard ZSTD_isError(status) == 0 else { throw Fault(.unexpected, "zstd refuses to compress") }
    }
}

private func decompressZstd(_ block: RawSpan, byteCount: Int, into output: inout ByteBuffer) throws(Fault) {
    var status = 0
    // A frame says how long its content is: believed only when it is what the page says.
    let said = unsafe block.withUnsafeBytes { unsafe ZSTD_getFrameContentSize($0.baseAddress, $0.count) }
    guard said == UInt64(byteCount) else {
        throw Fault(.exportBroken, "a compressed block has another length than it says")
    }
    guard byteCount <= block.byteCount << 17 else { throw Fault(.exportBroken, "a compressed block is impossible") }
    unsafe output.append(upTo: byteCount) { room in
        unsafe block.withUnsafeBytes { bytes in
            // SAFETY: the library is told the sizes of both buffers, which outlive the call.
            status = unsafe ZSTD_decompress(room.baseAddress, room.count, bytes.baseAddress, bytes.count)
            return ZSTD_isError(status) == 0 ? status : 0
        }
    }
    guard ZSTD_isError(status) == 0 else { throw Fault(.exportBroken, "the compressed bytes are damaged") }
}

private func compressSnappy(_ block: RawSpan, into output: inout ByteBuffer) throws(Fault) {
    var length = snappy_max_compressed_length(block.byteCount)
    var status = SNAPPY_OK
    unsafe output.append(upTo: length) { room in
        unsafe block.withUnsafeBytes { bytes in
            let source = unsafe bytes.assumingMemoryBound(to: CChar.self).baseAddress
            // SAFETY: `length` is the size of the room before the call and what was written after it.
            status = unsafe snappy_compress(
                source, bytes.count, room.assumingMemoryBound(to: CChar.self).baseAddress, &length)
            return status == SNAPPY_OK ? length : 0
        }
    }
    guard status == SNAPPY_OK else { throw Fault(.unexpected, "snappy refuses to compress") }
}

private func decompressSnappy(_ block: RawSpan, byteCount: Int, into output: inout ByteBuffer) throws(Fault) {
    var said = 0
    var status = unsafe block.withUnsafeBytes {
        unsafe snappy_uncompressed_length($0.assumingMemoryBound(to: CChar.self).baseAddress, $0.count, &said)
    }
    guard status == SNAPPY_OK, said == byteCount, byteCount <= max(block.byteCount, 1) << 8 else {
        throw Fault(.exportBroken, "a compressed block has another length than it says")
    }
    unsafe output.append(upTo: byteCount) { room in
        unsafe block.withUnsafeBytes { bytes in
            var length = room.count
            // SAFETY: `length` is the size of the room, which is what the block said that it needs.
            status = unsafe snappy_uncompress(
                bytes.assumingMemoryBound(to: CChar.self).baseAddress, bytes.count,
                room.assumingMemoryBound(to: CChar.self).baseAddress, &length)
            return status == SNAPPY_OK ? length : 0
        }
    }
    guard status == SNAPPY_OK else { throw Fault(.exportBroken, "the compressed bytes are damaged") }
}

// SAFETY: the context is owned alone and moved, never shared.
extension ZstdBlocks: @unchecked Sendable {}
