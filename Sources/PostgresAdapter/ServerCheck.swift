// SPDX-License-Identifier: Apache-2.0

import Faults
import LibPQ

/// What a server must be like before anything is created on it.
enum ServerCheck {
    /// Refuses a server that does not log what logical decoding needs.
    static func requireLogicalDecoding(_ catalog: borrowing PQConnection) throws(Fault) {
        let level = try catalog.query("select current_setting('wal_level')").scalar
        guard level == "logical" else {
            throw Fault(
                .postgresConfiguration, "wal_level is \(level ?? "unknown"), and must be logical",
                hint: "ALTER SYSTEM SET wal_level = logical, then restart the server")
        }
    }

    /// Refuses a standby that is too old to decode its log.
    static func refuseOldStandby(_ facts: ServerFacts) throws(Fault) {
        guard facts.isStandby, facts.versionNumber < 160_000 else { return }
        throw Fault(
            .postgresVersion, "the server is a standby, and only standbys from PostgreSQL 16 on can be exported",
            detail: "server_version \(facts.version)", hint: "name the primary in --source")
    }

    /// Refuses to become a synchronous standby: the application's commits would wait for kedge.
    static func refuseSynchronous(
        _ catalog: borrowing PQConnection, applicationName: String
    ) throws(Fault) {
        let row = try catalog.query(
            "select current_setting('synchronous_standby_names') as names, current_setting('application_name') as own"
        ).first
        let separators: Set<Character> = [" ", ",", "(", ")", "\"", "\t"]
        let names = (row["names"] ?? "").split(whereSeparator: separators.contains).map { $0.lowercased() }
        let own = (row["own"] ?? applicationName).lowercased()
        guard !names.contains("*"), !names.contains(own) else {
            throw Fault(
                .postgresSynchronous,
                "synchronous_standby_names matches application_name \"\(own)\": commits of the application would wait for kedge"
            )
        }
    }
}
