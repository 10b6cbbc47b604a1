// SPDX-License-Identifier: Apache-2.0

import Foundation
import Hiredis
import RedisCluster
import RedisURI

/// A client of a cluster that goes where the nodes send it, and waits while they cannot answer.
final class ClusterClient {
    private let cluster: RedisClusterServers
    private var connections: [Int: Connection] = [:]
    /// Where a key was found the last time, by its slot.
    private var places: [Int: Int] = [:]

    /// A connection that can be kept in a table.
    private final class Connection {
        var connection: RedisConnection

        init(_ connection: consuming RedisConnection) {
            self.connection = connection
        }
    }

    init(_ cluster: RedisClusterServers) {
        self.cluster = cluster
    }

    /// Runs a command whose second word is a key.
    func run(_ words: [String], deadline: Duration = .seconds(60)) throws -> Reply {
        let slot = KeySlot(of: Array(words[1].utf8)).number
        let end = ContinuousClock.now + deadline
        var (port, isAsking) = (places[slot], false)
        while .now < end {
            let target = port ?? cluster.servers.filter(\.isRunning).randomElement()?.port ?? 0
            let reply = try? self.reply(of: target, words, isAsking)
            guard let reply else {
                connections[target] = nil
                (port, isAsking) = (nil, false)
                Thread.sleep(forTimeInterval: 0.1)
                continue
            }
            guard case .error(let error) = reply else {
                if !isAsking { places[slot] = target }
                return reply
            }
            switch error.kind {
            case .moved(slot: _, to: let next): (port, isAsking) = (Self.port(next), false)
            case .ask(slot: _, to: let next): (port, isAsking) = (Self.port(next), true)
            case .clusterDown, .busy, .loading, .masterDown, .readOnly:
                port = nil
                Thread.sleep(forTimeInterval: 0.1)
            default: return reply
            }
        }
        throw TestFailure("no node of the cluster answers \(words[0]) within \(deadline)")
    }

    private static func port(_ endpoint: Endpoint?) -> Int? {
        guard case .tcp(host: _, port: let port)? = endpoint else { return nil }
        return Int(port)
    }

    private func reply(of port: Int, _ words: [String], _ isAsking: Bool) throws -> Reply {
        guard let server = cluster.servers.first(where: { $0.port == port && $0.isRunning }) else {
            throw TestFailure("no such node")
        }
        let kept = try connections[port] ?? Connection(server.connect())
        connections[port] = kept
        if isAsking { _ = try kept.connection.run("ASKING") }
        return try kept.connection.run(words.map { Array($0.utf8) })
    }
}
