// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Faults
import FoundationEssentials
import Logging
import PostgresAdapter
import Runtime
import Threads

/// `kedge run`: see `docs/manual/run.md`.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Export: a snapshot, then every change, until a target or a signal.",
        discussion: "A run that is started again goes on from the last anchor. SIGTERM and SIGINT end it cleanly.")

    @OptionGroup var export: ExportOptions
    @OptionGroup var source: SourceOptions
    @OptionGroup var streams: StreamSourceOptions
    @OptionGroup var replication: ReplicationSourceOptions
    @OptionGroup var outputs: OutputOptions
    @Option(
        help: ArgumentHelp(
            "Where to end: now, a position, or a time; without it the source is followed.", valueName: "target"))
    var until: String?
    @Flag(help: "Take a snapshot alone, through a temporary slot; the same as --snapshot only.")
    var snapshotOnly = false
    @Option(
        help: ArgumentHelp("How many connections read the snapshot; 0 is one for each processor.", valueName: "count"))
    var jobs: String?
    @Option(
        help: ArgumentHelp(
            "An update without an unchanged TOAST value: unknown records it so, fail ends the run.", valueName: "policy"
        ))
    var toast: String?
    @Option(
        help: ArgumentHelp(
            "Rows that changed without a change: stop ends the run, resnapshot-table reads the table again, warn notes it.",
            valueName: "policy"))
    var onRewrite: String?
    @Option(
        help: ArgumentHelp(
            "Columns that no longer fit into the table's files: stop ends the run, quarantine sets the records aside, new-table goes on in a folder of its own; table=policy for some tables. Commas, or given again.",
            valueName: "list"))
    var onIncompatible: [String] = []
    @Option(help: ArgumentHelp("Logical messages: include or exclude.", valueName: "policy"))
    var messages: String?
    @Option(
        name: .customLong("protocol"),
        help: ArgumentHelp(
            "Version of the stream: auto, 1 (whole transactions), 2 to 4 (large ones while they run).",
            valueName: "version"))
    var streamProtocol: String?
    @Flag(help: "Take prepared transactions in when they are prepared, and record what becomes of them.")
    var twoPhase = false
    @Option(
        help: ArgumentHelp("Whose changes: any, or none that the source has itself replicated.", valueName: "which"))
    var origin: String?
    @Option(
        help: ArgumentHelp(
            "Entries of a stream that are missing: record writes it into the chain and goes on, stop ends the run.",
            valueName: "policy"))
    var onGap: String?
    @Option(help: ArgumentHelp("How often new streams are looked for.", valueName: "time"))
    var discoverEvery: String?
    @Option(
        help: ArgumentHelp(
            "How long an entry of the group lies unacknowledged with another consumer before it is taken over.",
            valueName: "time"))
    var minIdle: String?
    @Flag(help: "Create the consumer group where it does not exist.")
    var createGroup = false
    @OptionGroup var format: FormatOptions
    @Option(help: ArgumentHelp("How many bytes of records make a segment full, before compression.", valueName: "size"))
    var segmentBytes: String?
    @Option(help: ArgumentHelp("How many records make a segment full.", valueName: "count"))
    var segmentRows: String?
    @Option(help: ArgumentHelp("When an anchor is due, whichever comes first: 10s,10000tx,64MiB.", valueName: "list"))
    var anchorEvery: String?
    @Option(help: ArgumentHelp("Reading pauses while the destination has less room.", valueName: "size"))
    var minFree: String?
    @Option(help: ArgumentHelp("How many bytes of changes wait between reading and writing.", valueName: "size"))
    var queueBytes: String?
    @Option(help: ArgumentHelp("How long to try again when the source cannot be reached.", valueName: "time"))
    var retryFor: String?
    @Option(help: ArgumentHelp("How long a stop waits for the end of the transaction in hand.", valueName: "time"))
    var stopGrace: String?
    @OptionGroup var contract: ContractOptions
    @Flag(help: "Go on although changes are missing or void; the chain records which.")
    var acceptGap = false
    @Flag(help: "Take a new snapshot into the same export, as a new epoch.")
    var resnapshot = false

    func validate() throws {
        if acceptGap && resnapshot { throw ValidationError("--accept-gap and --resnapshot exclude each other.") }
        if source.noCreate && resnapshot {
            throw ValidationError("--no-create and --resnapshot exclude each other: a new snapshot needs a new slot.")
        }
        if snapshotOnly, let mode = source.snapshot, mode != "only" {
            throw ValidationError("--snapshot-only and --snapshot \(mode) exclude each other.")
        }
    }

    private var flags: [SettingKey: String] {
        present([
            .until: until, .jobs: jobs, .toast: toast, .onRewrite: onRewrite,
            .onIncompatible: onIncompatible.isEmpty ? nil : onIncompatible.joined(separator: ","), .messages: messages,
            .streamProtocol: streamProtocol,
            .twoPhase: twoPhase ? "true" : nil, .origin: origin, .segmentBytes: segmentBytes, .segmentRows: segmentRows,
            .anchorEvery: anchorEvery, .minFree: minFree, .queueBytes: queueBytes, .retryFor: retryFor,
            .stopGrace: stopGrace, .onGap: onGap, .discoverEvery: discoverEvery, .minIdle: minIdle,
            .createGroup: createGroup ? "true" : nil,
        ]).merging(export.flags) { first, _ in first }.merging(source.flags) { first, _ in first }
            .merging(streams.flags) { first, _ in first }.merging(replication.flags) { first, _ in first }
            .merging(format.flags) { first, _ in first }.merging(contract.flags) { first, _ in first }
    }

    func run() throws {
        var settings = try outputs.settings(flags)
        try settings.adoptBeginning()
        let console = try Console(settings)
        let stop = StopSignal()
        try warnOfPlainPassword(console)
        let kind = try settings.sourceKind()
        try settings.refuseForeign(to: kind)
        let (run, route) =
            switch kind {
            case .postgres: try postgres(settings, console, stop)
            case .redis: try redis(settings, console, stop)
            }
        try Self.finish(run, along: route, console)
    }

    /// Runs, shows how far it is, and tells what came of it.
    static func finish(_ run: ExportRun, along route: any SourceRoute, _ console: Console) throws(Fault) {
        let display = ProgressDisplay(run.progress, console: console)
        let report: RunReport
        do throws(Fault) {
            report = try run.run(along: route)
        } catch {
            display.end()
            throw error
        }
        display.end()
        if !console.isQuiet || console.output == .json { try console.print(report.text, or: report) }
    }

    private func postgres(
        _ settings: Settings, _ console: Console, _ stop: StopSignal
    ) throws(Fault) -> (ExportRun, any SourceRoute) {
        let choice: BreakChoice = acceptGap ? .acceptGap : resnapshot ? .resnapshot : .stop
        let postgres = try PostgresRunSettings(settings, snapshotOnly: snapshotOnly)
        if resnapshot, postgres.creation == .forbidden {
            throw Fault(
                .settingInvalid, "no-create and --resnapshot exclude each other: a new snapshot needs a new slot")
        }
        SignalWatch.begin { stop.request() }
        let run = try ExportRun(postgres.run, console: console, stop: stop, crash: Self.crashPlan())
        return (run, PostgresRoute(run, postgres, choice: choice))
    }

    private func redis(
        _ settings: Settings, _ console: Console, _ stop: StopSignal
    ) throws(Fault) -> (ExportRun, any SourceRoute) {
        if acceptGap {
            throw Fault(.usage, "--accept-gap is for sources of PostgreSQL", hint: "leave it out; see --on-gap")
        }
        let mode = try settings.redisMode()
        if mode == .scan {
            if snapshotOnly || resnapshot {
                throw Fault(
                    .usage, "--mode scan makes a new pass each time and takes no snapshot",
                    hint: "leave out \(snapshotOnly ? "--snapshot-only" : "--resnapshot")")
            }
            let scan = try ScanRunSettings(settings)
            SignalWatch.begin { stop.request() }
            let run = try ExportRun(scan.run, console: console, stop: stop, crash: Self.crashPlan())
            return (run, ScanRoute(run, scan))
        }
        if mode == .replication {
            let keyspace = try KeyspaceRunSettings(settings, snapshotOnly: snapshotOnly, resnapshots: resnapshot)
            SignalWatch.begin { stop.request() }
            let run = try ExportRun(keyspace.run, console: console, stop: stop, crash: Self.crashPlan())
            return (run, keyspace.route(run))
        }
        if resnapshot {
            throw Fault(
                .usage, "--resnapshot is for sources that have a snapshot, and streams have none",
                hint: "leave it out; see --on-gap")
        }
        let redis = try RedisRunSettings(settings, snapshotOnly: snapshotOnly)
        SignalWatch.begin { stop.request() }
        let run = try ExportRun(redis.run, console: console, stop: stop, crash: Self.crashPlan())
        return (run, RedisRoute(run, redis))
    }

    /// A password among the arguments can be read by everybody on this machine.
    private func warnOfPlainPassword(_ console: Console) throws(Fault) {
        guard let text = source.source, Redacted.redact(text) != text else { return }
        console.log.warning(
            "the password in --source can be seen in the list of processes; use \(SourceKind(of: Redacted(text)) == .postgres ? "PGPASSFILE or " : "")KEDGE_SOURCE"
        )
    }

    static func crashPlan() throws(Fault) -> CrashPlan {
        guard let text = ProcessInfo.processInfo.environment["KEDGE_CRASH_AT"] else { return .none }
        guard let plan = CrashPlan(parsing: text, effect: .killProcess) else {
            throw Fault(.settingInvalid, "KEDGE_CRASH_AT: \"\(text)\" is no crash point")
        }
        return plan
    }
}
