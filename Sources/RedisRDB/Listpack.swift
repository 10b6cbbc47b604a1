// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Entries of a listpack: encoding, contents, and the length of both once more for those who read backwards.
enum Listpack {
    /// Reads the entry at `at`, which moves behind it.
    @inline(__always)
    static func entry(_ bytes: RawSpan, _ at: inout Int) throws(WireFault) -> PackedEntry {
        let begin = at
        guard begin < bytes.byteCount else { throw WireFault(.truncated, at: begin) }
        let first = bytes[begin]
        if first < 0x80 {
            at = begin + 2
            return PackedEntry(Int64(first))
        }
        if first < 0xc0 {
            let length = Int(first & 0x3f)
            at = begin + length + 2
            guard at < bytes.byteCount else { throw WireFault(.truncated, at: begin) }
            return PackedEntry(bytesAt: begin + 1, count: length)
        }
        return try longEntry(first, bytes, &at)
    }

    private static func longEntry(_ first: UInt8, _ bytes: RawSpan, _ at: inout Int) throws(WireFault) -> PackedEntry {
        let begin = at
        switch first {
        case 0xc0..<0xe0:
            guard begin + 1 < bytes.byteCount else { throw WireFault(.truncated, at: begin) }
            let value = Int64(first & 0x1f) << 8 | Int64(bytes[begin + 1])
            at = begin + 3
            return PackedEntry(value >= 4096 ? value - 8192 : value)
        case 0xe0..<0xf0:
            guard begin + 1 < bytes.byteCount else { throw WireFault(.truncated, at: begin) }
            return try string(bytes, &at, head: 2, length: Int(first & 0x0f) << 8 | Int(bytes[begin + 1]))
        case 0xf0:
            guard begin + 5 <= bytes.byteCount else { throw WireFault(.truncated, at: begin) }
            return try string(bytes, &at, head: 5, length: Int(bytes.littleEndianHalfWord(at: begin + 1)))
        case 0xf1...0xf4:
            let width = first == 0xf4 ? 8 : Int(first - 0xef)
            let value = try bytes.signedInteger(at: begin + 1, width: width)
            at = begin + width + 2
            return PackedEntry(value)
        default: throw WireFault(.malformed, at: begin)
        }
    }

    private static func string(
        _ bytes: RawSpan, _ at: inout Int, head: Int, length: Int
    ) throws(WireFault) -> PackedEntry {
        let begin = at
        at = begin + head + length + backwardLengthSize(head + length)
        guard at < bytes.byteCount else { throw WireFault(.truncated, at: begin) }
        return PackedEntry(bytesAt: begin + head, count: length)
    }

    /// How many bytes it takes to say once more how long an entry is.
    private static func backwardLengthSize(_ length: Int) -> Int {
        switch length {
        case ...127: 1
        case ..<16383: 2
        case ..<2_097_151: 3
        case ..<268_435_455: 4
        default: 5
        }
    }
}
