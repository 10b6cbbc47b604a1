// SPDX-License-Identifier: Apache-2.0

/// The columns of one table at one point of its history: immutable, shared, compared by what it holds.
public final class TableSchema: Sendable {
    /// One column.
    public struct Column: Hashable, Sendable {
        /// The column's name.
        public let name: String
        /// What its values mean.
        public let type: ColumnType
        /// The source's own name of the type, for people and for later readers: `pg_catalog.numeric(12,2)`.
        public let sourceType: String

        /// Makes a column.
        public init(name: String, type: ColumnType, sourceType: String) {
            self.name = name
            self.type = type
            self.sourceType = sourceType
        }
    }

    /// Whose columns these are.
    public let table: TableName
    /// The columns in the source's order.
    public let columns: [Column]
    /// The names of the columns that identify a row, in key order; empty when nothing does.
    public let key: [String]

    /// Makes a schema.
    public init(table: TableName, columns: [Column], key: [String]) {
        self.table = table
        self.columns = columns
        self.key = key
    }
}

extension TableSchema: Hashable {
    /// Whether both hold the same table, columns and key.
    public static func == (lhs: TableSchema, rhs: TableSchema) -> Bool {
        lhs === rhs || (lhs.table == rhs.table && lhs.columns == rhs.columns && lhs.key == rhs.key)
    }

    /// Feeds the table and its columns.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(table)
        hasher.combine(columns)
    }
}
