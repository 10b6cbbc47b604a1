// SPDX-License-Identifier: Apache-2.0

import Anchors
import Changelog
import Compression
import Export
import Faults
import FoundationEssentials
import Logging
import Metastore
import NDJSONFormat
import PostgresAdapter
import Runtime
import Sinks
import Threads

/// One run of `kedge run`: begin or go on, follow, end, and tell what came of it.
final class ExportRun {
    typealias Parts = PipelineParts<NDJSONEncoder, DirectorySink, LeasedAnchorStore>

    /// What the operator allows when the history of the source does not go on from the export.
    enum BreakChoice {
        case stop
        case acceptGap
        case resnapshot
    }

    let settings: RunSettings
    let choice: BreakChoice
    let console: Console
    let stop: StopSignal
    let crash: CrashPlan
    let progress = Progress()
    let workspace: Workspace
    var last: StoredAnchor?
    private let begun = ContinuousClock.now
    private var hasBegun = false

    init(
        _ settings: RunSettings, choice: BreakChoice, console: Console, stop: StopSignal, crash: CrashPlan
    ) throws(Fault) {
        self.settings = settings
        self.choice = choice
        self.console = console
        self.stop = stop
        self.crash = crash
        workspace = try Workspace(path: settings.path, crash: crash) { [stop] in stop.request() }
        do throws(Fault) {
            last = try workspace.chain.latest()
        } catch {
            workspace.close(outcome: error.code.rawValue)
            throw error
        }
    }

    /// Runs to the end that the settings name.
    func run() throws(Fault) -> RunReport {
        do throws(Fault) {
            let end = try retrying()
            if workspace.hasLostLease {
                throw Fault(.exportBusy, "another run has taken the lease of this export over")
            }
            workspace.close(outcome: end.rawValue)
            return report(end)
        } catch {
            // What was not published need not take up room until the next run; unless that run has begun already.
            if error.code != .crashPoint, !workspace.hasLostLease { try? workspace.sweep() }
            workspace.close(outcome: error.code.rawValue)
            throw error
        }
    }

    // MARK: Trying again

    /// Tries again after what may pass, as long as the settings allow; each anchor begins the patience anew.
    private func retrying() throws(Fault) -> RunReport.End {
        var patience = Patience(limit: settings.retryFor)
        while true {
            let anchors = progress.anchorCount
            do throws(Fault) {
                return try attempt()
            } catch {
                if progress.anchorCount > anchors { patience.renew() }
                let mayPass =
                    error.code.remedy == .retry && error.code != .exportBusy
                    || error.code == .postgresSnapshotRewritten && patience.attempts < 3
                if mayPass, stop.isRequested, last != nil {
                    // What is anchored stays; the next run tells the source.
                    console.log.warning("\(error.message) [\(error.code.rawValue)]; stopping, as was asked for")
                    return .stopped
                }
                guard mayPass, !stop.isRequested, let delay = patience.next() else { throw error }
                console.log.warning("\(error.message) [\(error.code.rawValue)]; trying again in \(delay.inSeconds) s")
                rest(delay)
                if stop.isRequested { return .stopped }
                try workspace.sweep()
                last = try workspace.chain.latest()
            }
        }
    }

    private func rest(_ delay: Duration) {
        let end = ContinuousClock.now + delay
        while .now < end, !stop.isRequested { pause(.milliseconds(50)) }
    }

    private func attempt() throws(Fault) -> RunReport.End {
        var stretch = try firstStretch()
        while true {
            switch stretch {
            case .ended(let end): return end
            case .stale(let tables): stretch = try readAgain(tables)
            }
        }
    }

    private func firstStretch() throws(Fault) -> Stretch {
        if let last, !(choice == .resnapshot && !hasBegun), !isSnapshotOnly(last) {
            try PostgresBeginning.settleLeftovers(options(), anchoredEpoch: last.anchor.epoch)
            return try goOn(after: last)
        }
        return try begin()
    }

    /// An export that `--snapshot only` has made has no stream to go on with.
    private func isSnapshotOnly(_ last: StoredAnchor) -> Bool {
        settings.mode == .snapshotOnly && last.anchor.kind == .snapshot
    }

    // MARK: Beginning

    private func begin() throws(Fault) -> Stretch {
        if let last, choice != .resnapshot {
            throw Fault(
                .exportExists, "the export holds a snapshot already (anchor \(last.anchor.number))",
                hint: "take another one beside it with --resnapshot, or name another folder with --to")
        }
        if last != nil {
            // What cannot begin must not cost the slot from which the export could still go on.
            _ = try PostgresPlan.read(options(), mode: settings.mode)
            try PostgresResumption.dropSlot(options())
        }
        let epoch = try nextEpoch(after: last)
        let beginning = try PostgresBeginning.begin(options(), mode: settings.mode, epoch: epoch)
        do throws(Fault) {
            try anchor(beginning, epoch: epoch)
        } catch {
            if error.code != .crashPoint { beginning.abandon() }
            throw error
        }
        hasBegun = true
        try beginning.confirm()
        guard settings.mode != .snapshotOnly, let last else { return .ended(.targetReached) }
        guard var source = try beginning.source(until: settings.target) else { return try goOn(after: last) }
        return try follow(&source, after: last, facts: beginning.plan.facts)
    }

    private func anchor(_ beginning: PostgresBeginning, epoch: UInt16) throws(Fault) {
        let slot = settings.mode == .snapshotOnly ? nil : settings.slot
        let identity = beginning.plan.facts.identity(slot: slot, publication: settings.publication)
        let record = try exportRecord(identity)
        let parts = try self.parts(record, source: identity, epoch: epoch)
        let reason = last == nil ? nil : "a new snapshot was asked for"
        var publication = Publication(
            kind: .reset, from: beginning.position, to: beginning.position, reason: reason ?? "begun without a snapshot"
        )
        if let snapshot = beginning.snapshot {
            console.log.info(
                "reading \(beginning.plan.tables.count) tables in \(snapshot.tasks.count) pieces as of \(PositionNotation.lsn.text(snapshot.position))"
            )
            publication = Publication(kind: .snapshot, from: beginning.position, to: beginning.position, reason: reason)
            publication.segments = try SnapshotExport(snapshot, parts: parts).read(jobs: settings.jobs)
            let held = snapshot.begun.duration(to: .now)
            console.log.info("snapshot read: \(progress.rowCount) rows; vacuum was held back for \(held.inSeconds) s")
        }
        publication.observation = beginning.observation
        last = try parts.publisher.publish(publication, epoch: epoch, after: last)
    }

    /// The record of the export; made when there is none yet, and compared with the settings when there is.
    func exportRecord(_ identity: SourceIdentity) throws(Fault) -> ExportRecord {
        if let record = try ExportRecord.read(in: workspace.folder) {
            guard record.columnPrefix == settings.columnPrefix else {
                throw Fault(
                    .settingInvalid, "the export was begun with --column-prefix \(record.columnPrefix)",
                    hint: "use the same prefix, or begin another export")
            }
            return record
        }
        guard last == nil else {
            throw Fault(.exportBroken, "\(workspace.folder.exportRecord) is missing")
        }
        let record = ExportRecord(
            id: UUID().uuidString.lowercased(), source: identity, columnPrefix: settings.columnPrefix,
            fileFormat: NDJSONEncoder.fileExtension,
            created: RunStamp(id: workspace.runID, kedge: Version.number, publishedAt: Workspace.now))
        try record.create(in: workspace.folder)
        return record
    }

    // MARK: Going on

    func goOn(after last: StoredAnchor) throws(Fault) -> Stretch {
        let point = ResumePoint(behind: last.anchor, in: workspace.chain)
        switch try PostgresResumption.open(options(), from: point, until: settings.target) {
        case .ready(var source, let facts):
            hasBegun = true
            return try follow(&source, after: last, facts: facts)
        case .broken(let broken, let facts):
            guard choice == .acceptGap else { throw broken.fault }
            return try goOn(after: accept(broken, facts, after: last))
        }
    }

    /// Writes the break into the chain, as the beginning of a new epoch.
    private func accept(
        _ broken: HistoryBreak, _ facts: ServerFacts, after last: StoredAnchor
    ) throws(Fault) -> StoredAnchor {
        var to = Position.zero
        if let standing = broken.to { to = standing } else { to = try PostgresResumption.recreateSlot(options()).0 }
        console.log.warning("\(broken.reason); going on from \(PositionNotation.lsn.text(to))")
        let identity = facts.identity(slot: settings.slot, publication: settings.publication)
        let epoch = try nextEpoch(after: last)
        let parts = try self.parts(exportRecord(identity), source: identity, epoch: epoch)
        let publication = Publication(
            kind: broken.kind == .gap ? .gap : .fork, from: last.anchor.to, to: to, reason: broken.reason)
        let stored = try parts.publisher.publish(publication, epoch: epoch, after: last)
        self.last = stored
        return stored
    }

    func follow(
        _ source: inout PostgresSource, after last: StoredAnchor, facts: ServerFacts
    ) throws(Fault) -> Stretch {
        let identity = facts.identity(slot: settings.slot, publication: settings.publication)
        let parts = try self.parts(exportRecord(identity), source: identity, epoch: last.anchor.epoch)
        let pipeline = StreamPipeline(parts, after: last)
        defer { self.last = pipeline.last }
        switch try pipeline.run(&source) {
        case .targetReached: return source.staleTables.map(Stretch.stale) ?? .ended(.targetReached)
        case .stopped: return .ended(.stopped)
        }
    }

    private func nextEpoch(after last: StoredAnchor?) throws(Fault) -> UInt16 {
        let epoch = last?.anchor.epoch ?? 0
        guard epoch < .max else {
            throw Fault(.exportFormat, "the export has no epoch left", hint: "begin another export with --to")
        }
        return epoch + 1
    }

    // MARK: Parts

    func options() throws(Fault) -> PostgresOptions {
        let log = console.log
        var options = PostgresOptions(
            source: settings.source, applicationName: "kedge/\(workspace.folder.path.split(separator: "/").last ?? "")",
            selection: settings.selection, slot: settings.slot, publication: settings.publication,
            spoolFolder: workspace.folder.spool, intentPath: workspace.folder.control + "/intent"
        ) { notice in
            switch notice.level {
            case .debug: log.debug("\(notice.message)")
            case .info: log.info("\(notice.message)")
            case .warning: log.warning("\(notice.message)")
            }
        }
        options.creation = settings.creation
        options.toast = settings.toast
        options.onRewrite = settings.onRewrite
        if let tables = last?.anchor.tables { options.knownTables = try workspace.observations.observation(tables) }
        options.messages = settings.messages
        options.streaming = settings.streaming
        options.preparedFolder = workspace.folder.control + "/prepared"
        options.slotTimeout = settings.slotTimeout
        options.columnPrefix = settings.columnPrefix
        options.crash = crash
        options.minimumFreeByteCount = settings.limits.minimumFreeByteCount
        return options
    }

    func parts(
        _ record: ExportRecord, source: SourceIdentity, epoch: UInt16
    ) throws(Fault) -> Parts {
        let codec = settings.compression.codec
        let suffix = codec.fileExtension
        let schemas = workspace.schemas
        let observations = workspace.observations
        let store = workspace.store
        let crash = crash
        let log = console.log
        let publisher = Publisher(
            identity: PublisherIdentity(
                exportID: record.id, runID: workspace.runID, version: Version.number, source: source),
            sink: workspace.sink, chain: workspace.leasedChain,
            archive: { schema throws(Fault) in try schemas.save(schema) },
            observations: { bytes throws(Fault) in try observations.save(bytes) },
            segmentExtension: NDJSONEncoder.fileExtension + (suffix.isEmpty ? "" : ".\(suffix)"),
            clock: { Workspace.now },
            record: { stored throws(Fault) in
                try store.record(stored)
                try crash.reach(.afterCatalogRecord)
            })
        return PipelineParts(
            encoder: NDJSONEncoder.self, sink: workspace.sink, publisher: publisher,
            layout: RecordLayout(columnPrefix: record.columnPrefix, epoch: epoch),
            compression: settings.compression, segmentLimits: settings.segmentLimits, policy: settings.policy,
            limits: settings.limits, progress: progress, stop: stop, crash: crash,
            roomChanged: { isShort in
                if isShort {
                    log.warning("the destination is nearly full (--min-free): reading pauses until there is room")
                } else {
                    log.info("the destination has room again: reading goes on")
                }
            })
    }

    private func report(_ end: RunReport.End) -> RunReport {
        RunReport(
            end: end, anchor: last?.anchor.number ?? 0, anchorsPublished: progress.anchorCount,
            position: last.map { $0.anchor.source.notation.text($0.anchor.to) } ?? "", rows: progress.rowCount,
            transactions: progress.transactionCount,
            seconds: Double((begun.duration(to: .now) / .milliseconds(1)).rounded()) / 1000)
    }
}

/// What a run came to.
struct RunReport: Encodable {
    enum End: String, Encodable {
        case targetReached = "target-reached"
        case stopped
    }

    let end: End
    let anchor: Int
    let anchorsPublished: Int
    let position: String
    let rows: Int
    let transactions: Int
    let seconds: Double

    var text: String {
        "\(end == .targetReached ? "target reached" : "stopped"): anchor \(anchor) at \(position), \(rows) rows and "
            + "\(transactions) transactions in \(seconds) s"
    }
}
