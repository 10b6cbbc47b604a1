// SPDX-License-Identifier: Apache-2.0

import Changelog
import Faults
import LibPQ
import PostgresValues

/// Reads descriptions of user-defined types, and of all the types that they are made of.
enum TypeCatalog {
    /// Adds to `dictionary` what it needs to know the types in `oids`. A type that is gone stays unknown: its values
    /// are then text.
    static func load(
        _ oids: some Sequence<UInt32>, into dictionary: inout TypeDictionary, _ connection: borrowing PQConnection
    ) throws(Fault) {
        var wanted = Set(oids.filter { dictionary.missing($0) })
        var asked: Set<UInt32> = []
        while !wanted.isEmpty {
            asked.formUnion(wanted)
            let found = try read(wanted.sorted(), connection)
            for type in found { dictionary.insert(type) }
            wanted = Set(found.flatMap(parts)).subtracting(asked).filter { dictionary.missing($0) }
        }
    }

    private static func parts(of type: PostgresType) -> [UInt32] {
        switch type.kind {
        case .array(let element, _): [element]
        case .composite(let fields): fields.map(\.typeOID)
        case .domain(let base, _): [base]
        default: []
        }
    }

    private static func read(
        _ oids: [UInt32], _ connection: borrowing PQConnection
    ) throws(Fault) -> [PostgresType] {
        let list = oids.map(String.init).joined(separator: ", ")
        let types = try connection.query(
            """
            select t.oid, n.nspname, t.typname, t.typtype, t.typrelid, t.typbasetype, t.typtypmod, t.typdelim,
                   case when e.typarray = t.oid then e.oid else 0 end as element,
                   coalesce(e.typdelim, ',') as delimiter,
                   exists (select from pg_catalog.pg_cast k
                           where k.castsource = t.oid and k.casttarget = 'pg_catalog.json'::regtype
                             and k.castmethod = 'f') as jsoncast,
                   exists (select from pg_catalog.pg_depend d
                           join pg_catalog.pg_extension x on x.oid = d.refobjid
                           where d.classid = 'pg_catalog.pg_type'::regclass and d.objid = t.oid
                             and d.refclassid = 'pg_catalog.pg_extension'::regclass
                             and x.extname = 'hstore') as hstore
            from pg_catalog.pg_type t
            join pg_catalog.pg_namespace n on n.oid = t.typnamespace
            left join pg_catalog.pg_type e on e.oid = t.typelem and t.typelem <> 0
            where t.oid in (\(list))
            """
        ).records
        let relations = types.compactMap { $0["typrelid"] }.filter { $0 != "0" }
        let fields = relations.isEmpty ? [] : try attributes(relations, connection)
        return types.compactMap { type($0, fields: fields) }
    }

    private static func attributes(
        _ relations: [String], _ connection: borrowing PQConnection
    ) throws(Fault) -> [[String: String]] {
        try connection.query(
            """
            select attrelid, attname, atttypid, atttypmod
            from pg_catalog.pg_attribute
            where attrelid in (\(relations.joined(separator: ", "))) and attnum > 0 and not attisdropped
            order by attrelid, attnum
            """
        ).records
    }

    private static func type(_ row: [String: String], fields: [[String: String]]) -> PostgresType? {
        guard let oid = row["oid"].flatMap(UInt32.init), let namespace = row["nspname"], let name = row["typname"]
        else { return nil }
        return PostgresType(oid: oid, name: "\(namespace).\(name)", kind: kind(row, fields: fields))
    }

    private static func kind(_ row: [String: String], fields: [[String: String]]) -> PostgresType.Kind {
        if let element = row["element"].flatMap(UInt32.init), element != 0 {
            return .array(element: element, delimiter: row["delimiter"]?.utf8.first ?? UInt8(ascii: ","))
        }
        switch row["typtype"] {
        case "c":
            return .composite(
                fields.filter { $0["attrelid"] == row["typrelid"] }.compactMap { field in
                    guard let name = field["attname"], let oid = field["atttypid"].flatMap(UInt32.init) else {
                        return nil
                    }
                    return PostgresType.Attribute(
                        name: name, typeOID: oid, typeModifier: field["atttypmod"].flatMap(Int32.init) ?? -1)
                })
        case "d":
            return .domain(
                base: row["typbasetype"].flatMap(UInt32.init) ?? 0,
                typeModifier: row["typtypmod"].flatMap(Int32.init) ?? -1)
        case "e": return .enumeration
        case "r": return .range
        case "m": return .multirange
        case "p": return .pseudo
        default:
            if row["hstore"] == "t", row["typname"] == "hstore" { return .hstore }
            return row["jsoncast"] == "t" ? .jsonCast : .base
        }
    }
}
