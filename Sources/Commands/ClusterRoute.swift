// SPDX-License-Identifier: Apache-2.0

import Anchors
import Changelog
import Faults
import Hiredis
import Logging
import RedisCluster
import RedisKeyspace
import RedisStreams
import RedisURI
import Runtime

extension KeyspaceRunSettings {
    /// How the source is begun and followed: one server, or the shards of a cluster.
    func route(_ run: ExportRun) -> any SourceRoute {
        address.topology == .cluster ? ClusterRoute(run, self) : KeyspaceRoute(run, self)
    }
}

/// The keyspace of a cluster as the source of a run: each shard is a lane, followed as a server of its own.
final class ClusterRoute: SourceRoute {
    private let run: ExportRun
    private let settings: KeyspaceRunSettings
    private let door: ClusterDoor
    private var hasBegun = false

    init(_ run: ExportRun, _ settings: KeyspaceRunSettings) {
        self.run = run
        self.settings = settings
        door = ClusterDoor(run, settings)
    }

    /// What is retried says so itself.
    func mayPass(_ fault: Fault, attempts: Int) -> Bool { false }

    /// Runs once; begins again where the shards are others than before.
    func attempt() throws(Fault) -> RunReport.End {
        while true {
            if let end = try pass() { return end }
        }
    }

    private func pass() throws(Fault) -> RunReport.End? {
        if let last = run.last { try refuseOther(last.anchor) }
        let isAgain = settings.resnapshots && !hasBegun
        if settings.mode == .only, run.last != nil, !isAgain { return .targetReached }
        let nodes = try door.nodes()
        if !hasBegun { warn(nodes) }
        var arrangement = Arrangement(run.last?.anchor, nodes, isAgain: isAgain)
        var shards = try door.goOn(&arrangement)
        do throws(Fault) {
            try refuseBreaks(arrangement)
            shards += try begin(arrangement)
            hasBegun = true
            guard settings.mode != .only, let last = run.last else {
                shards.forEach { $0.link.close() }
                return .targetReached
            }
            return try follow(shards, arrangement, after: last)
        } catch {
            shards.forEach { $0.link.close() }
            throw error
        }
    }

    private func warn(_ nodes: [ShardNode]) {
        let warnings = nodes.flatMap { node in node.server.warnings.map { (node.endpoint, $0) } }
        for (endpoint, warning) in warnings { run.console.log.warning("\(endpoint): \(warning)") }
    }

    /// An export goes on with the kind of source that it was begun with.
    private func refuseOther(_ anchor: Anchor) throws(Fault) {
        guard anchor.source.text("mode") == "replication", anchor.source.text("topology") == "cluster" else {
            throw Fault(
                .sourceOther, "the export was not made from the keyspace of a cluster",
                hint: "name another folder with --to")
        }
    }

    private func refuseBreaks(_ arrangement: Arrangement) throws(Fault) {
        let found = arrangement.breaks.first { !$0.isRecorded && $0.kind != .unknown }
        guard settings.onGap == .stop, let found else { return }
        throw Fault(
            found.kind == .fork ? .sourceFork : .sourceGap, "\(found.shard.lane.name): \(found.reason)",
            hint: "take a new snapshot of the shard with --on-gap record, or of all with --resnapshot"
        ).adding("going on behind \(found.shard.offset)")
    }

    // MARK: Beginning

    /// Reads the snapshots that are needed and anchors them together, behind an anchor for each break.
    private func begin(_ arrangement: Arrangement) throws(Fault) -> [OpenShard] {
        let beginnings = try arrangement.beginnings(isBare: settings.mode == .none)
        guard !beginnings.isEmpty || !arrangement.breaks.isEmpty else { return [] }
        let shards = try door.open(beginnings, settings.mode == .none ? .streamOnly : .full)
        do throws(Fault) {
            try run.crash.reach(.afterFullResync)
            let parts = try run.parts(source: arrangement.identity, epoch: 1)
            let snapshot = ClusterSnapshot(shards.map(self.snapshot))
            let segments = try SnapshotExport(snapshot, parts: parts).read(jobs: max(1, shards.count))
            for found in arrangement.breaks where !found.isRecorded { try anchor(found, with: parts) }
            guard !shards.isEmpty else { return [] }
            try run.crash.reach(.afterGapAnchor)
            let clock = run.last?.anchor.to ?? .zero
            var publication = Publication(kind: settings.mode == .none ? .reset : .snapshot, from: clock, to: clock)
            publication.segments = settings.mode == .none ? [] : segments
            publication.lanes = lanes(with: shards.map(\.range))
            publication.reason =
                arrangement.isFirst ? nil : "shards: \(shards.map(\.lane.name).joined(separator: ", "))"
            run.last = try parts.publisher.publish(publication, epoch: 1, after: run.last)
            run.console.log.info("snapshot read: \(run.progress.rowCount) records of \(shards.count) shards")
            return shards
        } catch {
            shards.forEach { $0.link.close() }
            throw error
        }
    }

    private func snapshot(_ shard: OpenShard) -> KeyspaceSnapshot {
        KeyspaceSnapshot(
            at: Position(rawValue: shard.offset), in: shard.lane, estimatedByteCount: 1,
            label: "the snapshot of \(shard.lane.name)"
        ) { [payload = shard.link.payload, stop = run.stop] () throws(Fault) in
            PayloadInput(draining: payload) { stop.isRequested }
        }
    }

    /// The lane stays where it is, and says what it lacks.
    private func anchor(_ found: Arrangement.Break, with parts: ExportRun.Parts) throws(Fault) {
        run.console.log.warning("\(found.shard.lane.name): \(found.reason)")
        let point = LanePoint(position: Position(rawValue: found.shard.offset))
        let clock = run.last?.anchor.to ?? .zero
        var publication = Publication(
            kind: found.kind, from: clock, to: clock, reason: "\(found.shard.lane.name): \(found.reason)")
        publication.lanes = lanes(with: [
            LaneRange(lane: found.shard.lane, from: point, to: point, facts: found.facts.facts)
        ])
        run.last = try parts.publisher.publish(publication, epoch: 1, after: run.last)
    }

    /// All lanes as the newest anchor has left them, but for those that change.
    private func lanes(with changed: [LaneRange]) -> [LaneRange] {
        let names = Set(changed.map(\.lane.name))
        let others = (run.last?.anchor.lanes ?? []).filter { !names.contains($0.lane.name) }.map {
            LaneRange(lane: $0.lane, from: $0.to, to: $0.to, facts: $0.facts)
        }
        return (others + changed).sorted { $0.lane.name < $1.lane.name }
    }

    // MARK: Following

    private func follow(
        _ shards: [OpenShard], _ arrangement: Arrangement, after last: StoredAnchor
    ) throws(Fault) -> RunReport.End? {
        let parts = try run.parts(source: arrangement.identity, epoch: 1)
        let watch = TopologyWatch(every: settings.discoverEvery) { [door] in door.topologyNow() }
        var source = ClusterKeyspaceSource(
            shards.map { arrangement.aimed($0, settings.target == .now) }, clock: last.anchor.to, bell: door.bell,
            watch: watch, reopen: door.reopening)
        let pipeline = StreamPipeline(parts, after: last)
        defer {
            run.last = pipeline.last
            watch.end()
            try? source.close()
        }
        let end = try pipeline.run(&source)
        switch source.interruption {
        case .none: return end == .targetReached ? .targetReached : .stopped
        case .newShard: return run.stop.isRequested ? .stopped : nil
        case .lost(let lane, let fault):
            // What the history lacks is judged again, and recorded if the operator allows that.
            if [.sourceGap, .sourceFork].contains(fault.code) { return run.stop.isRequested ? .stopped : nil }
            throw fault.adding("following \(lane)")
        }
    }
}

extension OpenShard {
    /// What the anchor of its snapshot says.
    fileprivate var range: LaneRange {
        LaneRange(lane: lane, from: lane.start, to: lane.start, facts: facts.facts)
    }
}
