// SPDX-License-Identifier: Apache-2.0

import Changelog
public import Faults
import LibPQ

/// Reads stale tables again in the middle of a history.
///
/// A temporary slot says exactly which transactions the snapshot holds: those whose commit begins before its point.
/// The stream goes on up to there, the rows take the place of what was known, and the stream goes on behind it.
public enum PostgresRereading {
    /// Takes the snapshot. Nothing is left at the source when it throws, or when the process ends.
    public static func begin(
        _ options: PostgresOptions, _ stale: StaleTables
    ) throws(Fault) -> PostgresSnapshot {
        let catalog = try Session.open(options, for: .catalog)
        let replication = try Session.open(options, for: .replication)
        let facts = try ServerFacts.read(replication: replication)
        var plan = try PostgresPlan.read(options, mode: .initial, catalog: catalog, facts: facts)
        plan.tables = plan.tables.filter { stale.oids.contains(Int64($0.oid)) }.map(\.withAHeap)
        let before = try FingerprintReader.read(options, catalog)
        var temporary = options
        temporary.slot = options.slot.prefix(54) + "_reading"
        let slot = try SlotControl.create(
            temporary, lifetime: .temporary, facts: facts, replication: replication, catalog: catalog)
        let snapshot = try PostgresSnapshot(
            options, plan: plan, position: slot.consistentPoint, exported: slot.snapshotName, purpose: .replacing)
        do throws(Fault) {
            try FingerprintReader.refuseNewHeaps(options, since: before, of: plan, catalog)
            try options.crash.reach(.afterTableSnapshotSlot)
        } catch {
            snapshot.close()
            throw error
        }
        return snapshot
    }
}

extension FingerprintReader {
    /// Refuses a snapshot when heaps have come since it was planned: it would not read them, and the stream brings only
    /// what is written to them later.
    static func refuseNewHeaps(
        _ options: PostgresOptions, since before: TableReading, of plan: PostgresPlan,
        _ catalog: borrowing PQConnection
    ) throws(Fault) {
        let now = try read(options, catalog).fingerprints
        for table in now.tables.values.sorted(by: { $0.name < $1.name }) where table.persistence == "p" {
            let planned = plan.tables.first { Int64($0.oid) == table.oid }
            let isNew = planned == nil && before.fingerprints.tables[table.oid] == nil
            let heaps = Set((planned?.heaps ?? []).map { Int64($0.oid) })
            let hasNewHeap = planned != nil && table.heaps.contains { !heaps.contains($0.oid) }
            guard isNew || hasNewHeap else { continue }
            throw Fault(
                .postgresSnapshotRewritten,
                "\(table.name) \(isNew ? "was made or published" : "got a partition") while the snapshot began")
        }
    }
}

extension TableDescription {
    /// The table with a heap to read: where a partitioned table has no leaf, itself, which has no rows.
    fileprivate var withAHeap: TableDescription {
        guard heaps.isEmpty else { return self }
        var table = self
        table.heaps = [Heap(oid: oid, name: name, kind: kind, fileNode: 0, pageCount: 0)]
        return table
    }
}
