// SPDX-License-Identifier: Apache-2.0

import Faults
import Foundation
import Glibc
import Hiredis
import RedisURI
import Synchronization

/// A Redis server for tests, in a temporary folder, on a port of the loopback and on a socket beside its data.
///
/// It keeps nothing on disk unless its settings say so; the folder stays over restarts.
final class RedisServer: Sendable {
    /// Its program.
    let programs: RedisPrograms
    /// Where its data, its configuration and its log lie.
    let folder: String
    /// The port for plain connections.
    let port: Int
    /// The port for TLS, when there are papers.
    let tlsPort: Int?
    private let process = Mutex<ChildProcess?>(nil)

    private static let sharedServers = Mutex<[String: RedisServer]>([:])

    /// The server of a version that suites share, started when it is first asked for. Nobody stops or configures it, and
    /// each test keeps to a database or to keys of its own.
    static func shared(_ programs: RedisPrograms = .standard) throws -> RedisServer {
        try sharedServers.withLock { servers in
            if let server = servers[programs.version] { return server }
            let started = try RedisServer(programs)
            servers[programs.version] = started
            return started
        }
    }

    /// Starts a server and waits until it answers. `settings` are lines of `redis.conf`, such as `appendonly yes` or
    /// `user reader on >secret ~* +@read`; `tls` are the lines that name certificates, for a second port.
    init(_ programs: RedisPrograms = .standard, settings: [String] = [], tls: [String] = []) throws {
        self.programs = programs
        folder = try TemporaryFolder.make("redis").path
        port = try FreePort.ofRedis()
        tlsPort = tls.isEmpty ? nil : try FreePort.ofRedis()
        try writeConfiguration(settings, tls: tls)
        watch()
        try start()
    }

    deinit { remove() }

    /// The address of a database, for `--source`.
    func address(database: Int = 0) -> String { "redis://127.0.0.1:\(port)/\(database)" }

    /// The address of a database by way of the socket.
    func socketAddress(database: Int = 0) -> String { "unix://\(socketPath)?db=\(database)" }

    /// The path of the socket.
    var socketPath: String { "\(folder)/redis.sock" }

    /// Where it listens.
    var endpoint: Endpoint { .tcp(host: "127.0.0.1", port: UInt16(port)) }

    /// A connection of one's own, as the default user.
    func connect(database: Int = 0) throws -> RedisConnection {
        try RedisConnection.connect(
            to: endpoint, as: RedisAddress(endpoints: [endpoint], database: database, timeout: .seconds(60)),
            name: "tests")
    }

    /// Runs one command on a connection of its own, as the default user; a refusal is a failure of the test.
    @discardableResult
    func command(_ words: String..., database: Int = 0) throws -> Reply {
        try command(words.map { Array($0.utf8) }, database: database)
    }

    /// Runs one command, whatever bytes it holds.
    @discardableResult
    func command(_ words: [[UInt8]], database: Int = 0) throws -> Reply {
        var connection = try connect(database: database)
        let reply = try connection.run(words)
        if case .error(let error) = reply {
            let name = words.prefix(2).map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
            throw error.fault.adding("\(name): \(error.message)")
        }
        return reply
    }

    /// Runs many commands on one connection, sent before the first reply is read; a refusal is a failure of the test.
    func commands(_ list: [[String]], database: Int = 0) throws {
        var connection = try connect(database: database)
        for start in stride(from: 0, to: list.count, by: 1000) {
            let part = list[start..<min(start + 1000, list.count)]
            for words in part { try connection.enqueue(RedisCommand(words: words)) }
            for _ in part {
                try connection.awaitReply()
                try connection.reply.check()
            }
        }
    }

    /// One section of `INFO`, by field.
    func info(_ section: String) throws -> [String: String] {
        var fields: [String: String] = [:]
        for line in (try command("INFO", section).text ?? "").split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[String(line[..<colon])] = String(line[line.index(after: colon)...])
        }
        return fields
    }

    /// What `redis-cli` prints, which knows nothing of our own client.
    func cli(_ words: String..., input: String? = nil) throws -> String {
        let output = try ShellCommand.run(["redis-cli", "-p", "\(port)"] + words, input: input)
        return output.hasSuffix("\n") ? String(output.dropLast()) : output
    }

    /// What the server has logged.
    func log() -> String { (try? String(contentsOfFile: "\(folder)/log", encoding: .utf8)) ?? "" }
}

// MARK: Life and death

extension RedisServer {
    /// Starts a stopped server and waits until it answers, its data loaded.
    func start() throws {
        try launch()
        try waitUntil("Redis answers") {
            guard isRunning else { throw TestFailure("Redis ended early:\n\(log().suffix(2000))") }
            return (try? ping()) ?? false
        }
    }

    /// Starts a stopped server without waiting for anything.
    func launch() throws {
        let started = try ChildProcess(
            [programs.server, "\(folder)/redis.conf"], environment: ProcessInfo.processInfo.environment,
            input: "/dev/null", output: "\(folder)/output", errors: "\(folder)/errors")
        process.withLock { $0 = started }
        try Data("\(started.identifier)".utf8).write(to: URL(fileURLWithPath: "\(folder)/pid"))
    }

    /// Adds lines to the configuration; the next start reads them.
    func configure(_ settings: [String]) throws {
        let path = URL(fileURLWithPath: "\(folder)/redis.conf")
        let text = try String(contentsOf: path, encoding: .utf8) + settings.joined(separator: "\n") + "\n"
        try Data(text.utf8).write(to: path)
    }

    private func ping() throws -> Bool {
        let reply = try cli("ping")
        return reply.contains("PONG") || reply.contains("NOAUTH") || reply.contains("NOPERM")
    }

    /// Ends it as if the power had gone.
    func kill9() throws {
        signal(SIGKILL)
        try waitForEnd()
    }

    /// Asks it to end, which writes its data where the settings say so.
    func shutdown() throws {
        signal(SIGTERM)
        try waitForEnd()
    }

    /// Ends it cleanly and starts it again.
    func restart() throws {
        try shutdown()
        try start()
    }

    /// Lets it do nothing at all, with its connections open, until ``resume()``.
    func pause() { signal(SIGSTOP) }

    /// Lets it go on.
    func resume() { signal(SIGCONT) }

    /// Ends it and removes its folder.
    func remove() {
        if isRunning { try? kill9() }
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Whether it runs.
    var isRunning: Bool { process.withLock { $0.map { $0.status() == nil } ?? false } }

    private func signal(_ signal: Int32) { process.withLock { $0?.send(signal) } }

    private func waitForEnd() throws {
        try waitUntil("Redis ends") { !isRunning }
    }

    /// A replica of this server, its data loaded and its link up.
    func makeReplica(_ programs: RedisPrograms? = nil, settings: [String] = []) throws -> RedisServer {
        let replica = try RedisServer(
            programs ?? self.programs, settings: ["replicaof 127.0.0.1 \(port)"] + settings)
        try waitUntil("the replica has its master") { try replica.info("replication")["master_link_status"] == "up" }
        return replica
    }

    /// Waits until a replica has everything that this server has written.
    func waitForReplica(_ replica: RedisServer) throws {
        let written = try info("replication")["master_repl_offset"].flatMap { Int($0) } ?? 0
        try waitUntil("the replica has \(written)") {
            (try replica.info("replication")["slave_repl_offset"].flatMap { Int($0) } ?? 0) >= written
        }
    }

    private func writeConfiguration(_ settings: [String], tls: [String]) throws {
        var lines = [
            "port \(port)", "bind 127.0.0.1", "unixsocket \(socketPath)", "dir \(folder)", "logfile \(folder)/log",
            "daemonize no", "save \"\"", "appendonly no", "repl-diskless-sync-delay 0", "shutdown-timeout 1",
            "enable-debug-command yes",
        ]
        if !programs.isAtLeast(7, 0) {
            lines.removeAll { $0.hasPrefix("shutdown-timeout") || $0.hasPrefix("enable-debug-command") }
        }
        if let tlsPort { lines += ["tls-port \(tlsPort)"] + tls }
        let text = (lines + settings).joined(separator: "\n") + "\n"
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/redis.conf"))
    }

    /// Leaves somebody behind who stops the server and removes its folder once the tests have ended, however they did.
    private func watch() {
        let script = """
            while kill -0 \(getpid()) 2>/dev/null && [ -d \(folder) ]; do sleep 1; done
            [ -d \(folder) ] || exit 0
            kill -KILL "$(cat \(folder)/pid)" 2>/dev/null
            sleep 1
            rm -rf \(folder)
            """
        // In the background of a shell that ends at once, so that it outlives the tests.
        _ = try? ShellCommand.run(["sh", "-c", "(\(script)) > /dev/null 2>&1 &"])
    }
}
