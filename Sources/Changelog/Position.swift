// SPDX-License-Identifier: Apache-2.0

/// A point in one history: a log sequence number, a stream entry's time, a replication offset.
///
/// Positions of one history compare; positions of two histories do not, which is why a position never travels
/// without the epoch of its history (see ``SequenceKey``).
public struct Position: RawRepresentable, Hashable, Sendable {
    /// The point as the source counts it.
    public let rawValue: UInt64

    /// The point that the source calls `rawValue`.
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// The point before everything.
    public static let zero = Position(rawValue: 0)
}

extension Position: Comparable {
    /// Whether `lhs` lies before `rhs` in their history.
    public static func < (lhs: Position, rhs: Position) -> Bool {
        lhs.rawValue < rhs.rawValue
    }
}

/// How the positions of a source are written for people and in anchors.
public enum PositionNotation: String, Sendable, Codable {
    /// Two hexadecimal halves, `0/16B3748`: a PostgreSQL log sequence number.
    case lsn
    /// One decimal number: an offset.
    case decimal
    /// One decimal number that counts the transactions of all lanes: the source has no position of its own for them
    /// together.
    case clock

    /// The text of `position`.
    public func text(_ position: Position) -> String {
        switch self {
        case .lsn:
            let high = String(position.rawValue >> 32, radix: 16, uppercase: true)
            let low = String(position.rawValue & 0xffff_ffff, radix: 16, uppercase: true)
            return "\(high)/\(low)"
        case .decimal, .clock:
            return String(position.rawValue)
        }
    }

    /// The position that `text` means, or nil when it is none.
    public func position(_ text: String) -> Position? {
        switch self {
        case .lsn:
            let halves = text.split(separator: "/", omittingEmptySubsequences: false)
            guard halves.count == 2, halves.allSatisfy({ (1...8).contains($0.utf8.count) && isDigits($0) }),
                let high = UInt32(halves[0], radix: 16), let low = UInt32(halves[1], radix: 16)
            else { return nil }
            return Position(rawValue: UInt64(high) << 32 | UInt64(low))
        case .decimal, .clock:
            return isDigits(text) ? UInt64(text).map(Position.init(rawValue:)) : nil
        }
    }

    /// The standard library's numbers may bear a sign; positions do not.
    private func isDigits(_ text: some StringProtocol) -> Bool { text.utf8.allSatisfy { $0 >= UInt8(ascii: "0") } }
}

/// **The** order of all records of an export: epoch, position, ordinal. Written as `%04x/%016x/%016x`, so that
/// the order of the bytes is the order of the changes (`docs/format.md`, Records).
public struct SequenceKey: Hashable, Sendable {
    /// The number of the history inside the export, from 1.
    public let epoch: UInt16
    /// Where the transaction ends, or where the snapshot was taken.
    public let position: Position
    /// The change inside its transaction, from 1, counted before any filter.
    public let ordinal: UInt64

    /// Makes the key of one change.
    public init(epoch: UInt16, position: Position, ordinal: UInt64) {
        self.epoch = epoch
        self.position = position
        self.ordinal = ordinal
    }
}

extension SequenceKey: Comparable {
    /// Whether `lhs` comes before `rhs` in the export.
    public static func < (lhs: SequenceKey, rhs: SequenceKey) -> Bool {
        (lhs.epoch, lhs.position, lhs.ordinal) < (rhs.epoch, rhs.position, rhs.ordinal)
    }
}

extension SequenceKey: LosslessStringConvertible {
    /// How many bytes the text form has.
    public static let textLength = 4 + 1 + 16 + 1 + 16

    /// The text form, always ``SequenceKey/textLength`` bytes.
    public var description: String {
        "\(hexadecimal(UInt64(epoch), digits: 4))/\(hexadecimal(position.rawValue, digits: 16))"
            + "/\(hexadecimal(ordinal, digits: 16))"
    }

    /// Reads the text form, which is one for each key: a sign or a capital letter is none of its digits.
    public init?(_ description: String) {
        let parts = description.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, parts.map(\.utf8.count) == [4, 16, 16], let epoch = UInt16(parts[0], radix: 16),
            let position = UInt64(parts[1], radix: 16), let ordinal = UInt64(parts[2], radix: 16)
        else { return nil }
        self.init(epoch: epoch, position: Position(rawValue: position), ordinal: ordinal)
        guard self.description == description else { return nil }
    }
}

/// `value` as lower-case hexadecimal digits with zeros before it, at least `digits` of them.
public func hexadecimal(_ value: UInt64, digits: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
}
