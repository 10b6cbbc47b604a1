// SPDX-License-Identifier: Apache-2.0

/// The identifier of an entry of a stream: two unsigned numbers, all values of which are legal.
public struct StreamEntryID: Hashable, Comparable, Sendable {
    /// The first number, usually milliseconds since 1970.
    public let milliseconds: UInt64
    /// The second number, which tells entries of the same millisecond apart.
    public let sequence: UInt64

    /// Puts an identifier together.
    public init(milliseconds: UInt64, sequence: UInt64) {
        self.milliseconds = milliseconds
        self.sequence = sequence
    }

    /// By the first number, then by the second.
    public static func < (left: StreamEntryID, right: StreamEntryID) -> Bool {
        (left.milliseconds, left.sequence) < (right.milliseconds, right.sequence)
    }
}

extension StreamEntryID: CustomStringConvertible {
    /// As the server prints it: `1700000000000-0`.
    public var description: String { "\(milliseconds)-\(sequence)" }
}
