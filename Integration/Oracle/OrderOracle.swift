// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Another decoder of the same log as a judge of order: a slot of its own with `wal2json`, which Debian has for its
/// version of the server. Transaction, table, operation and key of every change must follow each other in the export,
/// by `_cdc_seq` over all tables, as they do there.
final class OrderOracle {
    private let scene: Scene
    private let slot: String
    private let begin: UInt64

    /// A server that has the plugin.
    static func makeServer() throws -> PostgresServer {
        let server = try PostgresServer(.standard)
        // Later releases load no output plugin that is not listed.
        let isListed = try server.sql("SELECT count(*) FROM pg_settings WHERE name = 'output_plugin_libraries'") == "1"
        if isListed {
            try server.sql("ALTER SYSTEM SET output_plugin_libraries = pgoutput, test_decoding, wal2json")
            try server.restart()
        }
        return server
    }

    /// Begins to watch; call when the export has caught up and nobody writes.
    init(_ scene: Scene) throws {
        self.scene = scene
        slot = scene.database + "_order"
        guard let position = try (scene.export.anchors().last?["to"] as? String).flatMap(SlotLaw.position) else {
            throw TestFailure("the export has no anchor to begin at")
        }
        begin = position
        try scene.server.sql(
            """
            SELECT pg_create_logical_replication_slot('\(slot)', 'wal2json');
            CREATE UNLOGGED TABLE oracle.told (n bigserial PRIMARY KEY, line jsonb);
            """, in: scene.database)
    }

    /// Where the orders part; empty when they are one. The records of the export must be loaded.
    func differences() throws -> [String] {
        try scene.server.sql(
            """
            INSERT INTO oracle.told(line) SELECT data::jsonb FROM pg_logical_slot_get_changes('\(slot)', NULL, NULL,
                'format-version', '2', 'include-xids', '1', 'include-lsn', '1', 'include-pk', '1',
                'add-tables', 'public.*')
            """, in: scene.database)
        let beginning = String(begin, radix: 16)
        let padded = String(repeating: "0", count: 16 - beginning.count) + beginning
        let text = try scene.server.sql(
            Self.comparison.replacingOccurrences(of: "BEGINNING", with: padded), in: scene.database)
        return Lines.of(text)
    }

    /// How many changes the other decoder told of.
    func count() throws -> Int {
        try Int(
            scene.server.sql("SELECT count(*) FROM oracle.told WHERE line ? 'table'", in: scene.database)) ?? 0
    }

    private static let comparison = """
        CREATE TEMP TABLE theirs AS
            SELECT row_number() OVER (ORDER BY n) AS i, (line->>'xid')::bigint AS xid,
                line->>'schema' || '.' || (line->>'table') AS tbl,
                translate(line->>'action', 'IUDT', 'cudt') AS op,
                (SELECT coalesce(jsonb_object_agg(c->>'name', c->'value'), '{}')
                 FROM jsonb_array_elements(coalesce(line->'identity', line->'columns', '[]')) c
                 WHERE line ? 'identity' OR coalesce(line->'pk', '[]') = '[]'
                     OR c->>'name' IN (SELECT p->>'name' FROM jsonb_array_elements(line->'pk') p)) AS key
            FROM oracle.told WHERE line->>'action' IN ('I', 'U', 'D', 'T');
        CREATE TEMP TABLE ours AS
            SELECT row_number() OVER (ORDER BY rec->>'_cdc_seq' COLLATE "C") AS i, (rec->>'_cdc_xid')::bigint AS xid,
                tbl, rec->>'_cdc_op' AS op, rec
            FROM oracle.records
            WHERE tbl LIKE 'public.%' AND rec->>'_cdc_op' IN ('c', 'u', 'd', 't')
                AND substr(rec->>'_cdc_seq', 6, 16) COLLATE "C" > 'BEGINNING';
        SELECT 'change ' || coalesce(t.i, o.i) || ': '
            || coalesce(t.xid || ' ' || t.op || ' ' || t.tbl || ' ' || left(t.key::text, 100), 'nothing')
            || ' there, ' || coalesce(o.xid || ' ' || o.op || ' ' || o.tbl || ' ' || left(o.rec::text, 200), 'nothing')
            || ' here'
        FROM theirs t FULL JOIN ours o USING (i)
        WHERE t.i IS NULL OR o.i IS NULL OR (t.xid, t.tbl, t.op) IS DISTINCT FROM (o.xid, o.tbl, o.op)
            OR EXISTS (SELECT FROM jsonb_each_text(t.key) k WHERE k.value IS DISTINCT FROM
                CASE WHEN o.rec->'_cdc_old' ? k.key THEN o.rec->'_cdc_old'->>k.key ELSE o.rec->>k.key END)
        ORDER BY coalesce(t.i, o.i) LIMIT 5
        """
}
