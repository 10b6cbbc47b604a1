// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A server of its own for one suite, reached over a socket in a folder that goes away with it.
final class OracleServer: Sendable {
    /// The newest installed server's programs, or those that `KEDGE_PG_BIN` names.
    static let binaries: String? = {
        if let named = ProcessInfo.processInfo.environment["KEDGE_PG_BIN"] { return named }
        let root = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        return versions.filter { FileManager.default.fileExists(atPath: "\(root)/\($0)/bin/initdb") }
            .max { (Int($0) ?? 0) < (Int($1) ?? 0) }
            .map { "\(root)/\($0)/bin" }
    }()

    struct Failure: Error {
        let command: String
        let output: String
    }

    /// Where the server and the outputs of its clients live.
    let folder: String
    private let binaries: String
    private static let port = "54329"

    /// Starts a new, empty server.
    init(binaries: String) throws {
        self.binaries = binaries
        folder = "/tmp/kedge-oracle-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        if geteuid() == 0 { try Self.run(["chown", "postgres", folder]) }
        try asOwner([
            "\(binaries)/initdb", "-D", "\(folder)/data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C",
        ])
        // A server that inherited this process's descriptors would keep `waitUntilExit` waiting for it.
        let closing = "for fd in {3..255}; do eval \"exec $fd>&-\"; done; exec \"$@\" >/dev/null"
        try asOwner([
            "bash", "-c", closing, "bash", "\(binaries)/pg_ctl", "-D", "\(folder)/data", "-w", "-l", "\(folder)/log",
            "-o",
            "-c listen_addresses='' -k \(folder) -p \(Self.port) -c fsync=off", "start",
        ])
    }

    deinit {
        _ = try? asOwner(["\(binaries)/pg_ctl", "-D", "\(folder)/data", "-m", "immediate", "stop"])
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Runs a script of SQL and of psql's own commands with the settings that every connection of kedge has.
    /// Returns what it printed, columns parted by U+001F and rows by NUL.
    @discardableResult
    func run(script: String) throws -> [UInt8] {
        let file = "\(folder)/script-\(UUID().uuidString).sql"
        try Data(script.utf8).write(to: URL(fileURLWithPath: file))
        defer { try? FileManager.default.removeItem(atPath: file) }
        return try Self.run(
            [
                "psql", "-X", "-q", "-A", "-t", "-0", "-F", "\u{1f}", "-v", "ON_ERROR_STOP=1", "-h", folder, "-p",
                Self.port, "-U", "postgres", "-v", "folder=\(folder)", "-f", file,
            ], environment: ["PGOPTIONS": Self.settings, "PGCLIENTENCODING": "UTF8"])
    }

    /// The bytes of a file that a script wrote.
    func bytes(of name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")))
    }

    private static let settings = [
        "TimeZone=UTC", "DateStyle=ISO", "IntervalStyle=postgres", "extra_float_digits=3", "bytea_output=hex",
        "lc_monetary=C", "search_path=",
    ].map { "-c \($0)" }.joined(separator: " ")

    @discardableResult
    private func asOwner(_ arguments: [String]) throws -> [UInt8] {
        try Self.run(geteuid() == 0 ? ["runuser", "-u", "postgres", "--"] + arguments : arguments)
    }

    @discardableResult
    private static func run(_ arguments: [String], environment: [String: String] = [:]) throws -> [UInt8] {
        let outcome = try ShellCommand(arguments, environment: environment).wait(deadline: .seconds(600))
        guard outcome.status == 0 else {
            throw Failure(command: arguments.joined(separator: " "), output: outcome.errors + outcome.output)
        }
        return Array(outcome.output.utf8)
    }
}
