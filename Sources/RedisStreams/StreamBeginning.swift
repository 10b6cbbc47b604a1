// SPDX-License-Identifier: Apache-2.0

public import Changelog
public import Faults
import RedisCluster
import RedisFacts
import RedisURI

/// Where a new export of streams begins: what is there, and who the server is.
public struct StreamBeginning: Sendable {
    /// One stream that is there.
    public struct Stream: Sendable {
        /// Its name.
        public let name: StreamName
        /// What the server says of it.
        public let state: StreamState
        /// How far it is handed over before anything is read, and what is remembered of it.
        public let mark: LaneMark
        /// How many entries were trimmed or deleted before kedge came; nil before Redis 7.0.
        public let goneBefore: Int64?
    }

    /// Who the server is, as anchors record it.
    public let identity: SourceIdentity
    /// The streams that are selected and there, by name.
    public let streams: [Stream]

    /// Looks at the server. Nothing is changed there.
    public static func look(_ options: StreamOptions, at start: StreamStart) throws(Fault) -> StreamBeginning {
        guard options.address.topology != .cluster else {
            let session = try ClusterSession(options)
            let identity = identity(of: try session.infos())
            let keys = try session.keys(options.selection)
            return try StreamBeginning(identity, keys, session.states(of: keys), start)
        }
        var session = try StreamSession.open(options)
        let info = try session.info()
        let keys = try keys(options.selection, &session)
        return try StreamBeginning(identity(of: info, options), keys, session.states(of: keys), start)
    }

    private init(
        _ identity: SourceIdentity, _ keys: [[UInt8]], _ states: [StreamState?], _ start: StreamStart
    ) throws(Fault) {
        var streams: [Stream] = []
        for (key, state) in zip(keys, states) {
            if let state { streams.append(Self.stream(StreamName(key: key), state, start)) }
        }
        try Self.refuseCollisions(streams)
        self.identity = identity
        self.streams = streams.sorted { $0.name.text < $1.name.text }
    }

    /// Who the server is now, or the cluster.
    public static func identity(_ options: StreamOptions) throws(Fault) -> SourceIdentity {
        guard options.address.topology != .cluster else { return identity(of: try ClusterSession(options).infos()) }
        var session = try StreamSession.open(options)
        return identity(of: try session.info(), options)
    }

    /// Of a cluster each master's counts are kept under its name.
    private static func identity(of nodes: [(shard: ClusterTopology.Shard, info: ServerInfo)]) -> SourceIdentity {
        var facts: [String: SourceIdentity.Fact] = [
            "mode": .text("streams"), "database": .number(0), "shards": .number(Int64(nodes.count)),
        ]
        for (shard, info) in nodes {
            facts[StreamPlace.node(shard.master.id).countsFact] = .text(CommandCounts(info).description)
        }
        facts["serverVersion"] = nodes.first.map { .text($0.info.version) }
        return SourceIdentity(kind: "redis", facts: facts, notation: .clock)
    }

    private static func identity(of info: ServerInfo, _ options: StreamOptions) -> SourceIdentity {
        var facts: [String: SourceIdentity.Fact] = [
            "mode": .text("streams"), "serverVersion": .text(info.version),
            "database": .number(Int64(options.address.database)),
            CommandCounts.factName: .text(CommandCounts(info).description),
        ]
        facts["runId"] = info.runID.map { .text($0) }
        if !info.isMaster { facts["replica"] = .number(1) }
        return SourceIdentity(kind: "redis", facts: facts, notation: .clock)
    }

    private static func keys(
        _ selection: StreamSelection, _ session: inout StreamSession
    ) throws(Fault) -> [[UInt8]] {
        var keys = Set(selection.keys)
        var discovery = StreamDiscovery(selection)
        discovery.beginRound(steps: .max)
        while discovery.isBusy { keys.formUnion(try discovery.step(&session)) }
        return keys.sorted { $0.lexicographicallyPrecedes($1) }
    }

    private static func stream(_ name: StreamName, _ state: StreamState, _ start: StreamStart) -> Stream {
        let point = start == .first ? EntryID.zero : state.lastGenerated
        return Stream(
            name: name, state: state, mark: FollowedStream(name, beginningAt: point, of: state).mark,
            goneBefore: state.added.map { $0 - state.length })
    }

    private static func refuseCollisions(_ streams: [Stream]) throws(Fault) {
        var names: Set<String> = []
        for stream in streams where !names.insert(stream.name.text).inserted {
            throw StreamReading.collision(stream.name)
        }
    }
}
