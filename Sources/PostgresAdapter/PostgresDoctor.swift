// SPDX-License-Identifier: Apache-2.0

import Changelog
public import Faults
import LibPQ
import Threads

/// One thing that was looked at, and what to do about it.
public struct Check: Sendable {
    /// How it stands.
    public enum Verdict: String, Sendable {
        /// As it should be.
        case good = "ok"
        /// It works, and may hurt later.
        case warning
        /// A run would fail.
        case failure
    }

    /// What was looked at.
    public let name: String
    /// How it stands.
    public let verdict: Verdict
    /// What was seen.
    public let finding: String
    /// What to do; nil when nothing is to be done.
    public let remedy: String?

    /// Makes a check.
    public init(_ name: String, _ verdict: Verdict, _ finding: String, remedy: String? = nil) {
        self.name = name
        self.verdict = verdict
        self.finding = finding
        self.remedy = remedy
    }
}

/// Looks at everything that a run needs of a server, and predicts how long an anchor will live. Changes nothing.
public struct PostgresDoctor: Sendable {
    private let options: PostgresOptions
    private let mode: ExportMode

    /// Makes a doctor for the run that the options describe.
    public init(_ options: PostgresOptions, mode: ExportMode) {
        self.options = options
        self.mode = mode
    }

    /// All checks, in an order in which the first failure is worth mending first.
    public func examine() throws(Fault) -> [Check] {
        var checks: [Check] = []
        let catalog: PQConnection
        do throws(Fault) {
            catalog = try Session.open(options, for: .catalog)
        } catch {
            return [Check("connection", .failure, error.message, remedy: error.detail ?? error.code.hint)]
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
        checks.append(try replication())
        checks.append(plan())
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
            checks.append(Check("synchronous_standby_names", .failure, error.message, remedy: error.code.hint))
        }
        return checks
    }

    private func room(_ name: String, _ used: String?, of limit: String?, remedy: String) -> Check {
        let used = used.flatMap { Int($0) } ?? 0
        let limit = limit.flatMap { Int($0) } ?? 0
        return Check(
            name, used < limit ? .good : .failure, "\(used) of \(limit) in use", remedy: used < limit ? nil : remedy)
    }

    private func replication() throws(Fault) -> Check {
        do throws(Fault) {
            let connection = try Session.open(options, for: .replication)
            let facts = try ServerFacts.read(replication: connection)
            return Check(
                "replication connection", .good,
                "system \(facts.systemIdentifier), timeline \(facts.timeline)\(facts.isStandby ? ", a standby" : "")")
        } catch {
            return Check(
                "replication connection", .failure, error.detail ?? error.message,
                remedy:
                    "ALTER ROLE … REPLICATION (or the provider's replication role), and a pg_hba.conf line for the database"
            )
        }
    }

    private func plan() -> Check {
        do throws(Fault) {
            let plan = try PostgresPlan.read(options, mode: mode)
            let count = "\(plan.tables.count) tables"
            guard let warning = plan.warnings.first else { return Check("tables", .good, count) }
            return Check("tables", .warning, "\(count); \(warning)", remedy: "see `kedge plan`")
        } catch {
            return Check("tables", .failure, error.message, remedy: error.hint ?? error.code.hint)
        }
    }

    private func slot(_ catalog: borrowing PQConnection) throws(Fault) -> [Check] {
        guard mode != .snapshotOnly, let health = try SlotControl.health(options.slot, catalog) else { return [] }
        if health.isLost {
            return [
                Check(
                    "slot", .failure, "\"\(health.name)\" was invalidated by the server",
                    remedy: "take a new snapshot with --resnapshot")
            ]
        }
        let rate = try walRate(catalog)
        let state = "\"\(health.name)\" keeps \(health.retainedByteCount) bytes of log, wal_status \(health.walStatus)"
        var checks = [Check("slot", health.walStatus == "unreserved" ? .warning : .good, state)]
        if let safe = health.safeWALByteCount {
            let seconds = rate > 0 ? Int64(Double(max(0, safe)) / rate) : nil
            let life =
                seconds.map { "about \($0) s at the present \(Int(rate)) bytes of log a second" }
                ?? "as long as the server is idle"
            checks.append(
                Check(
                    "anchor lifetime", (seconds ?? .max) < 3600 ? .warning : .good,
                    "without a run the slot lives \(life)",
                    remedy: (seconds ?? .max) < 3600 ? "run more often, or raise max_slot_wal_keep_size" : nil))
        }
        return checks
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
