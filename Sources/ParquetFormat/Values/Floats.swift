// SPDX-License-Identifier: Apache-2.0

package import Bytes

private let powersOfTen: [Double] = (0...15).map { power in (0..<power).reduce(1) { value, _ in value * 10 } }

extension RawSpan {
    /// The number, and whether the text is just what ``Bytes/ByteBuffer/append(float:digitCount:)`` would print of it.
    /// Nil when the text is no number.
    func float64() -> (value: Double, isPlain: Bool)? {
        if let value = shortFloat(digitLimit: 15) { return (value, true) }
        guard let value = Double(decodedString()) ?? special() else { return nil }
        var printed = ByteBuffer()
        printed.append(float: value)
        return (value, printed.bytes.isEqual(to: self))
    }

    /// The same with 32 bits.
    func float32() -> (value: Float, isPlain: Bool)? {
        // What 6 digits say survives the way through 64 bits.
        if let value = shortFloat(digitLimit: 6) { return (Float(value), true) }
        guard let value = Float(decodedString()) ?? special().map(Float.init) else { return nil }
        var printed = ByteBuffer()
        printed.append(float: value)
        return (value, printed.bytes.isEqual(to: self))
    }

    private func special() -> Double? {
        if isEqual(to: "NaN") { return .nan }
        if isEqual(to: "Infinity") { return .infinity }
        return isEqual(to: "-Infinity") ? -.infinity : nil
    }

    /// The number that digits and a point mean, when they are so few that they are the shortest that mean it, stand in
    /// their one spelling, and one division is exact.
    private func shortFloat(digitLimit: Int) -> Double? {
        let isNegative = byteCount > 0 && self[0] == UInt8(ascii: "-")
        let start = isNegative ? 1 : 0
        var point = start
        while point < byteCount, self[point] != UInt8(ascii: ".") { point += 1 }
        let wholeCount = point - start
        let scale = max(0, byteCount - point - 1)
        guard isPlain(start, wholeCount), wholeCount + scale <= digitLimit, point == byteCount || scale > 0,
            let whole = digits(start, wholeCount), let fraction = digits(byteCount - scale, scale)
        else { return nil }
        // No zero at the end; and numbers below 0.0001 are printed with an exponent.
        guard scale == 0 || self[byteCount - 1] != UInt8(ascii: "0"),
            whole > 0 || scale <= 4 && fraction > 0 || self.isEqual(to: "0")
        else { return nil }
        let value = (Double(whole) * powersOfTen[scale] + Double(fraction)) / powersOfTen[scale]
        return isNegative ? -value : value
    }
}

extension ByteBuffer {
    /// Appends the shortest digits that mean `value`, as the source prints them: with an exponent where it is below -4
    /// or at least 15.
    package mutating func append(float value: Double) {
        append(shortest: value.description, exponentLimit: 15)
    }

    /// The same with 32 bits, and an exponent from 6 on.
    package mutating func append(float value: Float) {
        append(shortest: value.description, exponentLimit: 6)
    }

    private mutating func append(shortest text: String, exponentLimit: Int) {
        switch text {
        case "nan", "-nan": return append("NaN")
        case "inf": return append("Infinity")
        case "-inf": return append("-Infinity")
        default: break
        }
        var digits: [UInt8] = []
        var (point, exponent) = (0, 0)
        let parts = text.utf8.split(separator: UInt8(ascii: "e"))
        for byte in parts[0] {
            switch byte {
            case UInt8(ascii: "-"): append(byte)
            case UInt8(ascii: "."): point = digits.count
            default: digits.append(byte)
            }
        }
        if parts.count > 1 { exponent = Int(String(Substring(parts[1]))) ?? 0 }
        if !parts[0].contains(UInt8(ascii: ".")) { point = digits.count }
        let leading = digits.prefix { $0 == 0x30 }.count
        guard leading < digits.count else { return append(UInt8(ascii: "0")) }
        exponent += point - leading - 1
        digits.removeFirst(leading)
        while digits.count > 1, digits.last == 0x30 { digits.removeLast() }
        append(digits, exponent: exponent, limit: exponentLimit)
    }

    private mutating func append(_ digits: [UInt8], exponent: Int, limit: Int) {
        if exponent < -4 || exponent >= limit {
            append(digits[0])
            if digits.count > 1 { append(UInt8(ascii: ".")) }
            append(contentsOf: Array(digits.dropFirst()))
            append(exponent < 0 ? "e-" : "e+")
            return appendDecimal(UInt64(abs(exponent)), digits: abs(exponent) < 100 ? 2 : 3)
        }
        if exponent < 0 {
            append("0.")
            append(repeating: 0x30, count: -exponent - 1)
            return append(contentsOf: digits)
        }
        append(contentsOf: Array(digits.prefix(exponent + 1)))
        append(repeating: 0x30, count: max(0, exponent + 1 - digits.count))
        guard digits.count > exponent + 1 else { return }
        append(UInt8(ascii: "."))
        append(contentsOf: Array(digits.dropFirst(exponent + 1)))
    }
}
