// SPDX-License-Identifier: Apache-2.0

internal import Changelog

/// PostgreSQL reads no files. Records are loaded as `kedge cat` prints them, a line each, into the column `record` of a
/// table, so that whoever loads them need know nothing of their columns; the statements make columns of them.
extension ChangelogTable {
    /// The records that count in `relation`, once for each schema where one cannot read all of them.
    ///
    /// What does not count is left out before anything is read of it but its key: it may have had other columns.
    func loadedRecords(in relation: String) -> [(schema: TableSchema, text: String)] {
        let limits = limits(of: Self.lineKey, .postgres)
        guard stretches.contains(where: { !$0.schema.hasNames(of: schema) || !$0.schema.hasTypes(of: schema) }) else {
            return [(schema, select(relation, schema, limits))]
        }
        return stretches.indices.map { index in
            let schema = stretches[index].schema
            return (schema, select(relation, schema, limits + ends(of: index, for: Self.lineKey, .postgres)))
        }
    }

    private func select(_ relation: String, _ schema: TableSchema, _ conditions: [String]) -> String {
        let own = Self.ownColumns.map { (name: self.own($0.name), type: $0.type) }
        let columns = (own + schema.columns.map { ($0.name, Engine.postgres.type($0.type, profile)) }).map {
            "\(Engine.postgres.quoted($0.name)) \($0.type)"
        }
        let condition = conditions.isEmpty ? "" : "\n    WHERE \(conditions.joined(separator: " AND "))"
        return """
            (
                SELECT fields.* FROM \(relation) AS records CROSS JOIN LATERAL json_to_record(
                  \(Self.readableLine)
                ) AS fields(\(columns.joined(separator: ", ")))\(condition)
              )
            """
    }

    /// kedge's own columns in lines. Keys are compared by their bytes, whatever the database's collation.
    static let ownColumns: [(name: String, type: String)] = [
        ("seq", #"text COLLATE "C""#), ("op", "text"), ("xid", "bigint"), ("commit_ts", "timestamptz"),
        ("unset", "text[]"), ("old", "json"), ("violations", "text[]"),
    ]

    /// The key, with which every line begins, read without the rest.
    private static let lineKey = #"(split_part(records.record::text, '"', 4) COLLATE "C")"#

    /// The record. PostgreSQL keeps documents that it can take no member of, for they have escapes of the character 0 or
    /// of half a character: U+FFFD stands for these.
    private static let readableLine = #"""
        CASE WHEN records.record::text ~ '\\u(0000|[dD][89a-fA-F])' THEN regexp_replace(records.record::text,
                '(?<!\\)((?:\\\\)*)\\u(?:0000|[dD][89abAB]..(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB]..\\u)[dD][c-fC-F]..)',
                '\1\\ufffd', 'g')::json ELSE records.record END
        """#
}

extension Engine {
    /// The type of a column that is made of a line's member. There is one for every value of a source that is PostgreSQL,
    /// too, so nothing is lost.
    ///
    /// Documents stay as they were written: `jsonb` would lose digits and names. Lists of documents, and lists in lists,
    /// which may be of several lengths, are no arrays there, and so documents, too.
    func loadedType(_ type: ColumnType) -> String {
        switch type {
        case .boolean: "boolean"
        case .integer(let bits): bits == 16 ? "smallint" : bits == 32 ? "integer" : "bigint"
        case .float(let bits): bits == 32 ? "real" : "double precision"
        case .decimal(let precision?, let scale) where precision > 0 && (0...precision).contains(scale ?? 0):
            "numeric(\(precision),\(scale ?? 0))"
        case .decimal: "numeric"
        case .uuid: "uuid"
        case .binary: "bytea"
        case .date: "date"
        case .time: "time"
        case .timeWithZone: "timetz"
        case .timestamp: "timestamp"
        case .timestampWithZone: "timestamptz"
        case .interval: "interval"
        case .json, .record, .map: "json"
        case .list(.json), .list(.record), .list(.map), .list(.list): "json"
        case .list(let element): "\(loadedType(element))[]"
        case .text, .enumeration, .bytes: "text"
        }
    }
}

extension TableSchema {
    /// Whether the columns of `newer` that are here have the same types, as far as values are read.
    func hasTypes(of newer: TableSchema) -> Bool {
        let names = names(of: newer)
        return newer.columns.allSatisfy { column in
            columns.allSatisfy { $0.name != names[column.name] || $0.type == column.type }
        }
    }
}
