// SPDX-License-Identifier: Apache-2.0

import Bytes
import Compression
import Faults
import Testing

/// Text that compresses, with enough variety for several blocks.
private let sample: [UInt8] = {
    var state: UInt64 = 42
    var text = ""
    for row in 0..<9000 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        text += "{\"id\":\(row),\"value\":\"\(state >> 40)\"}\n"
    }
    return Array(text.utf8)
}()

private func compress(_ bytes: [UInt8], _ codec: Codec, chunk: Int, level: Int32? = nil) throws(Fault) -> [UInt8] {
    var compressor = try Compressor(codec, level: level)
    var output = ByteBuffer()
    for start in stride(from: 0, to: bytes.count, by: chunk) {
        let piece = Array(bytes[start..<min(start + chunk, bytes.count)])
        try compressor.compress(unsafe piece.span.bytes, into: &output)
    }
    try compressor.end(into: &output)
    return output.bytes.copiedBytes()
}

/// Nil when the bytes end inside a frame.
private func decompress(
    _ bytes: [UInt8], _ codec: Codec, chunk: Int = 1000, limit: Int = 777
) throws(Fault) -> [UInt8]? {
    var decompressor = try Decompressor(codec)
    var output = ByteBuffer()
    var offset = 0
    while true {
        let piece = Array(bytes[offset..<min(offset + chunk, bytes.count)])
        let before = output.count
        let consumed = try decompressor.decompress(unsafe piece.span.bytes, limit: limit, into: &output)
        offset += consumed
        #expect(output.count - before <= limit)
        if consumed == 0, output.count == before { break }
        guard output.count < 1 << 24 else { return nil }
    }
    return decompressor.isAtEnd && offset == bytes.count ? output.bytes.copiedBytes() : nil
}

@Suite struct CompressionTests {
    @Test(arguments: Codec.allCases, [1, 7, 4096, 131_072, 1 << 20])
    func `what goes in comes out, however it is cut`(codec: Codec, chunk: Int) throws {
        let compressed = try compress(sample, codec, chunk: chunk)
        #expect(try decompress(compressed, codec, chunk: chunk) == sample)
        #expect(try decompress(compressed, codec, chunk: 5, limit: 3000) == sample)
    }

    @Test(arguments: Codec.allCases)
    func `the cuts leave no trace in the compressed bytes`(codec: Codec) throws {
        let whole = try compress(sample, codec, chunk: sample.count)
        for chunk in [1, 13, 5000, 131_072, 200_000] {
            #expect(try compress(sample, codec, chunk: chunk) == whole)
        }
    }

    @Test(arguments: Codec.allCases)
    func `nothing compresses to something that decompresses to nothing`(codec: Codec) throws {
        #expect(try decompress(try compress([], codec, chunk: 1), codec) == [])
    }

    @Test(arguments: [Codec.zstd, .gzip])
    func `frames that follow one another are one stream`(codec: Codec) throws {
        let first = Array(sample.prefix(5000))
        let two = try compress(first, codec, chunk: 100) + compress(sample, codec, chunk: 100)
        #expect(try decompress(two, codec) == first + sample)
        #expect(try decompress(two, codec, chunk: 1, limit: 1 << 20) == first + sample)
    }

    @Test(arguments: [Codec.zstd, .gzip])
    func `every truncation is seen`(codec: Codec) throws {
        let compressed = try compress(Array(sample.prefix(3000)), codec, chunk: 100)
        for count in 0..<compressed.count {
            let result = Result { try decompress(Array(compressed.prefix(count)), codec) }
            #expect(throws: Never.self) { if case .success(.some) = result { throw Fault(.bug, "cut at \(count)") } }
        }
    }

    @Test(arguments: [Codec.zstd, .gzip])
    func `no changed byte traps or is taken for something else than damage`(codec: Codec) throws {
        let original = Array(sample.prefix(600))
        let compressed = try compress(original, codec, chunk: 100)
        for index in compressed.indices {
            for flip: UInt8 in [0x01, 0x80, 0xff] {
                var damaged = compressed
                damaged[index] ^= flip
                do throws(Fault) {
                    let result = try decompress(damaged, codec)
                    // The gzip header has bytes that mean nothing for the content.
                    #expect(result == nil || result == original, "byte \(index)")
                } catch {
                    #expect(error.code == .exportBroken)
                }
            }
        }
    }

    @Test func `a frame that asks for a huge window is refused`() throws {
        // Magic number, no single segment, a window of 2^41 bytes, one raw last block of one byte.
        let bomb: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xf8, 0x09, 0x00, 0x00, 0x41]
        #expect { try decompress(bomb, .zstd) } throws: { ($0 as? Fault)?.code == .exportBroken }
    }

    @Test func `the gzip header tells neither time nor system`() throws {
        let compressed = try compress([1, 2, 3], .gzip, chunk: 1)
        #expect(Array(compressed.prefix(10)) == [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255])
    }

    @Test func `the end of a path tells its codec`() {
        #expect(Codec(path: "a/b.ndjson.zst") == .zstd)
        #expect(Codec(path: "a/b.ndjson.gz") == .gzip)
        #expect(Codec(path: "a/b.ndjson") == .none)
        #expect(Codec(path: "a.gz/b") == .none)
    }

    @Test func `a level that gzip does not know is refused`() {
        #expect { try compress([1], .gzip, chunk: 1, level: 77) } throws: {
            ($0 as? Fault)?.code == .settingInvalid
        }
    }
}
