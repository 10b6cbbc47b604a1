// SPDX-License-Identifier: Apache-2.0

/// A text that may hold a password: it goes where it must and is never printed.
public struct Redacted: Sendable, Hashable {
    /// The text itself, for the library that needs it.
    public let secret: String

    /// Hides `secret`.
    public init(_ secret: String) {
        self.secret = secret
    }
}

extension Redacted: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// What may be printed: the text with everything that may be a password replaced.
    public var description: String { Redacted.redact(secret) }
    /// The same.
    public var debugDescription: String { description }
    /// Nothing to look into.
    public var customMirror: Mirror { Mirror(self, children: []) }

    /// `text` without the passwords of URIs and without the values of password-like parameters.
    public static func redact(_ text: String) -> String {
        var bytes = redactAuthorities(Array(text.utf8))
        for keyword in ["password", "passfile", "sslkey"] { bytes = redactParameter(Array(keyword.utf8), in: bytes) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Every `scheme://user:secret@host` becomes `scheme://user:***@host`.
    private static func redactAuthorities(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var index = 0
        while let scheme = firstIndex(of: Array("://".utf8), in: bytes, from: index) {
            let begin = scheme + 3
            let secret = secret(in: bytes, from: begin) ?? begin..<begin
            result += bytes[index..<secret.lowerBound]
            if !secret.isEmpty { result += Array("***".utf8) }
            index = secret.upperBound
        }
        return result + bytes[index...]
    }

    /// The secret of the authority that begins at `begin`. libpq ends it at the first `@` and lets it hold `?` and
    /// spaces; where more `@` follow before a `?` or a space, the last one counts, for a secret may hold them unescaped.
    private static func secret(in bytes: [UInt8], from begin: Int) -> Range<Int>? {
        let word = bytes[begin...].prefix { $0 != UInt8(ascii: "?") && !isSpace($0) }
        guard let first = word.firstIndex(of: UInt8(ascii: "@")) ?? authorityEnd(in: bytes, from: begin),
            let colon = bytes[begin..<first].firstIndex(of: UInt8(ascii: ":"))
        else { return nil }
        return colon + 1..<(word.lastIndex(of: UInt8(ascii: "@")) ?? first)
    }

    /// The `@` that ends user and secret as libpq looks for it: the first, unless a `/` comes before it.
    private static func authorityEnd(in bytes: [UInt8], from begin: Int) -> Int? {
        let stops = [UInt8(ascii: "@"), UInt8(ascii: "/"), UInt8(ascii: "\n")]
        guard let end = bytes[begin...].firstIndex(where: stops.contains), bytes[end] == UInt8(ascii: "@") else {
            return nil
        }
        return end
    }

    /// `keyword=value` and `keyword = 'va lue'` become `keyword=***`.
    private static func redactParameter(_ keyword: [UInt8], in bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var index = 0
        while let found = firstIndex(of: keyword, in: bytes, from: index) {
            let end = found + keyword.count
            result += bytes[index..<end]
            index = end
            let sign = afterSpace(in: bytes, from: end)
            guard sign < bytes.count, bytes[sign] == UInt8(ascii: "=") else { continue }
            result += Array("=***".utf8)
            index = isInQuery(found, of: bytes) ? endInQuery(bytes, sign + 1) : endOfValue(bytes, sign + 1)
        }
        return result + bytes[index...]
    }

    /// Whether the word around `index` is a parameter of a URI's query.
    private static func isInQuery(_ index: Int, of bytes: [UInt8]) -> Bool {
        let before = bytes[..<index].last { !(0x61...0x7a).contains($0 | 0x20) }
        return before == UInt8(ascii: "?") || before == UInt8(ascii: "&")
    }

    private static func endInQuery(_ bytes: [UInt8], _ start: Int) -> Int {
        bytes[start...].firstIndex { $0 == UInt8(ascii: "&") || isSpace($0) } ?? bytes.count
    }

    /// The end of a value as libpq reads it: up to a space or to the closing quote, backslashes escape.
    private static func endOfValue(_ bytes: [UInt8], _ start: Int) -> Int {
        var cursor = afterSpace(in: bytes, from: start)
        let isQuoted = cursor < bytes.count && bytes[cursor] == UInt8(ascii: "'")
        if isQuoted { cursor += 1 }
        while cursor < bytes.count, isQuoted ? bytes[cursor] != UInt8(ascii: "'") : !isSpace(bytes[cursor]) {
            cursor += bytes[cursor] == UInt8(ascii: "\\") ? 2 : 1
        }
        return min(isQuoted ? cursor + 1 : cursor, bytes.count)
    }

    private static func afterSpace(in bytes: [UInt8], from start: Int) -> Int {
        bytes[start...].firstIndex { !isSpace($0) } ?? bytes.count
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }

    private static func firstIndex(of pattern: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
        guard start <= bytes.count - pattern.count else { return nil }
        return (start...bytes.count - pattern.count).first { bytes[$0...].starts(with: pattern) }
    }
}
