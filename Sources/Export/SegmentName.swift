// SPDX-License-Identifier: Apache-2.0

public import Changelog
import Digests

/// The name of a segment: a pure function of what it holds, `<epoch>-<first>-<last>-<part>` in hexadecimal.
public struct SegmentName: Hashable, Sendable {
    /// The number of the history.
    public let epoch: UInt16
    /// The position of its first change.
    public let first: Position
    /// The position of its last change.
    public let last: Position
    /// Its number, from 0, among the segments of its table that one anchor publishes.
    public let part: Int
    /// The ordinals of its first and last change, where they belong to the position: in a lane of entries.
    public let ordinals: Ordinals?

    /// What makes a position whole.
    public struct Ordinals: Hashable, Sendable {
        let first: UInt64
        let last: UInt64

        /// Makes ordinals.
        public init(first: UInt64, last: UInt64) {
            self.first = first
            self.last = last
        }
    }

    /// Makes a name.
    public init(epoch: UInt16, first: Position, last: Position, part: Int, ordinals: Ordinals? = nil) {
        self.epoch = epoch
        self.first = first
        self.last = last
        self.part = part
        self.ordinals = ordinals
    }

    /// The name of a segment that holds the records from `first` to `last`, of a lane or of the one history.
    public init(first: SequenceKey, last: SequenceKey, notation: LaneNotation?, part: Int) {
        let ordinals = notation == .entry ? Ordinals(first: first.ordinal, last: last.ordinal) : nil
        self.init(
            epoch: first.epoch, first: first.position, last: last.position, part: part, ordinals: ordinals)
    }

    /// Where its last record stands.
    public var end: LanePoint { LanePoint(position: last, ordinal: ordinals?.last ?? 0) }

    /// The path of the segment relative to the export: `public.orders/data/0001-…-0000.ndjson.zst`.
    public func path(of table: TableName, fileExtension: String) -> String {
        "\(table.folderName)/data/\(description).\(fileExtension)"
    }
}

extension SegmentName: CustomStringConvertible {
    /// The name without its extension.
    public var description: String {
        [
            hexadecimal(UInt64(epoch), digits: 4), Self.text(first, ordinals?.first),
            Self.text(last, ordinals?.last), hexadecimal(UInt64(part), digits: 4),
        ].joined(separator: "-")
    }
}

extension SegmentName {
    private static func text(_ position: Position, _ ordinal: UInt64?) -> String {
        hexadecimal(position.rawValue, digits: 16) + (ordinal.map { hexadecimal($0, digits: 16) } ?? "")
    }

    /// Reads 16 digits, or 32 with an ordinal.
    private static func point(_ text: Substring) -> (position: Position, ordinal: UInt64?)? {
        guard text.utf8.count == 16 || text.utf8.count == 32, let position = UInt64(text.prefix(16), radix: 16)
        else { return nil }
        guard text.utf8.count == 32 else { return (Position(rawValue: position), nil) }
        return UInt64(text.dropFirst(16), radix: 16).map { (Position(rawValue: position), $0) }
    }
}

extension TableName {
    /// The folder of the table inside the export: `~` and two hexadecimal digits where a byte is not `[A-Za-z0-9_-]`,
    /// the dot between namespace and name excepted, so that no name leaves its folder and no two names share one. A
    /// name that file systems would refuse for its length is cut and ends in `~~` and 16 digits of its digest.
    ///
    /// Not `%`, which readers of Delta tables decode once too often.
    public var folderName: String {
        let encoded = (namespace.map { $0.tildeEncoded + "." } ?? "") + name.tildeEncoded
        guard encoded.utf8.count > 200 else { return encoded }
        let digest = Digest(of: Array(encoded.utf8)).hexadecimal
        return encoded.prefix(180) + "~~" + digest.prefix(16)
    }
}

extension String {
    fileprivate var tildeEncoded: String {
        var result = ""
        for byte in utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x5f:
                result.unicodeScalars.append(UnicodeScalar(byte))
            default: result += "~" + hexadecimal(UInt64(byte), digits: 2).uppercased()
            }
        }
        return result
    }
}

extension SegmentName {
    /// Reads the name back from the last component of a path, whatever its extension.
    public init?(path: String) {
        guard let file = path.split(separator: "/").last, let stem = file.split(separator: ".").first else {
            return nil
        }
        let parts = stem.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 4, let epoch = UInt16(parts[0], radix: 16), let first = Self.point(parts[1]),
            let last = Self.point(parts[2]), let part = Int(parts[3], radix: 16)
        else { return nil }
        let ordinals = first.ordinal.flatMap { first in last.ordinal.map { Ordinals(first: first, last: $0) } }
        self.init(
            epoch: epoch, first: first.position, last: last.position, part: part, ordinals: ordinals)
        // A name has one spelling; another file's name is none.
        guard description == stem else { return nil }
    }
}
