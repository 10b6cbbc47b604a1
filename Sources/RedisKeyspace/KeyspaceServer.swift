// SPDX-License-Identifier: Apache-2.0

public import Changelog
public import Faults
import Hiredis
import RedisFacts
public import RedisURI

/// What is known of a server before it is followed.
public struct KeyspaceServer: Sendable {
    /// `7.0.15`.
    public let version: String
    /// The version of Valkey, where it is one.
    public let valkeyVersion: String?
    /// What it says of its replication.
    public let state: ReplicationState
    /// How many bytes a second it has taken in lately, by its own count.
    let inputByteRate: Double
    /// Its settings that matter; empty where it does not tell.
    public let settings: [String: String]

    private static let settingNames = [
        "repl-timeout", "repl-backlog-size", "repl-backlog-ttl", "client-output-buffer-limit", "min-replicas-to-write",
        "repl-diskless-sync",
    ]

    /// Asks the server.
    public static func read(_ address: RedisAddress, at endpoint: Endpoint) throws(Fault) -> KeyspaceServer {
        try doing("asking \(endpoint) how it replicates") { () throws(Fault) -> KeyspaceServer in
            var connection = try RedisConnection.connect(to: endpoint, as: address)
            let info = try ServerInfo.read(&connection)
            guard let state = ReplicationState(info) else {
                throw Fault(
                    .redisNoReplication, "the server does not say how it replicates",
                    detail: "INFO replication lacks master_replid or master_repl_offset")
            }
            return KeyspaceServer(
                version: info.version, valkeyVersion: info["valkey_version"], state: state,
                inputByteRate: (info["instantaneous_input_kbps"].flatMap { Double($0) } ?? 0) * 1024,
                settings: try settings(&connection))
        }
    }

    /// Who may not ask is told nothing, and goes on without.
    private static func settings(_ connection: inout RedisConnection) throws(Fault) -> [String: String] {
        var settings: [String: String] = [:]
        for name in settingNames {
            let reply = try connection.run("CONFIG", "GET", name)
            if case .error = reply { return settings }
            if let parts = reply.elements, parts.count == 2 { settings[name] = parts[1].text }
        }
        return settings
    }

    /// What a person calls it.
    var name: String { valkeyVersion.map { "Valkey \($0)" } ?? "Redis \(version)" }

    /// How long the server waits for a word of its replicas.
    public var replicationTimeout: Duration? { settings["repl-timeout"].flatMap { Int64($0) }.map { .seconds($0) } }

    /// Who the source is, as anchors record it, at a point of its history.
    public func identity(at point: ReplicationPoint) -> SourceIdentity {
        var facts: [String: SourceIdentity.Fact] = [
            "mode": .text("replication"), "replid": .text(point.replicationID),
            "serverVersion": .text(valkeyVersion ?? version),
            "role": .text(state.isMaster ? "master" : "replica"),
        ]
        if let database = point.database { facts["db"] = .number(Int64(clamping: database)) }
        return SourceIdentity(kind: valkeyVersion == nil ? "redis" : "valkey", facts: facts, notation: .decimal)
    }
}

extension ReplicationPoint {
    /// The point that an anchor's source and place remember; nil when it is not that of a keyspace.
    public init?(_ source: SourceIdentity, at position: Position) {
        guard let id = source.text("replid") else { return nil }
        self.init(
            replicationID: id, offset: position.rawValue,
            database: source.number("db").flatMap { Int(exactly: $0) })
    }
}
