// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import Changelog

/// The two columns that begin every record, `_cdc_seq` and `_cdc_op`, read without parsing the rest.
struct RecordHead {
    let key: SequenceKey
    let operation: Operation

    /// What stands before, between and after the two values, for one column prefix.
    struct Pattern {
        let start: [UInt8]
        let middle: [UInt8]

        init(columnPrefix: String) {
            start = Array(#"{"\#(columnPrefix)seq":""#.utf8)
            middle = Array(#"","\#(columnPrefix)op":""#.utf8)
        }
    }

    /// Nil when the line is no record: not in one pair of braces, or without the two columns where they belong.
    init?(_ line: RawSpan, _ pattern: Pattern) {
        let keyStart = pattern.start.count
        let keyEnd = keyStart + SequenceKey.textLength
        let operationStart = keyEnd + pattern.middle.count
        guard line.byteCount > operationStart + 2, line[line.byteCount - 1] == UInt8(ascii: "}"),
            line.holds(pattern.start, at: 0), line.holds(pattern.middle, at: keyEnd),
            let key = SequenceKey(reading: line.extracting(keyStart..<keyEnd)),
            let operation = Operation(rawValue: line[operationStart]), line[operationStart + 1] == UInt8(ascii: "\""),
            line[operationStart + 2] == UInt8(ascii: ",") || line[operationStart + 2] == UInt8(ascii: "}")
        else { return nil }
        self.key = key
        self.operation = operation
    }
}

extension RawSpan {
    /// Whether `bytes` stand at `index`.
    fileprivate func holds(_ bytes: [UInt8], at index: Int) -> Bool {
        guard index + bytes.count <= byteCount else { return false }
        for offset in bytes.indices where self[index + offset] != bytes[offset] { return false }
        return true
    }

    /// The number that lower-case hexadecimal digits mean.
    fileprivate func hexadecimal(_ range: Range<Int>) -> UInt64? {
        var value: UInt64 = 0
        for index in range {
            let digit = self[index]
            switch digit {
            case 0x30...0x39: value = value << 4 | UInt64(digit - 0x30)
            case 0x61...0x66: value = value << 4 | UInt64(digit - 0x61 + 10)
            default: return nil
            }
        }
        return value
    }
}

extension SequenceKey {
    /// Reads the text form from exactly its bytes; stricter than ``init(_:)``, since byte order must be key order.
    fileprivate init?(reading text: RawSpan) {
        guard text.byteCount == Self.textLength, text[4] == UInt8(ascii: "/"), text[21] == UInt8(ascii: "/"),
            let epoch = text.hexadecimal(0..<4), let position = text.hexadecimal(5..<21),
            let ordinal = text.hexadecimal(22..<38)
        else { return nil }
        self.init(
            epoch: UInt16(truncatingIfNeeded: epoch), position: Position(rawValue: position), ordinal: ordinal)
    }
}
