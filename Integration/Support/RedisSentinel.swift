// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc

/// A sentinel for tests, which watches one master under the name `shop` and is quick to give it up.
final class RedisSentinel {
    /// Where it listens.
    let port: Int
    private let folder: String
    private let process: ChildProcess

    /// Starts one and waits until it knows the master and `replicaCount` replicas of it.
    init(watching master: RedisServer, replicaCount: Int) throws {
        folder = try TemporaryFolder.make("sentinel").path
        port = try FreePort.ofRedis()
        let lines = [
            "port \(port)", "bind 127.0.0.1", "dir \(folder)", "logfile \(folder)/log",
            "sentinel monitor shop 127.0.0.1 \(master.port) 1", "sentinel down-after-milliseconds shop 500",
            "sentinel failover-timeout shop 3000",
        ]
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: "\(folder)/sentinel.conf"))
        process = try ChildProcess(
            [master.programs.server, "\(folder)/sentinel.conf", "--sentinel"],
            environment: ProcessInfo.processInfo.environment, input: "/dev/null", output: "\(folder)/output",
            errors: "\(folder)/errors")
        try waitUntil("the sentinel knows its replicas", deadline: .seconds(30)) {
            ((try? ask("SENTINEL", "master", "shop")) ?? "").contains("num-slaves\n\(replicaCount)\n")
        }
    }

    /// What it answers.
    func ask(_ words: String...) throws -> String {
        try ShellCommand.run(["redis-cli", "-p", "\(port)"] + words)
    }

    /// Ends it.
    func remove() {
        process.send(SIGKILL)
        try? FileManager.default.removeItem(atPath: folder)
    }
}
