// SPDX-License-Identifier: Apache-2.0

import Anchors
import Changelog
import Export
import Faults
import Logging
import PostgresAdapter
import Runtime

/// A PostgreSQL database as the source of a run: a snapshot through a slot, and the slot's stream.
final class PostgresRoute: SourceRoute {
    let run: ExportRun
    let settings: PostgresRunSettings
    private let choice: BreakChoice
    private var hasBegun = false

    init(_ run: ExportRun, _ settings: PostgresRunSettings, choice: BreakChoice) {
        self.run = run
        self.settings = settings
        self.choice = choice
    }

    /// A snapshot that a rewrite has overtaken is worth another try.
    func mayPass(_ fault: Fault, attempts: Int) -> Bool {
        fault.code == .postgresSnapshotRewritten && attempts < 3
    }

    /// Runs once.
    func attempt() throws(Fault) -> RunReport.End {
        if let kind = run.last?.anchor.source.kind, kind != "postgresql" {
            throw Fault(
                .sourceOther, "the export was begun from \(kind), and --source names a PostgreSQL database")
        }
        var stretch = try firstStretch()
        while true {
            switch stretch {
            case .ended(let end): return end
            case .stale(let tables): stretch = try readAgain(tables)
            case .refused(let fault, let whole):
                try anchor(upTo: whole)
                throw fault
            }
        }
    }

    private func firstStretch() throws(Fault) -> Stretch {
        if let last = run.last, !(choice == .resnapshot && !hasBegun), !isSnapshotOnly(last) {
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
        if let last = run.last, choice != .resnapshot {
            throw Fault(
                .exportExists, "the export holds a snapshot already (anchor \(last.anchor.number))",
                hint: "take another one beside it with --resnapshot, or name another folder with --to")
        }
        if run.last != nil || run.contract != nil {
            // What cannot begin must not cost the slot from which the export could still go on.
            let plan = try PostgresPlan.read(options(), mode: settings.mode)
            let schemas = plan.tables.map { plan.schema(of: $0) }
            try run.check(schemas)
            if run.last != nil {
                try run.admit(schemas)
                try PostgresResumption.dropSlot(options())
            }
        }
        let epoch = try run.nextEpoch()
        let beginning = try PostgresBeginning.begin(options(), mode: settings.mode, epoch: epoch)
        do throws(Fault) {
            try anchor(beginning, epoch: epoch)
        } catch {
            if error.code != .crashPoint { beginning.abandon() }
            throw error
        }
        hasBegun = true
        try beginning.confirm()
        guard settings.mode != .snapshotOnly, let last = run.last else { return .ended(.targetReached) }
        guard var source = try beginning.source(until: settings.target) else { return try goOn(after: last) }
        return try follow(&source, after: last, facts: beginning.plan.facts)
    }

    private func anchor(_ beginning: PostgresBeginning, epoch: UInt16) throws(Fault) {
        let slot = settings.mode == .snapshotOnly ? nil : settings.slot
        let identity = beginning.plan.facts.identity(slot: slot, publication: settings.publication)
        let parts = try run.parts(source: identity, epoch: epoch)
        // What cannot be a Delta table is said before hours are spent on reading it.
        try run.admit(beginning.plan.tables.map { beginning.plan.schema(of: $0) })
        let reason = run.last == nil ? nil : "a new snapshot was asked for"
        var publication = Publication(
            kind: .reset, from: beginning.position, to: beginning.position, reason: reason ?? "begun without a snapshot"
        )
        if let snapshot = beginning.snapshot {
            run.console.log.info(
                "reading \(beginning.plan.tables.count) tables in \(snapshot.tasks.count) pieces as of \(PositionNotation.lsn.text(snapshot.position))"
            )
            publication = Publication(kind: .snapshot, from: beginning.position, to: beginning.position, reason: reason)
            publication.segments = try SnapshotExport(snapshot, parts: parts).read(jobs: settings.jobs)
            let held = snapshot.begun.duration(to: .now)
            run.console.log.info(
                "snapshot read: \(run.progress.rowCount) rows; vacuum was held back for \(held.inSeconds) s")
        }
        publication.observation = beginning.observation
        publication.add(parts.gate?.takeNews() ?? SchemaNews())
        run.last = try parts.publisher.publish(publication, epoch: epoch, after: run.last)
    }

    // MARK: Going on

    func goOn(after last: StoredAnchor) throws(Fault) -> Stretch {
        let point = ResumePoint(behind: last.anchor, in: run.workspace.chain)
        switch try PostgresResumption.open(options(), from: point, until: settings.target) {
        case .ready(var source, let facts):
            if !hasBegun { try warnOfContract() }
            hasBegun = true
            return try follow(&source, after: last, facts: facts)
        case .broken(let broken, let facts):
            guard choice == .acceptGap else { throw broken.fault }
            return try goOn(after: accept(broken, facts, after: last))
        }
    }

    /// Says where the catalog is not what the contract promises now. What lies before may still keep it, so that no more
    /// is made of it here.
    private func warnOfContract() throws(Fault) {
        guard run.contract != nil else { return }
        let plan = try PostgresPlan.read(options(), mode: .streamOnly)
        for problem in run.contractProblems(plan.tables.map { plan.schema(of: $0) }) {
            run.console.log.warning("contract: \(problem.what)")
        }
    }

    /// Writes the break into the chain, as the beginning of a new epoch.
    private func accept(
        _ broken: HistoryBreak, _ facts: ServerFacts, after last: StoredAnchor
    ) throws(Fault) -> StoredAnchor {
        var to = Position.zero
        if let standing = broken.to { to = standing } else { to = try PostgresResumption.recreateSlot(options()).0 }
        run.console.log.warning("\(broken.reason); going on from \(PositionNotation.lsn.text(to))")
        let identity = facts.identity(slot: settings.slot, publication: settings.publication)
        let epoch = try run.nextEpoch()
        let parts = try run.parts(source: identity, epoch: epoch)
        let publication = Publication(
            kind: broken.kind == .gap ? .gap : .fork, from: last.anchor.to, to: to, reason: broken.reason)
        let stored = try parts.publisher.publish(publication, epoch: epoch, after: last)
        run.last = stored
        return stored
    }

    func follow(
        _ source: inout PostgresSource, after last: StoredAnchor, facts: ServerFacts
    ) throws(Fault) -> Stretch {
        let identity = facts.identity(slot: settings.slot, publication: settings.publication)
        var parts = try run.parts(source: identity, epoch: last.anchor.epoch)
        parts.transactions = settings.transactions
        let pipeline = StreamPipeline(parts, after: last)
        defer { run.last = pipeline.last }
        do throws(Fault) {
            switch try pipeline.run(&source) {
            case .targetReached: return source.staleTables.map(Stretch.stale) ?? .ended(.targetReached)
            case .stopped: return .ended(.stopped)
            }
        } catch {
            guard let whole = pipeline.wholeBeforeRefusal, whole > pipeline.last.anchor.to else { throw error }
            return .refused(error, whole: whole)
        }
    }

    /// Reads again what lies between the newest anchor and `whole`, and anchors it: behind it stands a change that was
    /// refused, and what was recorded together with it is gone.
    private func anchor(upTo whole: Position) throws(Fault) {
        guard let last = run.last else { return }
        let point = ResumePoint(position: last.anchor.to, source: last.anchor.source)
        switch try PostgresResumption.open(options(), from: point, until: .before(whole)) {
        case .broken(let broken, _): throw broken.fault
        case .ready(var source, let facts): _ = try follow(&source, after: last, facts: facts)
        }
    }

    func options() throws(Fault) -> PostgresOptions {
        let log = run.console.log
        var options = PostgresOptions(
            source: settings.source,
            applicationName: "kedge/\(run.workspace.folder.path.split(separator: "/").last ?? "")",
            selection: settings.selection, slot: settings.slot, publication: settings.publication,
            spoolFolder: run.workspace.folder.spool, intentPath: run.workspace.folder.control + "/intent"
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
        if let tables = run.last?.anchor.tables {
            options.knownTables = try run.workspace.observations.observation(tables)
        }
        options.messages = settings.messages
        options.streaming = settings.streaming
        options.rowForm = run.settings.format == .parquet ? .binary : .text
        options.preparedFolder = run.workspace.folder.control + "/prepared"
        options.slotTimeout = settings.slotTimeout
        options.columnPrefix = run.settings.columnPrefix
        options.crash = run.crash
        options.minimumFreeByteCount = run.settings.limits.minimumFreeByteCount
        return options
    }
}
