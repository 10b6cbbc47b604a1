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

    /// Makes a name.
    public init(epoch: UInt16, first: Position, last: Position, part: Int) {
        self.epoch = epoch
        self.first = first
        self.last = last
        self.part = part
    }

    /// The path of the segment relative to the export: `public.orders/data/0001-…-0000.ndjson.zst`.
    public func path(of table: TableName, fileExtension: String) -> String {
        "\(table.folderName)/data/\(description).\(fileExtension)"
    }
}

extension SegmentName: CustomStringConvertible {
    /// The name without its extension.
    public var description: String {
        [
            hexadecimal(UInt64(epoch), digits: 4), hexadecimal(first.rawValue, digits: 16),
            hexadecimal(last.rawValue, digits: 16), hexadecimal(UInt64(part), digits: 4),
        ].joined(separator: "-")
    }
}

extension TableName {
    /// The folder of the table inside the export: percent-encoded where a byte is not `[A-Za-z0-9_-]`, the dot
    /// between namespace and name excepted, so that no name leaves its folder and no two names share one. A name
    /// that file systems would refuse for its length is cut and ends in `~` and 16 digits of its digest.
    public var folderName: String {
        let encoded = (namespace.map { $0.percentEncoded + "." } ?? "") + name.percentEncoded
        guard encoded.utf8.count > 200 else { return encoded }
        let digest = Digest(of: Array(encoded.utf8)).hexadecimal
        return encoded.prefix(180) + "~" + digest.prefix(16)
    }
}

extension String {
    fileprivate var percentEncoded: String {
        var result = ""
        for byte in utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x5f:
                result.unicodeScalars.append(UnicodeScalar(byte))
            default: result += "%" + hexadecimal(UInt64(byte), digits: 2).uppercased()
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
        guard parts.count == 4, let epoch = UInt16(parts[0], radix: 16), let first = UInt64(parts[1], radix: 16),
            let last = UInt64(parts[2], radix: 16), let part = Int(parts[3], radix: 16)
        else { return nil }
        self.init(
            epoch: epoch, first: Position(rawValue: first), last: Position(rawValue: last), part: part)
        // A name has one spelling; another file's name is none.
        guard description == stem else { return nil }
    }
}
