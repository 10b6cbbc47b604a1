// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// The programs of one version of PostgreSQL.
struct ServerPrograms: Sendable, Hashable, CustomTestStringConvertible {
    /// `15`, `16`, `18`.
    let major: Int
    /// Where `postgres`, `initdb`, `pg_ctl` and the others are.
    let folder: String

    /// The version, as a test's argument shows it.
    var testDescription: String { "PostgreSQL \(major)" }

    /// Every version at hand, oldest first: Debian's own, and those that `servers.sh` has fetched.
    static let all: [ServerPrograms] = {
        var found: [Int: ServerPrograms] = [:]
        for base in ["/usr/lib/postgresql"] + fetched {
            for version in ((try? FileManager.default.contentsOfDirectory(atPath: base)) ?? []).compactMap(Int.init) {
                let folder = "\(base)/\(version)/bin"
                guard FileManager.default.isExecutableFile(atPath: "\(folder)/initdb") else { continue }
                found[version] = found[version] ?? ServerPrograms(major: version, folder: folder)
            }
        }
        return found.values.sorted { $0.major < $1.major }
    }()

    /// The version that the tests run on when they name none: the one in `KEDGE_PG_BIN`, else Debian's newest.
    static let standard: ServerPrograms = {
        guard let folder = named else { return ofDebian ?? ServerPrograms(major: 0, folder: "/usr/bin") }
        let version = try? ShellCommand.run(["\(folder)/postgres", "--version"])
        let number = version?.split(separator: " ").compactMap { Int($0.prefix { $0 != "." }) }.first
        return ServerPrograms(major: number ?? 0, folder: folder)
    }()

    /// Where the programs of the ``standard`` version are.
    static var standardFolder: String { named ?? ofDebian?.folder ?? "/usr/bin" }

    private static var named: String? { ProcessInfo.processInfo.environment["KEDGE_PG_BIN"] }
    private static var ofDebian: ServerPrograms? { all.last { $0.folder.hasPrefix("/usr/lib") } }

    /// The newest version at hand; tests of what only new servers do ask for it.
    static var newest: ServerPrograms { all.last ?? standard }

    /// Those of one version.
    static func version(_ major: Int) throws -> ServerPrograms {
        guard let programs = all.first(where: { $0.major == major }) else {
            throw TestFailure("PostgreSQL \(major) is not at hand; run Integration/scripts/servers.sh")
        }
        return programs
    }

    /// Where `servers.sh` puts what it fetches: readable by everybody, for servers refuse to run as root.
    static var fetched: [String] {
        let environment = ProcessInfo.processInfo.environment
        return [environment["KEDGE_TEST_SERVERS"], "/var/cache/kedge-servers"].compactMap { $0 }
            + [(environment["HOME"] ?? "") + "/.cache/kedge-servers"]
    }
}
