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
    /// Where the schema stands in the batch in hand; -1 when it does not yet.
    var indexInBatch = -1
    /// The batch in hand when ``indexInBatch`` was set.
    var batchSerial = -1

    init(schema: TableSchema, converters: [ValueConverter], isKey: [Bool], isSelected: Bool) {
        self.schema = schema
        self.converters = converters
        self.isKey = isKey
        self.isSelected = isSelected
    }
}

/// The tables of the stream by object identifier, as of the place in the stream that was read last. Needs no look
/// into the catalog: the stream describes a table before the first change that has its new shape.
struct RelationCache {
    private var tables: [UInt32: StreamedTable] = [:]
    private let selection: TableSelection
    private let keys: [UInt32: [String]]
    var types: TypeDictionary

    /// `keys` are the logical keys by object identifier, for the stream marks every column under REPLICA IDENTITY FULL.
    init(selection: TableSelection, keys: [UInt32: [String]], types: TypeDictionary) {
        self.selection = selection
        self.keys = keys
        self.types = types
    }

    subscript(oid: UInt32) -> StreamedTable? { tables[oid] }

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

    /// Takes in a description, replacing the one before; returns the table when its shape is new.
    mutating func update(_ relation: Relation) throws(WireFault) -> StreamedTable? {
        var relation = relation
        let namespace = relation.namespace.byteCount == 0 ? "pg_catalog" : relation.namespace.decodedString()
        let name = TableName(namespace: namespace, name: relation.name.decodedString())
        let oid = relation.oid
        var columns: [TableSchema.Column] = []
        var converters: [ValueConverter] = []
        var isKey: [Bool] = []
        for _ in 0..<relation.columnCount {
            let column = try relation.nextColumn()
            let type = types.columnType(of: column.typeOID, typeModifier: column.typeModifier)
            columns.append(
                TableSchema.Column(
                    name: column.name.decodedString(), type: type,
                    sourceType: types.sourceTypeName(of: column.typeOID, typeModifier: column.typeModifier)))
            converters.append(ValueConverter(for: column.typeOID, typeModifier: column.typeModifier, in: types))
            isKey.append(column.isKey)
        }
        let flagged = zip(columns, isKey).filter(\.1).map(\.0.name)
        let key = key(of: relation, flagged: flagged, columns: columns.map(\.name))
        let schema = TableSchema(table: name, columns: columns, key: key)
        if let known = tables[oid], known.schema == schema, known.isKey == isKey { return nil }
        let table = StreamedTable(
            schema: schema, converters: converters, isKey: isKey, isSelected: selection.contains(name))
        tables[oid] = table
        return table
    }

    /// The plan knows the order of the key's columns and, under REPLICA IDENTITY FULL, which they are; the stream knows
    /// whether the key is still the same.
    private func key(of relation: borrowing Relation, flagged: [String], columns: [String]) -> [String] {
        let planned = keys[relation.oid] ?? []
        switch relation.identity {
        case .primaryKey, .index: return Set(planned) == Set(flagged) ? planned : flagged
        case .full, .nothing: return Set(planned).isSubset(of: columns) ? planned : []
        }
    }
}
