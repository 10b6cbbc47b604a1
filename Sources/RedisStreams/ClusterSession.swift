// SPDX-License-Identifier: Apache-2.0

import Faults
import Hiredis
import RedisCluster
import RedisFacts
import RedisURI
import Threads

/// Questions to all nodes of a cluster that own slots.
final class ClusterSession {
    private let options: StreamOptions
    /// Who the nodes are.
    private(set) var topology: ClusterTopology
    private var sessions: [Endpoint: NodeSession] = [:]

    /// A session that can be kept in a table.
    private final class NodeSession {
        var session: StreamSession

        init(_ session: consuming StreamSession) {
            self.session = session
        }
    }

    /// How often a key is looked for at another node before that is a fault.
    private static let hopLimit = 20

    /// Asks for the topology.
    init(_ options: StreamOptions) throws(Fault) {
        self.options = options
        topology = try ClusterTopology.read(options.address)
    }

    private func node(at endpoint: Endpoint) throws(Fault) -> NodeSession {
        if let known = sessions[endpoint] { return known }
        let node = NodeSession(try StreamSession.open(options.reading(from: endpoint)))
        sessions[endpoint] = node
        return node
    }

    /// What each shard's master says of itself, in the order of the shards.
    func infos() throws(Fault) -> [(shard: ClusterTopology.Shard, info: ServerInfo)] {
        var infos: [(shard: ClusterTopology.Shard, info: ServerInfo)] = []
        for shard in topology.shards { infos.append((shard, try node(at: shard.endpoint).session.info())) }
        return infos
    }

    /// The keys of streams that are selected: those that are named, and those that are found.
    ///
    /// A key may go from a node that was not searched yet to one that was. So all are searched again, once, when slots were
    /// on their way before or behind the search.
    func keys(_ selection: StreamSelection) throws(Fault) -> [[UInt8]] {
        var keys = Set(selection.keys)
        for _ in 0..<2 {
            let wasMoving = try isMoving()
            let before = topology
            for shard in topology.shards {
                let node = try node(at: shard.endpoint)
                var discovery = StreamDiscovery(selection)
                discovery.beginRound(steps: .max)
                while discovery.isBusy { keys.formUnion(try discovery.step(&node.session)) }
            }
            guard !selection.searches.isEmpty else { break }
            topology = try ClusterTopology.read(options.address)
            if !wasMoving, try !isMoving(), before.hasSameSlots(as: topology) { break }
        }
        return keys.sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// Whether a node says that a slot of its own is leaving or coming.
    private func isMoving() throws(Fault) -> Bool {
        for shard in topology.shards {
            let reply = try node(at: shard.endpoint).session.run(RedisCommand("CLUSTER", "NODES")).orFault()
            // Only of itself a node says `[slot->-other]`.
            if reply.text?.contains(" [") == true { return true }
        }
        return false
    }

    /// What the cluster says of streams, in the order of `keys`; nil of a key that is not there.
    func states(of keys: [[UInt8]]) throws(Fault) -> [StreamState?] {
        var states = [StreamState?](repeating: nil, count: keys.count)
        var groups: [Endpoint: [Int]] = [:]
        for (index, key) in keys.enumerated() {
            guard let shard = topology.shard(of: KeySlot(of: key)) else { continue }
            groups[shard.endpoint, default: []].append(index)
        }
        for (endpoint, indices) in groups {
            let answers = try node(at: endpoint).session.answers(of: indices.map { keys[$0] }, asking: false)
            for (index, answer) in zip(indices, answers) { states[index] = try settle(answer, keys[index]) }
        }
        return states
    }

    /// Follows a key to where it is.
    private func settle(_ first: StreamAnswer, _ key: [UInt8]) throws(Fault) -> StreamState? {
        var answer = first
        for hop in 0..<Self.hopLimit {
            switch answer {
            case .state(let state): return state
            case .absent: return nil
            case .elsewhere(let redirect):
                if hop > 2 { pause(.milliseconds(250)) }
                answer = try node(at: endpoint(redirect, key)).session.answers(
                    of: [key], asking: !redirect.isSettled)[0]
            }
        }
        throw Fault(
            .redisNotReady, "the nodes of the cluster do not agree where stream \(StreamName(key: key).text) is",
            hint: "wait until the slot has moved")
    }

    private func endpoint(_ redirect: StreamRedirect, _ key: [UInt8]) throws(Fault) -> Endpoint {
        if let endpoint = redirect.endpoint { return endpoint }
        topology = try ClusterTopology.read(options.address)
        guard let shard = topology.shard(of: KeySlot(of: key)) else {
            throw Fault(.redisNotReady, "a slot of the cluster belongs to no server")
        }
        return shard.endpoint
    }
}

extension ClusterTopology {
    /// Whether each slot is its owner's in `other` too.
    func hasSameSlots(as other: ClusterTopology) -> Bool {
        shards.count == other.shards.count
            && zip(shards, other.shards).allSatisfy { mine, others in
                mine.master.id == others.master.id && mine.master.slots == others.master.slots
            }
    }
}

extension StreamOptions {
    /// The same for one of the servers that the address leads to.
    func reading(from endpoint: Endpoint) -> StreamOptions {
        var options = StreamOptions(
            address: address.server(at: endpoint), clientName: clientName, selection: selection, report: report)
        options.target = target
        options.onGap = onGap
        options.discoverEvery = discoverEvery
        options.pageByteCount = pageByteCount
        return options
    }
}
