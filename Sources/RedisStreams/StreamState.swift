// SPDX-License-Identifier: Apache-2.0

import Bytes
public import Changelog
import Hiredis

/// What a server says of a stream: `XINFO STREAM`.
public struct StreamState: Hashable, Sendable {
    /// How many entries it holds.
    public var length: Int64
    /// The identifier of the last entry that was ever added; nothing can be added at or before it.
    public var lastGenerated: EntryID
    /// The first entry that it holds; nil when it holds none.
    public var first: EntryID?
    /// How many entries were ever added; nil before Redis 7.0.
    public var added: Int64?
    /// The greatest identifier of an entry that was deleted by itself; nil before Redis 7.0.
    public var maxDeleted: EntryID?
    /// A digest of the first entry.
    var firstWitness: Witness?
    /// A digest of the last entry.
    var lastWitness: Witness?

    /// Makes a state.
    public init(
        length: Int64, lastGenerated: EntryID, first: EntryID?, added: Int64? = nil, maxDeleted: EntryID? = nil
    ) {
        self.length = length
        self.lastGenerated = lastGenerated
        self.first = first
        self.added = added
        self.maxDeleted = maxDeleted
    }

    /// Reads the reply, names and values in turn; nil when it does not say what every server says.
    init?(_ reply: ReplyView) {
        self.init(length: -1, lastGenerated: .zero, first: nil)
        var hasLastGenerated = false
        for index in stride(from: 0, to: reply.count - 1, by: 2) {
            let name = reply.element(index).bytes
            let value = reply.element(index + 1)
            if name.isEqual(to: "length") {
                length = value.integer ?? -1
            } else if name.isEqual(to: "last-generated-id"), let id = EntryID(reading: value.bytes) {
                lastGenerated = id
                hasLastGenerated = true
            } else if name.isEqual(to: "entries-added") {
                added = value.integer
            } else if name.isEqual(to: "max-deleted-entry-id") {
                maxDeleted = EntryID(reading: value.bytes)
            } else if name.isEqual(to: "first-entry") {
                firstWitness = Witness(value)
            } else if name.isEqual(to: "last-entry") {
                lastWitness = Witness(value)
            }
        }
        first = firstWitness?.id
        guard hasLastGenerated, length >= 0, (first == nil) == (length == 0) else { return nil }
    }
}

/// An entry that was seen: its identifier and a digest of what it holds. Where it is still there, the stream is the one
/// that it was.
struct Witness: Hashable, Sendable {
    let id: EntryID
    let digest: UInt64

    init(id: EntryID, digest: UInt64) {
        self.id = id
        self.digest = digest
    }

    /// Reads an entry, an identifier and its fields; nil when it is none, or was deleted.
    init?(_ entry: ReplyView) {
        guard entry.count == 2, let id = EntryID(reading: entry.element(0).bytes) else { return nil }
        let fields = entry.element(1)
        guard fields.kind == .array else { return nil }
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for index in 0..<fields.count {
            let bytes = fields.element(index).bytes
            hash = Self.mix(hash, UInt64(bytes.byteCount))
            var offset = 0
            while offset + 8 <= bytes.byteCount {
                hash = Self.mix(hash, bytes.littleEndianWord(at: offset))
                offset += 8
            }
            while offset < bytes.byteCount {
                hash = Self.mix(hash, UInt64(bytes[offset]))
                offset += 1
            }
        }
        self.init(id: id, digest: hash)
    }

    /// A step of FNV-1a over words, with the high bits brought down.
    private static func mix(_ hash: UInt64, _ word: UInt64) -> UInt64 {
        let product = (hash ^ word) &* 0x0000_0100_0000_01b3
        return product ^ product >> 29
    }
}

extension Witness: LosslessStringConvertible {
    /// `1700000000000-5/00000000deadbeef`
    var description: String { "\(id.text)/\(String(digest, radix: 16))" }

    init?(_ description: String) {
        let parts = description.split(separator: "/")
        guard parts.count == 2, let id = LaneNotation.entry.point(String(parts[0])),
            let digest = UInt64(parts[1], radix: 16)
        else {
            return nil
        }
        self.init(id: id, digest: digest)
    }
}
