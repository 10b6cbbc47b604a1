// SPDX-License-Identifier: Apache-2.0

public import Changelog

/// One table as the catalog describes it.
public struct TableDescription: Sendable {
    /// What the server keeps of a row before a change.
    public enum Identity: String, Sendable {
        /// The primary key.
        case primaryKey = "d"
        /// Nothing: updates and deletes cannot be published.
        case nothing = "n"
        /// The whole row.
        case full = "f"
        /// The columns of a unique index.
        case index = "i"
    }

    /// What kind of thing it is, as far as reading it matters.
    public enum Kind: String, Sendable {
        /// A table with a heap of its own.
        case table = "r"
        /// A partitioned table.
        case partitioned = "p"
        /// A foreign table.
        case foreign = "f"
        /// A materialized view.
        case materializedView = "m"
    }

    /// One column.
    public struct Column: Sendable, Hashable {
        /// The column's name.
        public let name: String
        /// The object identifier of its type.
        public let typeOID: UInt32
        /// The type's modifier, or -1.
        public let typeModifier: Int32
        /// Whether the server computes its value.
        public let isGenerated: Bool
        /// Its number, which no other column of the table ever gets.
        public var number: Int?
        /// Whether it allows nulls.
        public var isNullable: Bool?
        /// The labels of an enumeration, in their order.
        public var labels: [String]?
    }

    /// One heap that holds rows of the table: the table itself, or a leaf of it.
    public struct Heap: Sendable, Hashable {
        /// Its object identifier.
        public let oid: UInt32
        /// Its name.
        public let name: TableName
        /// How it is read.
        public let kind: Kind
        /// Its file, which changes when it is rewritten or emptied.
        public let fileNode: UInt32
        /// Its size in pages.
        public let pageCount: Int
    }

    /// Its object identifier.
    public let oid: UInt32
    /// Its name.
    public let name: TableName
    /// What kind of thing it is.
    public let kind: Kind
    /// What the server keeps of a row before a change.
    public let identity: Identity
    /// Whether its rows are logged; if not, nothing is ever streamed.
    public let isLogged: Bool
    /// Whether row security hides rows from this role.
    public let hidesRows: Bool
    /// Whether it belongs to an extension.
    public let isExtensionOwned: Bool
    /// The partitioned tables above it.
    public let ancestors: [UInt32]
    /// All columns in order, generated ones included.
    public internal(set) var columns: [Column] = []
    /// The columns of the primary key or replica identity index, in the order of the index.
    public internal(set) var key: [String] = []
    /// Whether the index that the replica identity names is there.
    public internal(set) var hasIdentityIndex = false
    /// The heaps.
    public internal(set) var heaps: [Heap] = []
    /// The publication's row filter.
    public internal(set) var rowFilter: String?
    /// Whether the publication can carry generated columns at all; servers before 18 list them and do not send them.
    public internal(set) var canPublishGenerated = false
    /// The names of the published columns, nil when the publication does not say.
    public internal(set) var publishedColumns: Set<String>?

    /// Whether the application's updates and deletes go on working when the table is published.
    public var canPublishUpdates: Bool {
        switch identity {
        case .full: true
        case .nothing: false
        case .primaryKey, .index: hasIdentityIndex
        }
    }

    /// The columns that both the snapshot and the stream carry.
    public var exportedColumns: [Column] {
        columns.filter { column in
            guard canPublishGenerated || !column.isGenerated else { return false }
            return publishedColumns?.contains(column.name) ?? !column.isGenerated
        }
    }
}
