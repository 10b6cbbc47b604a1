// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc

/// Everything that applications do to a database at once: pgbench with scripts of many kinds, and what goes with them.
final class Workload {
    private let server: PostgresServer
    private let database: String
    private let folder: URL
    private var running: [ShellCommand] = []

    /// What writers do when the server leaves them.
    enum Perseverance {
        /// They end, and so does the test.
        case none
        /// They connect again, until they are stopped.
        case acrossRestarts
    }

    /// Creates the tables and fills them.
    init(_ server: PostgresServer, database: String) throws {
        self.server = server
        self.database = database
        folder = try TemporaryFolder.make("workload")
        try server.sql(Self.schema, in: database)
    }

    deinit {
        for command in running { command.send(SIGTERM) }
        try? FileManager.default.removeItem(at: folder)
    }

    /// How much is written.
    enum Pace: CaseIterable {
        /// As many transactions as oracles can compare in the time that a suite has.
        case steady
        /// As many as the server can take.
        case full
    }

    /// Begins to write rows with `clients` connections until ``stop()``.
    func startRows(clients: Int = 4, pace: Pace = .steady, _ perseverance: Perseverance = .none) throws {
        let rate = Count.of("KEDGE_TEST_RATE", default: 300)
        try start(Self.rowScripts, ["-c", "\(clients)"] + (pace == .steady ? ["-R", "\(rate)"] : []), perseverance)
    }

    /// Begins to truncate tables and to change columns; keep it away from the moment a snapshot is taken, which DDL
    /// rightly ends.
    func startDefinitions(_ perseverance: Perseverance = .none) throws {
        try start(Self.definitionScripts, ["-c", "1"], perseverance)
    }

    /// Ends all writers and waits until the server has seen them off.
    func stop() throws {
        for command in running {
            guard command.isRunning else { throw TestFailure("a writer ended:\n\(command.errors.suffix(2000))") }
            command.send(SIGTERM)
            _ = try command.wait(deadline: .seconds(20))
        }
        running = []
        try waitUntil("the writers are gone") {
            try server.sql(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgbench' AND datname = '\(database)'")
                == "0"
        }
    }

    /// Writes `rows` rows in one transaction.
    func writeOneTransaction(rows: Int) throws {
        try server.sql(
            """
            BEGIN;
            INSERT INTO big SELECT n, md5(n::text) FROM generate_series(
                (SELECT coalesce(max(id), 0) + 1 FROM big), (SELECT coalesce(max(id), 0) + \(rows) FROM big)) n;
            SAVEPOINT regretted;
            INSERT INTO big SELECT -n, 'never' FROM generate_series(1, 1000) n;
            ROLLBACK TO regretted;
            COMMIT;
            """, in: database, deadline: .seconds(900))
    }

    private func start(
        _ scripts: [(name: String, weight: Int, text: String)], _ pace: [String], _ perseverance: Perseverance
    ) throws {
        var arguments = ["pgbench", "-n", "-j", "1", "-T", "3600", "--max-tries=50"] + pace
        for script in scripts {
            let file = folder.appendingPathComponent(script.name + ".sql")
            try script.text.write(to: file, atomically: true, encoding: .utf8)
            arguments += ["-f", "\(file.path)@\(script.weight)"]
        }
        let persevering = """
            trap 'kill $writer 2> /dev/null; wait $writer; exit' TERM
            while :; do "$@" & writer=$!; wait $writer; sleep 0.1; done
            """
        let prefix = perseverance == .none ? [] : ["bash", "-c", persevering, "-"]
        running.append(try ShellCommand(prefix + arguments + [server.address(of: database)]))
    }

    private static let schema = """
        CREATE SEQUENCE fresh START 1000000;
        CREATE TABLE accounts (
            id int PRIMARY KEY, owner text, balance numeric(18,2) NOT NULL DEFAULT 0,
            touched timestamptz NOT NULL DEFAULT now(), score float8, note text);
        INSERT INTO accounts(id, owner, balance, score) SELECT n, 'owner ' || n, n * 1.10, n / 3.0 FROM generate_series(1, 2000) n;
        CREATE TABLE moves (a int NOT NULL, label text, b bigint NOT NULL, PRIMARY KEY (b, a));
        INSERT INTO moves SELECT n, 'move ' || n, n % 7 FROM generate_series(1, 300) n;
        CREATE TABLE documents (id bigint PRIMARY KEY, title text, body text, meta jsonb, version int NOT NULL DEFAULT 1);
        ALTER TABLE documents ALTER COLUMN body SET STORAGE EXTERNAL;
        INSERT INTO documents SELECT n, 'title', repeat(md5(n::text), 300), '{"a": [1, 2.50, null]}' FROM generate_series(1, 200) n;
        CREATE TABLE queue_a (id bigserial PRIMARY KEY, payload text);
        CREATE TABLE queue_b (id bigserial PRIMARY KEY, payload text);
        -- No key: told apart by the whole row, with equal rows among them.
        CREATE TABLE journal (line text, amount int);
        ALTER TABLE journal REPLICA IDENTITY FULL;
        INSERT INTO journal SELECT 'line ' || n % 50, n % 5 FROM generate_series(1, 300) n;
        CREATE TABLE evolving (id int PRIMARY KEY, v text);
        INSERT INTO evolving SELECT n, 'v' FROM generate_series(1, 60) n;
        CREATE TABLE big (id bigint PRIMARY KEY, v text);
        CREATE TABLE "Mixed.Case/ünïcode %" (id int PRIMARY KEY, "a ""quoted"" cölumn" text, "Select" bytea);
        INSERT INTO "Mixed.Case/ünïcode %" SELECT n, E'tab\\t"quote" \\\\ back', '\\x00ff' FROM generate_series(1, 20) n;

        CREATE SEQUENCE evolution;
        CREATE FUNCTION evolve() RETURNS void LANGUAGE plpgsql AS $$
        DECLARE n int := nextval('evolution');
        BEGIN
            UPDATE evolving SET v = 'before ' || n WHERE id % 4 = 0;
            EXECUTE format('ALTER TABLE evolving ADD COLUMN c%s text', n);
            EXECUTE format('UPDATE evolving SET c%s = %L WHERE id %% 3 = 0', n, 'new ' || n);
            IF n > 3 THEN EXECUTE format('ALTER TABLE evolving DROP COLUMN c%s', n - 3); END IF;
            UPDATE evolving SET v = 'after ' || n WHERE id % 5 = 0;
        END $$;
        """

    private static let rowScripts: [(name: String, weight: Int, text: String)] = [
        (
            "upsert", 6,
            """
            \\set id random(1, 2500)
            INSERT INTO accounts(id, owner, balance, score) VALUES (:id, 'new', 0.10, random())
                ON CONFLICT (id) DO UPDATE SET balance = accounts.balance + 1.05, touched = now(), score = random();
            """
        ),
        (
            "transfer", 4,
            """
            \\set a random(1, 1000)
            \\set b random(1001, 2000)
            BEGIN;
            UPDATE accounts SET balance = balance - 0.01 WHERE id = :a;
            UPDATE accounts SET balance = balance + 0.01, note = NULL WHERE id = :b;
            END;
            """
        ),
        ("delete", 2, "\\set id random(1, 2500)\nDELETE FROM accounts WHERE id = :id;"),
        (
            "replace", 2,
            """
            \\set id random(1, 2500)
            BEGIN;
            DELETE FROM accounts WHERE id = :id;
            INSERT INTO accounts(id, owner) VALUES (:id, 'again') ON CONFLICT DO NOTHING;
            END;
            """
        ),
        (
            "savepoint", 3,
            """
            \\set id random(1, 2000)
            BEGIN;
            INSERT INTO queue_a(payload) VALUES ('kept');
            SAVEPOINT one;
            UPDATE accounts SET note = 'never' WHERE id = :id;
            INSERT INTO queue_a(payload) VALUES ('never');
            ROLLBACK TO one;
            SAVEPOINT two;
            INSERT INTO queue_b(payload) VALUES ('kept too');
            RELEASE two;
            END;
            """
        ),
        (
            "abort", 2,
            """
            \\set id random(1, 2000)
            BEGIN;
            UPDATE accounts SET note = 'never' WHERE id = :id;
            INSERT INTO queue_b(payload) VALUES ('never');
            ROLLBACK;
            """
        ),
        (
            "keychange", 3,
            """
            \\set n random(0, 299)
            UPDATE moves SET b = nextval('fresh'), label = 'moved' WHERE (a, b) IN (SELECT a, b FROM moves OFFSET :n LIMIT 1);
            """
        ),
        (
            "toast", 3,
            """
            \\set id random(1, 220)
            INSERT INTO documents(id, title, body) VALUES (:id, 'new', repeat(md5(random()::text), 300))
                ON CONFLICT (id) DO UPDATE SET title = 'title ' || documents.version, version = documents.version + 1;
            """
        ),
        (
            "toastmove", 1,
            """
            \\set id random(1, 220)
            BEGIN;
            UPDATE documents SET id = nextval('fresh') WHERE id = :id;
            UPDATE documents SET body = repeat(md5(random()::text), 290) WHERE id = (SELECT max(id) FROM documents);
            DELETE FROM documents WHERE id > 1000000 AND id % 3 = 0;
            END;
            """
        ),
        (
            "journal", 3,
            """
            \\set n random(1, 50)
            BEGIN;
            INSERT INTO journal VALUES ('line ' || :n, 0), ('line ' || :n, 0), (NULL, :n);
            UPDATE journal SET amount = amount + 1 WHERE line = 'line ' || :n AND amount < 2;
            DELETE FROM journal WHERE line = 'line ' || :n AND amount > 3;
            END;
            """
        ),
        (
            "names", 1,
            """
            \\set id random(1, 40)
            INSERT INTO "Mixed.Case/ünïcode %" VALUES (:id, 'x', decode(md5(random()::text), 'hex'))
                ON CONFLICT (id) DO UPDATE SET "Select" = excluded."Select";
            """
        ),
        (
            "message", 1,
            """
            BEGIN;
            SELECT pg_logical_emit_message(true, 'kedge-test', 'inside');
            SELECT pg_logical_emit_message(false, 'kedge-test', 'outside');
            END;
            """
        ),
    ]

    private static let definitionScripts: [(name: String, weight: Int, text: String)] = [
        ("evolve", 2, "SELECT evolve();\n\\sleep 150 ms"),
        ("truncate", 1, "TRUNCATE queue_a, queue_b;\n\\sleep 150 ms"),
        ("truncateone", 1, "TRUNCATE queue_b;\n\\sleep 150 ms"),
        (
            "truncatemid", 1,
            """
            BEGIN;
            INSERT INTO queue_a(payload) VALUES ('gone at once');
            TRUNCATE queue_a;
            INSERT INTO queue_a(payload) VALUES ('first again');
            END;
            \\sleep 150 ms
            """
        ),
    ]
}
