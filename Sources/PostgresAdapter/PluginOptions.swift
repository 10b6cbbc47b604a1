// SPDX-License-Identifier: Apache-2.0

import Faults
import LibPQ

/// The options of the output plugin, as START_REPLICATION takes them.
struct PluginOptions: Equatable {
    /// Each with its value, as SQL wants it.
    let options: [String]

    /// What `wanted` comes to on a server of that version; refuses what the server cannot do.
    init(
        _ wanted: PostgresOptions.Streaming, publication: String, messages: PostgresOptions.MessagePolicy,
        serverVersion: Int
    ) throws(Fault) {
        let version = try Self.version(wanted, serverVersion: serverVersion)
        var options = ["proto_version '\(version)'", "publication_names \(Self.publicationList(publication))"]
        if serverVersion >= 140_000, messages == .include { options.append("messages 'true'") }
        if version == 4 {
            options.append("streaming 'parallel'")
        } else if version >= 2 {
            options.append("streaming 'on'")
        }
        if wanted.keepsTwoPhase { options.append("two_phase 'on'") }
        if wanted.onlyOwnChanges {
            guard serverVersion >= 160_000 else {
                throw Fault(.postgresVersion, "--origin none needs PostgreSQL 16 or later")
            }
            options.append("origin 'none'")
        }
        self.options = options
    }

    private static func version(
        _ wanted: PostgresOptions.Streaming, serverVersion: Int
    ) throws(Fault) -> Int {
        let least = wanted.keepsTwoPhase ? 3 : 1
        let version = wanted.version ?? max(least, serverVersion >= 140_000 ? 2 : 1)
        guard version >= least else {
            throw Fault(.settingInvalid, "--two-phase needs --protocol 3 or 4", hint: "leave out --protocol")
        }
        let needed = [1: 13, 2: 14, 3: 15, 4: 16][version] ?? 13
        guard serverVersion >= needed * 10_000 else {
            throw Fault(.postgresVersion, "protocol version \(version) needs PostgreSQL \(needed) or later")
        }
        return version
    }

    /// A quoted list of identifiers inside a string, as the output plugin parses it.
    private static func publicationList(_ name: String) -> String {
        "'" + PQConnection.quoted(identifier: name).unicodeScalars.map { $0 == "'" ? "''" : String($0) }.joined() + "'"
    }
}
