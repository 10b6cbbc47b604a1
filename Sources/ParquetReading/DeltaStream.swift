// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import ParquetFormat

/// Reads integers that were written as packed differences, one by one.
struct DeltaStream {
    private static let partCount = 32
    private static let partsInBlock = 4

    /// How many integers there are.
    let count: Int
    private let is32Bits: Bool
    private var taken = 0
    private var last: Int64
    private var least: Int64 = 0
    /// Where the packed numbers of the current part end, and the next part or block begins.
    private var partOffset: Int
    private var widths = InlineArray<4, Int>(repeating: 0)
    /// How many differences of the current block were taken.
    private var index: Int

    /// Reads the header at `offset`.
    init(_ bytes: RawSpan, at offset: Int, is32Bits: Bool) throws(WireFault) {
        guard offset <= bytes.byteCount else { throw WireFault(.truncated, at: offset) }
        var reader = ByteReader(bytes.extracting(droppingFirst: offset))
        let block = try reader.readVarint()
        let parts = try reader.readVarint()
        guard block == UInt64(Self.partCount * Self.partsInBlock), parts == UInt64(Self.partsInBlock) else {
            throw WireFault(.malformed, at: offset)
        }
        guard let count = Int32(exactly: try reader.readVarint()) else { throw WireFault(.malformed, at: offset) }
        self.count = Int(count)
        self.is32Bits = is32Bits
        last = try reader.readZigzag()
        partOffset = offset + reader.offset
        index = Self.partCount * Self.partsInBlock
    }

    /// The next integer.
    @inline(__always)
    mutating func next(_ bytes: RawSpan) throws(WireFault) -> Int64 {
        guard taken < count else { throw WireFault(.truncated, at: partOffset) }
        taken += 1
        if taken == 1 { return last }
        if index == Self.partCount * Self.partsInBlock { try beginBlock(bytes) }
        let part = index / Self.partCount
        if index % Self.partCount == 0 { try beginPart(bytes, part) }
        let width = widths[part]
        let bit = (partOffset - 4 * width) * 8 + index % Self.partCount * width
        let delta = least &+ Int64(bitPattern: bytes.packedNumber(bit: bit, width: width))
        index += 1
        last = last &+ delta
        if is32Bits { last = Int64(Int32(truncatingIfNeeded: last)) }
        return last
    }

    /// Where what follows the integers begins.
    func end(_ bytes: RawSpan) throws(WireFault) -> Int {
        var walk = self
        var rest = count - 1
        while rest > 0 {
            try walk.beginBlock(bytes)
            for part in 0..<Self.partsInBlock where part * Self.partCount < rest { try walk.beginPart(bytes, part) }
            rest -= Self.partCount * Self.partsInBlock
        }
        return walk.partOffset
    }

    private mutating func beginBlock(_ bytes: RawSpan) throws(WireFault) {
        let start = partOffset
        guard start <= bytes.byteCount else { throw WireFault(.truncated, at: start) }
        var reader = ByteReader(bytes.extracting(droppingFirst: start))
        least = try reader.readZigzag()
        for part in 0..<Self.partsInBlock {
            widths[part] = Int(try reader.readByte())
            guard widths[part] <= (is32Bits ? 32 : 64) else { throw WireFault(.malformed, at: start) }
        }
        partOffset = start + reader.offset
        index = 0
    }

    private mutating func beginPart(_ bytes: RawSpan, _ part: Int) throws(WireFault) {
        guard partOffset + 4 * widths[part] <= bytes.byteCount else { throw WireFault(.truncated, at: partOffset) }
        partOffset += 4 * widths[part]
    }
}

extension ByteReader {
    /// Reads a signed integer, small magnitudes in few bytes.
    @_lifetime(self: copy self)
    mutating func readZigzag() throws(WireFault) -> Int64 {
        let value = try readVarint()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }
}
