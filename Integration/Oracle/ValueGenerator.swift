// SPDX-License-Identifier: Apache-2.0

/// Makes values of SQL types at random, the same ones for the same seed, as expressions that the server evaluates.
struct ValueGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// SplitMix64.
    mutating func bits() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// A number of `range`.
    mutating func number(_ range: ClosedRange<Int>) -> Int {
        let count = UInt64(bitPattern: Int64(range.upperBound &- range.lowerBound)) &+ 1
        let offset = count == 0 ? bits() : bits() % count
        return range.lowerBound &+ Int(Int64(bitPattern: offset))
    }

    /// Whether something of one in `count` happens.
    mutating func chance(_ count: Int) -> Bool { number(1...count) == 1 }

    /// One of `items`.
    mutating func one<T>(of items: [T]) -> T { items[number(0...items.count - 1)] }

    /// As many as `range` allows.
    mutating func several<T>(_ range: ClosedRange<Int>, _ make: (inout ValueGenerator) -> T) -> [T] {
        (0..<number(range)).map { _ in make(&self) }
    }

    // MARK: Numbers

    /// A whole number of so many bits, often at an edge.
    mutating func whole(bits width: Int) -> Int {
        let (low, high) = (Int.min >> (64 - width), Int.max >> (64 - width))
        return chance(3)
            ? one(of: [low, low + 1, -1, 0, 1, high - 1, high]) : number(low...high) >> number(0...width - 1)
    }

    /// Any bit pattern of a `double precision`, often at an edge.
    mutating func double() -> String {
        let edges: [Double] = [
            0, -0.0, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .leastNormalMagnitude, .greatestFiniteMagnitude,
            1e15, 1e16, 123_456_789_012_345_680, 0.1 + 0.2, 1e-4, 1e-5, .infinity, -.infinity, .nan,
        ]
        let value = chance(3) ? one(of: edges) : chance(2) ? Double(bitPattern: bits()) : Double(whole(bits: 40)) / 1000
        return Self.text(value, isFinite: value.isFinite, isNaN: value.isNaN)
    }

    /// Any bit pattern of a `real`, often at an edge.
    mutating func float() -> String {
        let edges: [Float] = [
            0, -0.0, .leastNonzeroMagnitude, .leastNormalMagnitude, .greatestFiniteMagnitude, 16_777_216, 1e6, 1e7,
            .infinity, -.infinity, .nan,
        ]
        let value = chance(3) ? one(of: edges) : Float(bitPattern: UInt32(truncatingIfNeeded: bits()))
        return Self.text(value, isFinite: value.isFinite, isNaN: value.isNaN)
    }

    private static func text(_ value: some BinaryFloatingPoint & CustomStringConvertible, isFinite: Bool, isNaN: Bool)
        -> String
    {
        isFinite ? value.description : isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity"
    }

    /// A decimal of up to a thousand digits on either side of the point.
    mutating func decimal() -> String {
        if chance(12) { return one(of: ["NaN", "Infinity", "-Infinity", "0", "-0.000", "1e400", "1e-400", "0.10"]) }
        let long = chance(8)
        let (whole, fraction) = (digits(1...(long ? 1000 : 20)), digits(0...(long ? 1000 : 12)))
        return (chance(2) ? "-" : "") + whole + (fraction.isEmpty ? "" : "." + fraction)
    }

    mutating func digits(_ count: ClosedRange<Int>) -> String {
        String((0..<number(count)).map { _ in one(of: Array("0000123456789")) })
    }

    // MARK: Texts

    /// Any text: control characters, quotes, backslashes, marks, other scripts, words that mean something elsewhere.
    mutating func text(upTo count: Int = 24) -> String {
        if chance(10) {
            return one(of: [
                "", " ", "NULL", "null", "{}", "\\N", "\\.", "\\", "\"", "'", "\\x00", "()", "infinity", "{\"a\":1}",
            ])
        }
        var text = String.UnicodeScalarView()
        for _ in 0..<number(0...count) { text.append(scalar()) }
        return String(text)
    }

    private mutating func scalar() -> Unicode.Scalar {
        let special = Array(
            "\"'\\{}()[],;:=>/&<%$ \t\n\r\u{7f}\u{85}\u{2028}\u{feff}\u{301}\u{200d}\u{fe0f}👩🏳é東𝄞".unicodeScalars)
        let ranges: [ClosedRange<Int>] = [
            0x01...0x1f, 0x20...0x7e, 0x20...0x7e, 0x80...0x24f, 0x300...0x36f, 0x590...0x6ff, 0x4e00...0x4eff,
            0xe000...0xe0ff, 0x1f300...0x1f6ff, 0x10fff0...0x10fffd,
        ]
        guard !chance(3) else { return one(of: special) }
        return Unicode.Scalar(UInt32(number(one(of: ranges)))) ?? " "
    }

    mutating func hexadecimal(bytes count: ClosedRange<Int>) -> String {
        String((0..<number(count) * 2).map { _ in one(of: Array("0123456789abcdef")) })
    }

    // MARK: Documents

    /// A JSON document with white space between its tokens.
    mutating func json(depth: Int = 3) -> String {
        let space = one(of: ["", "", " ", "\n\t", "  \r\n"])
        guard depth > 0, !chance(3) else { return space + scalarJSON() + space }
        let parts = several(0...4) { generator in generator.json(depth: depth - 1) }
        if chance(2) { return "[" + parts.joined(separator: ",") + space + "]" }
        return "{" + parts.map { stringJSON() + space + ":" + $0 }.joined(separator: ",") + "}"
    }

    private mutating func scalarJSON() -> String {
        switch number(0...5) {
        case 0: one(of: ["null", "true", "false"])
        case 1: "\(whole(bits: 64))"
        case 2: one(of: ["0.0", "-0", "1e5", "1E-7", "1.50", "12345678901234567890.000", "-1.5e+10"])
        case 3: "\(whole(bits: 16)).\(number(0...999))"
        default: stringJSON()
        }
    }

    private mutating func stringJSON() -> String {
        var text = "\""
        for scalar in self.text(upTo: 8).unicodeScalars {
            let isPlain = scalar.value >= 0x20 && scalar != "\"" && scalar != "\\"
            let code = String(scalar.value, radix: 16)
            text += isPlain ? String(scalar) : "\\u" + String(repeating: "0", count: 4 - code.count) + code
        }
        return text + "\""
    }

    // MARK: Times

    mutating func date() -> String {
        if chance(12) { return one(of: ["infinity", "-infinity", "4713-11-24 BC", "5874897-12-31", "2000-02-29"]) }
        let year =
            chance(3) ? number(1...9999) : one(of: [1, 4, 44, 1582, 1900, 1970, 2000, 2024, 9999, 10_000, 294_275])
        return "\(Self.padded(year, 4))-\(two(1...12))-\(two(1...28))" + (chance(6) && year < 4713 ? " BC" : "")
    }

    /// A moment; one that is rounded must not be the last of all.
    mutating func moment(isRounded: Bool = false) -> String {
        if !isRounded, chance(12) {
            return one(of: [
                "infinity", "-infinity", "4713-11-24 00:00:00 BC", "294276-12-31 23:59:59.999999", "epoch",
                "1999-12-31 24:00:00",
            ])
        }
        let day = date()
        guard !day.contains("inf"), !day.hasPrefix("5874897"), !day.hasPrefix("4713") else {
            return "2024-01-01 00:00:00"
        }
        let parts = day.split(separator: " ", maxSplits: 1)
        return "\(parts[0]) \(clock())" + (parts.count > 1 ? " BC" : "")
    }

    mutating func clock() -> String {
        if chance(12) { return one(of: ["24:00:00", "00:00:00", "23:59:59.999999", "23:59:60"]) }
        return "\(two(0...23)):\(two(0...59)):\(two(0...59))" + (chance(2) ? "." + digits(1...6) : "")
    }

    mutating func zone() -> String {
        one(of: ["+00", "+05:45", "-03:30", "+14", "-12", "+15:59:59", "-15:59", "+00:19:32"])
    }

    mutating func span() -> String {
        let parts: [String] = ["years", "mons", "days", "hours", "mins", "secs"].compactMap { unit in
            chance(2)
                ? "\(number(-5000...5000))" + (unit == "secs" && chance(2) ? ".\(digits(1...6))" : "") + " \(unit)"
                : nil
        }
        return parts.isEmpty ? "0" : parts.joined(separator: " ")
    }

    private mutating func two(_ range: ClosedRange<Int>) -> String { Self.padded(number(range), 2) }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }
}
