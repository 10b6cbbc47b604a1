// SPDX-License-Identifier: Apache-2.0

public import Changelog

/// The tables of a keyspace, or of one shard of it: one for each database, all with the same columns (`docs/format.md`,
/// Records of a keyspace).
public struct KeyspaceSchema: Sendable {
    /// The columns in the order in which records append their values.
    static let columns: [TableSchema.Column] = [
        column("op", .enumeration),
        column("key", .bytes),
        column("type", .enumeration),
        column("apply", .enumeration),
        column("value", .bytes),
        column("items", .list(.list(.bytes))),
        column("expire_at_ms", .integer(bits: 64)),
        column("cause", .text),
        column("meta", .map),
        column("cmd", .text),
        column("argv", .list(.bytes)),
        column("piece", .integer(bits: 64)),
        column("continues", .text),
    ]

    private var tables: [Int: TableSchema] = [:]

    private let namespace: String?

    /// No database was seen yet; `namespace` is the shard's name, where there are several.
    public init(namespace: String? = nil) {
        self.namespace = namespace
    }

    /// The table of a database.
    public mutating func table(_ database: Int) -> TableSchema {
        if let table = tables[database] { return table }
        let table = TableSchema(table: Self.name(database, in: namespace), columns: Self.columns, key: [])
        tables[database] = table
        return table
    }

    /// What the table of a database is called.
    public static func name(_ database: Int, in namespace: String? = nil) -> TableName {
        TableName(namespace: namespace, name: "db\(database)")
    }

    private static func column(_ name: String, _ type: ColumnType) -> TableSchema.Column {
        TableSchema.Column(name: name, type: type, sourceType: "redis")
    }
}
