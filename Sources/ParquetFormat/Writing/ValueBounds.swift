// SPDX-License-Identifier: Apache-2.0

internal import Bytes

/// Which values of a leaf are the least and the greatest.
struct ValueBounds {
    var least: Int
    var greatest: Int
}

extension LeafBuilder {
    /// The bounds of the values in `range`; nil where there is none that compares.
    func bounds(_ range: Range<Int>) -> ValueBounds? {
        guard let first = range.first else { return nil }
        switch form.order {
        case .signed32, .signed64, .boolean: return integerBounds(range, first)
        case .bytes: return byteBounds(range, first)
        case .float32, .float64, .fixedBytes, .signedBytes:
            var bounds: ValueBounds?
            for index in range where !isNaN(index) {
                bounds = merged(bounds, ValueBounds(least: index, greatest: index))
            }
            return bounds
        }
    }

    /// The bounds of both.
    func merged(_ lhs: ValueBounds?, _ rhs: ValueBounds?) -> ValueBounds? {
        guard let lhs else { return rhs }
        guard let rhs else { return lhs }
        return ValueBounds(
            least: order(rhs.least, lhs.least) < 0 ? rhs.least : lhs.least,
            greatest: order(rhs.greatest, lhs.greatest) > 0 ? rhs.greatest : lhs.greatest)
    }

    private func integerBounds(_ range: Range<Int>, _ first: Int) -> ValueBounds {
        var bounds = ValueBounds(least: first, greatest: first)
        var (least, greatest) = (number(first), number(first))
        for index in range {
            let value = number(index)
            if value < least {
                least = value
                bounds.least = index
            } else if value > greatest {
                greatest = value
                bounds.greatest = index
            }
        }
        return bounds
    }

    @inline(__always)
    private func number(_ index: Int) -> Int64 {
        form.width == 1 ? Int64(values.bytes[index]) : integer(index)
    }

    /// Compares sixteen bytes first, and only where they are the same the rest.
    private func byteBounds(_ range: Range<Int>, _ first: Int) -> ValueBounds {
        if isAscending { return ValueBounds(least: first, greatest: range.upperBound - 1) }
        var bounds = ValueBounds(least: first, greatest: first)
        var least = head(self.range(ofValue: first))
        var greatest = least
        // While the bounds are one value of no more than a head, a value with the same head and length is that value.
        var only = self.range(ofValue: first).count
        for index in range {
            let place = self.range(ofValue: index)
            let value = head(place)
            if value == least, place.count == only, only <= Self.headByteCount { continue }
            only = .max
            if value < least || value == least && order(index, bounds.least) < 0 {
                least = value
                bounds.least = index
            }
            if value > greatest || value == greatest && order(index, bounds.greatest) > 0 {
                greatest = value
                bounds.greatest = index
            }
        }
        return bounds
    }

    /// How many bytes of a value are compared at once.
    private static var headByteCount: Int { 16 }

    /// The first bytes of the value at `range` as numbers that compare like them.
    @inline(__always)
    private func head(_ range: Range<Int>) -> (UInt64, UInt64) {
        (word(range, 0), word(range, 8))
    }

    /// Eight bytes of a value as a number, with zeros behind its end.
    @inline(__always)
    private func word(_ range: Range<Int>, _ offset: Int) -> UInt64 {
        let (start, count) = (range.lowerBound + offset, range.count - offset)
        guard count > 0 else { return 0 }
        let values = values.bytes
        if start + 8 <= values.byteCount {
            let word = values.littleEndianWord(at: start).byteSwapped
            return count >= 8 ? word : word & ~(UInt64.max >> UInt64(8 * count))
        }
        var word: UInt64 = 0
        for place in 0..<8 { word = word << 8 | (place < count ? UInt64(values[start + place]) : 0) }
        return word
    }

    private func isNaN(_ index: Int) -> Bool {
        switch form.order {
        case .float32: Float(bitPattern: values.bytes.littleEndianHalfWord(at: 4 * index)).isNaN
        case .float64: Double(bitPattern: values.bytes.littleEndianWord(at: 8 * index)).isNaN
        default: false
        }
    }

    /// Where value `lhs` stands against value `rhs`.
    func order(_ lhs: Int, _ rhs: Int) -> Int {
        let bytes = values.bytes
        switch form.order {
        case .boolean: return Int(bytes[lhs]) - Int(bytes[rhs])
        case .signed32, .signed64: return integer(lhs) < integer(rhs) ? -1 : integer(lhs) > integer(rhs) ? 1 : 0
        case .float32:
            let (left, right) = (bytes.littleEndianHalfWord(at: 4 * lhs), bytes.littleEndianHalfWord(at: 4 * rhs))
            return Self.order(Double(Float(bitPattern: left)), Double(Float(bitPattern: right)))
        case .float64:
            let (left, right) = (bytes.littleEndianWord(at: 8 * lhs), bytes.littleEndianWord(at: 8 * rhs))
            return Self.order(Double(bitPattern: left), Double(bitPattern: right))
        case .bytes, .fixedBytes:
            return bytes.extracting(range(ofValue: lhs)).order(against: bytes.extracting(range(ofValue: rhs)))
        case .signedBytes:
            let (left, right) = (bytes.extracting(range(ofValue: lhs)), bytes.extracting(range(ofValue: rhs)))
            // The sign stands in the highest bit.
            let signs = (left[0] >> 7, right[0] >> 7)
            return signs.0 == signs.1 ? left.order(against: right) : signs.0 > signs.1 ? -1 : 1
        }
    }

    private static func order(_ lhs: Double, _ rhs: Double) -> Int { lhs < rhs ? -1 : lhs > rhs ? 1 : 0 }

    /// The bounds as the file has them.
    func statistics(_ bounds: ValueBounds?, nullCount: Int) -> Statistics {
        guard let bounds else { return Statistics(nullCount: Int64(nullCount), least: nil, greatest: nil) }
        return Statistics(
            nullCount: Int64(nullCount), least: Bound(least: plain(bounds.least), form, zeroSign: .minus),
            greatest: Bound(greatest: plain(bounds.greatest), form, zeroSign: .plus))
    }

    /// The bytes of a value, no more than it takes to see that they are many.
    private func plain(_ index: Int) -> [UInt8] {
        let range = range(ofValue: index)
        let limit = form.width == 0 ? Bound.byteLimit + 1 : form.width
        return values.bytes.extracting(range.lowerBound..<min(range.upperBound, range.lowerBound + limit)).copiedBytes()
    }
}

extension Bound {
    /// How many bytes of a value of any length stand in a bound.
    static let byteLimit = 64

    /// The least value: cut where it is long, which makes it less.
    init?(least bytes: [UInt8], _ form: LeafForm, zeroSign: FloatingPointSign) {
        self.init(bytes: Self.signed(bytes, form, zeroSign), isExact: true)
        guard form.width == 0, bytes.count > Self.byteLimit else { return }
        self.bytes = Self.cut(bytes, isText: form.annotation != nil)
        isExact = false
    }

    /// The greatest value: cut where it is long, and then the last character that can be made greater.
    init?(greatest bytes: [UInt8], _ form: LeafForm, zeroSign: FloatingPointSign) {
        self.init(bytes: Self.signed(bytes, form, zeroSign), isExact: true)
        guard form.width == 0, bytes.count > Self.byteLimit else { return }
        let isText = form.annotation != nil
        var bytes = Self.cut(bytes, isText: isText)
        // A character of several bytes is not made greater: the result might be none.
        while let last = bytes.last, last >= (isText ? 0x7f : 0xff) { bytes.removeLast() }
        guard let last = bytes.popLast() else { return nil }
        self.bytes = bytes + [last + 1]
        isExact = false
    }

    /// The first bytes, up to the beginning of a character.
    private static func cut(_ bytes: [UInt8], isText: Bool) -> [UInt8] {
        var end = byteLimit
        while isText, end > 0, bytes[end] & 0xc0 == 0x80 { end -= 1 }
        return Array(bytes[..<end])
    }

    /// A zero as the least value is negative, as the greatest positive, since both are equal.
    private static func signed(_ bytes: [UInt8], _ form: LeafForm, _ sign: FloatingPointSign) -> [UInt8] {
        guard form.type == .float || form.type == .double, let last = bytes.last,
            last & 0x7f == 0, bytes.dropLast().allSatisfy({ $0 == 0 })
        else { return bytes }
        return bytes.dropLast() + [sign == .minus ? 0x80 : 0]
    }
}
