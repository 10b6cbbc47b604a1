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
        var temporary = options
        temporary.slot = options.slot.prefix(54) + "_reading"
        let slot = try SlotControl.create(
            temporary, lifetime: .temporary, facts: facts, replication: replication, catalog: catalog)
        let snapshot = try PostgresSnapshot(
            options, plan: plan, position: slot.consistentPoint, exported: slot.snapshotName, purpose: .replacing)
        do throws(Fault) {
            try FingerprintReader.refuseNewLeaves(of: plan, catalog)
            try options.crash.reach(.afterTableSnapshotSlot)
        } catch {
            snapshot.close()
            throw error
        }
        return snapshot
    }
}

extension FingerprintReader {
    /// Refuses a snapshot of `plan` when partitions have come since it was planned: it would not read them, and the
    /// stream brings only what is written to them later.
    static func refuseNewLeaves(of plan: PostgresPlan, _ catalog: borrowing PQConnection) throws(Fault) {
        let roots = plan.tables.filter { $0.kind == .partitioned }.map { String($0.oid) }
        guard !roots.isEmpty else { return }
        let leaves = try catalog.query(
            """
            with recursive tree (relid) as (
                select unnest('{\(roots.joined(separator: ","))}'::oid[])
                union
                select i.inhrelid from tree t
                join pg_catalog.pg_inherits i on i.inhparent = t.relid
                join pg_catalog.pg_class k on k.oid = i.inhrelid and k.relispartition)
            select c.oid, c.relname from tree t join pg_catalog.pg_class c on c.oid = t.relid and c.relkind = 'r'
            """
        ).records
        let known = Set(plan.tables.flatMap { $0.heaps.map { String($0.oid) } })
        guard let new = leaves.first(where: { !known.contains($0["oid"] ?? "") }) else { return }
        throw Fault(
            .postgresSnapshotRewritten, "partition \"\(new["relname"] ?? "")\" came while the snapshot began")
    }

    /// Refuses a snapshot of `plan` when tables have come into the publication since, for the same reason.
    static func refuseNewTables(
        _ options: PostgresOptions, of plan: PostgresPlan, _ catalog: borrowing PQConnection
    ) throws(Fault) {
        let planned = Set(plan.tables.map { Int64($0.oid) })
        let now = try read(options, catalog).fingerprints.tables.values.sorted { $0.name < $1.name }
        guard let new = now.first(where: { $0.persistence == "p" && !planned.contains($0.oid) }) else { return }
        throw Fault(.postgresSnapshotRewritten, "\(new.name) was made or published while the snapshot began")
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
