// SPDX-License-Identifier: Apache-2.0

import Bytes
import Testing

/// Hexadecimal digits and beginnings of bytes, against what each byte says.
@Suite struct HexadecimalTests {
    @Test(arguments: [0, 1, 0x9, 0xa, 0xf0, 0x1234_5678_9abc_def0, 0x0fed_cba9_8765_4321, UInt64.max])
    func `a number has the digits that it is asked for`(value: UInt64) {
        let all = String(value, radix: 16)
        let padded = String(repeating: "0", count: 16 - all.count) + all
        for digits in 1...16 {
            var buffer = ByteBuffer(capacity: 64)
            buffer.append("x")
            buffer.appendHexadecimal(value, digits: digits)
            buffer.append("y")
            #expect(String(decoding: buffer.bytes.copiedBytes(), as: UTF8.self) == "x" + padded.suffix(digits) + "y")
        }
    }

    @Test func `bytes have two digits each, whatever their number`() {
        let bytes = (0...255).map { UInt8($0) }
        for count in [0, 1, 2, 3, 4, 5, 7, 8, 255, 256] {
            var buffer = ByteBuffer(capacity: 64)
            Array(bytes.prefix(count)).withRawSpan { buffer.appendHexadecimal(bytes: $0) }
            let expected = bytes.prefix(count).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            #expect(String(decoding: buffer.bytes.copiedBytes(), as: UTF8.self) == expected)
        }
    }

    @Test func `a UUID has five groups`() {
        var buffer = ByteBuffer(capacity: 64)
        let bytes: [UInt8] = [
            0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10,
        ]
        bytes.withRawSpan { buffer.append(uuid: $0) }
        #expect(
            String(decoding: buffer.bytes.copiedBytes(), as: UTF8.self) == "01234567-89ab-cdef-fedc-ba9876543210")
    }

    @Test func `the common beginning ends at the first byte that differs`() {
        let base = (0..<40).map { UInt8($0) }
        for count in 0...40 {
            for place in 0...count {
                var other = Array(base.prefix(count))
                if place < count { other[place] ^= 0x80 }
                let found = base.withRawSpan { left in other.withRawSpan { left.commonPrefixLength(with: $0) } }
                #expect(found == place, "\(count) bytes of which byte \(place) differs")
            }
        }
    }
}
