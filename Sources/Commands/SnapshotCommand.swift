// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Faults
import RedisKeyspace
import Runtime
import Threads

/// `kedge snapshot`: see `docs/manual/snapshot.md`.
struct SnapshotCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot",
        abstract: "Export all keys of a Redis-like server, or of a dump that it has written, without what follows.")

    @OptionGroup var export: ExportOptions
    @OptionGroup var format: FormatOptions
    @OptionGroup var outputs: OutputOptions
    @Option(help: ArgumentHelp("redis://…, or the path of a dump.", valueName: "uri|file"))
    var source: String?

    func run() throws {
        var settings = try outputs.settings(
            export.flags.merging(present([.source: source, .snapshot: "only"])) { first, _ in first }
                .merging(format.flags) { first, _ in first })
        try settings.adoptBeginning()
        let console = try Console(settings)
        let stop = StopSignal()
        let (run, route) = try route(settings, console, stop)
        try RunCommand.finish(run, along: route, console)
    }

    private func route(
        _ settings: Settings, _ console: Console, _ stop: StopSignal
    ) throws(Fault) -> (ExportRun, any SourceRoute) {
        let source = try settings.required(.source)
        if try settings.sourceKind() == .redis {
            let keyspace = try KeyspaceRunSettings(settings, snapshotOnly: true)
            SignalWatch.begin { stop.request() }
            let run = try ExportRun(keyspace.run, console: console, stop: stop, crash: RunCommand.crashPlan())
            return (run, keyspace.route(run))
        }
        guard !source.contains("://") else {
            throw Fault(
                .usage, "kedge snapshot takes redis://… or the path of a dump",
                hint: "for PostgreSQL: kedge run --snapshot only")
        }
        let dump = try KeyspaceDump(source)
        SignalWatch.begin { stop.request() }
        let run = try ExportRun(RunSettings(settings), console: console, stop: stop, crash: RunCommand.crashPlan())
        return (run, DumpRoute(run, dump))
    }
}
