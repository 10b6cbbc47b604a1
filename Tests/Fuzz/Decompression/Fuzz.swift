// SPDX-License-Identifier: Apache-2.0

import Bytes
import Compression
import Faults

/// Any bytes as compressed ones, at once and in pieces: what both read must be the same. zstd finds a frame that lies
/// about its size in one of the two ways only; the digest of the file finds it before. And whatever is compressed comes
/// out again, either way.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    let cut = bytes.first.map { Int($0) * bytes.count / 256 } ?? 0
    for codec in Codec.allCases {
        let (whole, pieces) = (decompressed([bytes[...]], codec), decompressed([bytes[..<cut], bytes[cut...]], codec))
        guard whole == nil || pieces == nil || whole == pieces || holdsOldFrame(bytes) else {
            fatalError("\(codec): pieces are not the whole")
        }
        let packed = compressed(bytes, codec)
        let half = packed.count / 2
        guard decompressed([packed[...]], codec) == bytes,
            decompressed([packed[..<half], packed[half...]], codec) == bytes
        else { fatalError("\(codec): lost bytes") }
    }
    return 0
}

/// Whether a frame of an old version of zstd may begin somewhere: the library reads some of these in another way when
/// they come in pieces. kedge writes none.
private func holdsOldFrame(_ bytes: [UInt8]) -> Bool {
    guard bytes.count > 3 else { return false }
    return (0..<bytes.count - 3).contains { bytes[$0] < 0x28 && Array(bytes[$0 + 1...$0 + 3]) == [0xb5, 0x2f, 0xfd] }
}

/// What the pieces hold, up to a bound; nil when they are damaged or incomplete.
private func decompressed(_ pieces: [ArraySlice<UInt8>], _ codec: Codec) -> [UInt8]? {
    do throws(Fault) {
        var decompressor = try Decompressor(codec)
        var output = ByteBuffer()
        for piece in pieces {
            var offset = piece.startIndex
            while true {
                let before = output.count
                offset += try Array(piece[offset...]).withRawSpan { (span: RawSpan) throws(Fault) in
                    try decompressor.decompress(span, limit: 1 << 16, into: &output)
                }
                if output.count > 1 << 22 { return [] }
                if offset == piece.endIndex, output.count - before < 1 << 16 { break }
                if output.count == before, offset < piece.endIndex { return nil }
            }
        }
        return decompressor.isAtEnd ? output.bytes.copiedBytes() : nil
    } catch {
        guard error.code == .exportBroken else { fatalError("\(error)") }
        return nil
    }
}

private func compressed(_ bytes: [UInt8], _ codec: Codec) -> [UInt8] {
    do throws(Fault) {
        var compressor = try Compressor(codec)
        var output = ByteBuffer()
        try bytes.withRawSpan { (span: RawSpan) throws(Fault) in try compressor.compress(span, into: &output) }
        try compressor.end(into: &output)
        return output.bytes.copiedBytes()
    } catch { fatalError("\(error)") }
}
