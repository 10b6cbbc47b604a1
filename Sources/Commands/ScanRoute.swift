// SPDX-License-Identifier: Apache-2.0

import Anchors
import Changelog
import Faults
import Hiredis
import Logging
import RedisKeyspace
import RedisState
import RedisURI
import Runtime

/// One pass over all keys of a Redis-like server that cannot be followed.
final class ScanRoute: SourceRoute {
    private let run: ExportRun
    private let settings: ScanRunSettings

    init(_ run: ExportRun, _ settings: ScanRunSettings) {
        self.run = run
        self.settings = settings
    }

    /// What is retried says so itself.
    func mayPass(_ fault: Fault, attempts: Int) -> Bool { false }

    /// Makes one pass, from its beginning; nothing is published before its end.
    func attempt() throws(Fault) -> RunReport.End {
        if let last = run.last, last.anchor.source.text("mode") != "scan" {
            throw Fault(
                .sourceOther, "the export was not made by passes over the keys of a server",
                hint: "name another folder with --to")
        }
        let scan = try KeyspaceScan(try settings.address.located(settings.preference))
        warn(of: scan)
        let epoch = try run.nextEpoch()
        let parts = try run.parts(source: scan.identity(nil), epoch: epoch)
        var publication = Publication(kind: .pass, from: scan.position, to: scan.position)
        publication.segments = try SnapshotExport(scan, parts: parts).read(jobs: 1)
        let report = scan.report
        publication.facts = scan.identity(report).facts
        run.last = try parts.publisher.publish(publication, epoch: epoch, after: run.last)
        if report.unsettledCount > 0 {
            run.console.log.warning(
                "\(report.unsettledCount) large keys changed whenever they were read; their values are not in this pass"
            )
        }
        run.console.log.info(
            "pass \(epoch) made: \(run.progress.rowCount) records as of offsets \(scan.position.rawValue) to \(report.last.offset ?? 0)"
        )
        return .targetReached
    }

    private func warn(of scan: KeyspaceScan) {
        switch scan.first.motion {
        case .moving: return
        case .standing:
            run.console.log.warning(
                "the server has never had a replica and does not count its writes: the stamps of all keys are the same")
        case .none:
            run.console.log.warning("the server tells no offset of replication: keys get no stamps")
        }
    }
}

/// What one run was asked to do with the keys of a server that cannot be followed.
struct ScanRunSettings {
    let run: RunSettings
    let address: RedisAddress
    let preference: ServerPreference

    init(_ settings: Settings) throws(Fault) {
        let foreign: [SettingKey] = [
            .snapshot, .streams, .onGap, .acknowledge, .spoolBytes, .fromDump, .state, .stateBytes, .discoverEvery,
        ]
        for key in foreign { try settings.refuse(key, with: .scan) }
        if let until = try settings.entry(.until), until.value != "now" {
            throw settings.invalid(.until, until, "a pass has no end of its own to choose", hint: "leave it out")
        }
        address = try settings.replicationSource()
        preference = try settings.serverPreference()
        run = try RunSettings(settings)
    }
}

extension Settings {
    /// Refuses a setting that somebody has set and that means nothing for a mode.
    func refuse(_ key: SettingKey, with mode: RedisMode) throws(Fault) {
        guard let entry = try entry(key), entry.origin.isChosen else { return }
        throw invalid(key, entry, "it means nothing with --mode \(mode.rawValue)", hint: "leave it out")
    }
}
