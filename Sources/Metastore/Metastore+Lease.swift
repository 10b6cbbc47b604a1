// SPDX-License-Identifier: Apache-2.0

public import Changelog
public import Faults
internal import GRDB

extension Metastore {
    static let leaseColumns =
        "run_id, host, process_id, process_start_ticks, boot_id, process_namespace, expiry"

    /// Makes `holder` the only one that may write, until `timeToLive` after `now`. Refused with
    /// ``Fault/Code/exportBusy`` while another holds the lease: on this machine for as long as its process lives,
    /// whatever the clock says, elsewhere until its time is over.
    public func acquireLease(holder: LeaseHolder, now: Timestamp, timeToLive: Duration) throws(Fault) {
        try write("acquire the lease") { database in
            if let lease = try Self.lease(in: database), !isFree(lease, for: holder, now: now) {
                throw Self.busy(lease, now: now, timeToLive: timeToLive)
            }
            try Self.put(holder, expiry: now.advanced(by: timeToLive), in: database)
        }
    }

    /// Holds the lease until `timeToLive` after `now`. Refused with ``Fault/Code/exportBusy`` when it was lost.
    public func renewLease(holder: LeaseHolder, now: Timestamp, timeToLive: Duration) throws(Fault) {
        try write("renew the lease") { database in
            guard let lease = try Self.lease(in: database) else {
                throw Fault(.exportBusy, "the lease on the export is lost")
            }
            guard lease.holder == holder else { throw Self.busy(lease, now: now, timeToLive: timeToLive) }
            try Self.put(holder, expiry: now.advanced(by: timeToLive), in: database)
        }
    }

    /// Runs `body` while nobody can take the lease over. Refused with ``Fault/Code/exportBusy`` when it is lost already.
    public func whileHolding<T>(
        _ holder: LeaseHolder, _ body: () throws(Fault) -> T
    ) throws(Fault) -> T {
        try write("hold the lease") { database in
            guard try Self.lease(in: database)?.holder == holder else {
                throw Fault(.exportBusy, "another run has taken the lease of this export over")
            }
            return try body()
        }
    }

    /// Gives the lease back. Doing it twice, or when it was lost, changes nothing.
    public func releaseLease(holder: LeaseHolder) throws(Fault) {
        try write("release the lease") { database in
            guard try Self.lease(in: database)?.holder == holder else { return }
            try database.execute(sql: "DELETE FROM lease")
        }
    }

    /// The lease as it is written down, be it expired or not; nil when nobody holds one.
    public func lease() throws(Fault) -> Lease? {
        try read("read the lease") { try Self.lease(in: $0) }
    }

    /// Who holds the lease, be it expired or not.
    public func leaseHolder() throws(Fault) -> LeaseHolder? {
        try lease()?.holder
    }

    /// Whether `lease` no longer keeps `newcomer` out.
    private func isFree(_ lease: Lease, for newcomer: LeaseHolder, now: Timestamp) -> Bool {
        let old = lease.holder
        if old.runID == newcomer.runID { return true }
        guard old.host == newcomer.host else { return lease.expiry <= now }
        guard old.bootID == newcomer.bootID else { return true }
        // In another namespace the number means another process, and this one cannot see the old one.
        guard old.processNamespace == newcomer.processNamespace else { return lease.expiry <= now }
        // Here the life of the process decides and no clock: one that was set forward must not make two writers.
        return processStartTicks(old.processID) != old.processStartTicks
    }

    private static func busy(_ lease: Lease, now: Timestamp, timeToLive: Duration) -> Fault {
        let holder = lease.holder
        // No lease lasts that long: the clock was set back, or those of two machines differ.
        let isOdd = lease.expiry > now.advanced(by: timeToLive + timeToLive)
        return Fault(
            .exportBusy,
            "the export is in use by run \(holder.runID) on \(holder.host), process \(holder.processID), until "
                + lease.expiry.description,
            hint: isOdd ? "the clocks differ; when that run is known to be gone, remove catalog.sqlite" : nil)
    }

    private static func lease(in database: Database) throws -> Lease? {
        try Row.fetchOne(database, sql: "SELECT \(leaseColumns) FROM lease").map { row in
            Lease(
                holder: LeaseHolder(
                    runID: row[0], host: row[1], processID: Int32(truncatingIfNeeded: row[2] as Int64),
                    processStartTicks: UInt64(bitPattern: row[3]), bootID: row[4], processNamespace: row[5]),
                expiry: Timestamp(microseconds: row[6]))
        }
    }

    private static func put(_ holder: LeaseHolder, expiry: Timestamp, in database: Database) throws {
        try database.execute(
            sql: "INSERT OR REPLACE INTO lease (id, \(leaseColumns)) VALUES (1, ?, ?, ?, ?, ?, ?, ?)",
            arguments: [
                holder.runID, holder.host, Int64(holder.processID), Int64(bitPattern: holder.processStartTicks),
                holder.bootID, holder.processNamespace, expiry.microseconds,
            ])
    }
}

extension Timestamp {
    /// The moment `duration` later.
    fileprivate func advanced(by duration: Duration) -> Timestamp {
        let (seconds, attoseconds) = duration.components
        return Timestamp(microseconds: microseconds + seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
    }
}
