// SPDX-License-Identifier: Apache-2.0

/// Puts payloads together byte by byte.
enum RDBText {
    /// A payload without a checksum.
    static func payload(_ header: String, _ records: [UInt8]...) -> [UInt8] {
        Array(header.utf8) + records.flatMap { $0 } + [255] + [UInt8](repeating: 0, count: 8)
    }

    static func length(_ count: Int) -> [UInt8] {
        if count < 64 { return [UInt8(count)] }
        if count < 1 << 14 { return [0x40 | UInt8(count >> 8), UInt8(count & 255)] }
        return [0x80] + (0..<4).map { UInt8(truncatingIfNeeded: count >> (24 - 8 * $0)) }
    }

    static func string(_ bytes: [UInt8]) -> [UInt8] { length(bytes.count) + bytes }
    static func string(_ text: String) -> [UInt8] { string(Array(text.utf8)) }

    /// A string as LZF: literal runs only, or one repetition after the first byte when all bytes are the same.
    static func compressed(_ bytes: [UInt8]) -> [UInt8] {
        let stored = Set(bytes).count == 1 && bytes.count > 3 ? repetition(bytes) : literals(bytes)
        return [0xc3] + length(stored.count) + length(bytes.count) + stored
    }

    private static func literals(_ bytes: [UInt8]) -> [UInt8] {
        stride(from: 0, to: bytes.count, by: 32).flatMap { start -> [UInt8] in
            let run = bytes[start..<min(start + 32, bytes.count)]
            return [UInt8(run.count - 1)] + run
        }
    }

    private static func repetition(_ bytes: [UInt8]) -> [UInt8] {
        var output: [UInt8] = [0, bytes[0]]
        var left = bytes.count - 1
        while left > 0 {
            let length = left > 264 && left - 264 < 3 ? 200 : min(left, 264)
            if length < 3 {
                output += literals(Array(repeating: bytes[0], count: length))
            } else {
                output += length < 9 ? [UInt8((length - 2) << 5), 0] : [7 << 5, UInt8(length - 9), 0]
            }
            left -= length
        }
        return output
    }
}
