// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Oracle O2: what triggers wrote down in the same transactions must be what the stream says, event by event, in
/// order, grouped by transaction. Finds the duplicates that a state hides.
///
/// `audit.events` is exported with the other tables: its snapshot rows tell which transactions belong to the snapshot.
struct AuditTrigger {
    let records: RecordTable

    /// The table that the triggers write to; export it too.
    static let table = "audit.events"

    /// Puts triggers on all tables of the schema `public`.
    static func install(on server: PostgresServer, database: String) throws {
        try server.sql(schema, in: database)
    }

    /// What differs; empty when the export tells the truth.
    func differences() throws -> [String] {
        let text = try records.server.sql(
            """
            DO $$ BEGIN PERFORM oracle.collect(); END $$;
            SELECT CASE
                WHEN a.xid IS NULL THEN 'missing in the export'
                WHEN e.xid IS NULL THEN 'not written by anybody'
                ELSE 'different' END
                || ': xid ' || coalesce(e.xid, a.xid) || ' event ' || coalesce(e.n, a.n)
                || ' source ' || coalesce(e.op || ' ' || e.tbl, '-') || ' export ' || coalesce(a.op || ' ' || a.tbl, '-')
                || coalesce(' ' || left(e.new::text, 200), '') || coalesce(' / ' || left(a.rec::text, 300), '')
            FROM oracle.expected e FULL JOIN oracle.actual a ON a.xid = e.xid AND a.n = e.n
            WHERE e.xid IS NULL OR a.xid IS NULL OR e.tbl <> a.tbl OR e.op <> a.op
                OR NOT oracle.same(e.op, e.old, e.new, a.rec)
            LIMIT 20
            """, in: records.database, deadline: .seconds(900))
        return Lines.of(text)
    }

    /// How many events of the stream were compared.
    func count() throws -> Int {
        try Int(records.server.sql("SELECT count(*) FROM oracle.actual", in: records.database)) ?? 0
    }

    private static let schema = """
        CREATE SCHEMA audit;
        CREATE TABLE audit.events (
            seq bigserial PRIMARY KEY, xid bigint NOT NULL, tbl text NOT NULL, op text NOT NULL, old jsonb, new jsonb);
        CREATE FUNCTION audit.note() RETURNS trigger LANGUAGE plpgsql
            SET "TimeZone" = 'UTC' SET "DateStyle" = 'ISO' SET "IntervalStyle" = 'postgres'
            SET extra_float_digits = 3 SET bytea_output = 'hex' AS $$
        DECLARE
            v_xid bigint := pg_current_xact_id()::text::bigint & 4294967295;
            v_table text := TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME;
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO audit.events(xid, tbl, op, new) VALUES (v_xid, v_table, 'c', to_jsonb(NEW));
            ELSIF TG_OP = 'UPDATE' THEN
                INSERT INTO audit.events(xid, tbl, op, old, new)
                    VALUES (v_xid, v_table, 'u', to_jsonb(OLD), to_jsonb(NEW));
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO audit.events(xid, tbl, op, old) VALUES (v_xid, v_table, 'd', to_jsonb(OLD));
            ELSE
                INSERT INTO audit.events(xid, tbl, op) VALUES (v_xid, v_table, 't');
            END IF;
            RETURN NULL;
        END $$;
        CREATE FUNCTION audit.watch(t regclass) RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
            EXECUTE format('CREATE TRIGGER audit_rows AFTER INSERT OR UPDATE OR DELETE ON %s
                FOR EACH ROW EXECUTE FUNCTION audit.note()', t);
            EXECUTE format('CREATE TRIGGER audit_truncate AFTER TRUNCATE ON %s
                FOR EACH STATEMENT EXECUTE FUNCTION audit.note()', t);
            EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER audit_rows', t);
            EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER audit_truncate', t);
        END $$;
        DO $$ BEGIN
            PERFORM audit.watch(oid) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r';
        END $$;
        """

    /// Lives in the schema `oracle`, see ``RecordTable``.
    static let comparison = """
        CREATE UNLOGGED TABLE oracle.expected (xid bigint, n bigint, tbl text, op text, old jsonb, new jsonb);
        CREATE UNLOGGED TABLE oracle.actual (xid bigint, n bigint, tbl text, op text, rec jsonb);
        CREATE FUNCTION oracle.collect() RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
            TRUNCATE oracle.expected, oracle.actual;
            CREATE TEMP TABLE snapshot_xids ON COMMIT DROP AS
                SELECT DISTINCT (rec->>'xid')::bigint AS xid FROM oracle.records
                WHERE tbl = 'audit.events' AND rec->>'_cdc_op' = 'r';
            INSERT INTO oracle.expected
                SELECT xid, row_number() OVER (PARTITION BY xid ORDER BY seq), tbl, op, old, new FROM audit.events
                WHERE xid NOT IN (SELECT xid FROM snapshot_xids);
            INSERT INTO oracle.actual
                SELECT (rec->>'_cdc_xid')::bigint,
                    row_number() OVER (PARTITION BY rec->>'_cdc_xid' ORDER BY rec->>'_cdc_seq' COLLATE "C"),
                    tbl, rec->>'_cdc_op', rec
                FROM oracle.records WHERE tbl <> 'audit.events' AND rec->>'_cdc_op' IN ('c', 'u', 'd', 't')
                    -- A table that is read again begins with a truncation that is of no transaction.
                    AND rec ? '_cdc_xid';
            ANALYZE oracle.expected;
            ANALYZE oracle.actual;
        END $$;
        -- The members of `whole` that `part` has too.
        CREATE FUNCTION oracle.among(whole jsonb, part jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
            SELECT coalesce(jsonb_object_agg(k, whole->k), '{}') FROM jsonb_object_keys(part) k
        $$;
        CREATE FUNCTION oracle.same(op text, old jsonb, new jsonb, rec jsonb) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
        DECLARE
            v_unset text[] := oracle.unset(rec);
            v_told jsonb := oracle.body(rec) - v_unset;
        BEGIN
            IF rec ? '_cdc_old' AND (rec->'_cdc_old')::text <> oracle.among(old, rec->'_cdc_old')::text THEN
                RETURN false;
            END IF;
            RETURN CASE op
                WHEN 'c' THEN cardinality(v_unset) = 0 AND v_told::text = new::text
                -- Only what did not change may be unknown.
                WHEN 'u' THEN v_told::text = (new - v_unset)::text
                    AND NOT EXISTS (SELECT FROM unnest(v_unset) c WHERE (old->c)::text IS DISTINCT FROM (new->c)::text)
                WHEN 'd' THEN v_told <> '{}' AND v_told::text = oracle.among(old, v_told)::text
                ELSE true END;
        END $$;

        """
}
