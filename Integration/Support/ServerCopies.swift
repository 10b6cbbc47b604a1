// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Copies of a server: standbys that follow it, and its folder as it was at an earlier moment.
extension PostgresServer {
    /// A standby that follows this server through a physical slot of its own, started and connected.
    func makeStandby(slot: String = "standby", settings: [String: String] = [:]) throws -> PostgresServer {
        let standby = try copy(slot: slot, settings: settings)
        try standby.start()
        try waitUntil("the standby streams") {
            try sql("SELECT count(*) FROM pg_stat_replication WHERE application_name = 'walreceiver'") != "0"
        }
        return standby
    }

    /// A base backup of this server in a folder of its own, ready to be started as a standby.
    private func copy(slot: String, settings: [String: String]) throws -> PostgresServer {
        let folder = try TemporaryFolder.make("pg").path
        try ShellCommand.run(["chmod", "755", folder])
        if geteuid() == 0 { try ShellCommand.run(["chown", "postgres", folder]) }
        let port = try ownPlace().port
        try Self.asServerUser([
            "\(programs.folder)/pg_basebackup", "-d",
            "host=127.0.0.1 port=\(port) user=postgres dbname=postgres application_name=walreceiver", "-D",
            "\(folder)/data", "-R", "-X", "stream", "-c", "fast", "-C", "-S", slot, "--no-sync",
        ])
        let place = Place(folder: folder, port: try FreePort.ofPostgres())
        let all = [
            "port": "\(place.port)", "unix_socket_directories": "'\(folder)'", "hot_standby_feedback": "on",
            "wal_receiver_status_interval": "1s", "wal_retrieve_retry_interval": "200ms",
        ].merging(settings) { _, new in new }
        let text = all.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)\n" }.joined()
        try Self.asServerUser(["tee", "-a", "\(folder)/data/postgresql.conf"], input: text)
        return PostgresServer(programs, at: place)
    }

    /// Makes a standby a primary and waits until it takes writes.
    func promote() throws {
        try sql("SELECT pg_promote(true, 60)")
        try waitUntil("the standby is promoted") { try sql("SELECT pg_is_in_recovery()") == "f" }
    }

    /// Waits until a standby has replayed everything that `primary` has flushed.
    func waitForReplay(of primary: PostgresServer) throws {
        let target = try primary.flushedPosition()
        try waitUntil("the standby has replayed \(target)") {
            try sql("SELECT pg_last_wal_replay_lsn() >= '\(target)'::pg_lsn") == "t"
        }
    }

    /// Copies the folder of the server, which is stopped for that, as a snapshot of its disk would.
    func saveDisk() throws {
        try stop(.immediate)
        let folder = try ownPlace().folder
        try Self.asServerUser(["cp", "-a", "\(folder)/data", "\(folder)/saved"])
        try start()
    }

    /// Puts the folder back as ``saveDisk()`` has saved it.
    func restoreDisk() throws {
        try stop(.immediate)
        let folder = try ownPlace().folder
        try Self.asServerUser(["rm", "-rf", "\(folder)/data"])
        try Self.asServerUser(["mv", "\(folder)/saved", "\(folder)/data"])
        try start()
    }
}
