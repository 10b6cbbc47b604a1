// SPDX-License-Identifier: Apache-2.0

public import Changelog
import Faults
import LibPQ

/// What a server says of itself; read once per connection.
public struct ServerFacts: Sendable, Hashable {
    /// The cluster's own number, the same on all its copies.
    public let systemIdentifier: String
    /// The line of history that the server writes.
    public let timeline: Int64
    /// Up to where its log is durable; on a standby, replayed.
    public let position: Position
    /// The database.
    public let database: String
    /// `15.20`.
    public let version: String
    /// 150020.
    public let versionNumber: Int
    /// Whether the server is a standby.
    public let isStandby: Bool
    /// When the server was started, by its own clock: tells it from the others of its cluster.
    public let started: String

    /// Asks the server over a replication connection.
    static func read(replication: borrowing PQConnection) throws(Fault) -> ServerFacts {
        // Columns by name: some servers add their own.
        let system = try replication.query("IDENTIFY_SYSTEM").first
        guard let identifier = system["systemid"], let timeline = system["timeline"].flatMap({ Int64($0) }) else {
            throw Fault(.postgresProtocol, "the server does not say who it is")
        }
        let (started, isStandby) = try node(replication)
        let position = try currentPosition(replication, isStandby: isStandby)
        return ServerFacts(
            systemIdentifier: identifier, timeline: timeline, position: position, database: replication.database,
            version: replication.status("server_version") ?? "", versionNumber: replication.serverVersion,
            isStandby: isStandby, started: started)
    }

    /// Which of the servers of a cluster a connection has reached.
    private static func node(_ connection: borrowing PQConnection) throws(Fault) -> (String, Bool) {
        let row = try connection.query(
            """
            select extract(epoch from pg_catalog.pg_postmaster_start_time()) as started,
                   pg_catalog.pg_is_in_recovery() as standby
            """
        ).first
        return (row["started"] ?? "", row["standby"] == "t")
    }

    /// Refuses a connection that has reached another server than the one these facts are of, as behind a balancer: a
    /// snapshot, a slot and a catalog belong together only on one server.
    func requireSameServer(_ connection: borrowing PQConnection) throws(Fault) {
        guard try Self.node(connection) == (started, isStandby) else {
            throw Fault(
                .postgresServerChanged, "two connections of this run have reached different servers",
                detail: "\(connection.host):\(connection.port) leads to more than one, or was restarted or promoted")
        }
    }

    /// Up to where the server's log is durable now: the flush position, never the write or insert position, which
    /// may lie where no stream ever reports.
    static func currentPosition(
        _ connection: borrowing PQConnection, isStandby: Bool
    ) throws(Fault) -> Position {
        let function = isStandby ? "pg_last_wal_replay_lsn" : "pg_current_wal_flush_lsn"
        guard let text = try connection.query("select pg_catalog.\(function)()").scalar,
            let position = PositionNotation.lsn.position(text)
        else { throw Fault(.postgresProtocol, "the server does not say where its log ends") }
        return position
    }

    /// Up to where the server's log is durable now, over a connection of its own.
    static func currentPosition(_ options: PostgresOptions) throws(Fault) -> Position {
        let catalog = try Session.open(options, for: .catalog)
        let isStandby = try catalog.query("select pg_catalog.pg_is_in_recovery()").scalar == "t"
        return try currentPosition(catalog, isStandby: isStandby)
    }

    /// The identity that anchors carry.
    public func identity(slot: String?, publication: String) -> SourceIdentity {
        var facts: [String: SourceIdentity.Fact] = [
            "systemIdentifier": .text(systemIdentifier), "timeline": .number(timeline), "database": .text(database),
            "publication": .text(publication), "serverVersion": .text(version),
        ]
        if let slot { facts["slot"] = .text(slot) }
        if isStandby { facts["standby"] = .number(1) }
        return SourceIdentity(kind: "postgresql", facts: facts, notation: .lsn)
    }
}
