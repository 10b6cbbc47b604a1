// SPDX-License-Identifier: Apache-2.0

import Faults
import Hiredis
import RedisCluster
import RedisKeyspace
import RedisURI

/// What `kedge plan` prints of the keyspace of a Redis-like store.
struct KeyspacePlanReport: Encodable {
    struct Server: Encodable {
        let endpoint: String
        let version: String
        let role: String
        let offset: UInt64
        let keys: [String: Int64]
        let memoryBytes: Int64?
        let backlogBytes: UInt64
    }

    let mode: String
    let servers: [Server]
    let wouldDo: String
    let warnings: [String]

    init(_ settings: Settings, _ mode: RedisMode) throws(Fault) {
        let address = try settings.replicationSource()
        let preference = try settings.serverPreference()
        var found: [(endpoint: Endpoint, server: KeyspaceServer)] = []
        if mode == .replication, address.topology == .cluster {
            for node in try ShardNode.read(try ClusterTopology.read(address), as: address, preference)
            where !node.slots.isEmpty {
                found.append((node.endpoint, node.server))
            }
        } else {
            let server = try address.located(preference)
            found.append((server.endpoints[0], try KeyspaceServer.read(server, at: server.endpoints[0])))
        }
        var servers: [Server] = []
        for (endpoint, server) in found {
            servers.append(try Self.server(endpoint, server, address.server(at: endpoint)))
        }
        self.servers = servers
        self.mode = mode.rawValue
        wouldDo = Self.sentence(mode, try settings.choice(.snapshot, SnapshotChoice.self))
        warnings = found.flatMap { endpoint, server in
            server.warnings.map { found.count > 1 ? "\(endpoint): \($0)" : $0 }
        }
    }

    private static func server(
        _ endpoint: Endpoint, _ server: KeyspaceServer, _ address: RedisAddress
    ) throws(Fault) -> Server {
        let holdings = try KeyspaceHoldings.read(address, at: endpoint)
        let keys = holdings.keyCounts.map { ("db\($0.key)", $0.value) }
        return Server(
            endpoint: endpoint.description, version: server.valkeyVersion ?? server.version,
            role: server.state.isMaster ? "master" : "replica", offset: server.state.offset,
            keys: Dictionary(uniqueKeysWithValues: keys), memoryBytes: holdings.memoryByteCount,
            backlogBytes: server.state.backlogByteCount)
    }

    private static func sentence(_ mode: RedisMode, _ snapshot: SnapshotChoice) -> String {
        if mode == .scan { return "a pass over all keys, each exact as of its own offset" }
        return switch snapshot {
        case .initial: "a snapshot of all keys, then every command behind it"
        case .none: "every command from now on, without the keys that are there"
        case .only: "a snapshot of all keys"
        }
    }

    var text: String {
        var lines: [String] = []
        for server in servers {
            lines.append("server       Redis \(server.version) at \(server.endpoint), a \(server.role)")
            for (name, count) in server.keys.sorted(by: { $0.key < $1.key }) {
                lines.append("               \(name)  \(count) keys")
            }
            let memory = server.memoryBytes.map { "\($0) bytes in memory, " } ?? ""
            lines.append("               \(memory)offset \(server.offset), \(server.backlogBytes) bytes of history")
        }
        lines.append("would do     \(wouldDo)")
        lines += warnings.map { "warning      \($0)" }
        return lines.joined(separator: "\n")
    }
}
