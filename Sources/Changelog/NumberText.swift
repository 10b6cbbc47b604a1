// SPDX-License-Identifier: Apache-2.0

public import Bytes

extension ColumnType {
    /// Whether a source may hand values over as numbers (``Change/Field/number(_:)``).
    public var hasNumbers: Bool {
        switch self {
        case .integer, .float, .date, .timestamp, .timestampWithZone: true
        case .decimal(let precision?, let scale): precision <= 18 && (0...precision).contains(scale ?? 0)
        default: false
        }
    }
}

extension ByteBuffer {
    /// Appends the text that a value of `type` has in a batch when it is handed over as `number`.
    public mutating func append(number: Int64, as type: ColumnType) {
        switch type {
        case .float(bits: 32): append(float: Float(bitPattern: UInt32(truncatingIfNeeded: number)))
        case .float: append(float: Double(bitPattern: UInt64(bitPattern: number)))
        case .decimal(_, let scale):
            var digits = ByteBuffer(capacity: 32)
            digits.appendDecimal(number.magnitude)
            append(decimal: digits.bytes, isNegative: number < 0, scale: scale ?? 0)
        case .date: append(dayOf: number)
        case .timestamp: append(moment: number)
        case .timestampWithZone:
            append(moment: number)
            append("+00:00")
        default: append(signed: number)
        }
    }

    /// Appends decimal digits, with a sign before negative numbers.
    public mutating func append(signed value: Int64) {
        if value < 0 { append(UInt8(ascii: "-")) }
        appendDecimal(value.magnitude)
    }

    /// Appends the number whose digits without a point are `digits`, of which `scale` stand behind the point.
    public mutating func append(decimal digits: RawSpan, isNegative: Bool, scale: Int) {
        if isNegative { append(UInt8(ascii: "-")) }
        let wholeCount = digits.byteCount - scale
        if wholeCount > 0 { append(digits.extracting(0..<wholeCount)) } else { append(UInt8(ascii: "0")) }
        guard scale > 0 else { return }
        append(UInt8(ascii: "."))
        append(repeating: UInt8(ascii: "0"), count: -wholeCount)
        append(digits.extracting(max(0, wholeCount)..<digits.byteCount))
    }

    /// Appends a day of the years 1 to 9999, `2024-01-02`, by its distance from 1970-01-01.
    public mutating func append(dayOf days: Int64) {
        var text = ByteBuffer(capacity: 32)
        text.append(Timestamp(microseconds: days &* 86_400_000_000))
        append(text.bytes.extracting(0..<text.count - 17))
    }

    /// Appends a day of any year by its distance from 1970-01-01, with at least four digits and without an era; returns
    /// the year, which is below 1 before the era.
    @discardableResult
    public mutating func append(civilDay days: Int64) -> Int64 {
        let date = CivilDate(daysSinceEpoch: days)
        let year = UInt64(date.year > 0 ? date.year : 1 - date.year)
        if year < 10_000 { appendDecimal(year, digits: 4) } else { appendDecimal(year) }
        append(UInt8(ascii: "-"))
        appendDecimal(UInt64(date.month), digits: 2)
        append(UInt8(ascii: "-"))
        appendDecimal(UInt64(date.day), digits: 2)
        return date.year
    }

    /// Appends day and time, `2024-01-02T03:04:05.6789`, without zeros at the end of the fraction.
    public mutating func append(moment microseconds: Int64) {
        var text = ByteBuffer(capacity: 32)
        text.append(Timestamp(microseconds: microseconds))
        // Without the zone's letter, and the point where nothing stands behind it.
        var end = text.count - 1
        while text.bytes[end - 1] == UInt8(ascii: "0"), text.bytes[end - 2] != UInt8(ascii: ":"), end > text.count - 8 {
            end -= 1
        }
        if text.bytes[end - 1] == UInt8(ascii: ".") { end -= 1 }
        append(text.bytes.extracting(0..<end))
    }
}

extension ByteBuffer {
    /// Appends the shortest digits that mean `value`, as the source prints them: with an exponent where it is below -4
    /// or at least 15.
    public mutating func append(float value: Double) {
        append(shortest: value.description, exponentLimit: 15)
    }

    /// The same with 32 bits, and an exponent from 6 on.
    public mutating func append(float value: Float) {
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
