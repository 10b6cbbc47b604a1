// SPDX-License-Identifier: Apache-2.0

public import Changelog
public import Faults
internal import GRDB

/// One run of kedge on the export.
public struct RunRecord: Hashable, Sendable {
    /// The run's own identifier.
    public let id: String
    /// When it began.
    public let begun: Timestamp
    /// When it ended; nil while it runs, and for one that crashed.
    public let ended: Timestamp?
    /// How it ended: `stopped`, `caught up`, or the code of a fault.
    public let outcome: String?
}

extension Metastore {
    static let runColumns = "id, begun, ended, outcome"
    private static let keptRuns = 1000

    /// Notes that a run begins, and forgets the oldest beyond a thousand.
    public func beginRun(_ id: String, at now: Timestamp) throws(Fault) {
        try write("note the run") { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO runs (id, begun) VALUES (?, ?)", arguments: [id, now.microseconds])
            try database.execute(
                sql: "DELETE FROM runs WHERE id IN (SELECT id FROM runs ORDER BY begun DESC, id LIMIT -1 OFFSET ?)",
                arguments: [Self.keptRuns])
        }
    }

    /// Notes that a run has ended, and how.
    public func endRun(_ id: String, at now: Timestamp, outcome: String) throws(Fault) {
        try write("note the end of the run") { database in
            try database.execute(
                sql: "UPDATE runs SET ended = ?, outcome = ? WHERE id = ?",
                arguments: [now.microseconds, outcome, id])
        }
    }

    /// The latest runs, the newest first.
    public func runs(limit: Int = 100) throws(Fault) -> [RunRecord] {
        try read("read the runs") { database in
            let sql = "SELECT \(Self.runColumns) FROM runs ORDER BY begun DESC, id LIMIT ?"
            return try Row.fetchAll(database, sql: sql, arguments: [limit]).map { row in
                RunRecord(
                    id: row[0], begun: Timestamp(microseconds: row[1]),
                    ended: (row[2] as Int64?).map(Timestamp.init(microseconds:)), outcome: row[3])
            }
        }
    }

    /// Remembers `value` under `key`, in the place of what stood there; nil forgets it.
    public func note(_ key: String, _ value: String?) throws(Fault) {
        try write("note \(key)") { database in
            guard let value else {
                return try database.execute(sql: "DELETE FROM notes WHERE key = ?", arguments: [key])
            }
            try database.execute(
                sql: "INSERT OR REPLACE INTO notes (key, value) VALUES (?, ?)", arguments: [key, value])
        }
    }

    /// What was noted under `key`.
    public func note(_ key: String) throws(Fault) -> String? {
        try read("read the note \(key)") { database in
            try String.fetchOne(database, sql: "SELECT value FROM notes WHERE key = ?", arguments: [key])
        }
    }
}
