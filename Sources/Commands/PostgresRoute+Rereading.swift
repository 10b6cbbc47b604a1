// SPDX-License-Identifier: Apache-2.0

import Anchors
import Changelog
import Export
import Faults
import Logging
import PostgresAdapter
import Runtime

extension PostgresRoute {
    /// How one stretch of a run came to its end.
    enum Stretch {
        /// And with it the run.
        case ended(RunReport.End)
        /// Tables have to be read again before the run can go on.
        case stale(StaleTables)
        /// A change was refused, and what is whole before it is not anchored yet.
        case refused(Fault, whole: Position)
    }

    /// Reads tables again whose rows changed without a change: at one point of the same history, between two
    /// transactions, under an anchor of its own. A crash before that anchor leaves everything as it was before, and the
    /// next start finds the same tables stale.
    func readAgain(_ tables: StaleTables) throws(Fault) -> Stretch {
        switch try publishAgain(tables) {
        case .published(let stored): return try goOn(after: stored)
        case .stopped: return .ended(.stopped)
        case .refused(let fault, let whole): return .refused(fault, whole: whole)
        }
    }

    private enum Republication {
        case published(StoredAnchor)
        case stopped
        case refused(Fault, whole: Position)
    }

    /// Sets the anchor that holds the tables, unless the run is stopped before.
    private func publishAgain(_ tables: StaleTables) throws(Fault) -> Republication {
        let snapshot = try PostgresRereading.begin(try options(), tables)
        defer { snapshot.close() }
        guard let before = run.last else { throw Fault(.bug, "tables are read again before the first anchor") }
        let point = ResumePoint(position: before.anchor.to, source: before.anchor.source)
        switch try PostgresResumption.open(try options(), from: point, until: .before(snapshot.position)) {
        case .broken(let broken, _): throw broken.fault
        case .ready(var source, let facts):
            switch try follow(&source, after: before, facts: facts) {
            case .ended(.stopped): return .stopped
            case .refused(let fault, let whole): return .refused(fault, whole: whole)
            case .ended, .stale: break
            }
            try run.crash.reach(.afterTableSnapshotReach)
            return .published(try publish(snapshot, of: tables, facts))
        }
    }

    private func publish(
        _ snapshot: PostgresSnapshot, of tables: StaleTables, _ facts: ServerFacts
    ) throws(Fault) -> StoredAnchor {
        guard let before = run.last, before.anchor.to == snapshot.position else {
            throw Fault(.bug, "the stream did not end where the tables are read again")
        }
        let names = Set(snapshot.tasks.map(\.table.description)).sorted().joined(separator: ", ")
        run.console.log.info("reading again as of \(PositionNotation.lsn.text(snapshot.position)): \(names)")
        let identity = facts.identity(slot: settings.slot, publication: settings.publication)
        let parts = try run.parts(source: identity, epoch: before.anchor.epoch)
        var publication = Publication(kind: .tableSnapshot, from: snapshot.position, to: snapshot.position)
        publication.segments = try SnapshotExport(snapshot, parts: parts).read(jobs: settings.jobs)
        try run.crash.reach(.afterTableSnapshotRead)
        publication.notices = tables.notices
        publication.observation = tables.observation
        publication.add(parts.gate?.takeNews() ?? SchemaNews())
        let stored = try parts.publisher.publish(publication, epoch: before.anchor.epoch, after: before)
        run.last = stored
        try run.crash.reach(.afterTableSnapshotAnchor)
        return stored
    }
}
