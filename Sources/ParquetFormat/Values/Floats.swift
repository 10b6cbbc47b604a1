// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import Changelog

private let powersOfTen: [Double] = (0...15).map { power in (0..<power).reduce(1) { value, _ in value * 10 } }

extension RawSpan {
    /// The number, and whether the text is just what ``Bytes/ByteBuffer/append(float:)`` would print of it.
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
