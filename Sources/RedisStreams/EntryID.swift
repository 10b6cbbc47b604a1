// SPDX-License-Identifier: Apache-2.0

import Bytes
public import Changelog

/// The identifier of an entry: two unsigned numbers of 64 bits, the first of which is a time in milliseconds unless
/// somebody chose it.
public typealias EntryID = LanePoint

extension EntryID {
    /// `milliseconds-sequence`
    init(_ milliseconds: UInt64, _ sequence: UInt64) {
        self.init(position: Position(rawValue: milliseconds), ordinal: sequence)
    }

    /// The last that there can be.
    static let last = EntryID(.max, .max)

    /// The one before; of the first, the first.
    var predecessor: EntryID {
        if ordinal > 0 { return EntryID(position.rawValue, ordinal - 1) }
        return position.rawValue > 0 ? EntryID(position.rawValue - 1, .max) : self
    }

    /// Reads the text form, `1700000000000-5`; nil when it is none.
    @inline(__always)
    init?(reading text: RawSpan) {
        var numbers: (UInt64, UInt64) = (0, 0)
        var dash = -1
        for index in 0..<text.byteCount {
            let digit = text[index] &- 0x30
            if digit <= 9 {
                let (product, overflow) = numbers.1.multipliedReportingOverflow(by: 10)
                let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
                guard !overflow, !carry else { return nil }
                numbers.1 = sum
            } else {
                guard digit == UInt8(ascii: "-") &- 0x30, dash < 0, index > 0 else { return nil }
                dash = index
                numbers = (numbers.1, 0)
            }
        }
        guard dash > 0, dash < text.byteCount - 1 else { return nil }
        self.init(numbers.0, numbers.1)
    }

    /// The text form.
    var text: String { LaneNotation.entry.text(self) }
}
