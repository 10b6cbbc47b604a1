// SPDX-License-Identifier: Apache-2.0

/// A JSON value with one spelling: keys in the order of their bytes, no space, only the escapes that JSON demands.
///
/// Written here and not by a library, because the bytes are hashed and must be the same in every version of it.
public indirect enum JSON: Hashable, Sendable {
    /// Nothing.
    case null
    /// Yes or no.
    case bool(Bool)
    /// A whole number.
    case number(Int64)
    /// A text.
    case text(String)
    /// Values in order.
    case array([JSON])
    /// Values by name.
    case object([String: JSON])
}

extension JSON {
    /// What becomes of numbers that are no 64-bit integers.
    public enum OtherNumbers: Sendable {
        /// The text is none that is read here.
        case refused
        /// They are read as text, in their own spelling.
        case asText
    }

    /// The one value that `bytes` are, read strictly; nil when they are none.
    public init?(parsing bytes: [UInt8], otherNumbers: OtherNumbers = .refused) {
        guard let value = JSONParser.value(bytes, otherNumbers) else { return nil }
        self = value
    }

    /// The text, when it is one.
    public var text: String? { if case .text(let text) = self { text } else { nil } }
    /// The answer, when it is yes or no.
    public var isTrue: Bool? { if case .bool(let value) = self { value } else { nil } }
    /// The members, when it is an object.
    public var members: [String: JSON]? { if case .object(let members) = self { members } else { nil } }
    /// The number, when it is one.
    public var number: Int64? { if case .number(let number) = self { number } else { nil } }
    /// The elements, when it is an array.
    public var elements: [JSON]? { if case .array(let elements) = self { elements } else { nil } }
    /// A member of an object; nil when there is none.
    public subscript(name: String) -> JSON? { if case .object(let members) = self { members[name] } else { nil } }

    /// The one spelling.
    public var bytes: [UInt8] {
        var output: [UInt8] = []
        append(to: &output)
        return output
    }

    private func append(to output: inout [UInt8]) {
        switch self {
        case .null: output += "null".utf8
        case .bool(let value): output += (value ? "true" : "false").utf8
        case .number(let value): output += String(value).utf8
        case .text(let text): Self.append(quoting: text, to: &output)
        case .array(let elements):
            output += "[".utf8
            for (index, element) in elements.enumerated() {
                if index > 0 { output += ",".utf8 }
                element.append(to: &output)
            }
            output += "]".utf8
        case .object(let members): Self.append(members, to: &output)
        }
    }

    private static func append(_ members: [String: JSON], to output: inout [UInt8]) {
        let sorted = members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        output += "{".utf8
        for (index, member) in sorted.enumerated() {
            if index > 0 { output += ",".utf8 }
            append(quoting: member.key, to: &output)
            output += ":".utf8
            member.value.append(to: &output)
        }
        output += "}".utf8
    }

    private static func append(quoting text: String, to output: inout [UInt8]) {
        let digits = Array("0123456789abcdef".utf8)
        output += "\"".utf8
        for byte in text.utf8 {
            switch byte {
            case 0x22, 0x5c: output += [0x5c, byte]
            case 0x0a: output += "\\n".utf8
            case 0x0d: output += "\\r".utf8
            case 0x09: output += "\\t".utf8
            case 0x00..<0x20: output += "\\u00".utf8 + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: output.append(byte)
            }
        }
        output += "\"".utf8
    }
}
