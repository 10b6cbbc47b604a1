// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import Compression
import Export
import Faults
import Testing

@testable import ParquetFormat
@testable import ParquetReading

@Suite("Encodings of Parquet")
struct EncodingTests {
    /// Numbers that look like chance, the same in every run.
    private static func chance(_ count: Int, bits: Int) -> [UInt64] {
        var state: UInt64 = UInt64(bits) &* 0x9e37_79b9_7f4a_7c15 &+ 1
        return (0..<count).map { _ in
            state = mixed(state &+ 0x1234_5678_9abc_def1)
            return bits == 64 ? state : state & ((1 << UInt64(bits)) - 1)
        }
    }

    @Test("the example of the format for packed bits: 0 to 7 in three bits")
    func packedExample() {
        var output = ByteBuffer()
        output.appendPacked(width: 3, count: 8) { UInt64($0) }
        #expect(output.bytes.copiedBytes() == [0b1000_1000, 0b1100_0110, 0b1111_1010])
    }

    @Test("runs and packed bits read back", arguments: [1, 2, 3, 5, 8, 13, 20, 31, 32])
    func hybrid(width: Int) throws {
        for count in [1, 7, 8, 9, 63, 64, 100, 1000] {
            var numbers = Self.chance(count, bits: width)
            for start in stride(from: 0, to: count, by: 90) {
                for index in start..<min(start + 37, count) { numbers[index] = numbers[start] }
            }
            var output = ByteBuffer()
            output.appendHybrid(width: width, count: count) { numbers[$0] }
            var stream = HybridStream(0..<output.count, width: width)
            for number in numbers { #expect(try stream.next(output.bytes) == number) }
        }
    }

    @Test("a long run takes a few bytes")
    func longRun() {
        var output = ByteBuffer()
        output.appendHybrid(width: 1, count: 100_000) { _ in 1 }
        #expect(output.count == 4)
    }

    @Test("differences read back, and end where they end", arguments: [0, 1, 2, 32, 33, 128, 129, 130, 1000])
    func deltas(count: Int) throws {
        for bits in [0, 1, 7, 31, 32, 33, 63, 64] {
            for width in [DeltaWidth.bits32, .bits64] {
                let numbers = Self.chance(count, bits: bits).map { word in
                    width == .bits32 ? Int64(Int32(truncatingIfNeeded: word)) : Int64(bitPattern: word)
                }
                var output = ByteBuffer()
                output.appendDeltas(width, count: count) { numbers[$0] }
                let end = output.count
                output.append("rest")
                var stream = try DeltaStream(output.bytes, at: 0, is32Bits: width == .bits32)
                #expect(stream.count == count)
                #expect(try stream.end(output.bytes) == end)
                for number in numbers { #expect(try stream.next(output.bytes) == number) }
                #expect(throws: WireFault.self) { _ = try stream.next(output.bytes) }
            }
        }
    }

    @Test("the example of the format for differences: 1 to 5")
    func deltaExample() {
        var output = ByteBuffer()
        output.appendDeltas(.bits32, count: 5) { Int64($0 + 1) }
        #expect(output.bytes.copiedBytes() == [128, 1, 4, 5, 2, 2, 0, 0, 0, 0])
    }

    @Test("a filter finds what was put in, and little else")
    func bloomFilter() {
        var filter = BloomFilter(valueCount: 1000)
        func hash(_ number: Int) -> UInt64 { Array("key \(number)".utf8).withRawSpan { xxHash64($0) } }
        for number in 0..<1000 { filter.insert(hash(number)) }
        #expect((0..<1000).allSatisfy { filter.contains(hash($0)) })
        #expect((1000..<11_000).filter { filter.contains(hash($0)) }.count < 200)
    }

    @Test("XXH64 of known texts")
    func xxHash() {
        func hash(_ text: String) -> UInt64 { Array(text.utf8).withRawSpan { xxHash64($0) } }
        #expect(hash("") == 0xef46_db37_51d8_e999)
        #expect(hash("a") == 0xd24e_c4f1_a98c_6e5b)
        #expect(hash("abc") == 0x44bc_2cf5_ad77_0999)
        #expect(hash("The quick brown fox jumps over the lazy dog") == 0x0b24_2d36_1fda_71bc)
    }

    @Test("Base64 reads back")
    func base64() {
        for count in 0..<20 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 200) }
            var output = ByteBuffer()
            bytes.withRawSpan { output.appendBase64($0) }
            #expect(output.bytes.copiedBytes().base64Decoded == bytes)
        }
        #expect(Array("a".utf8).base64Decoded == nil && Array("a===".utf8).base64Decoded == nil)
    }

    @Test("blocks of every codec read back, and damaged ones are faults", arguments: PageCodec.allCases)
    func blocks(codec: PageCodec) throws {
        let block = (0..<5000).map { UInt8(truncatingIfNeeded: $0 / 7 &* $0) }
        var compressor = try BlockCompressor(codec)
        let decompressor = BlockDecompressor(codec)
        for length in [0, 1, 5000] {
            var compressed = ByteBuffer()
            try Array(block[..<length]).withRawSpan { (span: RawSpan) throws(Fault) in
                try compressor.compress(span, into: &compressed)
            }
            var output = ByteBuffer()
            try decompressor.decompress(compressed.bytes, byteCount: length, into: &output)
            #expect(output.bytes.copiedBytes() == Array(block[..<length]))
            let bytes = compressed.bytes.copiedBytes()
            for end in 0..<bytes.count where codec != .none {
                #expect(throws: Fault.self) {
                    try Array(bytes[..<end]).withRawSpan { (span: RawSpan) throws(Fault) in
                        try decompressor.decompress(span, byteCount: length, into: &output)
                    }
                }
            }
            #expect(throws: Fault.self) {
                try decompressor.decompress(compressed.bytes, byteCount: length + 1, into: &output)
            }
        }
    }
}
