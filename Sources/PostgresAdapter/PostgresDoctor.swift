// SPDX-License-Identifier: Apache-2.0

public import Changelog
public import Faults
import LibPQ
import Threads

/// Looks at everything that a run needs of a server, and predicts how long an anchor will live. Changes nothing.
public struct PostgresDoctor: Sendable {
    private let options: PostgresOptions
    private let mode: ExportMode
    private let resume: ResumePoint?

    /// Makes a doctor for the run that the options describe; `resume` says where an export stands that is there already.
    public init(_ options: PostgresOptions, mode: ExportMode, resume: ResumePoint? = nil) {
        self.options = options
        self.mode = mode
        self.resume = resume
    }

    /// All checks, in an order in which the first failure is worth mending first.
    public func examine() throws(Fault) -> [Check] {
        var checks: [Check] = []
        let catalog: PQConnection
        do throws(Fault) {
            catalog = try Session.open(options, for: .catalog)
        } catch {
            return [Check("connection", failing: error)]
        }
        checks.append(
            Check(
                "connection", .good,
                "server \(catalog.status("server_version") ?? "?"), database \(catalog.database), user \(catalog.user)")
        )
        if let warning = Session.transportWarning(catalog) {
            checks.append(Check("transport", .warning, warning, remedy: "set sslmode=verify-full"))
        }
        checks += try settings(catalog)
        checks += replication(catalog)
        checks += tables(catalog)
        checks += try slot(catalog)
        return checks
    }

    private func settings(_ catalog: borrowing PQConnection) throws(Fault) -> [Check] {
        let row = try catalog.query(
            """
            select current_setting('wal_level') as wal_level,
                   current_setting('max_replication_slots')::int as slots,
                   (select count(*) from pg_catalog.pg_replication_slots) as slots_used,
                   current_setting('max_wal_senders')::int as senders,
                   (select count(*) from pg_catalog.pg_stat_replication) as senders_used,
                   (select rolreplication or rolsuper from pg_catalog.pg_roles where rolname = current_user) as may_replicate,
                   pg_catalog.has_database_privilege(current_database(), 'create') as may_publish,
                   current_setting('max_slot_wal_keep_size') as keep
            """
        ).first
        var checks = [
            Check(
                "wal_level", row["wal_level"] == "logical" ? .good : .failure, row["wal_level"] ?? "unknown",
                remedy: row["wal_level"] == "logical"
                    ? nil : "ALTER SYSTEM SET wal_level = logical, and restart the server"),
            room("replication slots", row["slots_used"], of: row["slots"], remedy: "raise max_replication_slots"),
            room("WAL senders", row["senders_used"], of: row["senders"], remedy: "raise max_wal_senders"),
        ]
        // Some managed services grant replication through a role of their own: trying says more than the catalog.
        if options.creation == .allowed, mode != .snapshotOnly, row["may_publish"] != "t" {
            checks.append(
                Check(
                    "publication privilege", .warning, "the role may not create publications in this database",
                    remedy: "GRANT CREATE ON DATABASE, or create the publication yourself and use --no-create"))
        }
        if row["keep"] == "-1" {
            checks.append(
                Check(
                    "max_slot_wal_keep_size", .warning, "unlimited: a slot that nobody reads fills the server's disk",
                    remedy: "set max_slot_wal_keep_size to what the disk can spare"))
        }
        do throws(Fault) {
            try ServerCheck.refuseSynchronous(catalog, applicationName: options.applicationName)
        } catch {
            checks.append(Check("synchronous_standby_names", failing: error))
        }
        return checks
    }

    private func room(_ name: String, _ used: String?, of limit: String?, remedy: String) -> Check {
        let used = used.flatMap { Int($0) } ?? 0
        let limit = limit.flatMap { Int($0) } ?? 0
        return Check(
            name, used < limit ? .good : .failure, "\(used) of \(limit) in use", remedy: used < limit ? nil : remedy)
    }

    /// A replication connection, and what it says of the history that an export stands in.
    private func replication(_ catalog: borrowing PQConnection) -> [Check] {
        do throws(Fault) {
            let connection = try Session.open(options, for: .replication)
            let facts = try ServerFacts.read(replication: connection)
            let check = Check(
                "replication connection", .good,
                "system \(facts.systemIdentifier), timeline \(facts.timeline)\(facts.isStandby ? ", a standby" : "")")
            guard let resume else { return [check] }
            return [check, try history(of: resume, facts, connection, catalog)]
        } catch {
            return [Check("replication connection", failing: error)]
        }
    }

    private func history(
        of resume: ResumePoint, _ facts: ServerFacts, _ replication: borrowing PQConnection,
        _ catalog: borrowing PQConnection
    ) throws(Fault) -> Check {
        let health = try SlotControl.health(options.slot, catalog)
        let proof = StartProof(facts: facts, health: health, resume: resume, slot: options.slot)
        let end = PositionNotation.lsn.text(resume.position)
        do throws(Fault) {
            let broken = try proof.check { timeline throws(Fault) in
                try replication.query("TIMELINE_HISTORY \(timeline)").first["content"] ?? ""
            }
            return broken.map { Check("history", failing: $0.fault) }
                ?? Check("history", .good, "the source goes on where the export ends, at \(end)")
        } catch {
            return Check("history", failing: error)
        }
    }

    private func tables(_ catalog: borrowing PQConnection) -> [Check] {
        do throws(Fault) {
            let plan = try PostgresPlan.read(options, mode: mode)
            var checks = [Check("tables", .good, "\(plan.tables.count) tables")]
            checks += plan.warnings.map { Check("tables", .warning, $0, remedy: "see `kedge plan`") }
            return checks + (try access(plan.tables, catalog))
        } catch {
            return [Check("tables", failing: error)]
        }
    }

    /// Whether the role may read the tables, and whether they are stored in a way that sends changes.
    private func access(
        _ tables: [TableDescription], _ catalog: borrowing PQConnection
    ) throws(Fault) -> [Check] {
        let oids = tables.flatMap { [$0.oid] + $0.heaps.map(\.oid) }.map(String.init).joined(separator: ", ")
        guard !oids.isEmpty else { return [] }
        let rows = try catalog.query(
            """
            select c.oid::regclass::text as name, pg_catalog.has_table_privilege(c.oid, 'select') as readable, a.amname
            from pg_catalog.pg_class c left join pg_catalog.pg_am a on a.oid = c.relam
            where c.oid in (\(oids)) order by 1
            """
        ).records
        var checks = rows.filter { $0["readable"] != "t" }.map { row in
            Check(
                "privileges", .failure, "the role may not read \(row["name"] ?? "a table")",
                remedy: "GRANT SELECT ON \(row["name"] ?? "the table")", code: .postgresPermission)
        }
        checks += rows.filter { $0["amname"] != nil && $0["amname"] != "heap" }.map { row in
            Check(
                "access method", .warning,
                "\(row["name"] ?? "a table") is stored by \(row["amname"] ?? "?"), which may send no changes",
                remedy: "leave it out with --exclude-tables unless its changes are known to be streamed")
        }
        return checks
    }

    private func slot(_ catalog: borrowing PQConnection) throws(Fault) -> [Check] {
        guard mode != .snapshotOnly else { return [] }
        guard let health = try SlotControl.health(options.slot, catalog) else { return try creation(catalog) }
        if health.isLost {
            let fault = Fault(.postgresSlotInvalid, "\"\(health.name)\" was invalidated by the server")
            return [Check("slot", failing: fault)]
        }
        let age = health.catalogAge.map { ", holds back the catalog by \($0) transactions" } ?? ""
        let state =
            "\"\(health.name)\"\(health.isActive ? ", in use" : "") keeps \(health.retainedByteCount) bytes of log, "
            + "wal_status \(health.walStatus)\(age)"
        return [
            Check("slot", health.walStatus == "unreserved" ? .warning : .good, state), try lifetime(health, catalog),
        ] + (try failover(health, catalog))
    }

    /// Whether the slot goes on where a standby takes over; says nothing on servers where none can.
    private func failover(_ health: SlotHealth, _ catalog: borrowing PQConnection) throws(Fault) -> [Check] {
        guard let isFailover = health.isFailover else { return [] }
        let row = try catalog.query(
            """
            select pg_catalog.pg_is_in_recovery() as standby, current_setting('synchronized_standby_slots') as waited,
                   exists (select from pg_catalog.pg_replication_slots where slot_type = 'physical') as followed
            """
        ).first
        guard row["standby"] != "t" else { return [] }
        guard isFailover else {
            return [Check("failover", .good, "no standby keeps a copy of the slot: after a failover it is missing")]
        }
        let isUnguarded = row["waited"] == "" && row["followed"] == "t"
        return [
            Check(
                "failover", isUnguarded ? .warning : .good,
                isUnguarded
                    ? "standbys that synchronize slots keep a copy of the slot, and may lack changes that were exported"
                    : "standbys that synchronize slots keep a copy of the slot",
                remedy: isUnguarded ? "name the standby's physical slot in synchronized_standby_slots" : nil)
        ]
    }

    /// What would keep a new slot waiting.
    private func creation(_ catalog: borrowing PQConnection) throws(Fault) -> [Check] {
        guard resume == nil, let blockers = try SlotControl.blockers(catalog) else { return [] }
        return [
            Check(
                "open transactions", .warning, "making the slot would wait for \(blockers)",
                remedy: "end them, or allow more time with --slot-timeout")
        ]
    }

    private func lifetime(_ health: SlotHealth, _ catalog: borrowing PQConnection) throws(Fault) -> Check {
        guard let safe = health.safeWALByteCount else {
            return Check("anchor lifetime", .good, "without a run the slot lives until the server's disk is full")
        }
        let rate = try walRate(catalog)
        guard rate > 0 else {
            return Check("anchor lifetime", .good, "the server is idle: \(safe) bytes of log are left")
        }
        let seconds = Int64(Double(max(0, safe)) / rate)
        let isShort = seconds < 3600
        return Check(
            "anchor lifetime", isShort ? .warning : .good,
            "without a run the slot lives about \(seconds) s at the present \(Int(rate)) bytes of log a second",
            remedy: isShort ? "run more often, or raise max_slot_wal_keep_size" : nil)
    }

    /// Bytes of log a second, looked at for a second.
    private func walRate(_ catalog: borrowing PQConnection) throws(Fault) -> Double {
        let isStandby = try catalog.query("select pg_catalog.pg_is_in_recovery()").scalar == "t"
        let first = try ServerFacts.currentPosition(catalog, isStandby: isStandby)
        let begun = ContinuousClock.now
        pause(.seconds(1))
        let second = try ServerFacts.currentPosition(catalog, isStandby: isStandby)
        guard second > first else { return 0 }
        return Double(second.rawValue - first.rawValue) / (begun.duration(to: .now) / .seconds(1))
    }
}
