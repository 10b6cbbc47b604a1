// SPDX-License-Identifier: Apache-2.0

internal import Faults
internal import GRDB

/// The tables of the catalog.
enum CatalogSchema {
    private static let version = 1

    private static let tables = [
        "lease": """
        id INTEGER PRIMARY KEY CHECK (id = 1), run_id TEXT NOT NULL, host TEXT NOT NULL,
        process_id INTEGER NOT NULL, process_start_ticks INTEGER NOT NULL, boot_id TEXT NOT NULL,
        process_namespace TEXT NOT NULL, expiry INTEGER NOT NULL
        """,
        "anchors": """
        number INTEGER PRIMARY KEY, sha256 TEXT NOT NULL, kind TEXT NOT NULL, epoch INTEGER NOT NULL,
        position_to INTEGER NOT NULL, rows INTEGER NOT NULL, published_at INTEGER NOT NULL
        """,
        "shapes": """
        origin TEXT NOT NULL, folder TEXT NOT NULL, schema TEXT NOT NULL, anchor INTEGER NOT NULL,
        place INTEGER NOT NULL, PRIMARY KEY (origin, folder, schema)
        """,
        "notes": "key TEXT PRIMARY KEY, value TEXT NOT NULL",
        "runs": "id TEXT PRIMARY KEY, begun INTEGER NOT NULL, ended INTEGER, outcome TEXT",
    ]

    /// Opens the database at `path`, proves that it is whole and makes the tables that are missing.
    static func open(_ path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.journalMode = .wal
        configuration.busyMode = .timeout(Metastore.busyTimeout)
        configuration.label = "catalog"
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.writeWithoutTransaction { database in
            try database.inTransaction(.immediate) {
                try migrate(database)
                return .commit
            }
        }
        return queue
    }

    /// Opens the database at `path` as it is, and proves that it is whole.
    static func openForReading(_ path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(Metastore.busyTimeout)
        configuration.label = "catalog"
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.read { database in
            try proveWhole(database)
            try probe(database)
        }
        return queue
    }

    private static func proveWhole(_ database: Database) throws {
        guard try String.fetchOne(database, sql: "PRAGMA quick_check(1)") == "ok" else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "the quick check failed")
        }
    }

    private static func migrate(_ database: Database) throws {
        let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        guard found <= version else {
            throw Fault(.exportFormat, "the catalog has version \(found); this version of kedge knows \(version)")
        }
        try proveWhole(database)
        for (name, columns) in tables {
            try database.execute(sql: "CREATE TABLE IF NOT EXISTS \(name) (\(columns)) STRICT")
        }
        try database.execute(sql: "PRAGMA user_version = \(version)")
        try probe(database)
        // Not among those of every catalog: an earlier version makes none, and who only reads does without.
        _ = try Row.fetchOne(database, sql: "SELECT \(Metastore.shapeColumns) FROM shapes LIMIT 1")
    }

    /// Asks for every column, so that tables of another making are found now and not in the middle of a run.
    private static func probe(_ database: Database) throws {
        for (name, columns) in [
            ("lease", Metastore.leaseColumns), ("anchors", Metastore.anchorColumns), ("notes", "key, value"),
            ("runs", Metastore.runColumns),
        ] {
            _ = try Row.fetchOne(database, sql: "SELECT \(columns) FROM \(name) LIMIT 1")
        }
    }
}
