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
        /// The number that the source gave the column and gives no other column of the table; nil where it tells none. It
        /// stays when the column gets another name.
        public let attributeNumber: Int?
        /// Whether the source allows nulls in the column; nil where it does not tell. Where a catalog told it, it is as of
        /// the moment when the catalog was read, which may be later than the records.
        public let isNullable: Bool?
        /// The labels of an enumeration in their order; nil elsewhere, and where the source does not tell. As of the same
        /// moment.
        public let labels: [String]?

        /// Makes a column.
        public init(
            name: String, type: ColumnType, sourceType: String, attributeNumber: Int? = nil, isNullable: Bool? = nil,
            labels: [String]? = nil
        ) {
            self.name = name
            self.type = type
            self.sourceType = sourceType
            self.attributeNumber = attributeNumber
            self.isNullable = isNullable
            self.labels = labels
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
