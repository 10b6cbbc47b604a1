// SPDX-License-Identifier: Apache-2.0

public import Bytes

/// Values that `DUMP` has printed, one by one, as one payload that ``RDBReader`` reads.
///
/// What `DUMP` prints is the type and the value as they stand in a payload, two bytes of version and a checksum of eight.
public struct DumpedValues: ByteInput, ~Copyable {
    private var payload = ByteBuffer()
    private var header: RDBHeader?
    private var position = 0

    private static let trailerByteCount = 10
    /// From this version on it is Valkey that counts.
    private static let firstOfValkey = 80

    /// No value yet.
    public init() {}

    /// Adds what `DUMP` has printed of a key, and when the key expires, in milliseconds since 1970.
    public mutating func append(key: RawSpan, expiresAt: Int64?, dump: RawSpan) throws(RDBFault) {
        let valueCount = dump.byteCount - Self.trailerByteCount
        guard valueCount > 1 else { throw RDBFault(.truncated, at: UInt64(dump.byteCount)) }
        try check(dump, valueCount: valueCount)
        try begin(version: Int(dump[valueCount]) | Int(dump[valueCount + 1]) << 8)
        if let expiresAt {
            payload.append(UInt8(252))
            for shift in stride(from: 0, to: 64, by: 8) {
                payload.append(UInt8(truncatingIfNeeded: expiresAt >> Int64(shift)))
            }
        }
        payload.append(dump[0])
        appendLength(key.byteCount)
        payload.append(key)
        payload.append(dump.extracting(1..<valueCount))
    }

    /// Says that no value follows.
    public mutating func end() throws(RDBFault) {
        guard let header else { throw RDBFault(.truncated, at: 0) }
        payload.append(UInt8(255))
        guard header.hasChecksum else { return }
        for _ in 0..<8 { payload.append(UInt8(0)) }
    }

    /// Hands over the next bytes.
    public mutating func read(into buffer: inout ByteBuffer, limit: Int) {
        let count = min(limit, payload.count - position)
        buffer.append(payload.bytes.extracting(position..<position + count))
        position += count
    }

    private func check(_ dump: RawSpan, valueCount: Int) throws(RDBFault) {
        let stored = dump.littleEndianWord(at: valueCount + 2)
        guard stored != 0 else { return }
        var sum = CRC64()
        sum.update(dump.extracting(0..<valueCount + 2))
        guard sum.value == stored else {
            throw RDBFault(.checksum(stored: stored, computed: sum.value), at: UInt64(valueCount + 2))
        }
    }

    private mutating func begin(version: Int) throws(RDBFault) {
        let found = RDBHeader(version < Self.firstOfValkey ? .redis : .valkey, version: version)
        guard let header else {
            payload.append(text: found.description)
            self.header = found
            return
        }
        guard header == found else { throw RDBFault(.unknownVersion(found), at: 0) }
    }

    /// A length in five bytes, whatever it is.
    private mutating func appendLength(_ length: Int) {
        payload.append(UInt8(0x80))
        for shift in [24, 16, 8, 0] { payload.append(UInt8(truncatingIfNeeded: length >> shift)) }
    }
}

/// The score of a member as payloads tell it: the shortest decimal text that reads back the same; nil when `text` is none.
public func shortestScore(_ text: RawSpan) -> ByteBuffer? {
    guard let score = Score.parse(text) else { return nil }
    var shortest = ByteBuffer(capacity: 32)
    Score.append(score, to: &shortest)
    return shortest
}
