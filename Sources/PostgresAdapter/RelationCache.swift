// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import PgOutput
import PostgresValues

/// A table as the stream last described it.
final class StreamedTable {
    let schema: TableSchema
    let converters: [ValueConverter]
    let isKey: [Bool]
    /// Whether its changes are exported at all.
    let isSelected: Bool
    /// What the schema was made of, so that it can be made again when the catalog says more.
    let description: TableOfStream?
    /// Where the schema stands in the batch in hand; -1 when it does not yet.
    var indexInBatch = -1
    /// The batch in hand when ``indexInBatch`` was set.
    var batchSerial = -1

    init(
        schema: TableSchema, converters: [ValueConverter], isKey: [Bool], isSelected: Bool,
        description: TableOfStream? = nil
    ) {
        self.schema = schema
        self.converters = converters
        self.isKey = isKey
        self.isSelected = isSelected
        self.description = description
    }
}

/// What a RELATION message says, in a form that outlives it.
struct TableOfStream: Equatable {
    let oid: UInt32
    let name: TableName
    let identity: ReplicaIdentity
    let columns: [StreamedColumn]
    let isKey: [Bool]

    init(_ relation: Relation) throws(WireFault) {
        var relation = relation
        let namespace = relation.namespace.byteCount == 0 ? "pg_catalog" : relation.namespace.decodedString()
        name = TableName(namespace: namespace, name: relation.name.decodedString())
        oid = relation.oid
        identity = relation.identity
        var columns: [StreamedColumn] = []
        var isKey: [Bool] = []
        for _ in 0..<relation.columnCount {
            let column = try relation.nextColumn()
            columns.append(
                StreamedColumn(
                    name: column.name.decodedString(), typeOID: column.typeOID, typeModifier: column.typeModifier))
            isKey.append(column.isKey)
        }
        self.columns = columns
        self.isKey = isKey
    }
}

/// The tables of the stream by object identifier, as of the place in the stream that was read last. What columns a
/// table has only the stream says: it describes a table before the first change that has its new shape. The catalog
/// adds what the stream does not say, where it has the same columns.
struct RelationCache {
    /// What a description came to.
    enum News {
        /// The table is new, or has another shape.
        case newShape(StreamedTable)
        /// Nothing is new; but something has happened to the table that made the server say it again.
        case again(StreamedTable)
    }

    private var tables: [UInt32: StreamedTable] = [:]
    private let selection: TableSelection
    private let keys: [UInt32: [String]]
    var types: TypeDictionary
    var memory = CatalogMemory()

    /// `keys` are the logical keys by object identifier, for the stream marks every column under REPLICA IDENTITY FULL.
    init(selection: TableSelection, keys: [UInt32: [String]], types: TypeDictionary) {
        self.selection = selection
        self.keys = keys
        self.types = types
    }

    subscript(oid: UInt32) -> StreamedTable? { tables[oid] }

    /// The exported tables that the stream has described.
    var describedTables: [UInt32] { tables.filter(\.value.isSelected).map(\.key) }

    /// The types of `relation` of which nothing is known.
    func unknownTypes(_ relation: Relation) throws(WireFault) -> [UInt32] {
        var relation = relation
        var unknown: [UInt32] = []
        for _ in 0..<relation.columnCount {
            let oid = try relation.nextColumn().typeOID
            if types.missing(oid) { unknown.append(oid) }
        }
        return unknown
    }

    /// Whether the catalog should be asked about a table before its description is taken in.
    func lacksFacts(_ relation: Relation) throws(WireFault) -> Bool {
        let described = try TableOfStream(relation)
        return selection.contains(described.name) && memory.lacks(described.columns, of: described.oid)
    }

    /// Says that the catalog was asked about a table that the stream describes so.
    mutating func noteAsked(_ relation: Relation) throws(WireFault) {
        let described = try TableOfStream(relation)
        memory.note(asked: described.columns, of: described.oid)
    }

    /// Takes in a description, replacing the one before.
    mutating func update(_ relation: Relation) throws(WireFault) -> News {
        let described = try TableOfStream(relation)
        let table = table(described)
        if let known = tables[described.oid], known.schema == table.schema, known.isKey == table.isKey {
            return .again(known)
        }
        tables[described.oid] = table
        return .newShape(table)
    }

    /// Takes in what the catalog says now. Tables of which it says something new have another schema from here on.
    mutating func learn(_ facts: [UInt32: TableFacts]) {
        memory.learn(facts)
        for oid in facts.keys {
            guard let known = tables[oid], known.isSelected, let described = known.description else { continue }
            let table = table(described)
            if table.schema != known.schema { tables[oid] = table }
        }
    }

    private func table(_ described: TableOfStream) -> StreamedTable {
        let facts = memory.facts(of: described.columns, in: described.oid)
        let columns = zip(described.columns, facts).map { column, fact in
            TableSchema.Column(
                name: column.name, type: types.columnType(of: column.typeOID, typeModifier: column.typeModifier),
                sourceType: types.sourceTypeName(of: column.typeOID, typeModifier: column.typeModifier),
                attributeNumber: fact?.number, isNullable: fact?.isNullable, labels: fact?.labels)
        }
        return StreamedTable(
            schema: TableSchema(table: described.name, columns: columns, key: key(of: described)),
            converters: described.columns.map {
                ValueConverter(for: $0.typeOID, typeModifier: $0.typeModifier, in: types)
            },
            isKey: described.isKey, isSelected: selection.contains(described.name), description: described)
    }

    /// The catalog knows the order of the key's columns and, under REPLICA IDENTITY FULL, which they are; the stream knows
    /// whether the key is still the same.
    private func key(of table: TableOfStream) -> [String] {
        let planned = memory.key(of: table.oid) ?? keys[table.oid] ?? []
        let flagged = zip(table.columns, table.isKey).filter(\.1).map(\.0.name)
        switch table.identity {
        case .primaryKey, .index: return Set(planned) == Set(flagged) ? planned : flagged
        case .full, .nothing: return Set(planned).isSubset(of: table.columns.map(\.name)) ? planned : []
        }
    }
}
