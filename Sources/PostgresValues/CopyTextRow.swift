// SPDX-License-Identifier: Apache-2.0

public import Bytes
public import Changelog

/// One line of COPY in text format.
public enum CopyTextRow {
    /// Appends the values of one line, with or without its line feed, to the change that `batch` is at: one for each
    /// of `converters`. When it throws, some may have been appended; abandon the change then. `scratch` is room for
    /// values that have to be read without their escapes.
    public static func decode(
        _ line: RawSpan, converters: [ValueConverter], into batch: inout ChangeBatch, scratch: inout ByteBuffer
    ) throws(WireFault) {
        let line = withoutLineFeed(line)
        let converters = converters.span
        var index = 0
        for number in 0..<converters.count {
            if number > 0 {
                guard index < line.byteCount else { throw WireFault(.truncated, at: index) }
                index += 1
            }
            index = try decodeField(of: line, at: index, converters, number, into: &batch, scratch: &scratch)
        }
        guard index == line.byteCount else { throw WireFault(.trailingBytes(line.byteCount - index), at: index) }
    }

    @_lifetime(copy line)
    private static func withoutLineFeed(_ line: RawSpan) -> RawSpan {
        let last = line.byteCount - 1
        return last >= 0 && line[last] == 0x0a ? line.extracting(0..<last) : line
    }

    /// Appends one field and returns the offset of the tab behind it, or of the end.
    @inline(__always)
    private static func decodeField(
        of line: RawSpan, at start: Int, _ converters: Span<ValueConverter>, _ number: Int,
        into batch: inout ChangeBatch, scratch: inout ByteBuffer
    ) throws(WireFault) -> Int {
        if line.isNullMark(at: start) {
            batch.appendNull()
            return start + 2
        }
        if converters[number].shape == .copy {
            var end = start
            try batch.append { (arena: inout ByteBuffer) throws(WireFault) in
                end = try arena.appendCopyField(line, from: start)
            }
            return end
        }
        let end = line.firstIndex(of: CopyStops.self, from: start)
        if end == line.byteCount || line[end] == 0x09 {
            try converters[number].convert(line.extracting(start..<end), into: &batch)
            return end
        }
        scratch.removeAll()
        let fieldEnd = try scratch.appendCopyField(line, from: start)
        try converters[number].convert(scratch.bytes, into: &batch)
        return fieldEnd
    }
}

extension ByteBuffer {
    /// Appends a field without its escapes and returns the offset of the tab behind it, or of the end.
    @inline(__always)
    fileprivate mutating func appendCopyField(_ line: RawSpan, from start: Int) throws(WireFault) -> Int {
        var index = appendRun(of: line, from: start, until: CopyStops.self)
        while index < line.byteCount, line[index] == 0x5c {
            guard index + 1 < line.byteCount else { throw WireFault(.truncated, at: index) }
            append(try unescaped(line[index + 1], at: index))
            index = appendRun(of: line, from: index + 2, until: CopyStops.self)
        }
        return index
    }
}

extension RawSpan {
    /// Whether the field at `start` is `\N`.
    @inline(__always)
    fileprivate func isNullMark(at start: Int) -> Bool {
        guard start + 2 <= byteCount, self[start] == 0x5c, self[start + 1] == UInt8(ascii: "N") else { return false }
        return start + 2 == byteCount || self[start + 2] == 0x09
    }
}

/// The byte that a backslash and `letter` stand for. These are all that the server writes.
private func unescaped(_ letter: UInt8, at index: Int) throws(WireFault) -> UInt8 {
    switch letter {
    case 0x5c: 0x5c
    case UInt8(ascii: "n"): 0x0a
    case UInt8(ascii: "t"): 0x09
    case UInt8(ascii: "r"): 0x0d
    case UInt8(ascii: "b"): 0x08
    case UInt8(ascii: "f"): 0x0c
    case UInt8(ascii: "v"): 0x0b
    default: throw WireFault(.malformed, at: index)
    }
}
