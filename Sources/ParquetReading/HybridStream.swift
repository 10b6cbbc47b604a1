// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import ParquetFormat

/// Reads numbers that were written as runs and packed bits, one by one: a run of any length takes no memory.
struct HybridStream {
    private let width: Int
    private let end: Int
    private var offset: Int
    /// How many numbers of the current run are left.
    private var left = 0
    /// The number of the run; nil while numbers are packed.
    private var repeated: UInt64?
    /// Where the next packed number begins, in bits.
    private var bit = 0

    /// Begins at the first byte of `range`; numbers have `width` bits.
    init(_ range: Range<Int>, width: Int) {
        self.width = width
        offset = range.lowerBound
        end = range.upperBound
    }

    /// The next number.
    @inline(__always)
    mutating func next(_ bytes: RawSpan) throws(WireFault) -> UInt64 {
        if left == 0 { try beginRun(bytes) }
        left -= 1
        if let repeated { return repeated }
        let value = bytes.packedNumber(bit: bit, width: width)
        bit += width
        return value
    }

    private mutating func beginRun(_ bytes: RawSpan) throws(WireFault) {
        guard offset < end, end <= bytes.byteCount else { throw WireFault(.truncated, at: offset) }
        var reader = ByteReader(bytes.extracting(offset..<end))
        let header = try reader.readVarint()
        let count = header >> 1
        guard count > 0, count <= UInt64(Int32.max) else { throw WireFault(.malformed, at: offset) }
        if header & 1 == 1 {
            let start = offset + reader.offset
            _ = try reader.readBytes(Int(count) * width)
            (repeated, bit, left) = (nil, start * 8, Int(count) * 8)
        } else {
            var value: UInt64 = 0
            for index in 0..<(width + 7) / 8 { value |= UInt64(try reader.readByte()) << UInt64(8 * index) }
            (repeated, left) = (value, Int(count))
        }
        offset += reader.offset
    }
}

extension RawSpan {
    /// The number of `width` bits that begins at `bit`; the caller has checked that its bytes are there.
    @inline(__always)
    func packedNumber(bit: Int, width: Int) -> UInt64 {
        let first = bit / 8
        let shift = bit % 8
        if first + 16 <= byteCount {
            let low = littleEndianWord(at: first) >> UInt64(shift)
            let high = shift == 0 ? 0 : littleEndianWord(at: first + 8) << UInt64(64 - shift)
            return (low | high) & (width == 64 ? .max : (1 << UInt64(width)) - 1)
        }
        var value: UInt64 = 0
        for index in 0..<width {
            let place = bit + index
            value |= UInt64(self[place / 8] >> UInt8(place % 8) & 1) << UInt64(index)
        }
        return value
    }
}
