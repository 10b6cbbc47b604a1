// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Writers that touch tables of many types in each transaction, at a steady pace.
final class DeltaLoad {
    private let scene: FaultScene
    private let folder: URL
    private var writer: ShellCommand?

    init(_ scene: FaultScene) throws {
        self.scene = scene
        folder = try TemporaryFolder.make("load")
        try scene.sql(Self.tables)
        try Self.transaction.write(
            to: folder.appendingPathComponent("transaction.sql"), atomically: true, encoding: .utf8)
    }

    deinit {
        writer?.send(SIGTERM)
        try? FileManager.default.removeItem(at: folder)
    }

    /// Begins to write until ``stop()``.
    func start() throws {
        writer = try ShellCommand([
            "pgbench", "-n", "-c", "2", "-j", "1", "-T", "36000", "-R", "60", "--max-tries=50", "-d", scene.source,
            "-f", folder.appendingPathComponent("transaction.sql").path,
        ])
    }

    /// Ends the writers and waits until the server has seen them off.
    func stop() throws {
        guard let writer else { return }
        guard writer.isRunning else { throw TestFailure("the writers ended:\n\(writer.errors.suffix(2000))") }
        writer.send(SIGTERM)
        _ = try writer.wait(deadline: .seconds(20))
        self.writer = nil
        try waitUntil("the writers are gone") {
            try scene.sql(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgbench' AND datname = current_database()")
                == "0"
        }
    }

    private static let tables = """
        CREATE TABLE kinds (id bigserial PRIMARY KEY, b bool, s smallint, n numeric(12, 3), big numeric, f float8,
            t text, ts timestamp, tz timestamptz, d date, u uuid, j jsonb, bin bytea, arr int[], r int4range, long text);
        CREATE TABLE "Odd.Näme/%" (id bigserial PRIMARY KEY, "a b,c" text, "x.y" int);
        """

    private static let transaction = """
        \\set k random(1, 50)
        \\set p random(1, 100)
        BEGIN;
        UPDATE orders SET note = 'note ' || :p WHERE id = :k;
        INSERT INTO items SELECT nextval('kinds_id_seq') + 1000000, :p * 1.01;
        INSERT INTO kinds (b, s, n, big, f, t, ts, tz, d, u, j, bin, arr, r, long) VALUES (:p > 50, :p, :p / 3.0,
            CASE WHEN :p > 90 THEN 'NaN' ELSE repeat(:p::text, 30)::numeric END, :p / 7.0, 'té ' || :p,
            CASE WHEN :p > 95 THEN 'infinity' ELSE now()::timestamp END, now(), now()::date, gen_random_uuid(),
            '{"a": [1, null]}', '\\xff00', ARRAY[:p, NULL], int4range(1, :p + 1),
            (SELECT string_agg(md5(g::text), '') FROM generate_series(1, CASE WHEN :p > 97 THEN 300 ELSE 1 END) g));
        UPDATE kinds SET t = t || '!' WHERE id = (SELECT max(id) - :k FROM kinds);
        DELETE FROM kinds WHERE id = (SELECT max(id) - 40 - :k FROM kinds);
        INSERT INTO "Odd.Näme/%" ("a b,c", "x.y") VALUES ('v' || :p, :p);
        COMMIT;
        """
}
