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

    /// `text` without the password of a URI's authority and without the values of password-like parameters.
    public static func redact(_ text: String) -> String {
        var result = redactAuthority(text)
        for keyword in ["password", "sslpassword", "passfile", "sslkey"] {
            result = redactParameter(keyword, in: result)
        }
        return result
    }

    /// `scheme://user:secret@host` becomes `scheme://user:***@host`; the last `@` before the path ends the secret.
    private static func redactAuthority(_ text: String) -> String {
        let bytes = Array(text.utf8)
        guard let scheme = firstIndex(of: Array("://".utf8), in: bytes, from: 0) else { return text }
        let begin = scheme + 3
        let end =
            bytes[begin...].firstIndex(where: { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: " ") }) ?? bytes.count
        guard let at = bytes[begin..<end].lastIndex(of: UInt8(ascii: "@")),
            let colon = bytes[begin..<at].firstIndex(of: UInt8(ascii: ":"))
        else { return text }
        return String(decoding: bytes[...colon], as: UTF8.self) + "***" + String(decoding: bytes[at...], as: UTF8.self)
    }

    /// `keyword=value` and `keyword = 'va lue'` become `keyword=***`.
    private static func redactParameter(_ keyword: String, in text: String) -> String {
        let bytes = Array(text.utf8)
        let name = Array(keyword.utf8)
        var result: [UInt8] = []
        var index = 0
        while let found = firstIndex(of: name, in: bytes, from: index) {
            var cursor = found + name.count
            while cursor < bytes.count, bytes[cursor] == UInt8(ascii: " ") { cursor += 1 }
            guard cursor < bytes.count, bytes[cursor] == UInt8(ascii: "=") else {
                result += bytes[index..<found + name.count]
                index = found + name.count
                continue
            }
            result += bytes[index..<found + name.count] + Array("=***".utf8)
            index = endOfValue(in: bytes, from: cursor + 1)
        }
        result += bytes[index...]
        return String(decoding: result, as: UTF8.self)
    }

    private static func endOfValue(in bytes: [UInt8], from start: Int) -> Int {
        var cursor = start
        while cursor < bytes.count, bytes[cursor] == UInt8(ascii: " ") { cursor += 1 }
        guard cursor < bytes.count, bytes[cursor] == UInt8(ascii: "'") else {
            while cursor < bytes.count, bytes[cursor] != UInt8(ascii: " "), bytes[cursor] != UInt8(ascii: "&") {
                cursor += 1
            }
            return cursor
        }
        cursor += 1
        while cursor < bytes.count, bytes[cursor] != UInt8(ascii: "'") {
            cursor += bytes[cursor] == UInt8(ascii: "\\") ? 2 : 1
        }
        return min(cursor + 1, bytes.count)
    }

    private static func firstIndex(of pattern: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
        guard bytes.count >= pattern.count, start <= bytes.count - pattern.count else { return nil }
        return (start...bytes.count - pattern.count).first { Array(bytes[$0..<$0 + pattern.count]) == pattern }
    }
}
