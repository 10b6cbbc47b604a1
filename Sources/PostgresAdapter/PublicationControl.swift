// SPDX-License-Identifier: Apache-2.0

import Changelog
import Faults
import LibPQ

/// Looks at, creates and drops publications.
enum PublicationControl {
    /// What a publication says of one table.
    struct Member {
        let rowFilter: String?
        let columns: Set<String>?
    }

    static func exists(_ name: String, _ catalog: borrowing PQConnection) throws(Fault) -> Bool {
        try catalog.query(
            "select from pg_catalog.pg_publication where pubname = \(PQConnection.quoted(literal: name))"
        ).rows.count == 1
    }

    /// The tables of a publication, in the shape in which the stream reports them.
    static func members(
        _ name: String, _ catalog: borrowing PQConnection
    ) throws(Fault) -> [TableName: Member] {
        let details = catalog.serverVersion >= 150_000 ? "rowfilter, array_to_json(attnames)" : "null, null"
        let rows = try catalog.query(
            """
            select schemaname, tablename, \(details)
            from pg_catalog.pg_publication_tables where pubname = \(PQConnection.quoted(literal: name))
            """
        ).rows
        var members: [TableName: Member] = [:]
        for row in rows {
            guard let namespace = row[0], let table = row[1] else { continue }
            members[TableName(namespace: namespace, name: table)] = Member(
                rowFilter: row[2], columns: try row[3].map { json throws(Fault) in try names(json, catalog) })
        }
        return members
    }

    /// The server takes its own JSON apart: names may hold any character.
    private static func names(_ json: String, _ catalog: borrowing PQConnection) throws(Fault) -> Set<String> {
        let rows = try catalog.query(
            "select pg_catalog.json_array_elements_text(\(PQConnection.quoted(literal: json))::json)"
        ).rows
        return Set(rows.compactMap { $0[0] })
    }

    /// Creates a publication of exactly `tables`.
    static func create(
        _ name: String, tables: [TableDescription], _ catalog: borrowing PQConnection
    ) throws(Fault) {
        let list = tables.map { table in
            "only \(table.name.quoted)"
        }.joined(separator: ", ")
        _ = try doing("creating publication \"\(name)\"") { () throws(Fault) in
            try catalog.query(
                """
                create publication \(PQConnection.quoted(identifier: name)) for table \(list)
                with (publish = 'insert, update, delete, truncate', publish_via_partition_root = true)
                """)
        }
    }

    static func drop(_ name: String, _ catalog: borrowing PQConnection) throws(Fault) {
        try catalog.query("drop publication if exists \(PQConnection.quoted(identifier: name))")
    }
}

extension TableName {
    /// The name as SQL wants it.
    var quoted: String {
        (namespace.map { PQConnection.quoted(identifier: $0) + "." } ?? "") + PQConnection.quoted(identifier: name)
    }
}
