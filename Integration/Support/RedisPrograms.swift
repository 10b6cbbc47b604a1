// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// The server program of one version of Redis.
struct RedisPrograms: Sendable, Hashable, CustomTestStringConvertible {
    /// `7.0`, `6.2`.
    let version: String
    /// The path of `redis-server`.
    let server: String

    /// The version, as a test's argument shows it.
    var testDescription: String { "Redis \(version)" }

    /// Whether it is at least this version.
    func isAtLeast(_ major: Int, _ minor: Int) -> Bool {
        let parts = version.split(separator: ".").compactMap { Int($0) }
        return (parts.first ?? 0, parts.dropFirst().first ?? 0) >= (major, minor)
    }

    /// Every version at hand, oldest first: Debian's own, and the one that `servers.sh` has fetched.
    static let all: [RedisPrograms] = {
        let fetched = ServerPrograms.fetched.map { "\($0)/redis-6.2/bin/redis-server" }
        let candidates = fetched + ["/usr/bin/redis-server", "/usr/local/bin/redis-server"]
        var found: [String: RedisPrograms] = [:]
        for path in candidates where FileManager.default.isExecutableFile(atPath: path) {
            guard let version = version(of: path) else { continue }
            found[version] = found[version] ?? RedisPrograms(version: version, server: path)
        }
        return found.values.sorted { !$0.isAtLeast(of: $1) }
    }()

    /// The newest version at hand, which tests run on when they name none.
    static let standard: RedisPrograms = all.last ?? RedisPrograms(version: "0.0", server: "redis-server")

    /// Those of one version, such as `6.2`.
    static func version(_ version: String) throws -> RedisPrograms {
        guard let programs = all.first(where: { $0.version == version }) else {
            throw TestFailure("Redis \(version) is not at hand; run Integration/scripts/servers.sh")
        }
        return programs
    }

    private func isAtLeast(of other: RedisPrograms) -> Bool {
        let parts = other.version.split(separator: ".").compactMap { Int($0) }
        return isAtLeast(parts.first ?? 0, parts.dropFirst().first ?? 0)
    }

    /// `Redis server v=7.0.15 sha=…` is 7.0.
    private static func version(of path: String) -> String? {
        guard let text = try? ShellCommand.run([path, "--version"]),
            let word = text.split(separator: " ").first(where: { $0.hasPrefix("v=") })
        else { return nil }
        return word.dropFirst(2).split(separator: ".").prefix(2).joined(separator: ".")
    }
}
