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
    /// What the stream knows about its past; older forms don't say.
    case streamHistory(RDBStreamHistory)
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
