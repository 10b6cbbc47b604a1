// SPDX-License-Identifier: Apache-2.0

import Foundation
import Hiredis
import RedisCluster
import Testing

/// A cluster whose keyspace is exported, and the export.
final class ClusterScene {
    let cluster: RedisClusterServers
    let export: ExportFolder
    let programs: RedisPrograms
    let client: ClusterClient
    private var load = ClusterLoad()

    init(
        _ programs: RedisPrograms = .standard, masterCount: Int = 2, replicaCount: Int = 0, settings: [String] = []
    ) throws {
        self.programs = programs
        cluster = try RedisClusterServers(
            programs, masterCount: masterCount, replicaCount: replicaCount, settings: settings)
        export = try ExportFolder()
        client = ClusterClient(cluster.servers)
    }

    deinit {
        export.remove()
        cluster.remove()
    }

    /// The arguments of `kedge run`: small anchors, so that there are many.
    func run(_ more: String...) -> [String] {
        [
            "run", "--source", cluster.address, "--to", export.path, "--anchor-every", "200ms,200tx,1MiB", "--min-free",
            "1MiB", "--discover-every", "1s",
        ] + more
    }

    /// Catches up with the cluster.
    @discardableResult
    func catchUp(_ more: String...) throws -> ShellCommand.Outcome {
        try KedgeProcess.expect(0, run("--until", "now") + more, deadline: .seconds(120))
    }

    /// Writes so many commands of the load.
    func write(_ count: Int) throws { try load.write(count, client) }

    /// Sets a key, wherever it is.
    func set(_ key: String, _ value: String) throws {
        let reply = try client.run(["SET", key, value].map { Array($0.utf8) }, key: Array(key.utf8))
        guard reply.text == "OK" else { throw TestFailure("SET \(key): \(reply)") }
    }

    /// What ``moveSlots(_:to:)`` has moved.
    struct Moved {
        let slots: [Int]
        let keyCount: Int
    }

    /// Moves so many slots of the first master that have keys of the load, that of `tagged` first, while others may write.
    func moveSlots(_ count: Int, tagged: String? = nil, to other: RedisServer? = nil) throws -> Moved {
        let (source, target) = (cluster.masters[0], other ?? cluster.masters[1])
        var slots = tagged.map { [KeySlot(of: Array($0.utf8)).number] } ?? []
        for key in try (source.command("KEYS", "*").elements ?? []) where slots.count < count {
            guard case .bulk(let name) = key else { continue }
            let slot = KeySlot(of: name).number
            if !slots.contains(slot) { slots.append(slot) }
        }
        var keyCount = 0
        for slot in slots {
            if case .integer(let number) = try source.command("CLUSTER", "COUNTKEYSINSLOT", "\(slot)") {
                keyCount += Int(number)
            }
            try cluster.move(slot, from: source, to: target) { Thread.sleep(forTimeInterval: 0.15) }
        }
        return Moved(slots: slots, keyCount: keyCount)
    }

    // MARK: What the export says

    /// A lane of the newest anchor.
    struct Lane {
        let name: String
        let epoch: Int
        let node: String
        let slots: String
        let replicationID: String
    }

    func lanes() throws -> [Lane] {
        let lanes = try export.anchors().last?["lanes"] as? [[String: Any]] ?? []
        return try lanes.map { lane in
            let facts = try #require(lane["facts"] as? [String: String])
            return Lane(
                name: lane["lane"] as? String ?? "", epoch: lane["epoch"] as? Int ?? 0, node: facts["node"] ?? "",
                slots: facts["slots"] ?? "", replicationID: facts["replid"] ?? "")
        }
    }

    /// The kinds of all anchors but those of changes.
    func kinds() throws -> [String] {
        try export.anchors().compactMap { $0["kind"] as? String }.filter { $0 != "changes" }
    }

    /// The records of all shards whose keys moved.
    func moves() throws -> [String] {
        try lanes().flatMap { try export.records(of: "\($0.name).db0") }.filter {
            $0.contains("\"cause\":\"slot_migration\"")
        }
    }

    /// Compares every shard with its lane, folded alone, by `DEBUG DIGEST`: call when nobody writes and nothing moves.
    func expectSameShards(at place: SourceLocation = #_sourceLocation) throws {
        try catchUp()
        try KedgeProcess.expect(0, ["verify", "--to", export.path])
        let copy = try RedisServer(programs)
        defer { copy.remove() }
        var names: Set<String> = []
        for lane in try lanes() {
            let server = try cluster.servers.first {
                try $0.isRunning && RedisClusterServers.id(of: $0) == lane.node
            }
            if lane.slots.isEmpty { continue }
            guard let server else {
                Issue.record("\(lane.name) owns slots, and its server is gone", sourceLocation: place)
                continue
            }
            let replay = try KeyspaceReplay(into: copy)
            try replay.apply(export, lane: lane.name, epoch: lane.epoch)
            #expect(replay.refusals.isEmpty, "\(replay.refusals.prefix(5))", sourceLocation: place)
            let (copied, original) = try (copy.digest().digest, server.digest().digest)
            if copied != original {
                let found = try KeyspaceScene.differences(server, copy, databases: 0..<1)
                Issue.record("\(lane.name) of \(replay.recordCount) records: \(found)", sourceLocation: place)
            }
            names.insert(lane.node)
        }
        let masters = try cluster.topology().shards.map(\.master.id)
        #expect(names.isSuperset(of: masters), "a shard has no lane", sourceLocation: place)
    }
}

/// Slots as anchors write them.
struct SlotList {
    private let ranges: [ClosedRange<Int>]

    init(_ text: String) {
        ranges = text.split(separator: " ").map { word in
            let ends = word.split(separator: "-").compactMap { Int($0) }
            return ends[0]...ends[ends.count - 1]
        }
    }

    var count: Int { ranges.reduce(0) { $0 + $1.count } }

    func contains(_ slot: Int) -> Bool { ranges.contains { $0.contains(slot) } }
}
