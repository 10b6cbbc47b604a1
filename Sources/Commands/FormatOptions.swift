// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// The flags that say how records are written down.
struct FormatOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "ndjson, a line of JSON a record; parquet, files of columns. For the whole life of an export.",
            valueName: "format"))
    var format: String?
    @Option(
        help: ArgumentHelp(
            "Of Parquet's types: portable, those that every engine reads; rich, the nearest ones.", valueName: "name"))
    var profile: String?
    @Option(
        help: ArgumentHelp(
            "Of Parquet's numbers: off, as the source declares them; eager, as wide as they can become.",
            valueName: "how"))
    var widen: String?
    @Option(
        help: ArgumentHelp(
            "Which columns of Parquet get a Bloom filter: none, or key, those that identify a row.", valueName: "which")
    )
    var bloomFilters: String?
    @Option(
        help: ArgumentHelp(
            "Of parquet: on makes the folder of each table a Delta table, off leaves that.", valueName: "choice"))
    var delta: String?
    @Option(help: ArgumentHelp("After how many commits of a Delta table a checkpoint is written.", valueName: "count"))
    var deltaCheckpointEvery: String?
    @Option(
        help: ArgumentHelp(
            "How long the log of a Delta table is kept below its checkpoints.", valueName: "time"))
    var deltaLogRetention: String?
    @Option(help: ArgumentHelp("zstd, gzip or none; snappy too for parquet.", valueName: "codec"))
    var compression: String?
    @Option(help: ArgumentHelp("The codec's level.", valueName: "level"))
    var compressionLevel: String?

    /// The flags that were given.
    var flags: [SettingKey: String] {
        present([
            .format: format, .profile: profile, .widen: widen, .bloomFilters: bloomFilters, .compression: compression,
            .compressionLevel: compressionLevel, .delta: delta, .deltaCheckpointEvery: deltaCheckpointEvery,
            .deltaLogRetention: deltaLogRetention,
        ])
    }
}
