// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Synchronization

/// A PostgreSQL server for tests: one of its own in a temporary folder, or the one at `KEDGE_TEST_PG`.
final class PostgresServer: Sendable {
    /// How a server is asked to stop; the names are those of `pg_ctl`.
    enum StopMode: String, Sendable {
        case smart, fast, immediate
    }

    /// Where it lies and listens.
    struct Place: Sendable {
        let folder: String
        let port: Int
    }

    /// The programs of its version.
    let programs: ServerPrograms
    private let place: Place?
    private let external: String?

    private struct Share: Hashable {
        let lane: String
        let major: Int
    }

    private static let sharedServers = Mutex<[Share: PostgresServer]>([:])

    /// The server of a version that the suites of a lane share, started when it is first asked for.
    static func shared(_ programs: ServerPrograms = .standard) throws -> PostgresServer {
        let share = Share(lane: Lane.current, major: programs.major)
        return try sharedServers.withLock { servers in
            if let server = servers[share] { return server }
            let started = try PostgresServer(programs)
            servers[share] = started
            return started
        }
    }

    /// Whether servers are started here, so that tests may restart and stop them.
    static var isPrivate: Bool { ProcessInfo.processInfo.environment["KEDGE_TEST_PG"] == nil }

    /// Starts a server with `settings` beside those that logical replication needs; waits until it answers.
    init(
        _ programs: ServerPrograms = .standard, settings: [String: String] = [:], initdb: [String] = []
    ) throws {
        self.programs = programs
        if let address = ProcessInfo.processInfo.environment["KEDGE_TEST_PG"] {
            external = address
            place = nil
            return
        }
        external = nil
        let folder = try TemporaryFolder.make("pg").path
        try ShellCommand.run(["chmod", "755", folder])
        if Self.isRoot { try ShellCommand.run(["chown", "postgres", folder]) }
        try Self.asServerUser(
            ["\(programs.folder)/initdb", "-D", "\(folder)/data", "-U", "postgres", "-A", "trust", "-E", "UTF8"]
                + ["--locale=C.UTF-8", "--no-sync"] + initdb)
        place = Place(folder: folder, port: try FreePort.ofPostgres())
        try writeConfiguration(settings)
        watch(folder)
        try start()
    }

    /// A server whose data folder is there already, at its place.
    init(_ programs: ServerPrograms, at place: Place) {
        self.programs = programs
        self.place = place
        external = nil
        watch(place.folder)
    }

    /// The libpq address of one database.
    func address(of database: String) -> String {
        if let external {
            var parts = URLComponents(string: external)
            parts?.path = "/" + database
            return parts?.string ?? external
        }
        return "postgresql://postgres@127.0.0.1:\(place?.port ?? 5432)/\(database)"
    }

    /// Runs SQL, statement by statement, and returns what psql prints: unaligned, without headings.
    @discardableResult
    func sql(_ text: String, in database: String = "postgres", deadline: Duration = .seconds(300)) throws -> String {
        let output = try ShellCommand.run(
            ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", address(of: database), "-f", "-"],
            input: text, environment: ["PGOPTIONS": "-c client_min_messages=warning"], deadline: deadline)
        return output.hasSuffix("\n") ? String(output.dropLast()) : output
    }

    /// Creates a database whose defaults print values unlike anything kedge may print: what is pinned shows.
    func createDatabase(_ name: String) throws {
        let oddities = [
            "DateStyle": "'German, DMY'", "TimeZone": "'Asia/Kathmandu'", "IntervalStyle": "iso_8601",
            "extra_float_digits": "0", "bytea_output": "escape",
        ]
        let settings = oddities.map { "ALTER DATABASE \(name) SET \($0.key) = \($0.value);" }
        try sql("DROP DATABASE IF EXISTS \(name) WITH (FORCE); CREATE DATABASE \(name);" + settings.joined())
    }

    /// Drops a database and the slots in it.
    func dropDatabase(_ name: String) throws {
        try waitUntil("the slots of \(name) are free") {
            try sql("SELECT count(*) FROM pg_replication_slots WHERE database = '\(name)' AND active") == "0"
        }
        try sql("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = '\(name)'")
        try sql("DROP DATABASE \(name) WITH (FORCE)")
    }

    /// The end of the WAL that is flushed: what `--until now` means.
    func flushedPosition() throws -> String {
        try sql("SELECT pg_current_wal_flush_lsn()")
    }

    /// Stops and starts again.
    func restart(_ mode: StopMode = .fast) throws {
        try stop(mode)
        try start()
    }

    /// Stops the server; the folder stays.
    func stop(_ mode: StopMode = .fast) throws {
        let place = try ownPlace()
        try Self.asServerUser(
            ["\(programs.folder)/pg_ctl", "-D", "\(place.folder)/data"] + ["-m", mode.rawValue, "-w", "stop"])
    }

    /// Starts a stopped server; where it does not start, the failure ends with what it has logged.
    func start() throws {
        let place = try ownPlace()
        do {
            try Self.asServerUser(
                ["\(programs.folder)/pg_ctl", "-D", "\(place.folder)/data"]
                    + ["-l", "\(place.folder)/log", "-w", "-t", "60", "start"])
        } catch let failure as TestFailure {
            let lines = (try? log())?.split(separator: "\n").suffix(8).joined(separator: "\n")
            throw TestFailure("\(failure)\nIts log ends:\n\(lines ?? "there is none")")
        }
    }

    /// Stops the server, lets `change` work on its data folder, and starts it again.
    func alter(_ change: (_ dataFolder: String) throws -> Void) throws {
        let place = try ownPlace()
        try stop()
        try change(place.folder + "/data")
        try start()
    }

    /// Stops the server and removes its folder.
    func remove() throws {
        guard let place else { return }
        try? stop(.immediate)
        try FileManager.default.removeItem(atPath: place.folder)
    }

    /// What the server has logged.
    func log() throws -> String {
        try String(contentsOfFile: ownPlace().folder + "/log", encoding: .utf8)
    }

    /// Where it lies; fails for a server that is not ours.
    func ownPlace() throws -> Place {
        guard let place else { throw TestFailure("the server at KEDGE_TEST_PG is not ours to start or stop") }
        return place
    }

    private func writeConfiguration(_ settings: [String: String]) throws {
        let place = try ownPlace()
        let all = [
            "listen_addresses": "'127.0.0.1'", "port": "\(place.port)", "unix_socket_directories": "'\(place.folder)'",
            "wal_level": "logical", "max_replication_slots": "40", "max_wal_senders": "40", "max_connections": "120",
            "fsync": "off", "shared_buffers": "64MB", "max_wal_size": "2GB", "log_replication_commands": "on",
            "max_prepared_transactions": "10",
        ].merging(settings) { _, new in new }
        let text = all.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)\n" }.joined()
        try Self.asServerUser(["tee", "-a", "\(place.folder)/data/postgresql.conf"], input: text)
    }

    /// Leaves somebody behind who stops the server and removes its folder once the tests have ended, however they did.
    private func watch(_ folder: String) {
        let script = """
            while kill -0 \(getpid()) 2>/dev/null; do sleep 1; done
            kill -QUIT "$(head -1 \(folder)/data/postmaster.pid)" 2>/dev/null
            sleep 1
            rm -rf \(folder)
            """
        // In the background of a shell that ends at once, so that it outlives the tests.
        _ = try? ShellCommand.run(["sh", "-c", "(\(script)) > /dev/null 2>&1 &"])
    }

    private static var isRoot: Bool { geteuid() == 0 }

    /// PostgreSQL refuses to run as root: then everything runs as `postgres`.
    @discardableResult
    static func asServerUser(_ arguments: [String], input: String? = nil) throws -> String {
        try ShellCommand.run((isRoot ? ["runuser", "-u", "postgres", "--"] : []) + arguments, input: input)
    }
}
