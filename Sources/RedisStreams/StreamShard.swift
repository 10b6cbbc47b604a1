// SPDX-License-Identifier: Apache-2.0

import Changelog
import Faults
import RedisCluster
import RedisURI

/// The reader of one master of a cluster.
final class StreamShard {
    /// The name of the node.
    let node: String
    /// Where it listens.
    let endpoint: Endpoint
    /// What reads it.
    var source: RedisStreamSource

    /// Whether it reads the master of a shard.
    func reads(_ shard: ClusterTopology.Shard) -> Bool { node == shard.master.id && endpoint == shard.endpoint }

    /// Connects to the master of a shard; `identity` is the source of the newest anchor.
    init(
        _ options: StreamOptions, _ shard: ClusterTopology.Shard, _ identity: SourceIdentity
    ) throws(Fault) {
        node = shard.master.id
        endpoint = shard.endpoint
        source = try RedisStreamSource.connect(
            options.reading(from: shard.endpoint), at: .node(shard.master.id), identity)
    }
}
