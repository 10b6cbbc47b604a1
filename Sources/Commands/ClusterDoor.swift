// SPDX-License-Identifier: Apache-2.0

import Anchors
import Changelog
import Faults
import Hiredis
import RedisCluster
import RedisKeyspace
import RedisURI
import Runtime
import Synchronization
import Threads

/// The way into a cluster: who is there, and links to them. It keeps no state but where nodes were seen.
final class ClusterDoor: Sendable {
    /// Rings when a link has brought something.
    let bell = Monitor()
    private let address: RedisAddress
    private let preference: ServerPreference
    private let base: ReplicationOptions
    private let retryFor: Duration
    private let stop: StopSignal
    /// Where nodes were seen, behind those that the address names.
    private let known = Mutex<[Endpoint]>([])
    private let linkCount = Atomic(0)
    private let shardCount = Atomic(1)

    init(_ run: ExportRun, _ settings: KeyspaceRunSettings) {
        address = settings.address
        preference = settings.preference
        retryFor = run.settings.retryFor
        stop = run.stop
        var options = settings.replicationOptions(settings.address, in: run)
        options.bell = bell
        base = options
    }

    // MARK: Who is there

    /// Asks all shards.
    func nodes() throws(Fault) -> [ShardNode] {
        let nodes = try ShardNode.read(topology(), as: address, preference)
        shardCount.store(nodes.count, ordering: .relaxed)
        return nodes
    }

    /// The topology, if anybody tells.
    func topologyNow() -> ClusterTopology? { try? topology() }

    private func topology() throws(Fault) -> ClusterTopology {
        let named = address.endpoints
        let others = known.withLock { $0 }.filter { !named.contains($0) }
        let topology = try ClusterTopology.read(
            RedisAddress(
                topology: .cluster, endpoints: named + others, credentials: address.credentials, tls: address.tls,
                timeout: address.timeout))
        let seen = topology.shards.flatMap { shard in [shard.endpoint] + shard.replicas.compactMap(\.endpoint) }
        known.withLock { $0 = seen }
        return topology
    }

    // MARK: Links

    /// Opens the lanes that go on; a lane whose server sends all of its data instead is broken.
    func goOn(_ arrangement: inout Arrangement) throws(Fault) -> [OpenShard] {
        let going = arrangement.going
        let answers = try openAll(going.map { ($0.node, .partial($0.shard.point)) })
        var shards: [OpenShard] = []
        for ((shard, node), link) in zip(going, answers) {
            if let opened = OpenShard(shard, node, link) {
                shards.append(opened)
            } else {
                link.close()
                arrangement.lose(.lost(Self.wholeAnswer), shard, node)
            }
        }
        return shards
    }

    private static let wholeAnswer = "the server sent all of its data when it was asked to go on"

    /// Opens lanes that begin, or begin anew.
    func open(
        _ beginnings: [Arrangement.Beginning], _ request: ReplicationLink.Request
    ) throws(Fault) -> [OpenShard] {
        let links = try openAll(beginnings.map { ($0.node, request) })
        var shards: [OpenShard] = []
        for (beginning, link) in zip(beginnings, links) {
            guard case .snapshot(let id, let offset) = link.answer else {
                links.forEach { $0.close() }
                throw Fault(.redisProtocol, "the server goes on with something that was not asked for")
            }
            let lane = Lane(
                name: beginning.name, epoch: beginning.epoch, notation: .offset,
                start: LanePoint(position: Position(rawValue: offset)))
            shards.append(
                OpenShard(
                    lane: lane,
                    facts: ShardFacts(replicationID: id, node: beginning.node.id, slots: beginning.node.slots),
                    link: link, offset: offset))
        }
        return shards
    }

    /// Opens links side by side: a server may let us wait before it answers.
    private func openAll(
        _ requests: [(node: ShardNode, request: ReplicationLink.Request)]
    ) throws(Fault) -> [ReplicationLink] {
        let workers = requests.map { node, request in
            let options = options(node)
            return WorkerThread { () -> Result<ReplicationLink, Fault> in
                do throws(Fault) {
                    return .success(try ReplicationLink.open(options, request))
                } catch {
                    return .failure(error)
                }
            }
        }
        var links: [ReplicationLink] = []
        var fault: Fault?
        for worker in workers {
            switch worker.join() {
            case .success(let link): links.append(link)
            case .failure(let error): fault = fault ?? error
            }
        }
        guard let fault else { return links }
        links.forEach { $0.close() }
        throw fault
    }

    private func options(_ node: ShardNode) -> ReplicationOptions {
        var options = base
        options.address = address.server(at: node.endpoint)
        options.endpoint = node.endpoint
        options.spoolPrefix = "\(linkCount.add(1, ordering: .relaxed).newValue)-"
        // Memory is one's own, not one's for each shard; a chunk or two each must do.
        let shardCount = max(1, shardCount.load(ordering: .relaxed))
        options.limits.memoryByteCount = max(1 << 20, base.limits.memoryByteCount / shardCount)
        options.suit(node.server)
        return options
    }

    // MARK: A shard whose link has ended

    /// Looks for the server that goes on with a shard, until one does or patience ends.
    var reopening: ShardReopening {
        { [self] shard, isOver in
            var patience = Patience(limit: retryFor)
            while true {
                do throws(Fault) {
                    return .success(try reopen(shard))
                } catch {
                    guard error.code.remedy == .retry, !isOver(), !stop.isRequested, let delay = patience.next() else {
                        return .failure(error)
                    }
                    let end = ContinuousClock.now + delay
                    while .now < end, !isOver() { pause(.milliseconds(50)) }
                }
            }
        }
    }

    private func reopen(_ shard: AnchoredShard) throws(Fault) -> OpenShard {
        let nodes = try nodes()
        switch ShardPlan([shard], nodes).steps[0] {
        case .goesOn(let node):
            let link = try ReplicationLink.open(options(nodes[node]), .partial(shard.point))
            if let opened = OpenShard(shard, nodes[node], link) { return opened }
            link.close()
            throw Fault(.sourceGap, Self.wholeAnswer)
        case .broken(.fork(_, let reason), _): throw Fault(.sourceFork, reason)
        case .broken(.lost(let reason), _): throw Fault(.sourceGap, reason)
        case .broken(.goesOn, _), .left: throw Fault(.sourceGap, "the shard has left the cluster")
        case .gone(let reason): throw Fault(.sourceGap, reason)
        }
    }
}

extension OpenShard {
    /// A shard that goes on at a node; nil where the node's answer is another.
    fileprivate init?(_ shard: AnchoredShard, _ node: ShardNode, _ link: ReplicationLink) {
        guard case .goingOn(let id) = link.answer else { return nil }
        self.init(
            lane: shard.lane,
            facts: ShardFacts(
                replicationID: id ?? shard.facts.replicationID, node: node.id, slots: node.slots),
            link: link, offset: shard.offset)
    }
}
