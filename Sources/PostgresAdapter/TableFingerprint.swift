// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import Faults

/// What the catalog says of one exported table, as far as it can give away that rows changed without a change.
struct TableFingerprint: Hashable {
    /// How a table came into the publication.
    enum Membership: String {
        /// It is named there.
        case explicit
        /// Its schema is, or a partitioned table above it.
        case schema
        /// All tables are published.
        case all
    }

    /// One column.
    struct Column: Hashable {
        /// Its number, which no other column of the table ever gets.
        let number: Int64
        let name: String
        let type: Int64
        let modifier: Int64
        /// The transaction that wrote its row in the catalog.
        let version: Int64
        /// The value of rows that are older than the column, when it was added with a constant default.
        let missing: String?
        /// The object identifier of its default, which a change of the column's type makes anew; nil without one.
        var defaultNumber: Int64?
    }

    /// One heap that holds rows of the table: the table itself, or a leaf of it.
    struct Heap: Hashable {
        let oid: Int64
        let name: TableName
        /// Its file, which changes when it is rewritten or emptied.
        let file: Int64
    }

    let oid: Int64
    let name: TableName
    /// Whether its rows are leaves' rows.
    let isPartitioned: Bool
    /// `p` logged, `u` not.
    let persistence: String
    let membership: Membership
    /// Stands for the row filter; nil when there is none.
    let filter: String?
    /// The numbers of the published columns; nil when all are.
    let columnList: String?
    /// The operations that are published, a letter each.
    let operations: String
    var columns: [Column]
    var heaps: [Heap]
}

/// The exported tables as the catalog had them at one moment.
struct TableFingerprints: Equatable {
    /// The tables by object identifier.
    var tables: [Int64: TableFingerprint]
    /// The object identifiers of all tables of the database, exported or not: what is among them is not new.
    var known: Set<Int64>
}

/// What a look at the catalog found: what is kept, and what only a comparison with an earlier look needs.
struct TableReading {
    var fingerprints: TableFingerprints
    /// Heaps that became partitions after they had been made, and so may have brought rows along.
    var attached: Set<Int64> = []
    /// The transactions that changed the heaps last: one that emptied a whole table has changed all its leaves.
    var changedBy: [Int64: Int64] = [:]
}

// MARK: The file

extension TableFingerprints {
    /// The canonical form: equal fingerprints have equal bytes, and only they.
    var bytes: [UInt8] {
        JSON.object([
            "format": .number(1), "known": .array(known.sorted().map(JSON.number)),
            "tables": .array(tables.values.sorted { $0.oid < $1.oid }.map(\.json)),
        ]).bytes
    }

    /// Reads the canonical form back.
    init(bytes: [UInt8]) throws(Fault) {
        guard let json = JSON(parsing: bytes), json["format"] == .number(1), let list = json["tables"]?.elements,
            let known = json["known"]?.elements
        else { throw Fault(.exportFormat, "the tables file of the newest anchor is none that this version knows") }
        tables = [:]
        self.known = Set(known.compactMap(\.number))
        for element in list {
            guard let table = TableFingerprint(element) else {
                throw Fault(.exportFormat, "the tables file of the newest anchor has a table that cannot be understood")
            }
            tables[table.oid] = table
        }
    }
}

extension TableName {
    fileprivate func members(_ more: [String: JSON]) -> JSON {
        .object(more.merging(["namespace": .text(namespace ?? ""), "name": .text(name)]) { first, _ in first })
    }

    fileprivate init?(_ json: JSON) {
        guard let namespace = json["namespace"]?.text, let name = json["name"]?.text else { return nil }
        self.init(namespace: namespace, name: name)
    }
}

extension TableFingerprint {
    fileprivate var json: JSON {
        name.members([
            "oid": .number(oid), "partitioned": .bool(isPartitioned), "persistence": .text(persistence),
            "membership": .text(membership.rawValue), "filter": filter.map(JSON.text) ?? .null,
            "columnList": columnList.map(JSON.text) ?? .null, "operations": .text(operations),
            "columns": .array(columns.map(\.json)), "heaps": .array(heaps.map(\.json)),
        ])
    }

    fileprivate init?(_ json: JSON) {
        guard let oid = json["oid"]?.number, let name = TableName(json), let persistence = json["persistence"]?.text,
            let membership = json["membership"]?.text.flatMap(Membership.init(rawValue:)),
            let operations = json["operations"]?.text, let columns = json["columns"]?.elements,
            let heaps = json["heaps"]?.elements
        else { return nil }
        self.init(
            oid: oid, name: name, isPartitioned: json["partitioned"] == .bool(true), persistence: persistence,
            membership: membership, filter: json["filter"]?.text, columnList: json["columnList"]?.text,
            operations: operations, columns: columns.compactMap(Column.init), heaps: heaps.compactMap(Heap.init))
        guard self.columns.count == columns.count, self.heaps.count == heaps.count else { return nil }
    }
}

extension TableFingerprint.Column {
    fileprivate var json: JSON {
        var members: [String: JSON] = [
            "number": .number(number), "name": .text(name), "type": .number(type), "modifier": .number(modifier),
            "version": .number(version), "missing": missing.map(JSON.text) ?? .null,
        ]
        if let defaultNumber { members["default"] = .number(defaultNumber) }
        return .object(members)
    }

    fileprivate init?(_ json: JSON) {
        guard let number = json["number"]?.number, let name = json["name"]?.text, let type = json["type"]?.number,
            let modifier = json["modifier"]?.number, let version = json["version"]?.number
        else { return nil }
        self.init(
            number: number, name: name, type: type, modifier: modifier, version: version,
            missing: json["missing"]?.text, defaultNumber: json["default"]?.number)
    }
}

extension TableFingerprint.Heap {
    fileprivate var json: JSON { name.members(["oid": .number(oid), "file": .number(file)]) }

    fileprivate init?(_ json: JSON) {
        guard let oid = json["oid"]?.number, let file = json["file"]?.number, let name = TableName(json) else {
            return nil
        }
        self.init(oid: oid, name: name, file: file)
    }
}
