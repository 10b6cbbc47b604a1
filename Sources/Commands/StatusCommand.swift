// SPDX-License-Identifier: Apache-2.0

import Anchors
import ArgumentParser
import Changelog
import DeltaLake
import DurableFiles
import Faults
import Hiredis
import Metastore
import PostgresAdapter
import RedisKeyspace
import RedisStreams
import RedisURI

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
            let catalogAge: Int64?
            let decodedBytes: Int64?
            let spilledBytes: Int64?
            let streamedBytes: Int64?
        }

        struct Notice: Encodable {
            let anchor: Int
            let code: String
            let table: String
            let message: String
        }

        struct Stream: Encodable {
            var kind = "stream"
            let name: String
            let epoch: UInt16
            let position: String
            var newest: String?
            var lagEntries: Int64?
            var lagBytes: UInt64?
        }

        struct Delta: Encodable {
            let anchor: Int
            let versions: [String: Int]
        }

        struct Break: Encodable {
            let anchor: Int
            let kind: String
            let missing: Int?
            let reason: String
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
        let delta: Delta?
        let notices: [Notice]
        let breaks: [Break]
        var streams: [Stream]?
        var lagBytes: UInt64?
        var lagSeconds: Int64?
        var serverPosition: String?
        var slot: Slot?
        var keyspace: KeyspaceStatus?
    }

    func run() throws {
        let settings = try outputs.settings(present([.source: source]).merging(export.flags) { first, _ in first })
        let console = try Console(settings)
        let folder = try ExportFolder.existing(settings.required(.to))
        guard let latest = try DirectoryAnchorStore(exportPath: folder.path).latest()?.anchor else {
            throw Fault(.anchorMissing, "the export has no anchor yet")
        }
        var report = try report(latest, folder)
        let kind = try settings.sourceKind()
        if try settings.text(.source) != nil, latest.isOfShards {
            try add(shardsAt: settings.redisAddress(), latest, to: &report)
        } else if try settings.text(.source) != nil, kind == .redis, latest.source.text("replid") != nil {
            try add(keyspaceOf: settings, latest, to: &report)
        } else if try settings.text(.source) != nil, kind == .redis {
            let address = try settings.redisAddress()
            try add(
                streamsAt: address.topology == .cluster ? address : address.located(), latest, to: &report)
        } else if try settings.text(.source) != nil {
            try add(PostgresSlots(settings.source(), applicationName: "kedge/status"), latest, to: &report)
        }
        try console.print(text(report), or: report)
    }

    private func report(_ latest: Anchor, _ folder: ExportFolder) throws(Fault) -> Report {
        let store = try? Metastore(reading: folder.catalog)
        let lease = (try? store?.lease()).flatMap { $0.expiry > Workspace.now ? $0 : nil }
        let (notices, breaks) = try self.news(until: latest, folder)
        let tables = try Files.names(in: folder.path).filter { $0 != ExportFolder.controlName }
        return Report(
            export: latest.export, anchor: latest.number, kind: latest.kind.rawValue, epoch: latest.epoch,
            position: latest.source.notation.text(latest.to), publishedAt: latest.run.publishedAt.description,
            ageSeconds: max(0, (Workspace.now.microseconds - latest.run.publishedAt.microseconds) / 1_000_000),
            lastCommit: latest.commitTimeLast?.description, running: lease != nil,
            records: try? store?.recordedRowCount(), tables: tables.count, delta: try delta(folder),
            notices: notices, breaks: breaks,
            streams: latest.lanes.isEmpty
                ? nil
                : latest.lanes.map {
                    Report.Stream(
                        kind: latest.isOfShards ? "shard" : "stream", name: $0.lane.name, epoch: $0.lane.epoch,
                        position: $0.lane.notation.text($0.to))
                })
    }

    /// How far the Delta tables are, by their newest cut; nil where there is none.
    private func delta(_ folder: ExportFolder) throws(Fault) -> Report.Delta? {
        guard let number = try DeltaCut.numbers(in: folder).last, let cut = try DeltaCut.read(number, in: folder) else {
            return nil
        }
        return Report.Delta(anchor: number, versions: cut.tables.mapValues(\.version))
    }

    /// How many anchors are looked at for notices.
    private static let noticeReach = 100

    /// What the newest anchors tell of the source, newest first: notices, and breaks in a lane.
    private func news(
        until latest: Anchor, _ folder: ExportFolder
    ) throws(Fault) -> ([Report.Notice], [Report.Break]) {
        let store = DirectoryAnchorStore(exportPath: folder.path)
        var found: [Report.Notice] = []
        var breaks: [Report.Break] = []
        var next: Anchor? = latest
        while let anchor = next, anchor.number > latest.number - Self.noticeReach {
            found += anchor.notices.reversed().map {
                Report.Notice(anchor: anchor.number, code: $0.code, table: $0.table, message: $0.message)
            }
            guard anchor.number > 1 else { break }
            if !anchor.lanes.isEmpty, anchor.kind != .changes {
                breaks.append(
                    Report.Break(
                        anchor: anchor.number, kind: anchor.kind.rawValue, missing: anchor.missing,
                        reason: anchor.reason ?? ""))
            }
            next = try store.anchor(anchor.number - 1)?.anchor
            if next == nil { throw Fault(.exportBroken, "anchor \(anchor.number - 1) is missing") }
        }
        return (found, breaks)
    }

    /// How far the shards of a cluster are ahead of the export.
    private func add(shardsAt address: RedisAddress, _ latest: Anchor, to report: inout Report) throws(Fault) {
        report.streams = zip(latest.lanes, try ShardLag.read(address, of: latest.lanes)).map { range, offset in
            let position = range.to.position.rawValue
            return Report.Stream(
                kind: "shard", name: range.lane.name, epoch: range.lane.epoch,
                position: range.lane.notation.text(range.to), newest: offset.map { String($0) },
                lagBytes: offset.map { $0 - min($0, position) })
        }
    }

    /// How far the streams are ahead of the export.
    private func add(streamsAt address: RedisAddress, _ latest: Anchor, to report: inout Report) throws(Fault) {
        let marks = latest.lanes.map { LaneMark(lane: $0.lane, point: $0.to, facts: $0.facts) }
        let lags = try StreamLag.read(address, of: marks)
        report.streams = zip(latest.lanes, lags).map { range, lag in
            Report.Stream(
                name: range.lane.name, epoch: range.lane.epoch, position: range.lane.notation.text(range.to),
                newest: lag.newest.map(LaneNotation.entry.text), lagEntries: lag.entryCount)
        }
    }

    /// How far the server is ahead of the export, and whether it still has what lies between.
    private func add(keyspaceOf settings: Settings, _ latest: Anchor, to report: inout Report) throws(Fault) {
        guard let point = ReplicationPoint(latest.source, at: latest.to) else { return }
        let address = try settings.replicationSource().located(settings.serverPreference())
        let situation = try KeyspaceSituation.read(address, at: address.endpoints[0], behind: point)
        report.serverPosition = latest.source.notation.text(Position(rawValue: situation.offset))
        report.lagBytes = situation.lagByteCount
        report.lagSeconds = situation.lagByteCount.map { $0 == 0 ? 0 : report.ageSeconds }
        report.keyspace = KeyspaceStatus(situation)
    }

    private func add(_ slots: PostgresSlots, _ latest: Anchor, to report: inout Report) throws(Fault) {
        let position = try slots.serverPosition()
        report.serverPosition = latest.source.notation.text(position)
        report.lagBytes = position > latest.to ? position.rawValue - latest.to.rawValue : 0
        let commit = latest.commitTimeLast ?? latest.run.publishedAt
        report.lagSeconds =
            report.lagBytes == 0 ? 0 : max(0, (Workspace.now.microseconds - commit.microseconds) / 1_000_000)
        guard let name = latest.source.text("slot"), let health = try slots.health(name) else { return }
        let cost = try slots.cost(name)
        report.slot = Report.Slot(
            name: name, active: health.isActive, walStatus: health.walStatus, retainedBytes: health.retainedByteCount,
            safeBytes: health.safeWALByteCount, confirmed: health.confirmed.map(latest.source.notation.text),
            failover: health.isFailover, catalogAge: health.catalogAge, decodedBytes: cost?.decodedByteCount,
            spilledBytes: cost?.spilledByteCount, streamedBytes: cost?.streamedByteCount)
    }

    private func text(_ report: Report) -> String {
        var lines = [
            "export      \(report.export)\(report.running ? " (a run is going on)" : "")",
            "anchor      \(report.anchor) (\(report.kind), epoch \(report.epoch)) at \(report.position)",
            "published   \(report.publishedAt), \(report.ageSeconds) s ago",
        ]
        lines.append("holds       \(report.records.map { "\($0) records" } ?? "records") of \(report.tables) tables")
        if let delta = report.delta {
            let behind = report.anchor - delta.anchor
            lines.append(
                "delta       \(delta.versions.count) tables at anchor \(delta.anchor)"
                    + (behind > 0 ? ", \(behind) behind: the next run with --delta on adds them" : ""))
        }
        if let commit = report.lastCommit { lines.append("last commit \(commit)") }
        if let server = report.serverPosition {
            let lag = report.lagBytes.map { ", \($0) bytes ahead, \(report.lagSeconds ?? 0) s behind" } ?? ""
            lines.append("server      \(server)\(lag)")
        }
        if let slot = report.slot {
            lines.append(
                "slot        \(slot.name): \(slot.active ? "active" : "idle"), \(slot.walStatus), keeps \(slot.retainedBytes) bytes of log"
                    + (slot.safeBytes.map { ", lost after \($0) more" } ?? "")
                    + (slot.failover.map { $0 ? ", copied to standbys" : ", not copied to standbys" } ?? ""))
            if let decoded = slot.decodedBytes {
                lines.append(
                    "cost        \(decoded) bytes decoded, \(slot.spilledBytes ?? 0) by way of the server's disk, \(slot.streamedBytes ?? 0) sent early"
                        + (slot.catalogAge.map { "; the catalog's cleaning held back by \($0) transactions" } ?? ""))
            }
        } else if let keyspace = report.keyspace {
            lines += keyspace.lines
        } else if report.serverPosition != nil {
            lines.append("slot        missing")
        }
        lines += (report.streams ?? []).map { stream in
            let ahead = stream.newest.map { newest in
                "; the newest is \(newest)" + (stream.lagEntries.map { ", \($0) entries ahead" } ?? "")
                    + (stream.lagBytes.map { ", \($0) bytes ahead" } ?? "")
            }
            return "\(stream.kind.padded(to: 11)) \(stream.name) at \(stream.position)\(ahead ?? "")"
        }
        lines += report.breaks.prefix(5).map { "\($0.kind.padded(to: 11)) \($0.reason) (anchor \($0.anchor))" }
        if report.breaks.count > 5 { lines.append("            and \(report.breaks.count - 5) more of late") }
        lines += report.notices.prefix(5).map {
            "notice      \($0.table) \($0.message) (anchor \($0.anchor)) [\($0.code)]"
        }
        if report.notices.count > 5 { lines.append("            and \(report.notices.count - 5) more of late") }
        return lines.joined(separator: "\n")
    }
}

extension Anchor {
    /// Whether its lanes are the shards of a cluster.
    fileprivate var isOfShards: Bool { source.text("topology") == "cluster" && source.text("mode") == "replication" }
}

extension String {
    /// With blanks behind it, up to `width` characters.
    fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}

extension ExportFolder {
    /// The folder of an export that is there, says what it is, and has every anchor that its catalog knows.
    static func existing(_ path: String) throws(Fault) -> ExportFolder {
        let folder = ExportFolder(path)
        // Before the anchors are listed: a run may write the next one meanwhile.
        let known = (try? (try? Metastore(reading: folder.catalog))?.lastRecorded())?.number ?? 0
        let numbers = try DirectoryAnchorStore(exportPath: path).numbers()
        if try ExportRecord.read(in: folder) == nil {
            guard numbers.isEmpty else { throw Fault(.exportBroken, "\(folder.exportRecord) is missing") }
            throw Fault(.exportMissing, "\(path) is no export")
        }
        try folder.requireAnchors(upTo: known, in: numbers.last ?? 0)
        return folder
    }

    /// Refuses a chain that ends before an anchor that the catalog knows.
    func requireAnchors(upTo known: Int, in newest: Int) throws(Fault) {
        guard known > newest else { return }
        throw Fault(
            .exportBroken, "anchor \(known) is missing: the catalog knows it, and the chain ends at \(newest)",
            hint: "restore the anchor from a copy; when this folder is an older copy itself, remove \(catalog)")
    }
}
