// SPDX-License-Identifier: Apache-2.0

import Changelog
import Faults
import LibPQ

/// Reads fingerprints from the system catalog, in a handful of queries that lock no table: a table that somebody is
/// changing must not hold up the stream. What they cost is in `docs/operators/postgresql.md`.
enum FingerprintReader {
    /// The tables of the publication that `options` choose, as they are now.
    static func read(_ options: PostgresOptions, _ catalog: borrowing PQConnection) throws(Fault) -> TableReading {
        try catalog.query("begin isolation level repeatable read read only")
        let walk = walk(options.publication, catalog)
        var reading = TableReading(
            fingerprints: TableFingerprints(tables: try tables(walk, options, catalog), known: try known(catalog)))
        try addHeaps(walk, to: &reading, catalog)
        try addColumns(to: &reading.fingerprints, catalog)
        try catalog.query("commit")
        return reading
    }

    /// Whether a heap has pages. One that somebody has locked counts as one that has.
    static func holdsRows(_ oid: Int64, _ catalog: borrowing PQConnection) throws(Fault) -> Bool {
        let answer = try catalog.attempt(
            "begin; set local lock_timeout = '1s'; select pg_catalog.pg_relation_size(\(oid)::oid) > 0")
        defer { _ = try? catalog.attempt("rollback") }
        guard case .success(let table) = answer else { return true }
        return table.scalar == "t"
    }

    /// The members of the publication and all that lies below them. A partition that was made as one has its row in
    /// `pg_inherits` from the command that made it; one that was attached has it from a later one.
    private static func walk(_ publication: String, _ catalog: borrowing PQConnection) -> String {
        let hasDetails = catalog.serverVersion >= 150_000
        let filter = hasDetails ? "pg_catalog.md5(r.prqual::text)" : "null::text"
        let list = hasDetails ? "r.prattrs::text" : "null::text"
        let schemas =
            hasDetails
            ? """
                or exists (select from pg_catalog.pg_publication_namespace s
                           where s.pnpubid = pub.oid and s.pnnspid = c.relnamespace)
            """ : ""
        return """
            with recursive pub as (
                select p.oid, p.puballtables, p.pubviaroot,
                       concat(case when p.pubinsert then 'i' end, case when p.pubupdate then 'u' end,
                              case when p.pubdelete then 'd' end, case when p.pubtruncate then 't' end) as operations
                from pg_catalog.pg_publication p where p.pubname = \(PQConnection.quoted(literal: publication))),
            member as (
                select c.oid, pub.puballtables, pub.pubviaroot, pub.operations, r.prrelid is not null as is_named,
                       \(filter) as filter, \(list) as list
                from pub cross join pg_catalog.pg_class c
                left join pg_catalog.pg_publication_rel r on r.prpubid = pub.oid and r.prrelid = c.oid
                where c.relkind in ('r', 'p') and c.relpersistence in ('p', 'u') and c.oid >= 16384
                  and (r.prrelid is not null or (pub.puballtables and not c.relispartition)
                       \(schemas))),
            tree (root, relid, attached) as (
                select oid, oid, false from member
                union all
                select t.root, i.inhrelid,
                       t.attached or i.xmin::text <> a.xmin::text
                           or i.cmin::text::bigint - a.cmin::text::bigint not between 0 and 2
                from tree t
                join pg_catalog.pg_inherits i on i.inhparent = t.relid
                join pg_catalog.pg_class k on k.oid = i.inhrelid and k.relispartition
                join pg_catalog.pg_attribute a on a.attrelid = i.inhrelid and a.attnum = -1),
            root as (
                select m.* from member m
                where not exists (select from tree t where t.relid = m.oid and t.root <> m.oid))

            """
    }

    /// Partitioned tables stand for their leaves where the publication says so; elsewhere each leaf is a table.
    private static func tables(
        _ walk: String, _ options: PostgresOptions, _ catalog: borrowing PQConnection
    ) throws(Fault) -> [Int64: TableFingerprint] {
        let rows = try catalog.query(
            walk + """
                select distinct on (c.oid) c.oid, n.nspname, c.relname, c.relkind, c.relpersistence, r.operations,
                       case when r.puballtables then 'all' when m.is_named then 'explicit' else 'schema' end as membership,
                       m.filter, m.list
                from root r
                join tree t on t.root = r.oid and (not r.pubviaroot or t.relid = r.oid)
                join pg_catalog.pg_class c on c.oid = t.relid and (r.pubviaroot or c.relkind = 'r')
                join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                left join member m on m.oid = c.oid
                """
        ).records
        var tables: [Int64: TableFingerprint] = [:]
        for row in rows {
            guard let table = fingerprint(row), options.selection.contains(table.name) else { continue }
            tables[table.oid] = table
        }
        return tables
    }

    private static func fingerprint(_ row: [String: String]) -> TableFingerprint? {
        guard let oid = row["oid"].flatMap({ Int64($0) }), let namespace = row["nspname"], let name = row["relname"],
            let membership = row["membership"].flatMap(TableFingerprint.Membership.init(rawValue:))
        else { return nil }
        return TableFingerprint(
            oid: oid, name: TableName(namespace: namespace, name: name), isPartitioned: row["relkind"] == "p",
            persistence: row["relpersistence"] ?? "p", membership: membership, filter: row["filter"],
            columnList: row["list"], operations: row["operations"] ?? "", columns: [], heaps: [])
    }

    private static func addHeaps(
        _ walk: String, to reading: inout TableReading, _ catalog: borrowing PQConnection
    ) throws(Fault) {
        let rows = try catalog.query(
            walk + """
                select case when r.pubviaroot then t.root else t.relid end as owner, c.oid, n.nspname, c.relname,
                       c.relfilenode, c.xmin as changed_by, t.attached
                from root r
                join tree t on t.root = r.oid
                join pg_catalog.pg_class c on c.oid = t.relid and c.relkind = 'r'
                join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                order by owner, c.oid
                """
        ).records
        for row in rows {
            guard let owner = row["owner"].flatMap({ Int64($0) }), let oid = row["oid"].flatMap({ Int64($0) }),
                let namespace = row["nspname"], let name = row["relname"],
                let file = row["relfilenode"].flatMap({ Int64($0) }), reading.fingerprints.tables[owner] != nil
            else { continue }
            reading.fingerprints.tables[owner]?.heaps.append(
                TableFingerprint.Heap(oid: oid, name: TableName(namespace: namespace, name: name), file: file))
            if row["attached"] == "t" { reading.attached.insert(oid) }
            reading.changedBy[oid] = row["changed_by"].flatMap { Int64($0) }
        }
    }

    /// The columns of the tables. Rows older than a column have its constant default in their heap's own description,
    /// which is a leaf's where there are leaves.
    private static func addColumns(
        to fingerprints: inout TableFingerprints, _ catalog: borrowing PQConnection
    ) throws(Fault) {
        let owners = fingerprints.tables.values.flatMap { table in table.heaps.map { ($0.oid, table.oid) } }
        let missing = try catalog.query(
            """
            select attrelid, attname, attmissingval::text as value from pg_catalog.pg_attribute
            where atthasmissing and attnum > 0 and not attisdropped and attrelid = any ('{\(list(owners.map(\.0)))}'::oid[])
            order by attrelid, attnum
            """
        ).records
        let ownerOf = Dictionary(owners, uniquingKeysWith: { first, _ in first })
        var values: [Int64: [String: String]] = [:]
        for row in missing {
            guard let heap = row["attrelid"].flatMap({ Int64($0) }), let owner = ownerOf[heap],
                let name = row["attname"]
            else { continue }
            values[owner, default: [:]][name] = row["value"]
        }
        let rows = try catalog.query(
            """
            select a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, a.xmin as version, d.oid as default
            from pg_catalog.pg_attribute a
            left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
            where a.attnum > 0 and not a.attisdropped
              and a.attrelid = any ('{\(list(fingerprints.tables.keys.sorted()))}'::oid[])
            order by a.attrelid, a.attnum
            """
        ).records
        for row in rows {
            guard let table = row["attrelid"].flatMap({ Int64($0) }), let name = row["attname"],
                let column = column(row, missing: values[table]?[name])
            else { continue }
            fingerprints.tables[table]?.columns.append(column)
        }
    }

    private static func column(_ row: [String: String], missing: String?) -> TableFingerprint.Column? {
        guard let number = row["attnum"].flatMap({ Int64($0) }), let name = row["attname"],
            let type = row["atttypid"].flatMap({ Int64($0) }), let modifier = row["atttypmod"].flatMap({ Int64($0) }),
            let version = row["version"].flatMap({ Int64($0) })
        else { return nil }
        return TableFingerprint.Column(
            number: number, name: name, type: type, modifier: modifier, version: version, missing: missing,
            defaultNumber: row["default"].flatMap { Int64($0) })
    }

    private static func known(_ catalog: borrowing PQConnection) throws(Fault) -> Set<Int64> {
        let rows = try catalog.query(
            """
            select oid from pg_catalog.pg_class
            where relkind in ('r', 'p') and relpersistence <> 't' and oid >= 16384
            """
        ).rows
        return Set(rows.compactMap { $0.first.flatMap { $0 }.flatMap { Int64($0) } })
    }

    private static func list(_ oids: [Int64]) -> String { oids.map(String.init).joined(separator: ",") }
}
