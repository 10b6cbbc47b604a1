// SPDX-License-Identifier: Apache-2.0

import Changelog
import Testing

@Suite struct PositionTests {
    @Test(arguments: [
        (UInt64(0), "0/0"), (0x16B_3748, "0/16B3748"), (0x1_0000_0000, "1/0"), (0xAB_0000_00CD, "AB/CD"),
        (.max, "FFFFFFFF/FFFFFFFF"),
    ])
    func `a log position is written in two hexadecimal halves`(rawValue: UInt64, text: String) {
        let position = Position(rawValue: rawValue)
        #expect(PositionNotation.lsn.text(position) == text)
        #expect(PositionNotation.lsn.position(text) == position)
        #expect(PositionNotation.lsn.position(text.lowercased()) == position)
    }

    @Test(arguments: [
        "", "/", "0", "0/", "/0", "0/0/0", "0/123456789", "+1/0", "-0/0", "1/+2", "g/0", "0x1/0", " 0/0", "0/0 ", "１/0",
    ])
    func `what is no log position is refused`(text: String) {
        #expect(PositionNotation.lsn.position(text) == nil)
    }

    @Test(arguments: [(UInt64(0), "0"), (42, "42"), (.max, "18446744073709551615")])
    func `an offset is written as a decimal number`(rawValue: UInt64, text: String) {
        #expect(PositionNotation.decimal.text(Position(rawValue: rawValue)) == text)
        #expect(PositionNotation.decimal.position(text) == Position(rawValue: rawValue))
    }

    @Test(arguments: ["", "+1", "-1", "-0", "1.0", "a", " 1", "18446744073709551616"])
    func `what is no offset is refused`(text: String) {
        #expect(PositionNotation.decimal.position(text) == nil)
    }
}

@Suite struct SequenceKeyTests {
    @Test func `the text is three numbers of fixed width`() {
        let key = SequenceKey(epoch: 1, position: Position(rawValue: 0x16B_3748), ordinal: 10)
        #expect(key.description == "0001/00000000016b3748/000000000000000a")
        #expect(key.description.utf8.count == SequenceKey.textLength)
    }

    @Test(arguments: samples())
    func `every key reads back`(key: SequenceKey) {
        #expect(SequenceKey(key.description) == key)
    }

    @Test func `the order of the bytes is the order of the keys`() {
        let keys = Self.samples()
        for left in keys {
            for right in keys {
                let bytes = left.description.utf8.lexicographicallyPrecedes(right.description.utf8)
                #expect(bytes == (left < right), "\(left) \(right)")
            }
        }
    }

    @Test(arguments: [
        "", "0001/0000000000000001", "0001/0000000000000001/000000000000001", "001/00000000000000001/0000000000000001",
        "0001/0000000000000001/000000000000000A", "+001/0000000000000001/0000000000000001",
        "0001/0000000000000001/0000000000000001/", "0001/0000000000000001/000000000000000g",
        "0001/-000000000000001/0000000000000001",
    ])
    func `a key has one spelling`(text: String) {
        #expect(SequenceKey(text) == nil)
    }

    /// Keys at the edges of all parts, and some between.
    private static func samples() -> [SequenceKey] {
        var random = SystemRandomNumberGenerator()
        let numbers: [UInt64] = [0, 1, 15, 16, 1 << 40, .max - 1, .max, random.next(), random.next()]
        let epochs: [UInt16] = [0, 1, 255, 256, .max]
        return epochs.flatMap { epoch in
            zip(numbers, numbers.reversed()).map { position, ordinal in
                SequenceKey(epoch: epoch, position: Position(rawValue: position), ordinal: ordinal)
            }
        }
    }
}
