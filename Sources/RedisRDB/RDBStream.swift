// SPDX-License-Identifier: Apache-2.0

/// What a stream knows about itself.
public struct RDBStreamState: Hashable, Sendable {
    /// How many entries it says it has.
    public let length: UInt64
    /// The largest identifier that was ever added.
    public let lastID: StreamEntryID
}

/// What a stream knows about its past, from Redis 7.0 on.
public struct RDBStreamHistory: Hashable, Sendable {
    /// The first entry that is there.
    public let firstID: StreamEntryID
    /// The largest identifier that was deleted.
    public let maxDeletedID: StreamEntryID
    /// How many entries were ever added.
    public let entriesAdded: UInt64
}

/// A group of a stream.
public struct RDBStreamGroup: ~Escapable {
    /// Its name.
    public let name: RawSpan
    /// The last entry that was delivered.
    public let lastID: StreamEntryID
    /// How many pending entries follow.
    public let pendingCount: UInt64
    /// How many entries were read; negative when that is unknown, nil in older forms.
    public let entriesRead: Int64?

    @_lifetime(copy name)
    init(name: RawSpan, lastID: StreamEntryID, pendingCount: UInt64, entriesRead: Int64?) {
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
    /// How many pending entries follow.
    public let pendingCount: UInt64
    /// When it last got some; nil in older forms.
    public let activeAt: Int64?

    @_lifetime(copy name)
    init(name: RawSpan, seenAt: Int64, pendingCount: UInt64, activeAt: Int64?) {
        self.name = name
        self.seenAt = seenAt
        self.activeAt = activeAt
        self.pendingCount = pendingCount
    }
}
