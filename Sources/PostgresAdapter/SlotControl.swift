// SPDX-License-Identifier: Apache-2.0

public import Changelog
import Faults
import LibPQ
import Threads

/// What the server says of one replication slot.
public struct SlotHealth: Sendable {
    /// Its name.
    public let name: String
    /// Its output plugin.
    public let plugin: String
    /// Its database.
    public let database: String
    /// Whether somebody reads it.
    public let isActive: Bool
    /// Who reads it.
    public let activePID: Int?
    /// Whether it goes with its connection.
    public let isTemporary: Bool
    /// Log before this may be removed.
    public let restart: Position?
    /// Transactions whose commit lies before this are never sent again.
    public let confirmed: Position?
    /// `reserved`, `extended`, `unreserved` or `lost`.
    public let walStatus: String
    /// How many bytes of log may still be written before the slot is lost; nil when there is no such bound.
    public let safeWALByteCount: Int64?
    /// How many bytes of log the slot keeps.
    public let retainedByteCount: Int64
    /// How many transactions the slot holds the cleaning of the catalog back by.
    public let catalogAge: Int64?
    /// Whether the slot sends prepared transactions when they are prepared; once it does, it always will.
    public let isTwoPhase: Bool
    /// Why the slot can never be read again.
    public let invalidation: String?
    /// Whether standbys that synchronize slots keep a copy of it; nil on servers that cannot.
    public let isFailover: Bool?
    /// Whether it is such a copy: nobody can read it before the standby is promoted.
    public let isSynced: Bool

    /// Whether the slot can never be read again.
    public var isLost: Bool { walStatus == "lost" || invalidation != nil }

    /// Refuses a slot that no export of `wanted` can have made.
    func refuseForeign(to wanted: String) throws(Fault) {
        guard plugin != "pgoutput" || database != wanted else { return }
        let facts = plugin.isEmpty ? "a physical slot" : "plugin \(plugin), database \"\(database)\""
        throw Fault(.postgresSlotForeign, "slot \"\(name)\" belongs to somebody else", detail: facts)
    }
}

/// Looks at, creates and drops replication slots.
enum SlotControl {
    /// What a new slot is.
    struct Created {
        let consistentPoint: Position
        let snapshotName: String
    }

    /// Whether a new slot outlives its connection.
    enum Lifetime {
        case permanent
        case temporary
    }

    static func health(_ name: String, _ catalog: borrowing PQConnection) throws(Fault) -> SlotHealth? {
        try all(catalog, where: "slot_name = \(PQConnection.quoted(literal: name))").first
    }

    static func all(
        _ catalog: borrowing PQConnection, where condition: String = "slot_type = 'logical'"
    ) throws(Fault) -> [SlotHealth] {
        let reason =
            catalog.serverVersion >= 170_000
            ? "invalidation_reason"
            : catalog.serverVersion >= 160_000 ? "case when conflicting then 'conflict' end" : "null::text"
        let twoPhase = catalog.serverVersion >= 140_000 ? "two_phase" : "false"
        let copies = catalog.serverVersion >= 170_000 ? "failover, synced" : "null as failover, null as synced"
        let now = "case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end"
        return try catalog.query(
            """
            select slot_name, plugin, database, active, active_pid, temporary, restart_lsn, confirmed_flush_lsn,
                   wal_status, safe_wal_size, \(twoPhase) as two_phase, pg_catalog.age(catalog_xmin) as catalog_age,
                   \(reason) as reason, \(copies),
                   coalesce(pg_catalog.pg_wal_lsn_diff(\(now), restart_lsn), 0)::bigint as retained
            from pg_catalog.pg_replication_slots where \(condition) order by slot_name
            """
        ).records.map(health)
    }

    private static func health(_ row: [String: String]) -> SlotHealth {
        SlotHealth(
            name: row["slot_name"] ?? "", plugin: row["plugin"] ?? "", database: row["database"] ?? "",
            isActive: row["active"] == "t", activePID: row["active_pid"].flatMap { Int($0) },
            isTemporary: row["temporary"] == "t",
            restart: row["restart_lsn"].flatMap(PositionNotation.lsn.position),
            confirmed: row["confirmed_flush_lsn"].flatMap(PositionNotation.lsn.position),
            walStatus: row["wal_status"] ?? "unknown", safeWALByteCount: row["safe_wal_size"].flatMap { Int64($0) },
            retainedByteCount: row["retained"].flatMap { Int64($0) } ?? 0,
            catalogAge: row["catalog_age"].flatMap { Int64($0) },
            isTwoPhase: row["two_phase"] == "t", invalidation: row["reason"],
            isFailover: row["failover"].map { $0 == "t" }, isSynced: row["synced"] == "t")
    }

    /// Creates a slot and the snapshot that fits it, waiting for open transactions no longer than the options allow.
    static func create(
        _ options: PostgresOptions, lifetime: Lifetime, facts: ServerFacts, replication: borrowing PQConnection,
        catalog: borrowing PQConnection
    ) throws(Fault) -> Created {
        try replication.send(command(options, lifetime: lifetime, facts: facts))
        let deadline = ContinuousClock.now + options.slotTimeout
        if let answer = try replication.answer(until: min(deadline, .now + .seconds(3))) { return try created(answer) }
        options.report(PostgresNotice(.info, "creating the slot waits for \(try obstacle(facts, catalog))"))
        if let answer = try replication.answer(until: deadline) { return try created(answer) }
        let remaining = try obstacle(facts, catalog)
        replication.cancel()
        if case .success(let table)? = try replication.answer(until: .now + .seconds(10)) {
            return try created(.success(table))
        }
        throw Fault(
            .postgresSlotTimeout, "the slot could not be created within \(options.slotTimeout.components.seconds) s",
            detail: "it waits for \(remaining)",
            hint: facts.isStandby ? "SELECT pg_log_standby_snapshot() on the primary, then start the run again" : nil)
    }

    /// What creating a slot waits for. A standby cannot look for open transactions itself: the primary tells it in the log,
    /// by itself only when it is busy.
    private static func obstacle(_ facts: ServerFacts, _ catalog: borrowing PQConnection) throws(Fault) -> String {
        if facts.isStandby {
            return "the primary to log its open transactions, which it does at once with pg_log_standby_snapshot()"
        }
        return "open transactions: \(try blockers(catalog) ?? "none visible to this role")"
    }

    private static func command(_ options: PostgresOptions, lifetime: Lifetime, facts: ServerFacts) -> String {
        let name = PQConnection.quoted(identifier: options.slot)
        let temporary = lifetime == .temporary ? " TEMPORARY" : ""
        guard facts.versionNumber >= 150_000 else {
            return "CREATE_REPLICATION_SLOT \(name)\(temporary) LOGICAL pgoutput EXPORT_SNAPSHOT"
        }
        let failover =
            facts.versionNumber >= 170_000 && lifetime == .permanent && !facts.isStandby ? ", FAILOVER true" : ""
        return "CREATE_REPLICATION_SLOT \(name)\(temporary) LOGICAL pgoutput (SNAPSHOT 'export'\(failover))"
    }

    private static func created(_ answer: Result<QueryResult, ServerError>) throws(Fault) -> Created {
        let row = try answer.orFault().first
        guard let point = row["consistent_point"].flatMap(PositionNotation.lsn.position),
            let name = row["snapshot_name"]
        else { throw Fault(.postgresProtocol, "the server did not say where its new slot begins") }
        return Created(consistentPoint: point, snapshotName: name)
    }

    /// Who keeps a slot from being created, nil when nobody does: never the text of a statement, which may hold values.
    static func blockers(_ catalog: borrowing PQConnection) throws(Fault) -> String? {
        let rows = try catalog.query(
            """
            select 'pid ' || pid || ' (user ' || coalesce(usename, '?') || ', database ' || coalesce(datname, '?')
                   || ', ' || coalesce(state, '?') || ', open for '
                   || coalesce(extract(epoch from now() - xact_start)::bigint, 0) || ' s)'
            from pg_catalog.pg_stat_activity
            where backend_xid is not null and pid <> pg_backend_pid() order by xact_start limit 10
            """
        ).rows.compactMap { $0[0] }
        let prepared = try catalog.query(
            """
            select 'prepared transaction ' || quote_literal(gid) || ' (database ' || database || ')'
            from pg_catalog.pg_prepared_xacts order by prepared limit 10
            """
        ).rows.compactMap { $0[0] }
        let all = rows + prepared
        return all.isEmpty ? nil : all.joined(separator: "; ")
    }

    /// The numbers of the transactions that are prepared now, and a position behind the end of all others.
    static func preparedTransactions(
        _ options: PostgresOptions
    ) throws(Fault) -> (pending: Set<UInt32>, position: Position) {
        let catalog = try Session.open(options, for: .catalog)
        let rows = try catalog.query("select transaction from pg_catalog.pg_prepared_xacts").rows
        let isStandby = try catalog.query("select pg_catalog.pg_is_in_recovery()").scalar == "t"
        return (
            Set(rows.compactMap { $0[0].flatMap { UInt32($0) } }),
            try ServerFacts.currentPosition(catalog, isStandby: isStandby)
        )
    }

    /// Drops the slot of an export, never one of another plugin or database.
    static func dropOwn(_ name: String, _ catalog: borrowing PQConnection) throws(Fault) {
        try health(name, catalog)?.refuseForeign(to: catalog.database)
        try drop(name, catalog)
    }

    /// Drops a slot; waits a moment for a reader that has only just gone. A slot that is not there is no fault.
    static func drop(_ name: String, _ catalog: borrowing PQConnection) throws(Fault) {
        let literal = PQConnection.quoted(literal: name)
        let deadline = ContinuousClock.now + .seconds(15)
        while true {
            let outcome = try catalog.attempt(
                "select pg_catalog.pg_drop_replication_slot(slot_name) from pg_catalog.pg_replication_slots where slot_name = \(literal)"
            )
            guard case .failure(let error) = outcome, error.state == "55006", .now < deadline else {
                _ = try outcome.orFault()
                return
            }
            pause(.milliseconds(200))
        }
    }
}
