// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import Changelog

/// A record seen in its line of NDJSON, as far as rules need it.
struct RecordLine: ~Escapable {
    /// What a member holds.
    enum Value {
        case null
        /// Text as the source printed it: without quotes and escapes, `t` and `f` for true and false.
        case text([UInt8])
        /// An object or an array.
        case parts
    }

    /// What the change did.
    let operation: Changelog.Operation
    private let line: RawSpan
    private let prefix: String
    private let unset: [String]
    /// The rules that the record itself says it breaks.
    let violations: [String]

    /// Nil when the line is no record.
    @_lifetime(copy line)
    init?(_ line: RawSpan, columnPrefix: String) {
        self.line = line
        prefix = columnPrefix
        var letter: UInt8?
        var unset: [String] = []
        var violations: [String] = []
        var scanner = MemberScanner(line)
        while let (name, range) = scanner.next() {
            let value = line.extracting(range)
            if name == columnPrefix + "op", value.byteCount == 3 { letter = value[1] }
            if name == columnPrefix + "unset" { unset = Self.list(value) }
            if name == columnPrefix + "violations" { violations = Self.list(value) }
        }
        guard scanner.isAtEnd, let operation = letter.flatMap(Changelog.Operation.init) else { return nil }
        self.operation = operation
        self.unset = unset
        self.violations = violations
    }

    private static func list(_ value: RawSpan) -> [String] {
        JSON(parsing: value.copiedBytes())?.elements?.compactMap(\.text) ?? []
    }

    /// Whether the source did not send the column.
    func isUnset(_ name: String) -> Bool { unset.contains(name) }

    /// Calls `body` with the place in `names` and the value of each member that is called so; false when the line is
    /// not JSON.
    func forEachColumn(_ names: [String], _ body: (Int, Value) -> Void) -> Bool {
        var scanner = MemberScanner(line)
        var expected = 0
        while let (name, range) = scanner.next() {
            if expected < names.count, names[expected] == name {
                guard let value = Self.value(line.extracting(range)) else { return false }
                body(expected, value)
                expected += 1
            }
        }
        return scanner.isAtEnd
    }

    private static func value(_ text: RawSpan) -> Value? {
        switch text[0] {
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "t"): return .text([UInt8(ascii: "t")])
        case UInt8(ascii: "f"): return .text([UInt8(ascii: "f")])
        case UInt8(ascii: "{"), UInt8(ascii: "["): return .parts
        case UInt8(ascii: "\""):
            let inner = text.extracting(1..<text.byteCount - 1)
            for index in 0..<inner.byteCount where inner[index] == UInt8(ascii: "\\") {
                return JSON(parsing: text.copiedBytes())?.text.map { .text(Array($0.utf8)) }
            }
            return .text(inner.copiedBytes())
        default: return .text(text.copiedBytes())
        }
    }
}

/// Goes from member to member of one flat object.
private struct MemberScanner: ~Escapable {
    private let text: RawSpan
    private var index: Int
    /// Whether the whole object was read, and nothing else.
    private(set) var isAtEnd = false

    @_lifetime(copy text)
    init(_ text: RawSpan) {
        self.text = text
        index = text.byteCount > 0 && text[0] == UInt8(ascii: "{") ? 1 : text.byteCount
    }

    /// The next member's name, and where its value stands; nil behind the last, or where the text is no object.
    mutating func next() -> (String, Range<Int>)? {
        if index < text.byteCount, text[index] == UInt8(ascii: "}") {
            isAtEnd = index == text.byteCount - 1
            return nil
        }
        guard let name = string(), index < text.byteCount, text[index] == UInt8(ascii: ":") else { return nil }
        index += 1
        let start = index
        guard skipValue(), index > start else { return nil }
        let range = start..<index
        if index < text.byteCount, text[index] == UInt8(ascii: ",") { index += 1 }
        return (name, range)
    }

    private mutating func string() -> String? {
        let start = index
        guard skipString() else { return nil }
        let inner = text.extracting(start + 1..<index - 1)
        for place in 0..<inner.byteCount where inner[place] == UInt8(ascii: "\\") {
            return JSON(parsing: text.extracting(start..<index).copiedBytes())?.text
        }
        return inner.decodedString()
    }

    private mutating func skipString() -> Bool {
        guard index < text.byteCount, text[index] == UInt8(ascii: "\"") else { return false }
        index += 1
        while index < text.byteCount {
            switch text[index] {
            case UInt8(ascii: "\""):
                index += 1
                return true
            case UInt8(ascii: "\\"): index += 2
            default: index += 1
            }
        }
        return false
    }

    /// Skips a value with all that is inside it.
    private mutating func skipValue() -> Bool {
        var depth = 0
        while index < text.byteCount {
            switch text[index] {
            case UInt8(ascii: "\""): guard skipString() else { return false }
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                index += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { return true }
                depth -= 1
                index += 1
            case UInt8(ascii: ",") where depth == 0: return true
            default: index += 1
            }
        }
        return false
    }
}
