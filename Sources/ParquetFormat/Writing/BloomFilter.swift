// SPDX-License-Identifier: Apache-2.0

internal import Bytes

/// A split-block bloom filter: whether a value can be in a chunk (the format's `BloomFilter.md`).
package struct BloomFilter: Sendable {
    private static let salts: [UInt32] = [
        0x47b6_137b, 0x4497_4d91, 0x8824_ad5b, 0xa2b7_289d, 0x7054_95c7, 0x2df1_424b, 0x9efc_4947, 0x5c6b_fb31,
    ]
    /// Filters are not larger than this; beyond it they let more through.
    private static let byteLimit = 1 << 20

    /// Blocks of eight words.
    private var words: [UInt32]

    /// Makes an empty filter in which one in a hundred of other values passes when it holds `valueCount`.
    package init(valueCount: Int) {
        var byteCount = 32
        // Ten and a half bits a value.
        while byteCount < Self.byteLimit, byteCount * 8 < valueCount * 21 / 2 { byteCount *= 2 }
        words = [UInt32](repeating: 0, count: byteCount / 4)
    }

    /// Takes in a value by its hash.
    package mutating func insert(_ hash: UInt64) {
        let block = block(hash)
        for index in 0..<8 { words[block + index] |= Self.bit(hash, index) }
    }

    /// Whether a value of this hash can have been taken in.
    package func contains(_ hash: UInt64) -> Bool {
        let block = block(hash)
        return (0..<8).allSatisfy { words[block + $0] & Self.bit(hash, $0) != 0 }
    }

    private func block(_ hash: UInt64) -> Int {
        Int(((hash >> 32) * UInt64(words.count / 8)) >> 32) * 8
    }

    private static func bit(_ hash: UInt64, _ index: Int) -> UInt32 {
        1 << ((UInt32(truncatingIfNeeded: hash) &* salts[index]) >> 27)
    }

    /// The filter of all values of a leaf.
    static func make(_ builder: borrowing LeafBuilder) -> BloomFilter {
        var filter = BloomFilter(valueCount: builder.valueCount)
        let values = builder.values.bytes
        for index in 0..<builder.valueCount {
            filter.insert(xxHash64(values.extracting(builder.range(ofValue: index))))
        }
        return filter
    }

    /// Header and bits as they stand in the file.
    var bytes: [UInt8] {
        var writer = ThriftWriter()
        writer.field(1, Int32(words.count * 4))
        // Split blocks, hashed by XXH64, not compressed.
        for id: Int16 in 2...4 { writer.structure(id) { union in union.structure(1) { _ in } } }
        writer.end()
        for word in words { writer.output.appendLittleEndian(word) }
        return writer.output.bytes.copiedBytes()
    }
}
