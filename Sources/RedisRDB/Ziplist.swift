// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Entries of a ziplist: the length of the entry before, encoding, contents.
enum Ziplist {
    /// Reads the entry at `at`, which moves behind it.
    static func entry(_ bytes: RawSpan, _ at: inout Int) throws(WireFault) -> PackedEntry {
        let begin = at
        let head = bytes.byteCount > begin && bytes[begin] == 254 ? begin + 5 : begin + 1
        guard head < bytes.byteCount else { throw WireFault(.truncated, at: begin) }
        let encoding = bytes[head]
        switch encoding >> 6 {
        case 0: return try string(bytes, &at, start: head + 1, length: Int(encoding & 0x3f))
        case 1:
            guard head + 2 <= bytes.byteCount else { throw WireFault(.truncated, at: begin) }
            return try string(bytes, &at, start: head + 2, length: Int(encoding & 0x3f) << 8 | Int(bytes[head + 1]))
        case 2:
            guard head + 5 <= bytes.byteCount else { throw WireFault(.truncated, at: begin) }
            return try string(
                bytes, &at, start: head + 5, length: Int(bytes.littleEndianHalfWord(at: head + 1).byteSwapped))
        default: return try integer(encoding, bytes, &at, start: head + 1)
        }
    }

    private static func string(
        _ bytes: RawSpan, _ at: inout Int, start: Int, length: Int
    ) throws(WireFault) -> PackedEntry {
        guard length < bytes.byteCount - start else { throw WireFault(.truncated, at: at) }
        at = start + length
        return PackedEntry(bytesAt: start, count: length)
    }

    private static func integer(
        _ encoding: UInt8, _ bytes: RawSpan, _ at: inout Int, start: Int
    ) throws(WireFault) -> PackedEntry {
        let width: Int
        switch encoding {
        case 0xc0: width = 2
        case 0xd0: width = 4
        case 0xe0: width = 8
        case 0xf0: width = 3
        case 0xfe: width = 1
        case 0xf1...0xfd:
            at = start
            return PackedEntry(Int64(encoding & 0x0f) - 1)
        default: throw WireFault(.malformed, at: start - 1)
        }
        let value = try bytes.signedInteger(at: start, width: width)
        at = start + width
        return PackedEntry(value)
    }
}
