// SPDX-License-Identifier: Apache-2.0

import Foundation
import Hiredis
import RedisCluster
import RedisURI

/// A cluster of Redis servers for tests, each master with the same share of the slots.
final class RedisClusterServers {
    /// Those that began as masters, in the order of their slots.
    private(set) var masters: [RedisServer]
    private let programs: RedisPrograms
    private let settings: [String]
    /// Those that began as replicas; the first follows the first master, and so on.
    let replicas: [RedisServer]

    /// Starts a cluster and waits until every node believes that it is whole. `settings` are lines of `redis.conf`.
    init(
        _ programs: RedisPrograms = .standard, masterCount: Int = 2, replicaCount: Int = 0, settings: [String] = []
    ) throws {
        let lines = ["cluster-enabled yes", "cluster-node-timeout 1500", "repl-backlog-size 64mb"] + settings
        self.programs = programs
        self.settings = lines
        masters = try (0..<masterCount).map { _ in try RedisServer(programs, settings: lines) }
        replicas = try (0..<replicaCount).map { _ in try RedisServer(programs, settings: lines) }
        try join()
        for (replica, master) in zip(replicas, masters) {
            let id = try Self.id(of: master)
            try waitUntil("the replica knows its master") {
                (try? replica.command("CLUSTER", "REPLICATE", id)) != nil
            }
            try waitUntil("the replica follows") { try replica.info("replication")["master_link_status"] == "up" }
        }
        try waitUntil("the cluster is whole") { try servers.allSatisfy(seesAll) }
    }

    /// All of them.
    var servers: [RedisServer] { masters + replicas }

    /// The address, for `--source`: every node is named.
    var address: String {
        "redis+cluster://" + servers.map { "127.0.0.1:\($0.port)" }.joined(separator: ",")
    }

    /// The name of a node.
    static func id(of server: RedisServer) throws -> String { try server.command("CLUSTER", "MYID").text ?? "" }

    /// The topology as a node that runs sees it.
    func topology() throws -> ClusterTopology {
        let endpoints = servers.filter(\.isRunning).map(\.endpoint)
        return try ClusterTopology.read(RedisAddress(topology: .cluster, endpoints: endpoints))
    }

    /// The server that owns the slot of a key now.
    func owner(of key: String) throws -> RedisServer {
        let shard = try topology().shard(of: KeySlot(of: Array(key.utf8)))
        guard let owner = servers.first(where: { $0.endpoint == shard?.endpoint }) else {
            throw TestFailure("nobody owns the slot of \(key)")
        }
        return owner
    }

    /// Moves a slot with its keys, as `redis-cli --cluster reshard` does, while others may write; `between` runs before
    /// each batch of keys is moved.
    func move(
        _ slot: Int, from source: RedisServer, to target: RedisServer, between: () throws -> Void = {}
    ) throws {
        // A master that has not heard of the last move may take the same epoch as another, and a slot be taken back.
        try waitUntil("the masters agree") { try haveAgreed() }
        let (sourceID, targetID) = (try Self.id(of: source), try Self.id(of: target))
        try target.command("CLUSTER", "SETSLOT", "\(slot)", "IMPORTING", sourceID)
        try source.command("CLUSTER", "SETSLOT", "\(slot)", "MIGRATING", targetID)
        while true {
            try between()
            let keys = try source.command("CLUSTER", "GETKEYSINSLOT", "\(slot)", "10").elements ?? []
            if keys.isEmpty { break }
            for case .bulk(let key) in keys {
                try source.command(
                    ["MIGRATE", "127.0.0.1", "\(target.port)"].map { Array($0.utf8) } + [key]
                        + ["0", "5000"].map { Array($0.utf8) })
            }
        }
        for server in [target, source] + masters where server.isRunning {
            _ = try? server.command("CLUSTER", "SETSLOT", "\(slot)", "NODE", targetID)
        }
    }

    /// Starts one more master, without a slot, and waits until every node knows it.
    func addMaster(_ programs: RedisPrograms? = nil) throws -> RedisServer {
        let server = try RedisServer(programs ?? self.programs, settings: settings)
        masters.append(server)
        try server.command("CLUSTER", "SET-CONFIG-EPOCH", "\(masters.count + 10)")
        try server.command("CLUSTER", "MEET", "127.0.0.1", "\(masters[0].port)")
        try waitUntil("the nodes have met the new one") {
            try servers.allSatisfy { try known(by: $0) == servers.count }
                && server.command("CLUSTER", "INFO").text?.contains("cluster_state:ok") == true
        }
        return server
    }

    /// Ends all of them.
    func remove() { servers.forEach { $0.remove() } }

    private func join() throws {
        let share = (KeySlot.count + masters.count - 1) / masters.count
        for (number, server) in masters.enumerated() {
            let slots = (number * share)..<min((number + 1) * share, KeySlot.count)
            try server.command(["CLUSTER", "ADDSLOTS"].map { Array($0.utf8) } + slots.map { Array("\($0)".utf8) })
            try server.command("CLUSTER", "SET-CONFIG-EPOCH", "\(number + 1)")
        }
        for server in servers.dropFirst() {
            try server.command("CLUSTER", "MEET", "127.0.0.1", "\(masters[0].port)")
        }
        try waitUntil("the nodes have met") {
            try servers.allSatisfy { try known(by: $0) == servers.count }
        }
    }

    /// Whether all masters that run know of each other's epochs, and no two have the same.
    private func haveAgreed() throws -> Bool {
        let views = try masters.filter(\.isRunning).map { server in
            let lines = (try server.command("CLUSTER", "NODES").text ?? "").split(separator: "\n")
            let nodes = lines.map { $0.split(separator: " ") }.filter { $0.count > 7 && $0[2].contains("master") }
            return Dictionary(nodes.map { ($0[0], $0[6]) }) { first, _ in first }
        }
        guard let first = views.first else { return true }
        return views.allSatisfy { $0 == first } && Set(first.values).count == first.count
    }

    private func known(by server: RedisServer) throws -> Int {
        (try server.command("CLUSTER", "NODES").text ?? "").split(separator: "\n").filter { !$0.contains("handshake") }
            .count
    }

    private func seesAll(_ server: RedisServer) throws -> Bool {
        let info = try server.command("CLUSTER", "INFO").text ?? ""
        let nodes = try server.command("CLUSTER", "NODES").text ?? ""
        return info.contains("cluster_state:ok") && nodes.components(separatedBy: "slave").count - 1 == replicas.count
    }
}
