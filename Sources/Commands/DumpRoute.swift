// SPDX-License-Identifier: Apache-2.0

import Anchors
import Changelog
import Faults
import RedisKeyspace
import Runtime

/// A dump of a Redis-like store as the source of an export of one anchor.
final class DumpRoute: SourceRoute {
    private let run: ExportRun
    private let dump: KeyspaceDump

    init(_ run: ExportRun, _ dump: KeyspaceDump) {
        self.run = run
        self.dump = dump
    }

    /// A file does not change by itself.
    func mayPass(_ fault: Fault, attempts: Int) -> Bool { false }

    /// Reads the dump.
    func attempt() throws(Fault) -> RunReport.End {
        if let last = run.last {
            throw Fault(
                .exportExists, "the export holds a snapshot already (anchor \(last.anchor.number))",
                hint: "name another folder with --to")
        }
        let parts = try run.parts(source: dump.identity, epoch: 1)
        let snapshot = dump.snapshot
        var publication = Publication(kind: .snapshot, from: snapshot.position, to: snapshot.position)
        publication.segments = try SnapshotExport(snapshot, parts: parts).read(jobs: 1)
        run.last = try parts.publisher.publish(publication, epoch: 1, after: nil)
        return .targetReached
    }
}
