// SPDX-License-Identifier: Apache-2.0

public import Bytes
public import Changelog

/// Rows of COPY in binary format, as the server sends them: a head before the first row, each row whole in one message,
/// and a mark behind the last.
public enum CopyBinaryRow {
    /// What a message holds.
    public enum Content: Hashable, Sendable {
        /// A row, which begins at this offset.
        case row(at: Int)
        /// The mark behind the last row.
        case end
    }

    private static let signature: [UInt8] = Array("PGCOPY\n".utf8) + [0xff, 0x0d, 0x0a, 0]

    /// Looks at a message; the first of a COPY begins with the head.
    public static func content(of message: RawSpan, isFirst: Bool) throws(WireFault) -> Content {
        var reader = ByteReader(message)
        if isFirst {
            for (index, byte) in signature.enumerated() where try reader.readByte() != byte {
                throw WireFault(.malformed, at: index)
            }
            let flags = try reader.readInteger(UInt32.self)
            // The high half is what a reader must understand.
            guard flags >> 16 == 0 else { throw WireFault(.malformed, at: reader.offset - 4) }
            let count = try reader.readCount(Int32.self)
            _ = try reader.readBytes(count)
        }
        let start = reader.offset
        guard try reader.readInteger(Int16.self) == -1 else { return .row(at: start) }
        guard reader.remaining == 0 else { throw WireFault(.trailingBytes(reader.remaining), at: reader.offset) }
        return .end
    }

    /// Appends the values of the row that begins at `start` of a message to the change that `batch` is at: one for each
    /// of `columns`. When it throws, some may have been appended; abandon the change then.
    public static func decode(
        _ message: RawSpan, from start: Int, columns: [BinaryColumn], into batch: inout ChangeBatch
    ) throws(WireFault) {
        let row = message.extracting(start..<message.byteCount)
        let columns = columns.span
        var reader = ByteReader(row)
        guard Int(try reader.readInteger(Int16.self)) == columns.count else { throw WireFault(.malformed, at: start) }
        for number in 0..<columns.count {
            let length = Int(try reader.readInteger(Int32.self))
            if length < 0 {
                guard length == -1 else { throw WireFault(.invalidLength(length), at: start + reader.offset - 4) }
                batch.appendNull()
                continue
            }
            let offset = reader.offset
            guard length <= reader.remaining else { throw WireFault(.truncated, at: start + offset) }
            _ = try reader.readBytes(length)
            try columns[number].convert(row.extracting(offset..<offset + length), into: &batch)
        }
        guard reader.remaining == 0 else {
            throw WireFault(.trailingBytes(reader.remaining), at: start + reader.offset)
        }
    }
}
