// SPDX-License-Identifier: Apache-2.0

public import Faults
internal import Hiredis
public import RedisURI

/// Which servers a cluster has, and which slots each of them owns, as one of its nodes sees it.
public struct ClusterTopology: Sendable, Hashable {
    /// A master that owns slots, with its replicas.
    public struct Shard: Sendable, Hashable {
        /// Who owns the slots.
        public let master: ClusterNode
        /// Where the master listens.
        public let endpoint: Endpoint
        /// Who follows the master and is not gone, by identifier.
        public let replicas: [ClusterNode]

        /// Whether the slot is the shard's.
        public func owns(_ slot: KeySlot) -> Bool { master.slots.contains { $0.contains(slot.number) } }
    }

    /// The shards, by their first slot.
    public let shards: [Shard]
    /// The masters that own no slots and are not gone.
    public let vacantMasters: [Shard]

    /// Reads the reply to `CLUSTER NODES`, which the node at `host` gave. Slots of a node whose address is not known, or
    /// that no node owns, are a fault: what they hold would be missing without a word.
    public init(_ text: String, from host: Endpoint) throws(Fault) {
        var nodes: [ClusterNode] = []
        for line in text.split(whereSeparator: \.isNewline) {
            guard let node = ClusterNode(line: line, host: host) else {
                throw Fault(.redisProtocol, "the reply to CLUSTER NODES is none that a cluster gives")
            }
            nodes.append(node)
        }
        var shards: [Shard] = []
        for node in nodes where node.isMaster && !node.slots.isEmpty {
            guard let endpoint = node.endpoint else {
                throw Fault(
                    .redisNotReady, "the cluster does not know where the master \(node.id) is, which owns slots",
                    hint: "wait until the cluster has healed")
            }
            let replicas = nodes.filter { $0.masterID == node.id && !$0.isFailed && $0.endpoint != nil }
            shards.append(Shard(master: node, endpoint: endpoint, replicas: replicas.sorted { $0.id < $1.id }))
        }
        vacantMasters = nodes.compactMap { node in
            guard node.isMaster, node.slots.isEmpty, !node.isFailed, let endpoint = node.endpoint else { return nil }
            return Shard(master: node, endpoint: endpoint, replicas: [])
        }
        self.shards = shards.sorted { ($0.master.slots[0].lowerBound) < ($1.master.slots[0].lowerBound) }
        try refuseHoles()
    }

    private func refuseHoles() throws(Fault) {
        let owned = shards.reduce(0) { $0 + $1.master.slots.reduce(0) { $0 + $1.count } }
        guard owned == KeySlot.count else {
            throw Fault(
                .redisNotReady, "\(KeySlot.count - owned) of the cluster's \(KeySlot.count) slots belong to no server",
                hint: "look at CLUSTER INFO and give every slot to a server")
        }
    }

    /// The shard that owns a slot.
    public func shard(of slot: KeySlot) -> Shard? { shards.first { $0.owns(slot) } }
}

extension ClusterTopology {
    /// Asks the nodes that `address` names, one after the other, until one answers; the last refusal is the fault.
    ///
    /// A node that believes that the cluster is down is passed over, for it may be cut off from the others.
    public static func read(_ address: RedisAddress) throws(Fault) -> ClusterTopology {
        var last = Fault(.redisUnreachable, "no node of the cluster was asked")
        for endpoint in address.endpoints {
            do throws(Fault) {
                return try doing("asking the cluster's node at \(endpoint)") { () throws(Fault) in
                    try ask(endpoint, address)
                }
            } catch {
                last = error
            }
        }
        throw last
    }

    private static func ask(_ endpoint: Endpoint, _ address: RedisAddress) throws(Fault) -> ClusterTopology {
        var connection = try RedisConnection.connect(to: endpoint, as: address.server(at: endpoint))
        let info = try connection.run("CLUSTER", "INFO")
        if case .error(let error) = info, error.message.contains("cluster support disabled") {
            throw Fault(
                .redisCluster, "the server is no node of a cluster",
                hint: "name it alone: redis://host:port")
        }
        guard try info.orFault().text?.contains("cluster_state:ok") == true else {
            throw Fault(
                .redisNotReady, "the cluster is not whole, as this node sees it",
                hint: "look at CLUSTER INFO; kedge goes on when its state is ok")
        }
        return try ClusterTopology(try connection.run("CLUSTER", "NODES").orFault().text ?? "", from: endpoint)
    }
}
