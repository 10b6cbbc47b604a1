// SPDX-License-Identifier: Apache-2.0

/// A JSON value with one spelling: keys in the order of their bytes, no space, only the escapes that JSON demands.
///
/// Written here and not by a library, because the bytes are hashed and must be the same in every version of it.
indirect enum JSON: Hashable {
    case null
    case bool(Bool)
    case number(Int64)
    case text(String)
    case array([JSON])
    case object([String: JSON])
}

extension JSON {
    /// The one spelling.
    var bytes: [UInt8] {
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
