// SPDX-License-Identifier: Apache-2.0

public import Bytes
public import Faults

/// Decompresses one or more frames that follow one another. Any input whatever ends in bytes or in a fault
/// ``Fault/Code/exportBroken``, within bounded memory.
public struct Decompressor: ~Copyable, Sendable {
    // Not private: other modules destroy it in place, and a release build refers to its metadata from there.
    enum Stream: ~Copyable, Sendable {
        case zstd(ZstdDecompression)
        case gzip(GzipDecompression)
        case none
    }

    private let stream: Stream
    /// Whether the input so far ends where a frame ends. False at the beginning, except where there are no frames.
    public private(set) var isAtEnd: Bool

    /// Begins at the beginning of a frame.
    public init(_ codec: Codec) throws(Fault) {
        isAtEnd = codec == .none
        switch codec {
        case .zstd: stream = .zstd(try ZstdDecompression())
        case .gzip: stream = .gzip(try GzipDecompression())
        case .none: stream = .none
        }
    }

    /// Appends at most `limit` bytes and returns how many bytes of `input` it took for them. When it took all and
    /// appended `limit`, more may follow without further input: call again with none.
    public mutating func decompress(
        _ input: RawSpan, limit: Int, into output: inout ByteBuffer
    ) throws(Fault) -> Int {
        var consumed = 0
        var room = limit
        while room > 0, consumed < input.byteCount || !isAtEnd {
            let before = output.count
            let step = try self.step(input.extracting(droppingFirst: consumed), limit: room, into: &output)
            consumed += step.consumed
            isAtEnd = step.frameEnded
            room -= output.count - before
            if step.consumed == 0, output.count == before { break }
        }
        return consumed
    }

    private mutating func step(
        _ input: RawSpan, limit: Int, into output: inout ByteBuffer
    ) throws(Fault) -> DecompressionStep {
        let limit = min(limit, 1 << 17)
        switch stream {
        case .zstd(let zstd): return try zstd.step(input, limit: limit, into: &output)
        case .gzip(let gzip):
            if isAtEnd { try gzip.beginFrame() }
            return try gzip.step(input, limit: limit, into: &output)
        case .none:
            let count = min(input.byteCount, limit)
            output.append(input.extracting(first: count))
            return DecompressionStep(consumed: count, frameEnded: true)
        }
    }
}

/// What one call into a library did.
struct DecompressionStep {
    let consumed: Int
    let frameEnded: Bool
}
