// SPDX-License-Identifier: Apache-2.0

import Faults
import LibPQ

/// Opens connections whose text output never depends on what a role or a database has set.
enum Session {
    /// What a connection is for.
    enum Purpose {
        /// Catalog, monitoring, targets.
        case catalog
        /// Rows of a snapshot.
        case snapshot
        /// Replication commands and the stream.
        case replication
    }

    /// Connects and pins the settings of the session.
    static func open(_ options: PostgresOptions, for purpose: Purpose) throws(Fault) -> PQConnection {
        try open(options.source, applicationName: options.applicationName, for: purpose)
    }

    /// Opens a replication connection to a server that `catalog` says can decode its log: one that cannot would refuse
    /// the connection in words that do not tell why.
    static func openReplication(
        _ options: PostgresOptions, beside catalog: borrowing PQConnection
    ) throws(Fault) -> PQConnection {
        try ServerCheck.requireLogicalDecoding(catalog)
        return try open(options, for: .replication)
    }

    /// Connects and pins the settings of the session.
    static func open(
        _ source: Redacted, applicationName: String, for purpose: Purpose
    ) throws(Fault) -> PQConnection {
        let defaults = [
            ("connect_timeout", "15"), ("keepalives_idle", "30"), ("keepalives_interval", "10"),
            ("keepalives_count", "3"), ("tcp_user_timeout", "60000"), ("fallback_application_name", applicationName),
        ]
        let overrides = purpose == .replication ? [("replication", "database")] : []
        let connection = try PQConnection.connect(source, defaults: defaults, overrides: overrides)
        guard connection.serverVersion >= 130_000 else {
            throw Fault(
                .postgresVersion, "the server is older than PostgreSQL 13",
                detail: connection.status("server_version").map { "server_version \($0)" })
        }
        try pin(connection, for: purpose)
        return connection
    }

    private static func pin(_ connection: borrowing PQConnection, for purpose: Purpose) throws(Fault) {
        var settings = [
            ("client_encoding", "UTF8"), ("timezone", "UTC"), ("datestyle", "ISO"), ("intervalstyle", "postgres"),
            ("extra_float_digits", "3"), ("bytea_output", "hex"), ("lc_monetary", "C"), ("search_path", ""),
            ("statement_timeout", "0"), ("idle_in_transaction_session_timeout", "0"),
            // Making a slot waits for open transactions as one waits for a lock, and has a bound of its own.
            ("lock_timeout", purpose == .replication ? "0" : "10s"),
        ]
        if purpose != .replication {
            settings += [
                ("row_security", "off"), ("default_transaction_read_only", purpose == .snapshot ? "on" : "off"),
            ]
        }
        if connection.serverVersion >= 170_000 { settings.append(("transaction_timeout", "0")) }
        let calls = settings.map { "pg_catalog.set_config('\($0.0)', '\($0.1)', false)" }
        try connection.query("select " + calls.joined(separator: ", "))
    }

    /// A warning when the connection leaves this host without the server's name being verified.
    static func transportWarning(_ connection: borrowing PQConnection) -> String? {
        let host = connection.host
        let isLocal =
            host.isEmpty || host.hasPrefix("/") || host == "localhost" || host.hasPrefix("127.") || host == "::1"
        guard !isLocal, let mode = connection.parameter("sslmode"), mode != "verify-full" else { return nil }
        return "sslmode is \(mode): the server at \(host) could be another; use sslmode=verify-full"
    }
}
