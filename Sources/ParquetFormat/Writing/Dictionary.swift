// SPDX-License-Identifier: Apache-2.0

internal import Bytes

/// The different values of a leaf, and for each value the number of the one that it is.
struct ValueDictionary: ~Copyable {
    /// For each different value, the index of the first that is it, 32 bits each.
    private(set) var firsts = ByteBuffer(capacity: 1 << 12)
    /// For each value its number, 32 bits each.
    private(set) var numbers: ByteBuffer
    /// How many bytes the different values take in the plain encoding.
    private(set) var byteCount = 0

    /// What a dictionary may take.
    static let byteLimit = 1 << 20

    /// How many different values.
    var count: Int { firsts.count / 4 }
    /// How many bits a number takes, at least one.
    var width: Int { max(1, bitWidth(of: UInt64(max(count, 1) - 1))) }

    /// Looks through all values; nil as soon as a dictionary does not pay, because most values differ, or is too large.
    static func make(_ builder: borrowing LeafBuilder) -> ValueDictionary? {
        guard builder.valueCount > 1, builder.form.type != .boolean else { return nil }
        var dictionary = ValueDictionary(valueCount: builder.valueCount)
        let isWhole =
            builder.form.width > 0 && builder.form.width <= 8
            ? dictionary.takeIntegers(builder) : dictionary.takeBytes(builder)
        guard isWhole else { return nil }
        return dictionary
    }

    private var slots: [UInt32]
    private var hashes: [UInt64] = []

    /// Holds nothing.
    init() {
        self.init(valueCount: 0)
    }

    private init(valueCount: Int) {
        numbers = ByteBuffer(capacity: 4 * valueCount)
        slots = [UInt32](repeating: 0, count: 1 << 10)
    }

    /// Whether values differ so much that it is not worth going on at `index`.
    @inline(__always)
    private func isHopeless(_ index: Int) -> Bool {
        index & 0x7ff == 0 && index > 0 && 2 * count > index || byteCount > Self.byteLimit
    }

    private mutating func takeIntegers(_ builder: borrowing LeafBuilder) -> Bool {
        var known = ByteBuffer(capacity: 1 << 12)
        for index in 0..<builder.valueCount {
            let value = UInt64(bitPattern: builder.integer(index))
            let hash = mixed(value)
            var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
            var number = slots[slot]
            while number > 0, known.bytes.littleEndianWord(at: 8 * Int(number - 1)) != value {
                slot = (slot + 1) & (slots.count - 1)
                number = slots[slot]
            }
            if number == 0 {
                if isHopeless(index) { return false }
                known.appendLittleEndianWord(value)
                number = add(index, hash, at: slot, byteCount: builder.form.width)
            }
            numbers.appendLittleEndian(number - 1)
        }
        return true
    }

    private mutating func takeBytes(_ builder: borrowing LeafBuilder) -> Bool {
        let bytes = builder.values.bytes
        for index in 0..<builder.valueCount {
            let value = bytes.extracting(builder.range(ofValue: index))
            let hash = value.mixedHash
            var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
            var number = slots[slot]
            while number > 0, !isEqual(value, number - 1, builder) {
                slot = (slot + 1) & (slots.count - 1)
                number = slots[slot]
            }
            if number == 0 {
                if isHopeless(index) { return false }
                number = add(index, hash, at: slot, byteCount: value.byteCount + (builder.form.width == 0 ? 4 : 0))
            }
            numbers.appendLittleEndian(number - 1)
        }
        return true
    }

    @inline(__always)
    private func isEqual(_ value: RawSpan, _ number: UInt32, _ builder: borrowing LeafBuilder) -> Bool {
        let first = Int(firsts.bytes.littleEndianHalfWord(at: 4 * Int(number)))
        let other = builder.values.bytes.extracting(builder.range(ofValue: first))
        return value.byteCount == other.byteCount && value.commonPrefixLength(with: other) == value.byteCount
    }

    private mutating func add(_ index: Int, _ hash: UInt64, at slot: Int, byteCount: Int) -> UInt32 {
        firsts.appendLittleEndian(UInt32(truncatingIfNeeded: index))
        self.byteCount += byteCount
        let number = UInt32(truncatingIfNeeded: count)
        slots[slot] = number
        hashes.append(hash)
        if 2 * hashes.count > slots.count { Self.fill(&slots, hashes) }
        return number
    }

    /// Spreads the numbers over four times as many slots.
    private static func fill(_ slots: inout [UInt32], _ hashes: [UInt64]) {
        slots = [UInt32](repeating: 0, count: 4 * slots.count)
        for number in hashes.indices {
            var slot = Int(truncatingIfNeeded: hashes[number]) & (slots.count - 1)
            while slots[slot] > 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = UInt32(truncatingIfNeeded: number + 1)
        }
    }

    /// The index of the first value that is the different value `number`.
    func first(_ number: Int) -> Int { Int(firsts.bytes.littleEndianHalfWord(at: 4 * number)) }
    /// The number of value `index`.
    @inline(__always)
    func number(_ index: Int) -> UInt64 { UInt64(numbers.bytes.littleEndianHalfWord(at: 4 * index)) }
}
