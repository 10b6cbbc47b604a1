// SPDX-License-Identifier: Apache-2.0

internal import Bytes

/// The valid values of a column, found by a hash of their bytes; numbers by what they are, however they are spelled.
struct ValidValues {
    /// How values are told from each other.
    enum Kind {
        case number
        case text
    }

    private let kind: Kind
    private var values: [[UInt8]] = []
    /// For each hash, the place in `values`; -1 where there is none. At least half of them are free.
    private var slots: [Int32]
    private let mask: Int
    /// How long the longest text is, so that no longer one is hashed.
    private let longest: Int

    /// Makes a set; what is no number is no valid one.
    init(_ values: [[UInt8]], _ kind: Kind) {
        self.kind = kind
        var capacity = 4
        while capacity < values.count * 2 { capacity *= 2 }
        mask = capacity - 1
        longest = values.map(\.count).max() ?? 0
        slots = Array(repeating: -1, count: capacity)
        for value in values { value.withRawSpan { insert($0, value) } }
    }

    private mutating func insert(_ text: RawSpan, _ value: [UInt8]) {
        guard let found = slot(of: text), slots[found] < 0 else { return }
        slots[found] = Int32(values.count)
        values.append(value)
    }

    /// Whether `value` is one of them.
    func contains(_ value: RawSpan) -> Bool {
        slot(of: value).map { slots[$0] >= 0 } ?? false
    }

    /// Where `value` is, or would have to be; nil when it can be nowhere.
    private func slot(of value: RawSpan) -> Int? {
        switch kind {
        case .text:
            guard value.byteCount <= longest else { return nil }
            return slot(value.mixedHash) { value.holds($0) }
        case .number:
            guard let number = NumberText(value) else { return nil }
            return slot(number.hashWord) { $0.withRawSpan { NumberText($0)?.compared(to: number) == 0 } }
        }
    }

    private func slot(_ hash: UInt64, _ isSame: ([UInt8]) -> Bool) -> Int {
        var index = Int(truncatingIfNeeded: hash) & mask
        while slots[index] >= 0, !isSame(values[Int(slots[index])]) { index = (index + 1) & mask }
        return index
    }
}

/// A hash of bytes that is quick for few of them (FNV-1a).
struct ByteHash {
    /// What has been made of the bytes, the high bits brought down.
    var word: UInt64 { state ^ state >> 32 }
    private var state: UInt64 = 0xcbf2_9ce4_8422_2325

    /// Adds a byte.
    mutating func add(_ byte: UInt8) { state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
}
