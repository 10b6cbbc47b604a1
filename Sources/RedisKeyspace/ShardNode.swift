// SPDX-License-Identifier: Apache-2.0

public import Faults
public import Hiredis
public import RedisCluster
public import RedisURI

/// A shard of a cluster as it is now, and the server of it that is to be followed.
public struct ShardNode: Sendable {
    /// The name of its master in the cluster.
    public let id: String
    /// Where the server listens that is to be followed.
    public let endpoint: Endpoint
    /// The slots that the shard owns.
    public let slots: SlotRanges
    /// What the server says of itself.
    public let server: KeyspaceServer

    /// Asks every shard of a cluster: of each the master, or a replica of it whose link is up.
    public static func read(
        _ topology: ClusterTopology, as address: RedisAddress, _ preference: ServerPreference
    ) throws(Fault) -> [ShardNode] {
        var nodes: [ShardNode] = []
        for shard in topology.shards { nodes.append(try read(shard, as: address, preference)) }
        // A master without slots may hold the end of a history that is not exported yet, and nothing else.
        for shard in topology.vacantMasters {
            if let node = try? read(shard, as: address, .master) { nodes.append(node) }
        }
        return nodes
    }

    private static func read(
        _ shard: ClusterTopology.Shard, as address: RedisAddress, _ preference: ServerPreference
    ) throws(Fault) -> ShardNode {
        func node(_ endpoint: Endpoint) throws(Fault) -> ShardNode {
            ShardNode(
                id: shard.master.id, endpoint: endpoint, slots: SlotRanges(shard.master.slots),
                server: try KeyspaceServer.read(address.server(at: endpoint), at: endpoint))
        }
        if preference == .replica {
            for case let endpoint? in shard.replicas.map(\.endpoint) {
                if let found = try? node(endpoint), found.server.state.isFollowing { return found }
            }
        }
        return try node(shard.endpoint)
    }
}
