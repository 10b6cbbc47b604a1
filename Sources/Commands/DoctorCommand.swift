// SPDX-License-Identifier: Apache-2.0

import Anchors
import ArgumentParser
import Changelog
import DurableFiles
import Faults
import Hiredis
import PostgresAdapter
import RedisKeyspace
import RedisStreams
import RedisURI

/// `kedge doctor`: see `docs/manual/doctor.md`.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Check whether a run can work and will go on working; change nothing.")

    @OptionGroup var export: ExportOptions
    @OptionGroup var source: SourceOptions
    @OptionGroup var streams: StreamSourceOptions
    @OptionGroup var outputs: OutputOptions

    private struct Line: Encodable {
        let check: String
        let verdict: String
        let finding: String
        let remedy: String?
    }

    func run() throws {
        let settings = try outputs.settings(
            source.flags.merging(export.flags) { first, _ in first }.merging(streams.flags) { first, _ in first })
        let console = try Console(settings)
        let kind = try settings.sourceKind()
        try settings.refuseForeign(to: kind)
        var checks =
            switch kind {
            case .postgres: try postgres(settings)
            case .redis: try redis(settings)
            }
        if let path = try settings.text(.to) {
            checks.append(destination(path, minimum: try settings.byteCount(.minFree)))
        }
        let lines = checks.map {
            Line(check: $0.name, verdict: $0.verdict.rawValue, finding: $0.finding, remedy: $0.remedy)
        }
        try console.print(text(lines), or: lines)
        if let failure = checks.first(where: { $0.verdict == .failure }) {
            throw Fault(
                failure.code ?? .postgresConfiguration, "a run would fail: \(failure.name): \(failure.finding)",
                hint: failure.remedy ?? "see above")
        }
    }

    private func postgres(_ settings: Settings) throws(Fault) -> [Check] {
        let request = try SourceRequest(settings)
        return try PostgresDoctor(request.options(), mode: request.mode, resume: resumePoint(settings)).examine()
    }

    private func redis(_ settings: Settings) throws(Fault) -> [Check] {
        let last = try newestAnchor(settings)
        let mode = try settings.redisMode()
        if mode == .scan {
            return try ScanDoctor(settings.replicationSource().located(settings.serverPreference())).examine()
        }
        guard mode == .replication else {
            return try RedisRequest(settings).doctor(lanes: last?.lanes, settings).examine()
        }
        let source = try settings.replicationSource()
        if source.topology == .cluster {
            return try ClusterDoctor(source, settings.serverPreference(), lanes: last?.lanes ?? []).examine()
        }
        let address = try source.located(settings.serverPreference())
        let endpoint = address.endpoints[0]
        return try KeyspaceDoctor(
            address, at: endpoint, point: last.flatMap { ReplicationPoint($0.source, at: $0.to) }
        ).examine()
    }

    /// Where the export stands, when there is one already.
    private func resumePoint(_ settings: Settings) throws(Fault) -> ResumePoint? {
        guard let path = try settings.text(.to), let last = try newestAnchor(settings) else { return nil }
        return ResumePoint(behind: last, in: DirectoryAnchorStore(exportPath: path))
    }

    private func newestAnchor(_ settings: Settings) throws(Fault) -> Anchor? {
        guard let path = try settings.text(.to), try Files.exists(ExportFolder(path).exportRecord) else { return nil }
        return try DirectoryAnchorStore(exportPath: path).latest()?.anchor
    }

    private func text(_ lines: [Line]) -> String {
        lines.map { line in
            let verdict = line.verdict + String(repeating: " ", count: 8 - line.verdict.count)
            return "\(verdict) \(line.check): \(line.finding)" + (line.remedy.map { "\n         remedy: \($0)" } ?? "")
        }.joined(separator: "\n")
    }

    private func destination(_ path: String, minimum: Int) -> Check {
        do throws(Fault) {
            var folder = path
            while try !Files.exists(folder), folder != "/", folder != "." { folder = Files.parent(of: folder) }
            let free = try Files.freeByteCount(at: folder)
            guard free >= UInt64(minimum) else {
                return Check(
                    "destination", .warning, "\(free) bytes free, less than --min-free", remedy: "free some space")
            }
            return Check("destination", .good, "\(free) bytes free")
        } catch {
            return Check("destination", failing: error)
        }
    }
}
