// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog

/// How many dimensions an array can have; the server's `MAXDIM`.
private let dimensionLimit = 6

extension ValueConverter {
    /// Appends an array as nested lists: `{1,NULL,"a\"b"}`, `[0:1]={{1},{2}}`. Lower bounds are dropped.
    func writeList(_ text: RawSpan, to output: inout ByteBuffer) throws(WireFault) {
        guard let element = parts.first else { throw WireFault(.malformed, at: 0) }
        var index = try endOfBounds(text)
        var shape = ArrayShape()
        var unescaped: ByteBuffer? = nil
        repeat {
            guard index < text.byteCount else { throw WireFault(.truncated, at: index) }
            switch text[index] {
            case UInt8(ascii: "{"):
                try shape.begin(at: index)
                output.beginNestedList()
                index += 1
            case UInt8(ascii: "}"):
                try shape.end(at: index)
                output.endNested()
                index += 1
            case delimiter:
                try shape.separate(at: index)
                index += 1
            default:
                try shape.value(at: index)
                index = try element.writeElement(of: text, at: index, delimiter: delimiter, &unescaped, to: &output)
            }
        } while shape.depth > 0
        guard index == text.byteCount else { throw WireFault(.trailingBytes(text.byteCount - index), at: index) }
    }

    /// Appends the elements of an `int2vector` or `oidvector` as a list: `1 2 3`.
    func writeVector(_ text: RawSpan, to output: inout ByteBuffer) throws(WireFault) {
        guard let element = parts.first else { throw WireFault(.malformed, at: 0) }
        output.beginNestedList()
        var start = 0
        while start < text.byteCount {
            var end = start
            while end < text.byteCount, text[end] != delimiter { end += 1 }
            guard end > start, end + 1 != text.byteCount else { throw WireFault(.malformed, at: end) }
            try element.writeNested(text.extracting(start..<end), to: &output)
            start = end + 1
        }
        output.endNested()
    }

    /// Appends one element and returns where it ends.
    private func writeElement(
        of text: RawSpan, at start: Int, delimiter: UInt8, _ unescaped: inout ByteBuffer?, to output: inout ByteBuffer
    ) throws(WireFault) -> Int {
        if text[start] == UInt8(ascii: "\"") {
            return try writeQuoted(of: text, at: start, escapes: .backslash, &unescaped, to: &output)
        }
        var end = start
        scan: while end < text.byteCount {
            switch text[end] {
            case delimiter, UInt8(ascii: "}"): break scan
            case UInt8(ascii: "{"), UInt8(ascii: "\""), 0x5c: throw WireFault(.malformed, at: end)
            default: end += 1
            }
        }
        let element = text.extracting(start..<end)
        if element.isEqual(to: "NULL") {
            output.appendNestedNull()
        } else {
            try writeNested(element, to: &output)
        }
        return end
    }
}

/// Where a walk through an array is, so that braces, separators and values stand only where they may.
private struct ArrayShape {
    private enum Last {
        case nothing
        case beginning
        case value
        case separator
    }

    /// How many braces are open.
    private(set) var depth = 0
    /// In which depth values stand, once one was seen.
    private var valueDepth = 0
    private var last = Last.nothing

    mutating func begin(at index: Int) throws(WireFault) {
        guard last != .value, depth < dimensionLimit, valueDepth == 0 || depth < valueDepth else {
            throw WireFault(.malformed, at: index)
        }
        depth += 1
        last = .beginning
    }

    mutating func end(at index: Int) throws(WireFault) {
        guard depth > 0, last == .value || last == .beginning && depth == 1 else {
            throw WireFault(.malformed, at: index)
        }
        depth -= 1
        last = .value
    }

    mutating func separate(at index: Int) throws(WireFault) {
        guard depth > 0, last == .value else { throw WireFault(.malformed, at: index) }
        last = .separator
    }

    mutating func value(at index: Int) throws(WireFault) {
        guard depth > 0, last != .value, valueDepth == 0 || valueDepth == depth else {
            throw WireFault(.malformed, at: index)
        }
        valueDepth = depth
        last = .value
    }
}

/// The end of the bounds in front of an array, `[0:1][-3:5]=`, or 0 when there are none.
private func endOfBounds(_ text: RawSpan) throws(WireFault) -> Int {
    guard text.byteCount > 0, text[0] == UInt8(ascii: "[") else { return 0 }
    for index in 0..<text.byteCount {
        switch text[index] {
        case UInt8(ascii: "="): return index + 1
        case UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: ":"), UInt8(ascii: "-"), UInt8(ascii: "+"): continue
        case let byte: guard isDigit(byte) else { throw WireFault(.malformed, at: index) }
        }
    }
    throw WireFault(.truncated, at: text.byteCount)
}
