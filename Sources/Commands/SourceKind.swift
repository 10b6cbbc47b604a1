// SPDX-License-Identifier: Apache-2.0

import Faults
import RedisURI

/// What kind of store changes come from; the scheme of `--source` says it.
enum SourceKind: String {
    case postgres = "PostgreSQL"
    case redis = "Redis"

    /// The kind that an address means; PostgreSQL unless its scheme is one of Redis.
    init(of source: Redacted) {
        self = RedisAddress.isMeant(by: source) ? .redis : .postgres
    }
}

/// For which sources a setting means something.
enum SettingFamily {
    case any
    case postgres
    case redis

    /// Whether it means something for `kind`.
    func serves(_ kind: SourceKind) -> Bool {
        switch self {
        case .any: true
        case .postgres: kind == .postgres
        case .redis: kind == .redis
        }
    }
}

extension SettingKey {
    /// For which sources it means something.
    var family: SettingFamily {
        switch self {
        case .tables, .excludeTables, .slot, .publication, .noCreate, .jobs, .toast, .onRewrite, .onIncompatible,
            .messages, .streamProtocol, .twoPhase, .origin, .slotTimeout, .contract, .onViolation, .transactionsTable:
            .postgres
        case .mode, .streams, .onGap, .acknowledge, .spoolBytes, .fromDump, .state, .stateBytes, .discoverEvery,
            .preferReplica, .group,
            .consumer, .minIdle, .createGroup:
            .redis
        case .source, .to, .snapshot, .until, .format, .profile, .widen, .bloomFilters, .delta, .deltaCheckpointEvery,
            .deltaLogRetention, .compression, .compressionLevel, .segmentBytes, .segmentRows,
            .anchorEvery, .minFree, .queueBytes, .retryFor, .stopGrace, .columnPrefix, .output, .logFormat, .logLevel,
            .quiet:
            .any
        }
    }
}

extension Settings {
    /// What kind of store `--source` names.
    func sourceKind() throws(Fault) -> SourceKind {
        SourceKind(of: Redacted(try text(.source) ?? ""))
    }

    /// Refuses settings that somebody has set and that mean nothing for a source of `kind`.
    func refuseForeign(to kind: SourceKind) throws(Fault) {
        for key in SettingKey.allCases where !key.family.serves(kind) {
            guard let entry = try entry(key), entry.origin.isChosen else { continue }
            let other: SourceKind = kind == .redis ? .postgres : .redis
            throw invalid(
                key, entry, "it is for sources of \(other.rawValue), and --source names one of \(kind.rawValue)",
                hint: "leave it out")
        }
    }
}
