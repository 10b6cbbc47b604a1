// SPDX-License-Identifier: Apache-2.0

import Changelog
import Faults
import LibPQ

/// Finds the heaps whose updates the server would refuse once they are published.
///
/// A partition has a replica identity of its own: neither that of its root nor the root's `FULL` comes down to it.
enum IdentityCheck {
    /// The first heap without an identity behind each of `tables`, by the table's object identifier.
    static func unidentified(
        _ tables: [TableDescription], _ catalog: borrowing PQConnection
    ) throws(Fault) -> [UInt32: String] {
        let roots = tables.filter { $0.kind == .partitioned }.map { "(\($0.oid)::oid)" }
        guard !roots.isEmpty else { return [:] }
        let rows = try catalog.query(
            """
            select t.root, min(n.nspname || '.' || c.relname) as heap
            from (values \(roots.joined(separator: ", "))) t (root)
            cross join lateral pg_catalog.pg_partition_tree(t.root) p
            join pg_catalog.pg_class c on c.oid = p.relid
            join pg_catalog.pg_namespace n on n.oid = c.relnamespace
            where p.isleaf and c.relkind = 'r' and c.relreplident <> 'f'
              and not exists (
                  select from pg_catalog.pg_index i
                  where i.indrelid = c.oid and i.indisvalid and i.indimmediate
                    and case c.relreplident when 'i' then i.indisreplident when 'd' then i.indisprimary end)
            group by t.root
            """
        ).records
        var found: [UInt32: String] = [:]
        for row in rows {
            if let root = row["root"].flatMap({ UInt32($0) }) { found[root] = row["heap"] }
        }
        return found
    }
}
