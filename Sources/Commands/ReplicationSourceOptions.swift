// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// The flags of a keyspace that is read as a replica.
struct ReplicationSourceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "What the server is told of how far we are: zero, nothing; honest, the last anchor. See the manual for what honest does.",
            valueName: "policy"))
    var ack: String?
    @Option(help: ArgumentHelp("How much of the server's stream may wait on disk.", valueName: "size"))
    var spoolBytes: String?
    @Option(
        name: .customLong("from-rdb"),
        help: ArgumentHelp("A dump of the server to begin with, in the place of a snapshot.", valueName: "file"))
    var fromDump: String?
    @Option(
        help: ArgumentHelp(
            "touched reads the values of keys whose commands do not tell them, before each anchor; none does not.",
            valueName: "which"))
    var state: String?
    @Option(help: ArgumentHelp("The largest value that --state touched reads.", valueName: "size"))
    var stateBytes: String?

    /// The flags that were given.
    var flags: [SettingKey: String] {
        present([
            .acknowledge: ack, .spoolBytes: spoolBytes, .fromDump: fromDump, .state: state, .stateBytes: stateBytes,
        ])
    }
}
