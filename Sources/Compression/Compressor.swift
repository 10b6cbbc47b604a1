// SPDX-License-Identifier: Apache-2.0

public import Bytes
public import Faults

/// Compresses one stream of bytes. The same bytes at the same level become the same compressed bytes,
/// however they are cut into pieces: no clock, host or thread has a say.
public struct Compressor: ~Copyable, Sendable {
    // Not private: other modules destroy it in place, and a release build refers to its metadata from there.
    enum Stream: ~Copyable, Sendable {
        case zstd(ZstdCompression)
        case gzip(GzipCompression)
        case none
    }

    private let stream: Stream

    /// Begins a stream at `level`; nil is 3 for zstd and 6 for gzip.
    public init(_ codec: Codec, level: Int32? = nil) throws(Fault) {
        switch codec {
        case .zstd: stream = .zstd(try ZstdCompression(level: level ?? 3))
        case .gzip: stream = .gzip(try GzipCompression(level: level ?? 6))
        case .none: stream = .none
        }
    }

    /// Takes in `input` and appends the compressed bytes that are ready.
    public mutating func compress(_ input: RawSpan, into output: inout ByteBuffer) throws(Fault) {
        guard input.byteCount > 0 else { return }
        switch stream {
        case .zstd(let zstd): try zstd.compress(input, into: &output)
        case .gzip(let gzip): try gzip.compress(input, into: &output)
        case .none: output.append(input)
        }
    }

    /// Appends what is left, with the end mark; nothing may be compressed afterwards.
    public mutating func end(into output: inout ByteBuffer) throws(Fault) {
        switch stream {
        case .zstd(let zstd): try zstd.end(into: &output)
        case .gzip(let gzip): try gzip.end(into: &output)
        case .none: break
        }
    }
}
