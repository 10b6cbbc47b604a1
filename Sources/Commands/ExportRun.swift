// SPDX-License-Identifier: Apache-2.0

import Anchors
import Changelog
import Compression
import Contracts
import DeltaLake
import Export
import Faults
import FoundationEssentials
import Logging
import Metastore
import ParquetFormat
import Runtime
import Sinks
import Threads

/// What the operator allows when the history of the source does not go on from the export.
enum BreakChoice {
    case stop
    case acceptGap
    case resnapshot
}

/// How one kind of source is begun, gone on with and followed to the end of a run.
protocol SourceRoute: AnyObject {
    /// Runs once, from the newest anchor to the end that the settings name or to a fault.
    func attempt() throws(Fault) -> RunReport.End
    /// Whether a fault that is not of the kind to try again after may pass all the same; `attempts` were made.
    func mayPass(_ fault: Fault, attempts: Int) -> Bool
}

/// One run of `kedge run`, whatever its source: tries, tries again, ends, and tells what came of it.
final class ExportRun {
    typealias Parts = PipelineParts<RecordEncoder, DirectorySink, LeasedAnchorStore>

    let settings: RunSettings
    let console: Console
    let stop: StopSignal
    let crash: CrashPlan
    let progress = Progress()
    let workspace: Workspace
    var last: StoredAnchor?
    /// Keeps the Delta tables, once it is known which export this is.
    var delta: DeltaPublisher?
    /// What records are held to.
    let contract: RunContract?
    /// What decides where changes go, one behind the other.
    var gates: [any RecordGate] = []
    private let begun = ContinuousClock.now

    init(_ settings: RunSettings, console: Console, stop: StopSignal, crash: CrashPlan) throws(Fault) {
        self.settings = settings
        self.console = console
        self.stop = stop
        self.crash = crash
        contract = try settings.contract.map { (choice) throws(Fault) in try RunContract(choice) }
        workspace = try Workspace(path: settings.path, crash: crash) { [stop] in stop.request() }
        do throws(Fault) {
            last = try workspace.chain.latest()
            try mendDelta()
            try adoptContract()
        } catch {
            workspace.close(outcome: error.code.rawValue)
            throw error
        }
    }

    /// Runs to the end that the settings name.
    func run(along route: any SourceRoute) throws(Fault) -> RunReport {
        do throws(Fault) {
            let end = try retrying(route)
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
    private func retrying(_ route: any SourceRoute) throws(Fault) -> RunReport.End {
        var patience = Patience(limit: settings.retryFor)
        while true {
            let anchors = progress.anchorCount
            do throws(Fault) {
                return try route.attempt()
            } catch {
                if progress.anchorCount > anchors { patience.renew() }
                let mayPass =
                    error.code.remedy == .retry && error.code != .exportBusy
                    || route.mayPass(error, attempts: patience.attempts)
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
                try mendDelta()
            }
        }
    }

    private func rest(_ delay: Duration) {
        let end = ContinuousClock.now + delay
        while .now < end, !stop.isRequested { pause(.milliseconds(50)) }
    }

    // MARK: Parts

    /// The record of the export; made when there is none yet, and compared with the settings when there is.
    func exportRecord(_ identity: SourceIdentity) throws(Fault) -> ExportRecord {
        if let record = try ExportRecord.read(in: workspace.folder) {
            for (flag, begun, now) in [
                ("column-prefix", record.columnPrefix, settings.columnPrefix),
                ("format", record.fileFormat, settings.format.rawValue),
                ("profile", record.profile, settings.columnar.profile.rawValue),
                ("widen", record.widening, settings.columnar.widening.rawValue),
            ] where begun != now {
                throw Fault(
                    .settingInvalid, "the export was begun with --\(flag) \(begun)",
                    hint: "leave --\(flag) out, or begin another export")
            }
            return record
        }
        guard last == nil else {
            throw Fault(.exportBroken, "\(workspace.folder.exportRecord) is missing")
        }
        let record = ExportRecord(
            id: UUID().uuidString.lowercased(), source: identity, columnPrefix: settings.columnPrefix,
            fileFormat: settings.format.rawValue, profile: settings.columnar.profile.rawValue,
            widening: settings.columnar.widening.rawValue,
            created: RunStamp(id: workspace.runID, kedge: Version.number, publishedAt: Workspace.now))
        try record.create(in: workspace.folder)
        return record
    }

    /// The number of the history that begins behind the newest anchor.
    func nextEpoch() throws(Fault) -> UInt16 {
        let epoch = last?.anchor.epoch ?? 0
        guard epoch < .max else {
            throw Fault(.exportFormat, "the export has no epoch left", hint: "begin another export with --to")
        }
        return epoch + 1
    }

    /// What a pipeline needs to go on behind the newest anchor, or to begin; in the epoch of that anchor unless another
    /// is given.
    func parts(source: SourceIdentity, epoch: UInt16) throws(Fault) -> Parts {
        try parts(exportRecord(source), source: source, epoch: epoch)
    }

    private func parts(
        _ record: ExportRecord, source: SourceIdentity, epoch: UInt16
    ) throws(Fault) -> Parts {
        let suffix = settings.compression.codec.fileExtension
        var columnar = settings.columnar
        columnar.exportID = record.id
        let schemas = workspace.schemas
        let observations = workspace.observations
        let store = workspace.store
        let crash = crash
        let log = console.log
        let delta = deltaPublisher(of: record)
        let layout = layout(epoch: epoch, columnar)
        let kept = contract.map { KeptContract($0, in: workspace.contracts) }
        let publisher = Publisher(
            identity: PublisherIdentity(
                exportID: record.id, runID: workspace.runID, version: Version.number, source: source),
            sink: workspace.sink, chain: workspace.leasedChain,
            archive: { schema throws(Fault) in try schemas.save(schema) }, admission: admission(of: layout),
            observations: { bytes throws(Fault) in try observations.save(bytes) },
            contract: { () throws(Fault) in try kept?.link() },
            segmentExtension: settings.format.fileExtension + (suffix.isEmpty ? "" : ".\(suffix)"),
            clock: { Workspace.now },
            record: { stored throws(Fault) in
                stored.anchor.tellOfSchemas(to: log)
                try store.record(stored)
                try crash.reach(.afterCatalogRecord)
                try delta?.publish(stored)
            })
        return PipelineParts(
            encoder: RecordEncoder.self, sink: workspace.sink, publisher: publisher,
            layout: layout, compression: settings.compression, segmentLimits: settings.segmentLimits,
            policy: settings.policy,
            limits: settings.limits, progress: progress, stop: stop, crash: crash,
            gate: RecordGates([schemaGate(columnar)] + gates),
            roomChanged: { isShort in
                if isShort {
                    log.warning("the destination is nearly full (--min-free): reading pauses until there is room")
                } else {
                    log.info("the destination has room again: reading goes on")
                }
            })
    }

    /// What all records have in common.
    func layout(epoch: UInt16, _ columnar: ColumnarChoice) -> RecordLayout {
        RecordLayout(
            columnPrefix: settings.columnPrefix, epoch: epoch, format: settings.format, columnar: columnar,
            violations: contract?.gate.tags == true ? .present : .absent)
    }

    /// Begins from what the chain says, as it is now.
    func schemaGate(_ columnar: ColumnarChoice) -> SchemaGate {
        let (store, schemas) = (workspace.store, workspace.schemas)
        var form: ColumnFormOf?
        if settings.format == .parquet { form = { AnyHashable(ColumnForm($0, columnar)) } }
        let choices = settings.incompatibility
        return SchemaGate(
            SchemaRules(
                form: form, choice: { choices.choice(for: $0) },
                history: { table throws(Fault) in
                    let shapes = try store.shapes(of: table.description)
                    return TableHistory(
                        newest: try shapes.newest.map { (id) throws(Fault) in try schemas.schema(id) },
                        folder: try shapes.folder.map { (id) throws(Fault) in try schemas.schema(id).table }
                    ) { () throws(Fault) in
                        try shapes.schemas.map { (id) throws(Fault) in try schemas.schema(id) }
                    }
                },
                origin: { table throws(Fault) in try store.origin(of: table.description) },
                promises: { [contract] schema in
                    contract?.gate.breaches(of: schema).map { "the contract: \($0.column ?? "the table"): \($0.what)" }
                        ?? []
                }))
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
