// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension PromiseSuites {
    /// Transactions that no buffer holds, however the server sends them.
    @Suite("Large transactions", .serialized)
    struct LargeTransactionTests {
        /// A version of the server and a version of the stream.
        struct Way: Sendable, CustomTestStringConvertible {
            let programs: ServerPrograms
            let streamProtocol: Int
            var testDescription: String { "\(programs.testDescription), protocol \(streamProtocol)" }

            /// Whole transactions and the best that each version streams.
            static let all = ServerPrograms.all.flatMap { programs in
                [1, 2, programs.major >= 16 ? 4 : 3].map { Way(programs: programs, streamProtocol: $0) }
            }
        }

        @Test(
            "promise 38: interleaved large transactions with nested savepoints and rollbacks are exact",
            arguments: Way.all)
        func interleaved(way: Way) throws {
            let scene = try Scene("large", on: Self.server(way.programs))
            let version = "\(way.streamProtocol)"
            try Self.addShapes(scene)
            try scene.catchUp("--protocol", version)
            try scene.workload.startRows(clients: 2)
            let writers = try (0..<3).map { try Self.writer($0, scene) }
            let follower = try KedgeProcess(scene.run("--protocol", version))
            for writer in writers { #expect(try writer.wait(deadline: .seconds(120)).status == 0) }
            try scene.workload.stop()
            // In the middle of it all, as likely as not.
            follower.killNow()
            _ = try follower.wait()
            try scene.catchUp("--protocol", version)
            try scene.expectNoFaults()
            let aborted = try scene.server.sql(
                "SELECT count(*) FROM big WHERE v = 'never'", in: scene.database)
            #expect(aborted == "0")
        }

        @Test("promise 38: one transaction is the same bytes whichever protocol carried it")
        func sameBytes() throws {
            let scene = try Scene("bytes", on: Self.server(.standard))
            try Self.addShapes(scene)
            try scene.catchUp("--compression", "none")
            let copies = try (0..<2).map { _ in try scene.export.copied() }
            defer { for copy in copies { copy.remove() } }
            _ = try Self.writer(0, scene).wait(deadline: .seconds(120))
            for (copy, version) in zip(copies, ["1", "2"]) {
                let slot = "copy_\(version)_" + scene.export.name
                try scene.server.sql(
                    "SELECT pg_copy_logical_replication_slot('kedge_\(scene.export.name)', '\(slot)')",
                    in: scene.database)
                try KedgeProcess.expect(
                    0,
                    scene.run(
                        "--until", "now", "--protocol", version, "--compression", "none", "--slot", slot,
                        "--publication", "kedge_\(scene.export.name)", to: copy, anchors: "1h,1000000tx,1GiB"))
            }
            let segments = try copies.map { copy in
                try copy.anchors().flatMap { $0["segments"] as? [[String: Any]] ?? [] }
                    .compactMap { segment in (segment["path"] as? String).map { "\($0) \(segment["sha256"] ?? "")" } }
            }
            #expect(segments[0].count > 3 && segments[0] == segments[1])
        }

        @Test("promise 38: a transaction that was streamed for nothing leaves nothing behind")
        func rolledBack() throws {
            let scene = try Scene("rolledback", on: Self.server(.standard))
            try scene.catchUp()
            try scene.server.sql(
                "BEGIN; INSERT INTO big SELECT -n, 'never' FROM generate_series(1, 20000) n; ROLLBACK;",
                in: scene.database)
            try scene.workload.writeOneTransaction(rows: 5000)
            try scene.catchUp()
            try scene.expectNoFaults()
            let spool = try FileManager.default.contentsOfDirectory(atPath: scene.export.path + "/_kedge/spool")
            #expect(spool.isEmpty)
        }

        /// A server that streams early, of each version.
        private static func server(_ programs: ServerPrograms) throws -> PostgresServer {
            try PostgresServer(programs, settings: ["logical_decoding_work_mem": "'64kB'"])
        }

        /// Tables that change their shape inside of the transactions that write to them.
        private static func addShapes(_ scene: Scene) throws {
            for number in 0..<3 {
                try scene.server.sql(
                    "CREATE TABLE shape_\(number) (id int PRIMARY KEY); SELECT audit.watch('shape_\(number)');",
                    in: scene.database)
            }
        }

        /// One connection that writes a large transaction in steps, with savepoints in savepoints, every other outer
        /// one and all inner ones rolled back, and with a column that is added and taken back.
        private static func writer(_ number: Int, _ scene: Scene) throws -> ShellCommand {
            let base = 10_000_000 * (number + 1)
            let steps = (0..<4).map { step in
                let from = base + step * 10_000
                return """
                    INSERT INTO big SELECT n, md5(n::text) FROM generate_series(\(from), \(from + 999)) n;
                    SAVEPOINT outside;
                    UPDATE big SET v = 'outer' || v WHERE id BETWEEN \(from) AND \(from + 99);
                    INSERT INTO shape_\(number) VALUES (\(step * 3));
                    SAVEPOINT inside;
                    INSERT INTO big SELECT n, 'never' FROM generate_series(\(from + 2000), \(from + 2999)) n;
                    ALTER TABLE shape_\(number) ADD COLUMN never text DEFAULT 'never';
                    INSERT INTO shape_\(number) VALUES (\(step * 3 + 1));
                    ROLLBACK TO inside;
                    INSERT INTO shape_\(number) VALUES (\(step * 3 + 2));
                    INSERT INTO big SELECT n, md5(n::text) FROM generate_series(\(from + 3000), \(from + 3499)) n;
                    \(step % 2 == 0 ? "RELEASE outside;" : "ROLLBACK TO outside;")
                    SELECT pg_sleep(0.05);
                    """
            }
            let text = """
                BEGIN;
                \(steps.joined(separator: "\n"))
                DELETE FROM big WHERE id BETWEEN \(base) AND \(base + 49);
                COMMIT;
                """
            return try ShellCommand(
                ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", scene.source, "-f", "-"], input: text)
        }
    }
}
