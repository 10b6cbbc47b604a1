// SPDX-License-Identifier: Apache-2.0

internal import Bytes

extension ByteBuffer {
    /// Appends `count` numbers of `width` bits each, the lowest bit first, and zero bits up to the next whole byte.
    @inline(__always)
    mutating func appendPacked(width: Int, count: Int, _ number: (Int) -> UInt64) {
        guard width > 0 else { return }
        reserve(count * width / 8 + 16)
        var word: UInt64 = 0
        var filled = 0
        for index in 0..<count {
            let value = number(index)
            word |= value << UInt64(filled)
            filled += width
            if filled >= 64 {
                appendLittleEndianWord(word)
                filled -= 64
                word = value >> UInt64(width - filled)
            }
        }
        while filled > 0 {
            append(UInt8(truncatingIfNeeded: word))
            word >>= 8
            filled -= 8
        }
    }
}

/// How many bits the numbers up to `greatest` need.
@inline(__always)
package func bitWidth(of greatest: UInt64) -> Int { 64 - greatest.leadingZeroBitCount }
