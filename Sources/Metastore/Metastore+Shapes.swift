// SPDX-License-Identifier: Apache-2.0

internal import Anchors
internal import Bytes
internal import Changelog
public import Faults
internal import GRDB

/// What the chain says of the schemas of one table of the source.
public struct TableShapes: Hashable, Sendable {
    /// The name of the schema that its changes had last; nil when the export has none of them.
    public let newest: String?
    /// The name of a schema of the folder where its records went last; nil when there were none.
    public let folder: String?
    /// The names of all schemas that records in that folder have, the oldest first.
    public let schemas: [String]

    /// Puts together what is known.
    public init(newest: String?, folder: String?, schemas: [String]) {
        self.newest = newest
        self.folder = folder
        self.schemas = schemas
    }
}

extension Metastore {
    static let shapeColumns = "origin, folder, schema, anchor, place"
    private static let shapesNote = "shapes"

    /// Whether the index of schemas holds all anchors up to `number`; one that an earlier version has written does not.
    public func hasShapes(upTo number: Int) throws(Fault) -> Bool {
        try note(Self.shapesNote) == String(number)
    }

    /// What the index says of the table of the source that anchors call `table`.
    public func shapes(of table: String) throws(Fault) -> TableShapes {
        try read("read the index of schemas") { database in
            let rows = try Row.fetchAll(
                database,
                sql: "SELECT folder, schema FROM shapes WHERE origin = ? ORDER BY anchor DESC, place DESC",
                arguments: [table])
            let newest = rows.first.map { $0[1] as String }
            guard let current = rows.first(where: { ($0[0] as String) != "" }) else {
                return TableShapes(newest: newest, folder: nil, schemas: [])
            }
            let folder: String = current[0]
            return TableShapes(
                newest: newest, folder: current[1],
                schemas: rows.reversed().filter { ($0[0] as String) == folder }.map { $0[1] })
        }
    }

    /// Which table of the source has its records in the folder of the table that anchors call `table`.
    public func origin(of table: String) throws(Fault) -> String? {
        try read("read the index of schemas") { database in
            try String.fetchOne(
                database, sql: "SELECT origin FROM shapes WHERE folder = ? LIMIT 1", arguments: [table])
        }
    }

    /// Enters the schemas of an anchor: those of its segments, and behind them those of which notices tell.
    static func insertShapes(of anchor: Anchor, in database: Database) throws {
        var place = 0
        for segment in anchor.segments where !segment.table.hasSuffix(TableName.quarantineSuffix) {
            try insert(
                origin: segment.origin ?? segment.table, folder: segment.table, segment.schema, anchor.number, place,
                in: database)
            place += 1
        }
        for notice in anchor.notices {
            guard let schema = notice.details["schema"]?.text else { continue }
            try insert(origin: notice.table, folder: "", schema, anchor.number, place, in: database)
            place += 1
        }
        try database.execute(
            sql: "INSERT OR REPLACE INTO notes (key, value) VALUES (?, ?)",
            arguments: [shapesNote, String(anchor.number)])
    }

    static func removeShapes(in database: Database) throws {
        try database.execute(sql: "DELETE FROM shapes")
        try database.execute(sql: "DELETE FROM notes WHERE key = ?", arguments: [shapesNote])
    }

    private static func insert(
        origin: String, folder: String, _ schema: String, _ anchor: Int, _ place: Int, in database: Database
    ) throws {
        try database.execute(
            sql: "INSERT OR REPLACE INTO shapes (\(shapeColumns)) VALUES (?, ?, ?, ?, ?)",
            arguments: [origin, folder, schema, anchor, place])
    }
}
