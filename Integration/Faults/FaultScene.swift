// SPDX-License-Identifier: Apache-2.0

import Faults
import Foundation
import Testing

/// A small database and an export of it, and what a run that fails must say.
final class FaultScene {
    let server: PostgresServer
    let database: String
    let export: ExportFolder

    /// A fault as `--log-format json` prints it.
    struct Report {
        let code: String
        let message: String
        let detail: String
        let hint: String

        /// All that a person reads.
        var text: String { "\(message)\n\(detail)\n\(hint)" }
    }

    /// Makes a database with two tables on a server, the shared one unless another is given.
    init(_ label: String, on server: PostgresServer? = nil) throws {
        self.server = try server ?? PostgresServer.shared()
        database = "kedge_\(label)_" + String(UInt32.random(in: 0...UInt32.max), radix: 36)
        export = try ExportFolder()
        try self.server.createDatabase(database)
        try sql(
            """
            CREATE TABLE public.orders (id int PRIMARY KEY, note text);
            CREATE TABLE public.items (id int PRIMARY KEY, amount numeric);
            INSERT INTO orders SELECT n, 'order ' || n FROM generate_series(1, 50) n;
            INSERT INTO items SELECT n, n * 1.10 FROM generate_series(1, 50) n;
            """)
    }

    deinit {
        try? server.dropDatabase(database)
        export.remove()
    }

    /// The address of the database.
    var source: String { server.address(of: database) }
    /// The slot and the publication that kedge makes for the export.
    var slot: String { "kedge_\(export.name)" }

    /// Runs SQL in the database.
    @discardableResult
    func sql(_ text: String) throws -> String { try server.sql(text, in: database) }

    /// The address for another role.
    func source(as role: String) -> String { source.replacingOccurrences(of: "postgres@", with: "\(role)@") }

    /// The arguments of a run that catches up.
    func run(_ more: String..., source: String? = nil, to folder: String? = nil) -> [String] {
        [
            "run", "--source", source ?? self.source, "--to", folder ?? export.path, "--min-free", "1MiB",
            "--anchor-every", "1s,200tx,1MiB", "--retry-for", "1s",
        ] + (more.contains("--until") || more.contains("--snapshot-only") ? [] : ["--until", "now"]) + more
    }

    /// The arguments of a run that follows until it is stopped.
    func follow(_ more: String...) -> [String] {
        ["run", "--source", source, "--to", export.path, "--min-free", "1MiB", "--anchor-every", "1s,1tx,1MiB"] + more
    }

    /// Catches up with the source.
    func catchUp() throws { try KedgeProcess.expect(0, run()) }

    /// Changes a row, so that the next run has something to publish.
    func change() throws { try sql("UPDATE orders SET note = note || '!' WHERE id = 1") }

    /// Runs kedge, which must end with `code`, its exit status, and a report that names every one of `words`.
    @discardableResult
    func expect(
        _ code: Fault.Code, _ arguments: [String], names words: [String] = [], environment: [String: String] = [:],
        at place: SourceLocation = #_sourceLocation
    ) throws -> Report {
        let outcome = try KedgeProcess.run(
            arguments + ["--log-format", "json"], environment: environment, deadline: .seconds(90))
        return try Self.check(outcome, code, names: words, at: place)
    }

    /// The report of a run that has ended, checked the same way.
    @discardableResult
    static func check(
        _ outcome: ShellCommand.Outcome, _ code: Fault.Code, names words: [String] = [],
        at place: SourceLocation = #_sourceLocation
    ) throws -> Report {
        #expect(
            outcome.status == code.exitStatus, "status \(outcome.status): \(outcome.errors.suffix(2000))",
            sourceLocation: place)
        guard let report = Report(outcome.errors) else {
            throw TestFailure("no report in JSON, status \(outcome.status):\n\(outcome.errors.suffix(2000))")
        }
        #expect(report.code == code.rawValue, "\(report.text)", sourceLocation: place)
        for word in words {
            #expect(report.text.contains(word), "\"\(word)\" is not in:\n\(report.text)", sourceLocation: place)
        }
        #expect(!report.hint.isEmpty, sourceLocation: place)
        return report
    }

    /// What a beginning that failed has left behind at the source; empty as it should be.
    func leftovers() throws -> String {
        try sql(
            """
            SELECT 'slot ' || slot_name FROM pg_replication_slots WHERE database = current_database()
            UNION ALL SELECT 'publication ' || pubname FROM pg_publication
            """)
    }

    /// Fails unless the source is as if nobody had tried, and there is no anchor.
    func expectNothingBegun(at place: SourceLocation = #_sourceLocation) throws {
        #expect(try leftovers() == "", sourceLocation: place)
        #expect(try export.anchors().isEmpty, sourceLocation: place)
    }

    /// Fails unless the export holds with `anchors` anchors, the same as before the fault.
    func expectWhole(anchors: Int, at place: SourceLocation = #_sourceLocation) throws {
        #expect(try export.anchors().count == anchors, sourceLocation: place)
        let verified = try KedgeProcess.run(["verify", "--to", export.path])
        #expect(verified.status == 0, "\(verified.errors) \(verified.output)", sourceLocation: place)
    }
}

extension PostgresServer {
    /// Lets the server read its settings again, and waits until it has: who connects from now on finds them.
    func reloadSettings() throws {
        let before = try sql("SELECT pg_conf_load_time()")
        try sql("SELECT pg_reload_conf()")
        try waitUntil("the settings are read again") { try sql("SELECT pg_conf_load_time()") != before }
    }
}

extension FaultScene.Report {
    /// Reads the last line of standard error.
    init?(_ errors: String) {
        guard let line = errors.split(separator: "\n").last,
            let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
            let code = object["code"] as? String, let message = object["error"] as? String
        else { return nil }
        self.init(
            code: code, message: message, detail: object["detail"] as? String ?? "",
            hint: object["hint"] as? String ?? "")
    }
}
