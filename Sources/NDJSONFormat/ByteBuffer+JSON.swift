// SPDX-License-Identifier: Apache-2.0

import Bytes

extension ByteBuffer {
    /// Appends `text` as a JSON string, escaped as the server's `escape_json` does. Bytes that are not UTF-8, which
    /// a database of encoding SQL_ASCII may hold, become U+FFFD.
    @inline(__always)
    mutating func appendJSON(string text: RawSpan) {
        append(UInt8(ascii: "\""))
        let index = appendRun(of: text, from: 0, until: JSONStringStops.self)
        if index < text.byteCount { appendJSONRest(of: text, from: index) }
        append(UInt8(ascii: "\""))
    }

    @inline(never)
    private mutating func appendJSONRest(of text: RawSpan, from start: Int) {
        var index = start
        while index < text.byteCount {
            let byte = text[index]
            if byte >= 0x80 {
                index = appendCharacter(of: text, at: index)
            } else {
                appendEscaped(byte)
                index += 1
            }
            index = appendRun(of: text, from: index, until: JSONStringStops.self)
        }
    }

    /// Appends a JSON text on one line: control bytes, which can stand between its tokens only, become spaces.
    mutating func appendJSON(embedding text: RawSpan) {
        var index = 0
        while true {
            index = appendRun(of: text, from: index, until: JSONTextStops.self)
            guard index < text.byteCount else { return }
            if text[index] >= 0x80 {
                index = appendCharacter(of: text, at: index)
            } else {
                append(UInt8(ascii: " "))
                index += 1
            }
        }
    }

    /// Appends `text` bare when it is a number in JSON, else as a string: `NaN`, `Infinity`.
    @inline(__always)
    mutating func appendJSON(number text: RawSpan) {
        if text.isJSONNumber { append(text) } else { appendJSON(string: text) }
    }

    /// Appends `true` for `t` and `false` for `f`.
    @inline(__always)
    mutating func appendJSON(boolean text: RawSpan) {
        guard text.byteCount == 1 else { return appendJSON(string: text) }
        switch text[0] {
        case UInt8(ascii: "t"): append("true")
        case UInt8(ascii: "f"): append("false")
        default: appendJSON(string: text)
        }
    }

    /// Appends hexadecimal digits as the server prints bytes: `"\\x00ff"`.
    mutating func appendJSON(hexadecimal text: RawSpan) {
        append("\"\\\\x")
        let index = appendRun(of: text, from: 0, until: JSONStringStops.self)
        if index < text.byteCount { appendJSONRest(of: text, from: index) }
        append(UInt8(ascii: "\""))
    }

    /// Appends bytes as a string where they are UTF-8, else as `{"b64":"…"}` (RFC 4648, section 4).
    mutating func appendJSON(bytes: RawSpan) {
        guard bytes.isUTF8 else {
            append(#"{"b64":""#)
            appendBase64(bytes)
            return append(#""}"#)
        }
        appendJSON(string: bytes)
    }

    /// Appends all characters from `index` on that are not ASCII and returns the offset of the next that is.
    private mutating func appendCharacter(of text: RawSpan, at index: Int) -> Int {
        var end = index
        var plain = index
        while end < text.byteCount, text[end] >= 0x80 {
            let length = text.wellFormedLength(at: end)
            if length == 0 {
                append(text.extracting(plain..<end))
                append("\u{FFFD}")
                plain = end + 1
            }
            end += max(length, 1)
        }
        append(text.extracting(plain..<end))
        return end
    }

    private mutating func appendEscaped(_ byte: UInt8) {
        switch byte {
        case 0x22: append("\\\"")
        case 0x5c: append("\\\\")
        case 0x08: append("\\b")
        case 0x09: append("\\t")
        case 0x0a: append("\\n")
        case 0x0c: append("\\f")
        case 0x0d: append("\\r")
        default:
            append("\\u")
            appendHexadecimal(UInt64(byte), digits: 4)
        }
    }
}

extension RawSpan {
    /// Whether the bytes are a number in JSON (RFC 8259, section 6).
    @inline(__always)
    var isJSONNumber: Bool {
        var index = byteCount > 0 && self[0] == UInt8(ascii: "-") ? 1 : 0
        let first = index
        index = endOfDigits(from: first)
        guard index > first, index == first + 1 || self[first] != UInt8(ascii: "0") else { return false }
        return index == byteCount || isJSONFraction(from: index)
    }

    private func isJSONFraction(from start: Int) -> Bool {
        var index = start
        if self[index] == UInt8(ascii: ".") {
            let first = index + 1
            index = endOfDigits(from: first)
            guard index > first else { return false }
        }
        guard index < byteCount else { return true }
        guard self[index] | 0x20 == UInt8(ascii: "e") else { return false }
        index += 1
        if index < byteCount, self[index] == UInt8(ascii: "+") || self[index] == UInt8(ascii: "-") { index += 1 }
        let first = index
        index = endOfDigits(from: first)
        return index > first && index == byteCount
    }

    @inline(__always)
    private func endOfDigits(from start: Int) -> Int {
        var index = start
        while index < byteCount, self[index] &- 0x30 < 10 { index += 1 }
        return index
    }
}
