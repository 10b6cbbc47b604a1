// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import Faults
import LibPQ
import PostgresValues

/// Reads what the plan needs from the system catalog.
enum CatalogReader {
    /// All tables that could be exported, without columns.
    static func tables(
        _ connection: borrowing PQConnection, kinds: [TableDescription.Kind]
    ) throws(Fault) -> [TableDescription] {
        let letters = kinds.map { "'\($0.rawValue)'" }.joined(separator: ", ")
        let sql = """
            select c.oid, n.nspname, c.relname, c.relkind, c.relreplident, c.relpersistence,
                   pg_catalog.row_security_active(c.oid) as hides,
                   exists (select from pg_catalog.pg_depend d
                           where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid
                             and d.deptype = 'e') as extension,
                   array_to_string(array(select a::oid from pg_catalog.pg_partition_ancestors(c.oid) a
                                         where a <> c.oid), ' ') as ancestors,
                   exists (select from pg_catalog.pg_index i
                           where i.indrelid = c.oid and i.indisvalid and i.indimmediate
                             and case c.relreplident when 'i' then i.indisreplident else i.indisprimary end) as identity
            from pg_catalog.pg_class c
            join pg_catalog.pg_namespace n on n.oid = c.relnamespace
            where c.relkind in (\(letters))
              and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
              and c.relpersistence <> 't'
            order by n.nspname collate "C", c.relname collate "C"
            """
        return try connection.query(sql).records.compactMap(description)
    }

    private static func description(_ row: [String: String]) -> TableDescription? {
        guard let oid = row["oid"].flatMap(UInt32.init), let namespace = row["nspname"], let name = row["relname"],
            let kind = row["relkind"].flatMap(TableDescription.Kind.init(rawValue:)),
            let identity = row["relreplident"].flatMap(TableDescription.Identity.init(rawValue:))
        else { return nil }
        var description = TableDescription(
            oid: oid, name: TableName(namespace: namespace, name: name), kind: kind, identity: identity,
            isLogged: row["relpersistence"] == "p", hidesRows: row["hides"] == "t",
            isExtensionOwned: row["extension"] == "t",
            ancestors: (row["ancestors"] ?? "").split(separator: " ").compactMap { UInt32($0) })
        description.hasIdentityIndex = row["identity"] == "t"
        return description
    }

    /// Fills in columns and keys.
    static func addColumns(
        _ connection: borrowing PQConnection, to tables: inout [TableDescription]
    ) throws(Fault) {
        let columns = try columns(of: tables.map(\.oid), connection)
        let keys = try keys(of: tables.map(\.oid), connection)
        for index in tables.indices {
            tables[index].columns = columns[tables[index].oid] ?? []
            tables[index].key = keys[tables[index].oid] ?? []
        }
    }

    /// What the catalog says of the columns of some tables; nothing of tables that are gone.
    static func facts(
        of oids: [UInt32], _ connection: borrowing PQConnection
    ) throws(Fault) -> [UInt32: TableFacts] {
        let keys = try keys(of: oids, connection)
        var facts: [UInt32: TableFacts] = [:]
        for (oid, columns) in try columns(of: oids, connection) {
            facts[oid] = TableFacts(columns, key: keys[oid] ?? [])
        }
        return facts
    }

    /// Columns in the order of their numbers. The labels are those of an enumeration, also under a domain.
    private static func columns(
        of oids: [UInt32], _ connection: borrowing PQConnection
    ) throws(Fault) -> [UInt32: [TableDescription.Column]] {
        guard !oids.isEmpty else { return [:] }
        let rows = try connection.query(
            """
            select a.attrelid, a.attname, a.atttypid, a.atttypmod, a.attgenerated <> '' as generated, a.attnum,
                   not (a.attnotnull or t.typnotnull) as nullable,
                   case when e.typtype = 'e'
                        then to_json(array(select enumlabel from pg_catalog.pg_enum
                                           where enumtypid = e.oid order by enumsortorder))::text end as labels
            from pg_catalog.pg_attribute a
            join pg_catalog.pg_type t on t.oid = a.atttypid
            left join pg_catalog.pg_type e
                on e.oid = case when t.typtype = 'd' then t.typbasetype else t.oid end and e.typtype = 'e'
            where a.attrelid = any ('{\(list(oids))}'::oid[]) and a.attnum > 0 and not a.attisdropped
            order by a.attrelid, a.attnum
            """
        ).records
        return byTable(rows, "attrelid").mapValues { $0.compactMap(column) }
    }

    private static func keys(
        of oids: [UInt32], _ connection: borrowing PQConnection
    ) throws(Fault) -> [UInt32: [String]] {
        guard !oids.isEmpty else { return [:] }
        let rows = try connection.query(
            """
            select i.indrelid, a.attname
            from pg_catalog.pg_index i
            join pg_catalog.pg_class c on c.oid = i.indrelid
            cross join lateral unnest(i.indkey::int2[]) with ordinality k (attnum, place)
            join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
            where i.indrelid = any ('{\(list(oids))}'::oid[]) and k.place <= i.indnkeyatts
              and case c.relreplident when 'i' then i.indisreplident else i.indisprimary end
            order by i.indrelid, k.place
            """
        ).records
        return byTable(rows, "indrelid").mapValues { $0.compactMap { $0["attname"] } }
    }

    private static func byTable(_ rows: [[String: String]], _ name: String) -> [UInt32: [[String: String]]] {
        Dictionary(grouping: rows) { $0[name].flatMap(UInt32.init) ?? 0 }
    }

    private static func list(_ oids: [UInt32]) -> String { oids.map(String.init).joined(separator: ",") }

    private static func column(_ row: [String: String]) -> TableDescription.Column? {
        guard let name = row["attname"], let oid = row["atttypid"].flatMap(UInt32.init),
            let modifier = row["atttypmod"].flatMap(Int32.init)
        else { return nil }
        let labels = row["labels"].flatMap { JSON(parsing: Array($0.utf8)) }?.elements?.compactMap(\.text)
        return TableDescription.Column(
            name: name, typeOID: oid, typeModifier: modifier, isGenerated: row["generated"] == "t",
            number: row["attnum"].flatMap { Int($0) }, isNullable: row["nullable"].map { $0 == "t" }, labels: labels)
    }

    /// Fills in the heaps behind each table, with the files that they have now.
    static func addHeaps(
        _ connection: borrowing PQConnection, to tables: inout [TableDescription]
    ) throws(Fault) {
        guard !tables.isEmpty else { return }
        let oids = tables.map { "(\($0.oid)::oid)" }.joined(separator: ", ")
        let heaps = try connection.query(
            """
            select t.root, c.oid, n.nspname, c.relname, c.relkind,
                   coalesce(pg_catalog.pg_relation_filenode(c.oid), 0) as file,
                   case when c.relkind in ('r', 'm')
                        then pg_catalog.pg_relation_size(c.oid) / current_setting('block_size')::bigint
                        else 0 end as pages
            from (values \(oids)) t (root)
            cross join lateral (
                select p.relid from pg_catalog.pg_partition_tree(t.root) p where p.isleaf
                union select t.root::regclass
                      where not exists (select from pg_catalog.pg_partition_tree(t.root))) leaf
            join pg_catalog.pg_class c on c.oid = leaf.relid
            join pg_catalog.pg_namespace n on n.oid = c.relnamespace
            where c.relkind <> 'p'
            order by t.root, n.nspname collate "C", c.relname collate "C"
            """
        ).records
        let heapsByTable = Dictionary(grouping: heaps) { $0["root"] ?? "" }
        for index in tables.indices {
            tables[index].heaps = heapsByTable[String(tables[index].oid), default: []].compactMap(heap)
        }
    }

    private static func heap(_ row: [String: String]) -> TableDescription.Heap? {
        guard let oid = row["oid"].flatMap(UInt32.init), let namespace = row["nspname"], let name = row["relname"],
            let kind = row["relkind"].flatMap(TableDescription.Kind.init(rawValue:)),
            let file = row["file"].flatMap(UInt32.init), let pages = row["pages"].flatMap({ Int($0) })
        else { return nil }
        return TableDescription.Heap(
            oid: oid, name: TableName(namespace: namespace, name: name), kind: kind, fileNode: file, pageCount: pages)
    }
}
