// SPDX-License-Identifier: Apache-2.0

import Bytes

/// The checksum of payloads: CRC-64 with the polynomial of Jones, reflected, beginning at zero.
struct CRC64 {
    private(set) var value: UInt64 = 0

    /// Adds bytes, eight at a time.
    mutating func update(_ bytes: RawSpan) {
        value = Self.update(value, bytes, Self.tables.span)
    }

    private static func update(_ start: UInt64, _ bytes: RawSpan, _ tables: Span<UInt64>)
        -> UInt64
    {
        var crc = start
        var index = 0
        while index + 8 <= bytes.byteCount {
            let word = bytes.littleEndianWord(at: index) ^ crc
            let low = tables[0x700 | Int(word & 255)] ^ tables[0x600 | Int(word >> 8 & 255)]
            let middle = tables[0x500 | Int(word >> 16 & 255)] ^ tables[0x400 | Int(word >> 24 & 255)]
            let upper = tables[0x300 | Int(word >> 32 & 255)] ^ tables[0x200 | Int(word >> 40 & 255)]
            let high = tables[0x100 | Int(word >> 48 & 255)] ^ tables[Int(word >> 56)]
            crc = low ^ middle ^ upper ^ high
            index += 8
        }
        while index < bytes.byteCount {
            crc = tables[Int((crc ^ UInt64(bytes[index])) & 255)] ^ crc >> 8
            index += 1
        }
        return crc
    }

    /// Row `n` says what a byte becomes that `n` bytes follow.
    private static let tables: [UInt64] = {
        var tables = [UInt64](repeating: 0, count: 2048)
        for byte in 0..<256 {
            var crc = UInt64(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x95ac_9329_ac4b_c9b5 : crc >> 1 }
            tables[byte] = crc
        }
        for place in 256..<2048 {
            let before = tables[place - 256]
            tables[place] = tables[Int(before & 255)] ^ before >> 8
        }
        return tables
    }()
}
