// SPDX-License-Identifier: Apache-2.0

/// Every setting: the name of its flag, of its line in `kedge.yaml` and, in capitals behind `KEDGE_`, of its variable.
enum SettingKey: String, CaseIterable {
    case source
    case to
    case tables
    case excludeTables = "exclude-tables"
    case slot
    case publication
    case noCreate = "no-create"
    case snapshot
    case until
    case jobs
    case toast
    case onRewrite = "on-rewrite"
    case onIncompatible = "on-incompatible"
    case messages
    case streamProtocol = "protocol"
    case twoPhase = "two-phase"
    case origin
    case format
    case profile
    case widen
    case bloomFilters = "bloom-filters"
    case delta
    case deltaCheckpointEvery = "delta-checkpoint-every"
    case deltaLogRetention = "delta-log-retention"
    case compression
    case compressionLevel = "compression-level"
    case segmentBytes = "segment-bytes"
    case segmentRows = "segment-rows"
    case anchorEvery = "anchor-every"
    case minFree = "min-free"
    case queueBytes = "queue-bytes"
    case slotTimeout = "slot-timeout"
    case mode
    case streams
    case onGap = "on-gap"
    case discoverEvery = "discover-every"
    case preferReplica = "prefer-replica"
    case group
    case consumer
    case minIdle = "min-idle"
    case createGroup = "create-group"
    case retryFor = "retry-for"
    case stopGrace = "stop-grace"
    case columnPrefix = "column-prefix"
    case acknowledge = "ack"
    case spoolBytes = "spool-bytes"
    case fromDump = "from-rdb"
    case state
    case stateBytes = "state-bytes"
    case output
    case logFormat = "log-format"
    case logLevel = "log-level"
    case quiet

    /// What holds when nobody says anything; nil when the setting is then absent.
    var defaultValue: String? {
        switch self {
        case .source, .to, .tables, .excludeTables, .slot, .publication, .until, .compressionLevel, .mode, .streams,
            .group, .consumer, .fromDump:
            nil
        case .noCreate, .twoPhase, .createGroup, .preferReplica, .quiet: "false"
        case .snapshot: "initial"
        case .jobs: "0"
        case .toast: "unknown"
        case .onRewrite, .onIncompatible: "stop"
        case .messages: "include"
        case .streamProtocol: "auto"
        case .origin: "any"
        case .format: "ndjson"
        case .profile: "portable"
        case .widen: "off"
        case .bloomFilters: "none"
        case .delta: "on"
        case .deltaCheckpointEvery: "100"
        case .deltaLogRetention: "30d"
        case .compression: "zstd"
        case .segmentBytes: "128MiB"
        case .segmentRows: "10000000"
        case .anchorEvery: "10s,10000tx,64MiB"
        case .minFree: "1GiB"
        case .queueBytes: "4MiB"
        case .slotTimeout: "60s"
        case .onGap: "record"
        case .discoverEvery: "10s"
        case .minIdle: "60s"
        case .retryFor: "5m"
        case .stopGrace: "10s"
        case .columnPrefix: "_cdc_"
        case .acknowledge: "zero"
        case .spoolBytes: "4GiB"
        case .state: "none"
        case .stateBytes: "16MiB"
        case .output: "text"
        case .logFormat: "auto"
        case .logLevel: "info"
        }
    }

    /// Its environment variable.
    var variable: String {
        "KEDGE_" + rawValue.uppercased().replacing("-", with: "_")
    }
}
