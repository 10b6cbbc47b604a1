// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog

extension ValueConverter {
    /// Appends a composite as a record: `(1,"b ""c""",)`. Nothing between two commas is a null.
    func writeRecord(_ text: RawSpan, to output: inout ByteBuffer) throws(WireFault) {
        guard text.byteCount >= 2, text[0] == UInt8(ascii: "(") else { throw WireFault(.malformed, at: 0) }
        var unescaped: ByteBuffer? = nil
        var index = 1
        output.beginNestedRecord()
        for number in parts.indices {
            if number > 0 {
                try text.expect(delimiter, at: index)
                index += 1
            }
            index = try parts[number].writeField(of: text, at: index, &unescaped, to: &output)
        }
        output.endNested()
        try text.expect(UInt8(ascii: ")"), at: index)
        guard index + 1 == text.byteCount else {
            throw WireFault(.trailingBytes(text.byteCount - index - 1), at: index + 1)
        }
    }

    /// Appends one field and returns where it ends.
    private func writeField(
        of text: RawSpan, at start: Int, _ unescaped: inout ByteBuffer?, to output: inout ByteBuffer
    ) throws(WireFault) -> Int {
        if start < text.byteCount, text[start] == UInt8(ascii: "\"") {
            return try writeQuoted(of: text, at: start, escapes: .doubled, &unescaped, to: &output)
        }
        var end = start
        scan: while end < text.byteCount {
            switch text[end] {
            case UInt8(ascii: ","), UInt8(ascii: ")"): break scan
            case UInt8(ascii: "("), UInt8(ascii: "\""), 0x5c: throw WireFault(.malformed, at: end)
            default: end += 1
            }
        }
        if end == start {
            output.appendNestedNull()
        } else {
            try writeNested(text.extracting(start..<end), to: &output)
        }
        return end
    }
}

extension ByteBuffer {
    /// Appends an hstore as a map: `"a"=>"b", "c"=>NULL`.
    mutating func append(hstore text: RawSpan) throws(WireFault) {
        beginNestedMap()
        var index = 0
        while index < text.byteCount {
            if index > 0 {
                try text.expect(UInt8(ascii: ","), at: index)
                try text.expect(UInt8(ascii: " "), at: index + 1)
                index += 2
            }
            index = try appendQuotedScalar(of: text, at: index)
            try text.expect(UInt8(ascii: "="), at: index)
            try text.expect(UInt8(ascii: ">"), at: index + 1)
            index += 2
            if text.byteCount - index >= 4, text.extracting(index..<index + 4).isEqual(to: "NULL") {
                appendNestedNull()
                index += 4
            } else {
                index = try appendQuotedScalar(of: text, at: index)
            }
        }
        endNested()
    }

    private mutating func appendQuotedScalar(of text: RawSpan, at start: Int) throws(WireFault) -> Int {
        try text.expect(UInt8(ascii: "\""), at: start)
        let scalar = beginNestedScalar()
        let end = try appendUnquoted(text, from: start, .backslash)
        endNestedScalar(scalar)
        return end
    }
}

extension RawSpan {
    fileprivate func expect(_ byte: UInt8, at index: Int) throws(WireFault) {
        guard index < byteCount else { throw WireFault(.truncated, at: index) }
        guard self[index] == byte else { throw WireFault(.malformed, at: index) }
    }
}
