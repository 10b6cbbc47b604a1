// SPDX-License-Identifier: Apache-2.0

public import Faults
public import RedisURI
public import Threads

/// What a replica that only listens needs to know.
public struct ReplicationOptions: Sendable {
    /// What the source is told of how far we are.
    public enum Acknowledgement: String, Sendable, CaseIterable {
        /// Nothing but that we are there: never counted by `WAIT`, never chosen by `FAILOVER`.
        case zero
        /// The offset of the last anchor, as a replica with data would.
        case honest
    }

    /// Who we are at the source.
    public var address: RedisAddress
    /// Where the source listens.
    public var endpoint: Endpoint
    /// Where files of the spools stand.
    public let spoolFolder: String
    /// What the names of those files begin with: links that stand side by side need names of their own.
    public var spoolPrefix = ""
    /// Rings when something has come, where somebody waits for several links at once.
    public var bell = Monitor()
    /// How much may wait in each spool.
    public var limits = ByteSpool.Limits()
    /// What the source is told.
    public var acknowledgement = Acknowledgement.zero
    /// How often it is told so once the stream flows.
    public var acknowledgementInterval = Duration.seconds(10)
    /// For how long the source may be silent once the stream flows; its own replicas wait as long.
    public var silenceLimit = Duration.seconds(60)
    /// The version that the source is told, where it chooses the form of its snapshot by it.
    public var announcedVersion: String?
    /// Where tests stop the process.
    public var crash = CrashPlan.none

    /// Options for one server, with what is usual for all else.
    public init(address: RedisAddress, endpoint: Endpoint, spoolFolder: String) {
        self.address = address
        self.endpoint = endpoint
        self.spoolFolder = spoolFolder
    }

    /// Takes over what a server says of itself: how patient it is, and whether it wants to hear a version.
    public mutating func suit(_ server: KeyspaceServer) {
        announcedVersion = server.valkeyVersion
        guard let timeout = server.replicationTimeout else { return }
        acknowledgementInterval = timeout / 2
        silenceLimit = max(.seconds(60), timeout)
    }
}

/// A point in the history of a server: what an anchor remembers.
public struct ReplicationPoint: Hashable, Sendable {
    /// The identifier of the history.
    public let replicationID: String
    /// How many bytes of it are handed over.
    public let offset: UInt64
    /// The database that the stream has selected there; nil when nobody knows.
    public let database: Int?

    /// Makes a point.
    public init(replicationID: String, offset: UInt64, database: Int?) {
        self.replicationID = replicationID
        self.offset = offset
        self.database = database
    }
}
