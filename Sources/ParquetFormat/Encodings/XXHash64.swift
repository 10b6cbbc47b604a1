// SPDX-License-Identifier: Apache-2.0

internal import Bytes

private let prime1: UInt64 = 0x9e37_79b1_85eb_ca87
private let prime2: UInt64 = 0xc2b2_ae3d_27d4_eb4f
private let prime3: UInt64 = 0x1656_67b1_9e37_79f9
private let prime4: UInt64 = 0x85eb_ca77_c2b2_ae63
private let prime5: UInt64 = 0x27d4_eb2f_1656_67c5

/// The XXH64 hash of `bytes` with the seed 0.
package func xxHash64(_ bytes: RawSpan) -> UInt64 {
    var index = 0
    var hash = prime5
    if bytes.byteCount >= 32 {
        var lanes = [prime1 &+ prime2, prime2, 0, 0 &- prime1] as InlineArray<4, UInt64>
        while index + 32 <= bytes.byteCount {
            for lane in 0..<4 { lanes[lane] = round(lanes[lane], bytes.littleEndianWord(at: index + 8 * lane)) }
            index += 32
        }
        hash = lanes[0].rotated(1) &+ lanes[1].rotated(7) &+ lanes[2].rotated(12) &+ lanes[3].rotated(18)
        for lane in 0..<4 { hash = (hash ^ round(0, lanes[lane])) &* prime1 &+ prime4 }
    }
    hash &+= UInt64(bytes.byteCount)
    return finish(hash, bytes, from: index)
}

private func finish(_ start: UInt64, _ bytes: RawSpan, from first: Int) -> UInt64 {
    var (hash, index) = (start, first)
    while index + 8 <= bytes.byteCount {
        hash = (hash ^ round(0, bytes.littleEndianWord(at: index))).rotated(27) &* prime1 &+ prime4
        index += 8
    }
    if index + 4 <= bytes.byteCount {
        let half = UInt64(bytes.littleEndianHalfWord(at: index))
        hash = (hash ^ half &* prime1).rotated(23) &* prime2 &+ prime3
        index += 4
    }
    while index < bytes.byteCount {
        hash = (hash ^ UInt64(bytes[index]) &* prime5).rotated(11) &* prime1
        index += 1
    }
    hash = (hash ^ hash >> 33) &* prime2
    hash = (hash ^ hash >> 29) &* prime3
    return hash ^ hash >> 32
}

private func round(_ lane: UInt64, _ word: UInt64) -> UInt64 {
    (lane &+ word &* prime2).rotated(31) &* prime1
}

extension UInt64 {
    fileprivate func rotated(_ bits: UInt64) -> UInt64 { self << bits | self >> (64 - bits) }
}
