// SPDX-License-Identifier: Apache-2.0

import Bytes

/// A `numeric` as its send function writes it: digits to the base 10000, the place of the first, sign, and how many
/// decimal digits stand behind the point.
struct NumericParts: ~Escapable {
    private enum Sign {
        static let negative: UInt16 = 0x4000
        static let notANumber: UInt16 = 0xc000
        static let infinity: UInt16 = 0xd000
        static let negativeInfinity: UInt16 = 0xf000
    }

    private let digits: RawSpan
    private let weight: Int
    private let sign: UInt16
    fileprivate let scale: Int

    /// Looks at the head.
    @_lifetime(copy bytes)
    init(_ bytes: RawSpan) throws(WireFault) {
        var reader = ByteReader(bytes)
        let count = Int(try reader.readInteger(UInt16.self))
        weight = Int(try reader.readInteger(Int16.self))
        sign = try reader.readInteger(UInt16.self)
        scale = Int(try reader.readInteger(UInt16.self))
        guard reader.remaining == 2 * count, scale <= 0x3fff else {
            throw WireFault(.invalidLength(bytes.byteCount), at: 0)
        }
        switch sign {
        case 0, Sign.negative, Sign.notANumber, Sign.infinity, Sign.negativeInfinity: break
        default: throw WireFault(.malformed, at: 4)
        }
        digits = bytes.extracting(8..<bytes.byteCount)
        for index in 0..<count where group(index) > 9999 { throw WireFault(.malformed, at: 8 + 2 * index) }
    }

    private var count: Int { digits.byteCount / 2 }

    @inline(__always)
    private func group(_ index: Int) -> Int64 {
        Int64(digits[2 * index]) << 8 | Int64(digits[2 * index + 1])
    }

    /// The number without its point, when it has `scale` digits behind it and fits.
    @inline(__always)
    func number(scale: Int) -> Int64? {
        guard sign == 0 || sign == Sign.negative, scale == self.scale, scale < powersOfTen.count else { return nil }
        var value: Int64 = 0
        var isOver = false
        // As many groups as stand before the point, and those that reach behind it.
        let behind = (scale + 3) / 4
        for place in stride(from: max(weight, -1), through: -behind, by: -1) {
            let index = weight - place
            let group = index >= 0 && index < count ? group(index) : 0
            // Of the last group only the digits that the scale has.
            let rest = place == -behind ? 4 * behind - scale : 0
            (value, isOver) = value.multipliedReportingOverflow(by: powersOfTen[place < 0 ? 4 - rest : 4])
            guard !isOver else { return nil }
            let digits = place < 0 ? group / powersOfTen[rest] : group
            guard place >= 0 || digits * powersOfTen[rest] == group else { return nil }
            (value, isOver) = value.addingReportingOverflow(digits)
            guard !isOver else { return nil }
        }
        return sign == Sign.negative ? -value : value
    }

    /// Appends the text that the server prints.
    func write(to output: inout ByteBuffer) {
        switch sign {
        case Sign.notANumber: return output.append("NaN")
        case Sign.infinity: return output.append("Infinity")
        case Sign.negativeInfinity: return output.append("-Infinity")
        case Sign.negative: output.append(UInt8(ascii: "-"))
        default: break
        }
        if weight < 0 {
            output.append(UInt8(ascii: "0"))
        } else {
            output.appendDecimal(UInt64(count > 0 ? group(0) : 0))
            for index in 1..<max(1, weight + 1) {
                output.appendDecimal(UInt64(index < count ? group(index) : 0), digits: 4)
            }
        }
        guard scale > 0 else { return }
        output.append(UInt8(ascii: "."))
        let end = output.count + scale
        var place = -1
        while output.count < end {
            let index = weight - place
            output.appendDecimal(UInt64(index >= 0 && index < count ? group(index) : 0), digits: 4)
            place -= 1
        }
        output.truncate(to: end)
    }
}

extension ByteBuffer {
    /// Appends the text that the server prints of a number.
    mutating func append(_ number: borrowing NumericParts) {
        number.write(to: &self)
    }
}

private let powersOfTen: [Int64] = (0...18).map { power in (0..<power).reduce(1) { value, _ in value * 10 } }
