// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The records of an export, loaded into tables of the source itself (schema `oracle`), so that the server judges:
/// PostgreSQL's own JSON, with every digit, and none of kedge's code.
struct RecordTable {
    let server: PostgresServer
    let database: String

    /// Installs the schema `oracle`.
    func install() throws {
        try server.sql(Self.schema + StateFold.schema + AuditTrigger.comparison, in: database)
    }

    /// Loads all records of the last history of `export`, table by table, in chain order.
    func load(_ export: ExportFolder) throws {
        try server.sql("TRUNCATE oracle.records RESTART IDENTITY", in: database)
        let epoch = try export.lastEpoch()
        let segments = try export.segments().filter { $0.epoch == epoch }
        for table in Set(segments.map(\.table)).sorted() {
            try load(segments.filter { $0.table == table }, of: table, export)
        }
        try server.sql("ANALYZE oracle.records", in: database)
    }

    private func load(_ segments: [ExportFolder.Segment], of table: String, _ export: ExportFolder) throws {
        // Raw lines: JSON holds neither of the two control characters.
        let copy = #"COPY oracle.incoming(rec) FROM STDIN WITH (FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02')"#
        try server.sql("TRUNCATE oracle.incoming RESTART IDENTITY", in: database)
        let script = """
            set -e
            print() {
            \(ExportFolder.printing(segments, of: export))
            }
            print | psql -X -q -v ON_ERROR_STOP=1 -d '\(server.address(of: database))' -c "$COPY"
            """
        try ShellCommand.run(
            ["bash", "-o", "pipefail"], input: script, environment: ["COPY": copy], deadline: .seconds(600))
        let name = table.replacingOccurrences(of: "'", with: "''")
        try server.sql(
            "INSERT INTO oracle.records(tbl, rec) SELECT '\(name)', rec FROM oracle.incoming ORDER BY id", in: database)
        let loaded = try server.sql("SELECT count(*) FROM oracle.incoming", in: database)
        let promised = segments.map(\.rows).reduce(0, +)
        guard loaded == String(promised) else {
            throw TestFailure("\(table): anchors promise \(promised) records, segments hold \(loaded)")
        }
    }

    /// What is wrong with the order of the records: `_cdc_seq` must ascend in every table and never come twice.
    func disorder() throws -> [String] {
        let text = try server.sql(
            """
            SELECT 'out of order: ' || tbl || ' ' || seq FROM (
                SELECT tbl, rec->>'_cdc_seq' AS seq,
                    lag(rec->>'_cdc_seq') OVER (PARTITION BY tbl ORDER BY id) AS before FROM oracle.records) ordered
            WHERE seq COLLATE "C" <= before COLLATE "C"
            UNION ALL
            SELECT 'twice: ' || (rec->>'_cdc_seq') FROM oracle.records GROUP BY rec->>'_cdc_seq' HAVING count(*) > 1
            LIMIT 20
            """, in: database)
        return Lines.of(text)
    }

    private static let schema = """
        DROP SCHEMA IF EXISTS oracle CASCADE;
        CREATE SCHEMA oracle;
        CREATE UNLOGGED TABLE oracle.incoming (id bigserial, rec jsonb NOT NULL);
        CREATE UNLOGGED TABLE oracle.records (id bigserial PRIMARY KEY, tbl text NOT NULL, rec jsonb NOT NULL);

        -- The columns of the table itself.
        CREATE FUNCTION oracle.body(rec jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
            SELECT rec - ARRAY(SELECT k FROM jsonb_object_keys(rec) k WHERE k LIKE '\\_cdc\\_%')
        $$;
        -- The names of the columns that the record does not carry.
        CREATE FUNCTION oracle.unset(rec jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
            SELECT ARRAY(SELECT jsonb_array_elements_text(coalesce(rec->'_cdc_unset', '[]')))
        $$;

        """
}

/// Oracle O1: snapshot and changes, folded by key, must be the table as the source has it now.
struct StateFold {
    let records: RecordTable

    /// What differs, in all tables of the schema `public`; empty when the export tells the truth.
    func differences() throws -> [String] {
        let tables = try records.server.sql(
            """
            SELECT quote_literal('public.' || relname) || E'\\t' || oid::regclass || E'\\t' || quote_literal(ARRAY(
                SELECT a.attname FROM pg_index i, unnest(i.indkey) WITH ORDINALITY AS k(attnum, place)
                JOIN pg_attribute a ON a.attnum = k.attnum
                WHERE i.indrelid = c.oid AND i.indisprimary AND a.attrelid = c.oid ORDER BY place)::text[])
            FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
            ORDER BY 1
            """, in: records.database)
        var found: [String] = []
        for line in tables.split(separator: "\n") {
            let parts = line.split(separator: "\t").map(String.init)
            guard parts.count == 3 else { throw TestFailure("unexpected line: \(line)") }
            do {
                let text = try records.server.sql(comparison(of: parts), in: records.database, deadline: .seconds(900))
                found += text.split(separator: "\n").map { "\(parts[0]): \($0)" }
            } catch let failure as TestFailure {
                found.append("\(parts[0]): cannot be folded: \(failure.description)")
            }
        }
        return found
    }

    private func comparison(of parts: [String]) -> String {
        """
        SET "TimeZone" = 'UTC'; SET "DateStyle" = 'ISO'; SET "IntervalStyle" = 'postgres'; SET extra_float_digits = 3;
        SET bytea_output = 'hex'; SET lc_monetary = 'C';
        DO $$ BEGIN PERFORM oracle.fold(\(parts[0]), \(parts[2])); END $$;
        WITH columns AS (
            SELECT array_agg(attname::text) AS names FROM pg_attribute
            WHERE attrelid = \(quoted(parts[1]))::regclass AND attnum > 0 AND NOT attisdropped),
        source AS (SELECT oracle.told(row_to_json(the_row)::jsonb, names)::text AS row FROM \(parts[1]) the_row, columns),
        export AS (SELECT oracle.told(body, names)::text AS row FROM oracle.state, columns)
        SELECT 'missing in the export: ' || left(row, 3000) FROM (TABLE source EXCEPT ALL TABLE export) a
        UNION ALL
        SELECT 'not in the source: ' || left(row, 3000) FROM (TABLE export EXCEPT ALL TABLE source) b
        LIMIT 10
        """
    }

    private func quoted(_ text: String) -> String { "'" + text.replacingOccurrences(of: "'", with: "''") + "'" }

    /// Strict on purpose: an insert of a row that is there and a change of one that is not are both errors, so that
    /// a record too many is found even where the state at the end would hide it.
    static let schema = """
        CREATE UNLOGGED TABLE oracle.state (k text NOT NULL, body jsonb NOT NULL);
        CREATE INDEX ON oracle.state (md5(k));

        -- What a row tells of the columns named: nulls and columns that are gone say nothing.
        CREATE FUNCTION oracle.told(j jsonb, names text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
            SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(j)
            WHERE value <> 'null' AND key = ANY (names)
        $$;
        -- What identifies a row: its key, or all of it where there is no key.
        CREATE FUNCTION oracle.identity(j jsonb, key text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$
            SELECT CASE WHEN cardinality(key) = 0 THEN j::text
                ELSE (SELECT jsonb_agg(j->c ORDER BY n) FROM unnest(key) WITH ORDINALITY AS u(c, n))::text END
        $$;
        CREATE FUNCTION oracle.fold(p_table text, p_key text[]) RETURNS void LANGUAGE plpgsql AS $$
        DECLARE
            r record; v_op text; v_old text; v_new text; v_body jsonb; v_before jsonb; v_place tid;
        BEGIN
            TRUNCATE oracle.state;
            FOR r IN SELECT id, rec FROM oracle.records WHERE tbl = p_table ORDER BY id LOOP
                v_op := r.rec->>'_cdc_op';
                v_body := oracle.body(r.rec);
                v_new := oracle.identity(v_body, p_key);
                IF v_op = 't' THEN
                    TRUNCATE oracle.state;
                    CONTINUE;
                END IF;
                IF v_op IN ('u', 'd') THEN
                    v_old := v_new;
                    IF r.rec ? '_cdc_old' AND r.rec->'_cdc_old' ?& p_key THEN
                        v_old := oracle.identity(r.rec->'_cdc_old', p_key);
                    END IF;
                    SELECT ctid, body INTO v_place, v_before FROM oracle.state
                        WHERE md5(k) = md5(v_old) AND k = v_old LIMIT 1;
                    IF NOT FOUND THEN RAISE 'a % of a row that is not there, at %', v_op, r.rec->>'_cdc_seq'; END IF;
                    DELETE FROM oracle.state WHERE ctid = v_place;
                END IF;
                IF v_op IN ('r', 'c') AND cardinality(p_key) > 0
                    AND EXISTS (SELECT FROM oracle.state WHERE md5(k) = md5(v_new) AND k = v_new)
                THEN
                    RAISE 'a % of a row that is there already, at %', v_op, r.rec->>'_cdc_seq';
                END IF;
                IF v_op IN ('r', 'c', 'u') THEN
                    -- An unknown value is the one from before.
                    SELECT v_body || coalesce(jsonb_object_agg(c, v_before->c), '{}') INTO v_body
                        FROM unnest(oracle.unset(r.rec)) c WHERE v_before ? c;
                    INSERT INTO oracle.state VALUES (oracle.identity(v_body, p_key), v_body);
                END IF;
            END LOOP;
        END $$;

        """
}
