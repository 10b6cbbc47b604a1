// SPDX-License-Identifier: Apache-2.0

/// Reads JSON text strictly (RFC 8259), with what an export's files never hold refused as well: numbers that are not
/// 64-bit integers, a name twice in one object, and nesting beyond a bound.
struct JSONParser {
    private struct Refusal: Error {}

    private static let depthLimit = 128

    private let bytes: [UInt8]
    private let otherNumbers: JSON.OtherNumbers
    private var index = 0
    private var depth = 0

    private init(_ bytes: [UInt8], _ otherNumbers: JSON.OtherNumbers) {
        self.bytes = bytes
        self.otherNumbers = otherNumbers
    }

    /// The one value that `bytes` are, nil when they are none.
    static func value(_ bytes: [UInt8], _ otherNumbers: JSON.OtherNumbers) -> JSON? {
        var parser = JSONParser(bytes, otherNumbers)
        guard let value = try? parser.parseValue() else { return nil }
        parser.skipSpace()
        return parser.index == bytes.count ? value : nil
    }

    private mutating func parseValue() throws(Refusal) -> JSON {
        skipSpace()
        switch peek {
        case UInt8(ascii: "{"): return .object(try nested { (parser) throws(Refusal) in try parser.parseMembers() })
        case UInt8(ascii: "["): return .array(try nested { (parser) throws(Refusal) in try parser.parseElements() })
        case UInt8(ascii: "\""): return .text(try parseText())
        case UInt8(ascii: "-")?, (0x30...0x39)?: return try parseNumber()
        default: return try parseWord()
        }
    }

    private mutating func nested<T>(_ body: (inout JSONParser) throws(Refusal) -> T) throws(Refusal) -> T {
        depth += 1
        guard depth <= Self.depthLimit else { throw Refusal() }
        index += 1
        let result = try body(&self)
        depth -= 1
        return result
    }

    private mutating func parseMembers() throws(Refusal) -> [String: JSON] {
        var members: [String: JSON] = [:]
        skipSpace()
        if take("}") { return members }
        while true {
            skipSpace()
            let name = try parseText()
            skipSpace()
            try expect(":")
            guard members.updateValue(try parseValue(), forKey: name) == nil else { throw Refusal() }
            skipSpace()
            if take("}") { return members }
            try expect(",")
        }
    }

    private mutating func parseElements() throws(Refusal) -> [JSON] {
        var elements: [JSON] = []
        skipSpace()
        if take("]") { return elements }
        while true {
            elements.append(try parseValue())
            skipSpace()
            if take("]") { return elements }
            try expect(",")
        }
    }

    private mutating func parseWord() throws(Refusal) -> JSON {
        for (word, value) in [("null", JSON.null), ("true", .bool(true)), ("false", .bool(false))] {
            guard bytes[index...].starts(with: word.utf8) else { continue }
            index += word.utf8.count
            return value
        }
        throw Refusal()
    }

    private mutating func parseNumber() throws(Refusal) -> JSON {
        let start = index
        _ = take("-")
        let digits = index
        while let byte = peek, 0x30...0x39 ~= byte { index += 1 }
        let hasLeadingZero = index - digits > 1 && bytes[digits] == 0x30
        guard !hasLeadingZero, index > digits else { throw Refusal() }
        let hasFraction = try skipFraction()
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if !hasFraction, let number = Int64(text) { return .number(number) }
        guard otherNumbers == .asText else { throw Refusal() }
        return .text(text)
    }

    /// Passes over what only numbers have that are not whole, or written as if they were not.
    private mutating func skipFraction() throws(Refusal) -> Bool {
        let start = index
        if take(".") { try skipDigits() }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            try skipDigits()
        }
        return index > start
    }

    private mutating func skipDigits() throws(Refusal) {
        let start = index
        while let byte = peek, 0x30...0x39 ~= byte { index += 1 }
        guard index > start else { throw Refusal() }
    }

    private mutating func parseText() throws(Refusal) -> String {
        try expect("\"")
        var text: [UInt8] = []
        while let byte = peek {
            index += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let result = String(validating: text, as: UTF8.self) else { throw Refusal() }
                return result
            case UInt8(ascii: "\\"): text += try parseEscape()
            case 0..<0x20: throw Refusal()
            default: text.append(byte)
            }
        }
        throw Refusal()
    }

    private mutating func parseEscape() throws(Refusal) -> [UInt8] {
        guard let byte = peek else { throw Refusal() }
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0c]
        case UInt8(ascii: "n"): return [0x0a]
        case UInt8(ascii: "r"): return [0x0d]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"): return Array(String(Character(try parseScalar())).utf8)
        default: throw Refusal()
        }
    }

    private mutating func parseScalar() throws(Refusal) -> Unicode.Scalar {
        let unit = try parseUnit()
        guard 0xd800...0xdbff ~= unit else {
            guard let scalar = Unicode.Scalar(unit) else { throw Refusal() }
            return scalar
        }
        try expect("\\")
        try expect("u")
        let low = try parseUnit()
        guard 0xdc00...0xdfff ~= low, let scalar = Unicode.Scalar(0x10000 + (unit - 0xd800) << 10 + (low - 0xdc00))
        else { throw Refusal() }
        return scalar
    }

    private mutating func parseUnit() throws(Refusal) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = peek.flatMap({ Character(Unicode.Scalar($0)).hexDigitValue }) else { throw Refusal() }
            unit = unit << 4 | UInt32(digit)
            index += 1
        }
        return unit
    }

    private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func take(_ byte: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: byte) else { return false }
        index += 1
        return true
    }

    private mutating func expect(_ byte: Unicode.Scalar) throws(Refusal) {
        guard take(byte) else { throw Refusal() }
    }

    private mutating func skipSpace() {
        while let byte = peek, [0x20, 0x0a, 0x0d, 0x09].contains(byte) { index += 1 }
    }
}
