// SPDX-License-Identifier: Apache-2.0

public import Changelog
public import Faults
import RedisCluster
import RedisFacts
import RedisURI

/// Streams of a cluster as a source of changes, read by identifier and without one write.
///
/// Each master that owns slots is read by a reader of its own. A stream is a lane, whatever node it is at: when its slot
/// moves, it goes from one reader to the other with all that is remembered of it.
public struct ClusterStreamSource: ChangeSource, ~Copyable {
    private let options: StreamOptions
    /// What the newest anchor says of the nodes.
    private let identity: SourceIdentity
    private var topology: ClusterTopology
    private var shards: [StreamShard] = []
    private var nextTopology = ContinuousClock.now
    /// The reader that is asked first.
    private var first = 0
    /// Streams that no reader has, and when they are placed.
    private var homeless: [(stream: FollowedStream, to: StreamRedirect, at: ContinuousClock.Instant)] = []
    /// The streams of the export by the text of their names.
    private var known: [String: [UInt8]] = [:]

    /// How long the readers rest at most while nothing comes.
    private static let restLimit = Duration.milliseconds(50)
    /// How long a stream rests about which nodes disagree.
    private static let disagreement = Duration.milliseconds(250)

    /// Goes on with the lanes of the newest anchor, whose source is `identity`.
    public static func open(
        _ options: StreamOptions, from marks: [LaneMark], identity: SourceIdentity
    ) throws(Fault) -> ClusterStreamSource {
        let session = try ClusterSession(options)
        var streams: [FollowedStream] = []
        for mark in marks {
            let stream = try FollowedStream(mark)
            guard options.selection.contains(stream.name.key) else {
                options.report(
                    StreamReport(.warning, "stream \(stream.name.text) is not in --streams: it stays where it is"))
                continue
            }
            streams.append(stream)
        }
        let known = Set(streams.map(\.name.key))
        let fresh = try session.keys(options.selection).filter { !known.contains($0) }
        let bounds = try bounds(of: streams, options.target, session)
        for index in streams.indices { streams[index].bound = bounds[index] }
        var source = ClusterStreamSource(options, session.topology, identity)
        try source.begin(with: streams, fresh: fresh, states: session.states(of: fresh))
        return source
    }

    /// Up to where each stream is read.
    private static func bounds(
        of streams: [FollowedStream], _ target: StreamTarget, _ session: ClusterSession
    ) throws(Fault) -> [EntryID?] {
        switch target {
        case .none: return streams.map { _ in nil }
        case .entry(let id): return streams.map { _ in id }
        case .now: return try session.states(of: streams.map(\.name.key)).map { $0?.lastGenerated ?? .zero }
        }
    }

    private init(_ options: StreamOptions, _ topology: ClusterTopology, _ identity: SourceIdentity) {
        self.options = options
        self.topology = topology
        self.identity = identity
    }

    private mutating func begin(
        with streams: [FollowedStream], fresh: [[UInt8]], states: [StreamState?]
    ) throws(Fault) {
        nextTopology = .now + options.discoverEvery
        try openShards()
        for stream in streams {
            known[stream.name.text] = stream.name.key
            try owner(of: stream.name.key).source.admit(stream)
        }
        for (key, state) in zip(fresh, states) {
            guard let state else { continue }
            var stream = FollowedStream(StreamName(key: key), beginningAt: .zero, of: state)
            if options.target == .now { stream.bound = state.lastGenerated }
            try note(stream.name)
            try owner(of: key).source.welcome(stream)
        }
        expect()
        for shard in shards { try shard.source.beginRound() }
    }

    // MARK: What a pipeline calls

    /// Adds entries until the batch is full, and says at its end how far the streams are handed over.
    public mutating func fill(
        _ batch: inout ChangeBatch, until deadline: ContinuousClock.Instant
    ) throws(Fault) -> FillOutcome {
        var rest = Duration.milliseconds(1)
        while true {
            try tend()
            let before = batch.byteCount
            var isAtTarget = true
            for step in 0..<shards.count {
                let number = (first + step) % shards.count
                guard try fill(&batch, from: number, until: .now, &isAtTarget) else { return .more }
            }
            if isAtTarget, homeless.isEmpty, shards.allSatisfy({ $0.source.isAtRest }) { return .targetReached }
            guard .now < deadline else { return .more }
            rest = batch.byteCount > before ? .milliseconds(1) : min(rest * 2, Self.restLimit)
            let waiting = shards.firstIndex { $0.source.isReading } ?? first
            let pause = min(deadline, .now + rest)
            guard try fill(&batch, from: waiting, until: pause, &isAtTarget) else { return .more }
        }
    }

    /// Lets one reader fill; false when the batch has to go on its way.
    private mutating func fill(
        _ batch: inout ChangeBatch, from number: Int, until deadline: ContinuousClock.Instant,
        _ isAtTarget: inout Bool
    ) throws(Fault) -> Bool {
        let shard = shards[number]
        // A break lies before all changes of its batch.
        guard !shard.source.hasBreaks || batch.isEmpty else {
            first = number
            return false
        }
        let outcome = try doing("reading the cluster's node at \(shard.endpoint)") { () throws(Fault) in
            try shard.source.fill(&batch, until: deadline)
        }
        isAtTarget = isAtTarget && outcome == .targetReached
        if batch.laneBreak != nil || batch.isFull {
            first = batch.isFull ? (number + 1) % shards.count : number
            return false
        }
        return true
    }

    /// Nobody waits for us.
    public mutating func keepAlive() throws(Fault) {}

    /// The servers are told nothing.
    public mutating func acknowledge(_ position: Position) throws(Fault) {}

    /// The connections close when the source goes.
    public mutating func close() throws(Fault) {}

    // MARK: Who reads what

    /// Brings streams to the readers of the nodes where they are, and looks at the cluster from time to time.
    private mutating func tend() throws(Fault) {
        for shard in shards {
            for (stream, redirect) in shard.source.takeDepartures() {
                let delay = stream.hopCount > 2 ? Self.disagreement : .zero
                homeless.append((stream, redirect, .now + delay))
            }
            let found = shard.source.takeCandidates().filter { known[StreamName(key: $0).text] != $0 }
            for stream in try shard.source.look(at: found) {
                try note(stream.name)
                try shard.source.welcome(stream)
            }
        }
        if .now >= nextTopology, options.target != .now { try readTopology() }
        let placed = homeless.filter { $0.at <= .now }
        homeless.removeAll { $0.at <= .now }
        for (stream, redirect, _) in placed { try place(stream, redirect) }
    }

    /// Finds a stream a reader: who is said to have it, or who owns its slot.
    private mutating func place(_ stream: FollowedStream, _ redirect: StreamRedirect) throws(Fault) {
        if let shard = shard(at: redirect) { return shard.source.admit(stream) }
        try readTopology()
        if let shard = shard(at: redirect) { return shard.source.admit(stream) }
        try owner(of: stream.name.key).source.admit(stream)
    }

    private func shard(at redirect: StreamRedirect) -> StreamShard? {
        redirect.endpoint.flatMap { endpoint in shards.first { $0.endpoint == endpoint } }
    }

    private func owner(of key: [UInt8]) throws(Fault) -> StreamShard {
        let owner = topology.shard(of: KeySlot(of: key))
        guard let owner, let shard = shards.first(where: { $0.reads(owner) }) else {
            throw Fault(.redisNotReady, "a slot of the cluster belongs to no server")
        }
        return shard
    }

    /// Asks who the masters are now; those that were are asked first.
    private mutating func readTopology() throws(Fault) {
        var endpoints = topology.shards.map(\.endpoint)
        for endpoint in options.address.endpoints where !endpoints.contains(endpoint) { endpoints.append(endpoint) }
        topology = try ClusterTopology.read(options.address.asking(endpoints))
        nextTopology = .now + options.discoverEvery
        try openShards()
        expect()
    }

    /// Opens readers of new masters, and closes those of nodes that own nothing and have nothing to hand over.
    private mutating func openShards() throws(Fault) {
        let owners = topology.shards
        shards.removeAll { reader in reader.source.isEmpty && !owners.contains(where: reader.reads) }
        for owner in owners where !shards.contains(where: { $0.reads(owner) }) {
            shards.append(try StreamShard(options, owner, identity))
        }
        first = 0
    }

    /// Tells the readers which named streams may appear at their nodes.
    private func expect() {
        let missing = options.selection.keys.filter { known[StreamName(key: $0).text] == nil }
        for shard in shards {
            shard.source.expectedKeys = missing.filter { topology.shard(of: KeySlot(of: $0))?.master.id == shard.node }
        }
    }

    private mutating func note(_ name: StreamName) throws(Fault) {
        guard known.updateValue(name.key, forKey: name.text) ?? name.key == name.key else {
            throw StreamReading.collision(name)
        }
    }
}
