// SPDX-License-Identifier: Apache-2.0

/// One step through a payload. Its bytes are valid until the next step.
///
/// A key is ``beginKey(_:)``, its items, and ``endKey(itemCount:)``. Numbers come as decimal digits, scores as the
/// shortest decimal text that reads back the same, or `inf`, `-inf` and `nan`. An item with a string longer than
/// ``RDBLimits/pieceByteCount`` comes as pieces instead and is whole at ``endItem(score:expiresAt:)``.
public enum RDBEvent: ~Escapable {
    /// The payload begins.
    case header(RDBHeader)
    /// A field that describes the payload or its source.
    case auxiliary(name: RawSpan, value: RawSpan)
    /// The keys that follow belong to this database.
    case selectDatabase(UInt64)
    /// How many keys the database has and how many of them expire; a hint.
    case resizeDatabase(keys: UInt64, expiring: UInt64)
    /// How many keys a slot of a cluster has and how many of them expire; a hint.
    case slotInfo(slot: UInt64, keys: UInt64, expiring: UInt64)
    /// Slots that the source is about to take over (Valkey); as many ``slotRange(first:last:)`` follow.
    case slotImport(job: RawSpan, rangeCount: UInt64)
    /// A range of slots that the source is about to take over.
    case slotRange(first: UInt64, last: UInt64)
    /// The source text of a library of functions.
    case functionLibrary(RawSpan)
    /// What a module stored outside of keys was skipped.
    case moduleAuxiliary(RDBModule, byteCount: UInt64)

    /// A key begins.
    case beginKey(RDBKey)
    /// The value of a string, the one item of its key.
    case string(RawSpan)
    /// The next element of a list.
    case element(RawSpan)
    /// A member of a set.
    case member(RawSpan)
    /// A member of a sorted set.
    case scoredMember(RawSpan, score: RawSpan)
    /// A field of a hash, with the time in milliseconds since 1970 at which it expires.
    case field(RawSpan, value: RawSpan, expiresAt: Int64?)
    /// The next bytes of a string that is too long to be handed out whole, or of one that stands beside it.
    case piece(RDBPart, RawSpan, isLast: Bool)
    /// The item that came in pieces is whole.
    case endItem(score: RawSpan?, expiresAt: Int64?)
    /// The value of a module, the one item of its key, was skipped.
    case moduleValue(RDBModule, byteCount: UInt64)
    /// An entry of a stream; as many ``streamField(_:value:)`` follow.
    case streamEntry(StreamEntryID, fieldCount: Int)
    /// A field of an entry, in order; the same name may come again.
    case streamField(RawSpan, value: RawSpan)
    /// What the stream knows about itself, after all of its entries.
    case streamState(RDBStreamState)
    /// A group of the stream; its pending entries follow, then its consumers.
    case streamGroup(RDBStreamGroup)
    /// An entry that was delivered within the group and not acknowledged.
    case pendingEntry(StreamEntryID, deliveredAt: Int64, deliveryCount: UInt64)
    /// A consumer of the group; the entries pending for it follow.
    case streamConsumer(RDBStreamConsumer)
    /// A pending entry of the group that was delivered to the consumer.
    case consumerPending(StreamEntryID)
    /// The key is whole. Of a stream, the entries are counted.
    case endKey(itemCount: UInt64)

    /// The payload is whole.
    case end(RDBChecksum)
}

/// Which string of an item a piece belongs to.
public enum RDBPart: Sendable {
    /// The value of a string.
    case string
    /// An element of a list.
    case element
    /// A member of a set or sorted set.
    case member
    /// The name of a field of a hash.
    case field
    /// The value of a field of a hash.
    case value
}

/// What is known about the checksum of a payload.
public enum RDBChecksum: Hashable, Sendable {
    /// It is that of the bytes.
    case verified(UInt64)
    /// The source was told to write none.
    case disabled
    /// The version has none.
    case absent
}

/// The type of a key's value.
public enum RDBValueType: String, Sendable, CaseIterable {
    /// Bytes.
    case string
    /// Elements in order.
    case list
    /// Members.
    case set
    /// Members with scores.
    case sortedSet = "zset"
    /// Fields with values.
    case hash
    /// Entries with identifiers.
    case stream
    /// Known to a module only.
    case module
}

/// A key and what is known of it before its items.
public struct RDBKey: ~Escapable {
    /// Its name.
    public let name: RawSpan
    /// The type of its value.
    public let type: RDBValueType
    /// The byte by which the payload names type and encoding.
    public let encoding: UInt8
    /// When it expires, in milliseconds since 1970; may have passed.
    public let expiresAt: Int64?
    /// For how many seconds nobody had used it.
    public let idleSeconds: UInt64?
    /// How often it is used, on the server's logarithmic scale.
    public let frequency: UInt8?
    /// The module whose value it is.
    public let module: RDBModule?

    @_lifetime(copy name)
    init(name: RawSpan, _ facts: KeyFacts) {
        self.name = name
        type = facts.type
        encoding = facts.encoding
        expiresAt = facts.expiresAt
        idleSeconds = facts.idleSeconds
        frequency = facts.frequency
        module = facts.module
    }
}

/// The type of a module: nine characters and a version, in one number.
public struct RDBModule: Hashable, Sendable {
    /// The number.
    public let id: UInt64

    /// The module type behind a number.
    public init(id: UInt64) {
        self.id = id
    }

    /// The name of the type, nine characters.
    public var name: String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        return String((0..<9).map { alphabet[Int(id >> UInt64(58 - 6 * $0) & 63)] })
    }
    /// The version of its encoding.
    public var encodingVersion: Int { Int(id & 1023) }
}

/// What a stream knows about itself.
public struct RDBStreamState: Hashable, Sendable {
    /// What is stored from Redis 7.0 on.
    public struct History: Hashable, Sendable {
        /// The first entry that is there.
        public let firstID: StreamEntryID
        /// The largest identifier that was deleted.
        public let maxDeletedID: StreamEntryID
        /// How many entries were ever added.
        public let entriesAdded: UInt64
    }

    /// How many entries it says it has.
    public let length: UInt64
    /// The largest identifier that was ever added.
    public let lastID: StreamEntryID
    /// What is stored from Redis 7.0 on; nil in older forms.
    public let history: History?
    /// How many groups follow.
    public let groupCount: UInt64
}

/// A group of a stream.
public struct RDBStreamGroup: ~Escapable {
    /// Its name.
    public let name: RawSpan
    /// The last entry that was delivered.
    public let lastID: StreamEntryID
    /// How many entries were read; negative when that is unknown, nil in older forms.
    public let entriesRead: Int64?
    /// How many pending entries follow.
    public let pendingCount: UInt64

    @_lifetime(copy name)
    init(name: RawSpan, lastID: StreamEntryID, entriesRead: Int64?, pendingCount: UInt64) {
        self.name = name
        self.lastID = lastID
        self.entriesRead = entriesRead
        self.pendingCount = pendingCount
    }
}

/// A consumer of a group.
public struct RDBStreamConsumer: ~Escapable {
    /// Its name.
    public let name: RawSpan
    /// When it last asked for entries, in milliseconds since 1970.
    public let seenAt: Int64
    /// When it last got some; nil in older forms.
    public let activeAt: Int64?
    /// How many pending entries follow.
    public let pendingCount: UInt64

    @_lifetime(copy name)
    init(name: RawSpan, seenAt: Int64, activeAt: Int64?, pendingCount: UInt64) {
        self.name = name
        self.seenAt = seenAt
        self.activeAt = activeAt
        self.pendingCount = pendingCount
    }
}
