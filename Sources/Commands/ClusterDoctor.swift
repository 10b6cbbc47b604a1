// SPDX-License-Identifier: Apache-2.0

import Anchors
import Changelog
import Faults
import Hiredis
import RedisCluster
import RedisKeyspace
import RedisURI

/// Looks at everything that following the shards of a cluster needs of them, and costs them. Changes nothing.
struct ClusterDoctor {
    private let address: RedisAddress
    private let preference: ServerPreference
    private let lanes: [LaneRange]

    /// Makes a doctor; `lanes` say where an export stands that is there already.
    init(_ address: RedisAddress, _ preference: ServerPreference, lanes: [LaneRange]) {
        self.address = address
        self.preference = preference
        self.lanes = lanes
    }

    /// All checks; the first is whether the cluster is whole, and without it there are no others.
    func examine() throws(Fault) -> [Check] {
        do throws(Fault) {
            let topology = try ClusterTopology.read(address)
            let nodes = try ShardNode.read(topology, as: address, preference)
            var checks = [Check("cluster", .good, "\(topology.shards.count) shards, every slot has an owner")]
            let shards = lanes.compactMap { AnchoredShard($0.lane, at: $0.to, facts: $0.facts) }
            let plan = ShardPlan(shards, nodes)
            for (number, node) in nodes.enumerated() {
                let found = try KeyspaceDoctor(address.server(at: node.endpoint), at: node.endpoint, point: nil)
                    .examine()
                let name = plan.lane(of: number).map { shards[$0].lane.name } ?? "\(node.endpoint)"
                checks += found.map { $0.named("\(name): \($0.name)") }
            }
            return checks + zip(shards, plan.steps).map { Check($1, of: $0, nodes) }
        } catch {
            return [Check("cluster", failing: error)]
        }
    }
}

extension ShardPlan {
    /// The number of the lane that a node goes on with, or takes the place of.
    fileprivate func lane(of node: Int) -> Int? {
        steps.firstIndex { step in
            switch step {
            case .goesOn(node), .broken(_, node: node): true
            default: false
            }
        }
    }
}

extension Check {
    /// The same check under another name.
    fileprivate func named(_ name: String) -> Check {
        Check(name, verdict, finding, remedy: remedy, code: code)
    }

    /// Whether a lane can be gone on with.
    fileprivate init(_ step: ShardPlan.Step, of shard: AnchoredShard, _ nodes: [ShardNode]) {
        let name = "\(shard.lane.name): history"
        switch step {
        case .goesOn(let node):
            let ahead = nodes[node].server.state.offset
            self.init(
                name, .good,
                "the next run goes on behind \(shard.offset) at \(nodes[node].endpoint), \(ahead - min(ahead, shard.offset)) bytes behind it"
            )
        case .broken(.lost(let reason), _), .broken(.fork(_, let reason), _):
            self.init(
                name, .warning, reason,
                remedy: "the next run records that and takes a new snapshot of the shard, unless --on-gap stop is given"
            )
        case .broken(.goesOn, _), .left: self.init(name, .good, "the shard has left the cluster")
        case .gone(let reason): self.init(name, .warning, reason)
        }
    }
}
