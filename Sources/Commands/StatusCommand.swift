// SPDX-License-Identifier: Apache-2.0

import Anchors
import ArgumentParser
import Changelog
import DurableFiles
import Faults
import Metastore
import PostgresAdapter

/// `kedge status`: see `docs/manual/status.md`.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the last anchor, the lag, the slot's health and what the export costs the source.")

    @OptionGroup var export: ExportOptions
    @OptionGroup var outputs: OutputOptions
    @Option(help: ArgumentHelp("Ask the source too: its position and the slot's health.", valueName: "uri"))
    var source: String?

    private struct Report: Encodable {
        struct Slot: Encodable {
            let name: String
            let active: Bool
            let walStatus: String
            let retainedBytes: Int64
            let safeBytes: Int64?
            let confirmed: String?
            let failover: Bool?
        }

        let export: String
        let anchor: Int
        let kind: String
        let epoch: UInt16
        let position: String
        let publishedAt: String
        let ageSeconds: Int64
        let lastCommit: String?
        let running: Bool
        let records: Int?
        let tables: Int
        var lagBytes: UInt64?
        var lagSeconds: Int64?
        var serverPosition: String?
        var slot: Slot?
    }

    func run() throws {
        let settings = try outputs.settings(present([.source: source]).merging(export.flags) { first, _ in first })
        let console = try Console(settings)
        let folder = try ExportFolder.existing(settings.required(.to))
        guard let latest = try DirectoryAnchorStore(exportPath: folder.path).latest()?.anchor else {
            throw Fault(.anchorMissing, "the export has no anchor yet")
        }
        var report = try report(latest, folder)
        if let source = try settings.text(.source) {
            try add(PostgresSlots(Redacted(source), applicationName: "kedge/status"), latest, to: &report)
        }
        try console.print(text(report), or: report)
    }

    private func report(_ latest: Anchor, _ folder: ExportFolder) throws(Fault) -> Report {
        let store = try? Metastore(reading: folder.catalog)
        let lease = (try? store?.lease()).flatMap { $0.expiry > Workspace.now ? $0 : nil }
        let tables = try Files.names(in: folder.path).filter { $0 != ExportFolder.controlName }
        return Report(
            export: latest.export, anchor: latest.number, kind: latest.kind.rawValue, epoch: latest.epoch,
            position: latest.source.notation.text(latest.to), publishedAt: latest.run.publishedAt.description,
            ageSeconds: (Workspace.now.microseconds - latest.run.publishedAt.microseconds) / 1_000_000,
            lastCommit: latest.commitTimeLast?.description, running: lease != nil,
            records: try? store?.recordedRowCount(), tables: tables.count)
    }

    private func add(_ slots: PostgresSlots, _ latest: Anchor, to report: inout Report) throws(Fault) {
        let position = try slots.serverPosition()
        report.serverPosition = latest.source.notation.text(position)
        report.lagBytes = position > latest.to ? position.rawValue - latest.to.rawValue : 0
        let commit = latest.commitTimeLast ?? latest.run.publishedAt
        report.lagSeconds =
            report.lagBytes == 0 ? 0 : max(0, (Workspace.now.microseconds - commit.microseconds) / 1_000_000)
        guard let name = latest.source.text("slot"), let health = try slots.health(name) else { return }
        report.slot = Report.Slot(
            name: name, active: health.isActive, walStatus: health.walStatus, retainedBytes: health.retainedByteCount,
            safeBytes: health.safeWALByteCount, confirmed: health.confirmed.map(latest.source.notation.text),
            failover: health.isFailover)
    }

    private func text(_ report: Report) -> String {
        var lines = [
            "export      \(report.export)\(report.running ? " (a run is going on)" : "")",
            "anchor      \(report.anchor) (\(report.kind), epoch \(report.epoch)) at \(report.position)",
            "published   \(report.publishedAt), \(report.ageSeconds) s ago",
        ]
        lines.append("holds       \(report.records.map { "\($0) records" } ?? "records") of \(report.tables) tables")
        if let commit = report.lastCommit { lines.append("last commit \(commit)") }
        if let server = report.serverPosition {
            lines.append(
                "server      \(server), \(report.lagBytes ?? 0) bytes ahead, \(report.lagSeconds ?? 0) s behind")
        }
        if let slot = report.slot {
            lines.append(
                "slot        \(slot.name): \(slot.active ? "active" : "idle"), \(slot.walStatus), keeps \(slot.retainedBytes) bytes of log"
                    + (slot.safeBytes.map { ", lost after \($0) more" } ?? "")
                    + (slot.failover.map { $0 ? ", copied to standbys" : ", not copied to standbys" } ?? ""))
        } else if report.serverPosition != nil {
            lines.append("slot        missing")
        }
        return lines.joined(separator: "\n")
    }
}

extension ExportFolder {
    /// The folder of an export that is there.
    static func existing(_ path: String) throws(Fault) -> ExportFolder {
        let folder = ExportFolder(path)
        guard try Files.exists(folder.exportRecord) else { throw Fault(.exportMissing, "\(path) is no export") }
        return folder
    }
}
