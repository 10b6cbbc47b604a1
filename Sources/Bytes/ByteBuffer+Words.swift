// SPDX-License-Identifier: Apache-2.0

extension ByteBuffer {
    /// Appends a 64-bit little-endian integer.
    @inlinable
    @inline(__always)
    public mutating func appendLittleEndianWord(_ value: UInt64) {
        reserve(8)
        // SAFETY: `reserve` made room for the eight bytes.
        unsafe base.storeBytes(of: value.littleEndian, toByteOffset: written, as: UInt64.self)
        written += 8
    }

    /// Appends `byte` `count` times.
    @inlinable
    public mutating func append(repeating byte: UInt8, count: Int) {
        guard count > 0 else { return }
        reserve(count)
        // SAFETY: `reserve` made room for as many bytes.
        unsafe (base + written).initializeMemory(as: UInt8.self, repeating: byte, count: count)
        written += count
    }
}

extension RawSpan {
    /// Where the bytes stand against those of `other` in unsigned byte order: negative before, 0 equal, positive after.
    @inlinable
    public func order(against other: RawSpan) -> Int {
        let common = min(byteCount, other.byteCount)
        var index = 0
        while index + 8 <= common {
            let mine = littleEndianWord(at: index)
            let theirs = other.littleEndianWord(at: index)
            if mine != theirs { return mine.byteSwapped < theirs.byteSwapped ? -1 : 1 }
            index += 8
        }
        while index < common {
            if self[index] != other[index] { return self[index] < other[index] ? -1 : 1 }
            index += 1
        }
        return byteCount - other.byteCount
    }

    /// How many bytes at the beginning are those of `other`.
    @inlinable
    public func commonPrefixLength(with other: RawSpan) -> Int {
        let common = min(byteCount, other.byteCount)
        var index = 0
        while index + 8 <= common {
            let difference = littleEndianWord(at: index) ^ other.littleEndianWord(at: index)
            if difference != 0 { return index + difference.trailingZeroBitCount >> 3 }
            index += 8
        }
        if index < common, common >= 8 {
            // The last eight bytes, of which the first are known to be the same.
            let difference = littleEndianWord(at: common - 8) ^ other.littleEndianWord(at: common - 8)
            return difference == 0 ? common : common - 8 + difference.trailingZeroBitCount >> 3
        }
        while index < common, self[index] == other[index] { index += 1 }
        return index
    }

    /// A number that equal bytes share, well mixed; the same in every run, and not for anything that is stored.
    @inlinable
    public var mixedHash: UInt64 {
        var state = UInt64(truncatingIfNeeded: byteCount) &* 0x9e37_79b9_7f4a_7c15
        var index = 0
        while index + 8 <= byteCount {
            state = mixed(state ^ littleEndianWord(at: index))
            index += 8
        }
        guard index < byteCount else { return state }
        if byteCount >= 8 { return mixed(state ^ littleEndianWord(at: byteCount - 8)) }
        var rest: UInt64 = 0
        while index < byteCount {
            rest = rest << 8 | UInt64(self[index])
            index += 1
        }
        return mixed(state ^ rest)
    }
}

/// Spreads the bits of `word` over all 64, through the two halves of a product.
@inlinable
@inline(__always)
public func mixed(_ word: UInt64) -> UInt64 {
    let product = (word ^ 0xa076_1d64_78bd_642f).multipliedFullWidth(by: 0xe703_7ed1_a0b4_28db)
    return product.high ^ product.low
}
