// SPDX-License-Identifier: Apache-2.0

import Anchors
import Changelog
import Faults
import Hiredis
import RedisCluster
import RedisKeyspace
import RedisURI

/// How far the shards of a cluster are ahead of an export.
enum ShardLag {
    /// Where the server of each lane stands now; nil where no server has its history.
    static func read(_ address: RedisAddress, of lanes: [LaneRange]) throws(Fault) -> [UInt64?] {
        let nodes = try ShardNode.read(ClusterTopology.read(address), as: address, .master)
        let shards = lanes.map { AnchoredShard($0.lane, at: $0.to, facts: $0.facts) }
        var steps = ShardPlan(shards.compactMap(\.self), nodes).steps[...]
        return shards.map { shard in
            guard shard != nil, case .goesOn(let node)? = steps.popFirst() else { return nil }
            return nodes[node].server.state.offset
        }
    }
}
