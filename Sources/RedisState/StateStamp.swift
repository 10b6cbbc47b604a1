// SPDX-License-Identifier: Apache-2.0

import RedisFacts

/// As of which point of a server's history something was read.
public struct StateStamp: Hashable, Sendable {
    /// Whether stamps say which of two reads was later.
    public enum Motion: String, Sendable {
        /// The server counts what it replicates.
        case moving
        /// It has never had a replica, and counts nothing.
        case standing
        /// It tells no offset.
        case none
    }

    /// The identifier of the history; nil where the server tells none.
    public let replicationID: String?
    /// The offset; nil where the server tells none.
    public let offset: UInt64?
    /// Whether the offset moves with each write.
    public let motion: Motion

    /// Reads the text of `INFO replication`.
    public init(_ text: String) {
        let info = ServerInfo(text)
        let offset = info["master_repl_offset"].flatMap { UInt64($0) }
        self.offset = offset
        replicationID = offset == nil ? nil : info.replicationID
        motion =
            offset == nil || replicationID == nil
            ? .none : info["repl_backlog_active"] == "1" || !info.isMaster ? .moving : .standing
    }
}

/// A key of one of a server's databases.
public struct StateKey: Hashable, Sendable {
    /// The number of the database.
    public let database: Int
    /// The name of the key.
    public let name: [UInt8]

    /// Makes a key.
    public init(database: Int, name: [UInt8]) {
        self.database = database
        self.name = name
    }
}

/// What a key held, as the server has printed it.
public struct DumpedKey: Sendable {
    /// The name of the key.
    public let name: [UInt8]
    /// What `DUMP` has printed; nil when there is no such key.
    public let dump: [UInt8]?
    /// When it expires, in milliseconds since 1970.
    public let expiresAt: Int64?
}

/// Several keys, all as of the same point.
public struct DumpedKeys: Sendable {
    /// The point.
    public let stamp: StateStamp
    /// The keys, in the order in which they were asked for.
    public let keys: [DumpedKey]
}
