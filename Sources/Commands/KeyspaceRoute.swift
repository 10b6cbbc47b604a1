// SPDX-License-Identifier: Apache-2.0

import Anchors
import Changelog
import Faults
import Hiredis
import Logging
import RedisKeyspace
import RedisStreams
import RedisURI
import Runtime

/// The keyspace of a Redis-like store as the source of a run: a snapshot over a replication link, and the commands
/// behind it.
final class KeyspaceRoute: SourceRoute {
    private let run: ExportRun
    private let settings: KeyspaceRunSettings
    private var hasBegun = false
    /// The server that is meant now: each attempt asks anew where sentinels know.
    private var address: RedisAddress

    init(_ run: ExportRun, _ settings: KeyspaceRunSettings) {
        self.run = run
        self.settings = settings
        address = settings.address
    }

    /// What is retried says so itself.
    func mayPass(_ fault: Fault, attempts: Int) -> Bool { false }

    /// Runs once.
    func attempt() throws(Fault) -> RunReport.End {
        address = try settings.address.located(settings.preference)
        let server = try KeyspaceServer.read(address, at: address.endpoints[0])
        if !hasBegun { for warning in server.warnings { run.console.log.warning("\(warning)") } }
        guard let last = run.last else {
            guard let path = settings.dumpPath else { return try begin(server, after: nil) }
            return try goOn(after: begin(KeyspaceDump(path), server), server)
        }
        if settings.mode == .only, last.anchor.kind == .snapshot, !settings.resnapshots { return .targetReached }
        if settings.resnapshots, !hasBegun {
            return try begin(server, after: Break(.lost("a new snapshot was asked for")))
        }
        return try goOn(after: last, server)
    }

    // MARK: Going on

    private func goOn(after last: StoredAnchor, _ server: KeyspaceServer) throws(Fault) -> RunReport.End {
        guard last.anchor.source.text("mode") == "replication",
            let point = ReplicationPoint(last.anchor.source, at: last.anchor.to)
        else {
            throw Fault(
                .sourceOther, "the export was not made from the keyspace of a server",
                hint: "name another folder with --to")
        }
        // Behind a break stands a snapshot, or the one that was begun has not come to its end.
        if [.gap, .fork].contains(last.anchor.kind) {
            return try begin(
                server, after: Break(.lost("the snapshot behind anchor \(last.anchor.number) was not finished")))
        }
        try requireState(after: last)
        switch ResumeVerdict(point, at: server.state) {
        case .goesOn: break
        case let verdict: return try mend(verdict, at: point, server)
        }
        let link = try ReplicationLink.open(options(server), .partial(point))
        switch link.answer {
        case .goingOn(let id):
            hasBegun = true
            let now = ReplicationPoint(
                replicationID: id ?? point.replicationID, offset: point.offset, database: point.database)
            return try follow(link, from: now, after: last, server)
        case .snapshot:
            link.close()
            return try mend(
                .lost("the server sent all of its data when it was asked to go on"), at: point, server)
        }
    }

    /// Values of keys that were touched while nobody asked for them would be missing.
    private func requireState(after last: StoredAnchor) throws(Fault) {
        guard settings.stateByteLimit != nil, last.anchor.source.text("state") != "touched",
            ![.snapshot, .reset].contains(last.anchor.kind)
        else { return }
        throw Fault(
            .settingInvalid, "the export has gone on without --state touched: values of keys would be missing",
            hint: "leave it out, or begin anew with --resnapshot")
    }

    /// Goes on where history cannot, as far as the operator allows.
    private func mend(
        _ verdict: ResumeVerdict, at point: ReplicationPoint, _ server: KeyspaceServer
    ) throws(Fault) -> RunReport.End {
        let found = Break(verdict)
        guard settings.onGap == .record else {
            throw Fault(
                found.kind == .fork ? .sourceFork : .sourceGap, found.reason,
                hint: "take a new snapshot with --on-gap record or --resnapshot"
            ).adding("going on behind \(point.offset)")
        }
        run.console.log.warning("\(found.reason); taking a new snapshot")
        return try begin(server, after: found)
    }

    // MARK: Beginning

    private func begin(_ server: KeyspaceServer, after found: Break?) throws(Fault) -> RunReport.End {
        let link = try ReplicationLink.open(options(server), settings.mode == .none ? .streamOnly : .full)
        guard case .snapshot(let id, let offset) = link.answer else {
            link.close()
            throw Fault(.redisProtocol, "the server goes on with something that was not asked for")
        }
        do throws(Fault) {
            try run.crash.reach(.afterFullResync)
            let point = ReplicationPoint(replicationID: id, offset: offset, database: nil)
            try anchor(link, at: point, server, after: found)
            hasBegun = true
            guard settings.mode != .only, let last = run.last else {
                link.close()
                return .targetReached
            }
            return try follow(link, from: point, after: last, server)
        } catch {
            link.close()
            throw error
        }
    }

    /// Begins with a dump; the commands behind it come from the server, if it still has them.
    private func begin(_ dump: KeyspaceDump, _ server: KeyspaceServer) throws(Fault) -> StoredAnchor {
        guard let start = dump.streamStart else {
            throw Fault(
                .redisPayload, "\(dump.path) does not say which commands follow it",
                hint: "a server writes that when it has had a replica, or is one; begin with a snapshot instead")
        }
        let parts = try run.parts(source: server.identity(at: start), epoch: 1)
        var publication = Publication(
            kind: .snapshot, from: Position(rawValue: start.offset), to: Position(rawValue: start.offset))
        publication.segments = try SnapshotExport(dump.snapshot, parts: parts).read(jobs: 1)
        let stored = try parts.publisher.publish(publication, epoch: 1, after: nil)
        run.last = stored
        hasBegun = true
        run.console.log.info("dump read: \(run.progress.rowCount) records as of offset \(start.offset)")
        return stored
    }

    /// Reads the snapshot and anchors it, behind an anchor that tells of the break before it.
    private func anchor(
        _ link: ReplicationLink, at point: ReplicationPoint, _ server: KeyspaceServer, after found: Break?
    ) throws(Fault) {
        let position = Position(rawValue: point.offset)
        let first = try run.nextEpoch()
        let epoch = found?.kind == .fork ? first + 1 : first
        let identity = server.identity(at: point)
        let parts = try run.parts(source: identity, epoch: epoch)
        let snapshot = KeyspaceSnapshot(at: position, estimatedByteCount: 1, label: "the snapshot of the server") {
            [payload = link.payload, stop = run.stop] () throws(Fault) in
            PayloadInput(draining: payload) { stop.isRequested }
        }
        let segments = try SnapshotExport(snapshot, parts: parts).read(jobs: 1)
        if let found, let last = run.last {
            var publication = Publication(kind: found.kind, from: last.anchor.to, to: position, reason: found.reason)
            if let start = found.forkedFrom { publication.to = Position(rawValue: start) }
            run.last = try parts.publisher.publish(publication, epoch: first, after: last)
            try run.crash.reach(.afterGapAnchor)
        }
        var publication = Publication(kind: settings.mode == .none ? .reset : .snapshot, from: position, to: position)
        publication.segments = settings.mode == .none ? [] : segments
        if let database = snapshot.streamStart?.database {
            publication.facts["db"] = .number(Int64(clamping: database))
        }
        run.last = try parts.publisher.publish(publication, epoch: epoch, after: run.last)
        run.console.log.info("snapshot read: \(run.progress.rowCount) records as of offset \(point.offset)")
    }

    // MARK: Following

    private func follow(
        _ link: ReplicationLink, from point: ReplicationPoint, after last: StoredAnchor, _ server: KeyspaceServer
    ) throws(Fault) -> RunReport.End {
        let known = ReplicationPoint(last.anchor.source, at: last.anchor.to)
        let start = ReplicationPoint(
            replicationID: point.replicationID, offset: point.offset, database: point.database ?? known?.database)
        var identity = server.identity(at: known ?? start)
        if settings.stateByteLimit != nil { identity.facts["state"] = .text("touched") }
        let parts = try run.parts(source: identity, epoch: last.anchor.epoch)
        let target: Position? =
            switch settings.target {
            case .none: nil
            case .now: Position(rawValue: max(server.state.offset, point.offset))
            case .offset(let offset): Position(rawValue: offset)
            }
        var source = KeyspaceSource(
            link, from: start, until: target,
            news: known?.replicationID == start.replicationID ? [:] : ["replid": .text(start.replicationID)],
            state: stateOptions())
        let pipeline = StreamPipeline(parts, after: last)
        defer {
            run.last = pipeline.last
            link.close()
        }
        let end = try pipeline.run(&source)
        if let fault = source.ending { throw fault }
        return end == .targetReached ? .targetReached : .stopped
    }

    private func stateOptions() -> StateOptions? {
        settings.stateByteLimit.map { limit in
            let policy = run.settings.policy
            return StateOptions(
                address: address, interval: policy.interval, transactionCount: policy.transactionCount,
                byteCount: policy.byteCount, keyByteLimit: limit
            ) { [stop = run.stop] in stop.isRequested }
        }
    }

    private func options(_ server: KeyspaceServer) -> ReplicationOptions {
        var options = settings.replicationOptions(address, in: run)
        options.suit(server)
        return options
    }
}

/// Why a history does not go on.
private struct Break {
    let kind: AnchorKind
    let reason: String
    /// From where on what was exported is void.
    let forkedFrom: UInt64?

    init(_ verdict: ResumeVerdict) {
        switch verdict {
        case .goesOn: (kind, reason, forkedFrom) = (.reset, "", nil)
        case .lost(let reason): (kind, self.reason, forkedFrom) = (.gap, reason, nil)
        case .fork(let start, let reason): (kind, self.reason, forkedFrom) = (.fork, reason, start)
        }
    }
}
