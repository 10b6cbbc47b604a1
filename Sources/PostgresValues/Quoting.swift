// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog

/// How bytes are protected between double quotes.
enum QuoteEscapes {
    /// `\"` and `\\`: arrays and hstore.
    case backslash
    /// `""` and `\\`: composites. A backslash protects any byte here too.
    case doubled
}

extension ValueConverter {
    /// Appends the quoted value that begins at `start` as a nested value, and returns where it ends.
    /// `unescaped` is room for a value that has to be read again without its escapes; it is made when first needed.
    func writeQuoted(
        of text: RawSpan, at start: Int, escapes: QuoteEscapes, _ unescaped: inout ByteBuffer?,
        to output: inout ByteBuffer
    ) throws(WireFault) -> Int {
        let first = text.firstIndex(of: QuoteStops.self, from: start + 1)
        if text.isClosingQuote(at: first, escapes) {
            try writeNested(text.extracting(start + 1..<first), to: &output)
            return first + 1
        }
        if shape == .copy {
            let scalar = output.beginNestedScalar()
            let end = try output.appendUnquoted(text, from: start, escapes)
            output.endNestedScalar(scalar)
            return end
        }
        var room = unescaped.take() ?? ByteBuffer()
        room.removeAll()
        let end = try room.appendUnquoted(text, from: start, escapes)
        try writeNested(room.bytes, to: &output)
        unescaped = consume room
        return end
    }
}

extension ByteBuffer {
    /// Appends what stands between the double quote at `start` and the one that closes it, without escapes, and
    /// returns the offset behind the latter.
    mutating func appendUnquoted(
        _ text: RawSpan, from start: Int, _ escapes: QuoteEscapes
    ) throws(WireFault) -> Int {
        var index = start + 1
        while true {
            index = appendRun(of: text, from: index, until: QuoteStops.self)
            guard index < text.byteCount else { throw WireFault(.truncated, at: index) }
            if text.isClosingQuote(at: index, escapes) { return index + 1 }
            guard index + 1 < text.byteCount else { throw WireFault(.truncated, at: index) }
            append(text[index + 1])
            index += 2
        }
    }
}

extension RawSpan {
    /// Whether the byte at `index` is a double quote that closes.
    fileprivate func isClosingQuote(at index: Int, _ escapes: QuoteEscapes) -> Bool {
        guard index < byteCount, self[index] == UInt8(ascii: "\"") else { return false }
        return switch escapes {
        case .backslash: true
        case .doubled: index + 1 >= byteCount || self[index + 1] != UInt8(ascii: "\"")
        }
    }
}
