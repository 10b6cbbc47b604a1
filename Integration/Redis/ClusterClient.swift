// SPDX-License-Identifier: Apache-2.0

import Foundation
import Hiredis
import RedisCluster
import RedisURI
import Synchronization

/// A client of a cluster that goes where the servers send it, and waits while they cannot answer.
final class ClusterClient {
    private final class Door {
        var connection: RedisConnection

        init(_ endpoint: Endpoint) throws {
            connection = try RedisConnection.connect(
                to: endpoint, as: RedisAddress(endpoints: [endpoint], timeout: .seconds(2)), name: "tests")
        }
    }

    private let servers: [RedisServer]
    private var doors: [Endpoint: Door] = [:]
    private var owners: [Int: Endpoint] = [:]

    init(_ servers: [RedisServer]) {
        self.servers = servers
    }

    convenience init(_ cluster: RedisClusterServers) {
        self.init(cluster.servers)
    }

    /// Runs a command whose second word is its key.
    @discardableResult
    func run(_ words: [String], deadline: Duration = .seconds(60)) throws -> Reply {
        try run(words.map { Array($0.utf8) }, key: Array(words[1].utf8), deadline: deadline)
    }

    /// Runs a command about one key, wherever that is; what the server refuses for good is part of the load.
    @discardableResult
    func run(_ words: [[UInt8]], key: [UInt8], deadline: Duration = .seconds(30)) throws -> Reply {
        let slot = KeySlot(of: key).number
        let end = ContinuousClock.now + deadline
        while .now < end {
            guard let endpoint = owners[slot] ?? owner(of: slot) else {
                Thread.sleep(forTimeInterval: 0.05)
                continue
            }
            guard let reply = answer(words, endpoint) else {
                (doors[endpoint], owners) = (nil, [:])
                Thread.sleep(forTimeInterval: 0.05)
                continue
            }
            guard case .error(let error) = reply else { return reply }
            switch error.kind {
            case .moved(_, let to): owners[slot] = to
            case .ask(_, let to?):
                if let reply = answer(words, to, isAsking: true), !Self.isPassing(reply) { return reply }
            case .clusterDown, .busy, .loading, .masterDown, .readOnly:
                owners = [:]
                Thread.sleep(forTimeInterval: 0.02)
            default: return reply
            }
        }
        throw TestFailure("the cluster did not answer in \(deadline)")
    }

    private static func isPassing(_ reply: Reply) -> Bool {
        guard case .error(let error) = reply else { return false }
        return error.kind == .busy || error.kind == .clusterDown
    }

    private func answer(_ words: [[UInt8]], _ endpoint: Endpoint, isAsking: Bool = false) -> Reply? {
        do {
            let door = try doors[endpoint] ?? Door(endpoint)
            doors[endpoint] = door
            if isAsking { _ = try door.connection.run("ASKING") }
            return try door.connection.run(words)
        } catch {
            doors[endpoint] = nil
            return nil
        }
    }

    private func owner(of slot: Int) -> Endpoint? {
        let endpoints = servers.filter(\.isRunning).map(\.endpoint)
        let address = RedisAddress(topology: .cluster, endpoints: endpoints, timeout: .seconds(2))
        guard let topology = try? ClusterTopology.read(address) else { return nil }
        for shard in topology.shards {
            for range in shard.master.slots { for slot in range { owners[slot] = shard.endpoint } }
        }
        return owners[slot]
    }
}

/// Commands about one key each, of most types, drawn by chance.
struct ClusterLoad {
    private var random = SystemRandomNumberGenerator()
    static let families = ["s", "n", "l", "e", "z", "h", "x"]
    /// How many keys each family has.
    static let keyCount = 40

    mutating func next() -> (key: String, words: [String]) {
        let family = Self.families.randomElement(using: &random) ?? "s"
        let key = "\(family)\(Int.random(in: 0..<Self.keyCount, using: &random))"
        let value =
            String(repeating: "v", count: Int.random(in: 0..<60, using: &random))
            + "\(UInt16.random(in: 0...9999, using: &random))"
        let words: [String] =
            switch Int.random(in: 0..<20, using: &random) {
            case 0: ["DEL", key]
            case 1: ["UNLINK", key]
            case 2: ["EXPIRE", key, "\(Int.random(in: 5000..<90_000, using: &random))"]
            case 3: ["PERSIST", key]
            case 4:
                [
                    "EVAL", "redis.call('DEL', KEYS[1]) return redis.call('RPUSH', KEYS[1], ARGV[1], 'b')", "1", key,
                    value,
                ]
            default: write(family, key, value)
            }
        return (key, words)
    }

    private mutating func write(_ family: String, _ key: String, _ value: String) -> [String] {
        let isSecond = Bool.random(using: &random)
        return switch family {
        case "s": isSecond ? ["SET", key, value] : ["APPEND", key, value]
        case "n": isSecond ? ["INCR", key] : ["INCRBYFLOAT", key, "0.5"]
        case "l": isSecond ? ["LPUSH", key, value, "a"] : ["RPOP", key]
        case "e": isSecond ? ["SADD", key, value] : ["SPOP", key]
        case "z": isSecond ? ["ZADD", key, "1.5", value] : ["ZINCRBY", key, "2", "m"]
        case "h": isSecond ? ["HSET", key, "f\(value.count)", value] : ["HINCRBY", key, "zahl", "3"]
        default: isSecond ? ["XADD", key, "*", "f", value] : ["XTRIM", key, "MAXLEN", "20"]
        }
    }
}

extension ClusterLoad {
    /// Writes so many commands.
    mutating func write(_ count: Int, _ client: ClusterClient) throws {
        for _ in 0..<count {
            let (key, words) = next()
            try client.run(words.map { Array($0.utf8) }, key: Array(key.utf8))
        }
    }
}

/// Writes to a cluster all the time, on a thread of its own.
final class ClusterWriter: Sendable {
    private final class Tally: Sendable {
        let count = Atomic(0)
    }

    private let tally: Tally
    private let work: BackgroundWork

    init(_ cluster: RedisClusterServers) {
        let (tally, servers) = (Tally(), cluster.servers)
        self.tally = tally
        work = BackgroundWork(pause: 0.005) {
            var load = ClusterLoad()
            let client = ClusterClient(servers)
            return {
                try load.write(10, client)
                tally.count.add(10, ordering: .relaxed)
            }
        }
    }

    /// How many commands are written.
    var writtenCount: Int { tally.count.load(ordering: .relaxed) }

    /// Stops, and fails when writing has failed.
    func end() throws { try work.end() }
}
