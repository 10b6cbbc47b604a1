// SPDX-License-Identifier: Apache-2.0

import Anchors
import Changelog
import Faults
import Hiredis
import RedisKeyspace
import RedisStreams
import RedisURI
import Runtime

/// What one run was asked to do with the keyspace of a Redis-like store.
struct KeyspaceRunSettings {
    /// Where to end.
    enum Target: Equatable {
        case none
        case now
        case offset(UInt64)
    }

    let run: RunSettings
    let address: RedisAddress
    let preference: ServerPreference
    let mode: SnapshotChoice
    let onGap: GapPolicy
    let resnapshots: Bool
    let target: Target
    let acknowledgement: ReplicationOptions.Acknowledgement
    let spoolByteCount: Int
    /// A dump that a server has written, to begin with in the place of a snapshot.
    let dumpPath: String?
    /// Whose values are read beside the stream, and up to which size; nil for nobody's.
    let stateByteLimit: Int?
    /// How often the shards of a cluster are asked for.
    let discoverEvery: Duration

    init(_ settings: Settings, snapshotOnly: Bool = false, resnapshots: Bool = false) throws(Fault) {
        address = try settings.replicationSource()
        preference = try settings.serverPreference()
        run = try RunSettings(settings)
        mode = snapshotOnly ? .only : try settings.choice(.snapshot, SnapshotChoice.self)
        onGap = try settings.choice(.onGap, GapPolicy.self)
        self.resnapshots = resnapshots
        acknowledgement = try settings.choice(.acknowledge, ReplicationOptions.Acknowledgement.self)
        spoolByteCount = try settings.byteCount(.spoolBytes, minimum: 1 << 20)
        dumpPath = try settings.text(.fromDump)
        let limit = try settings.byteCount(.stateBytes, minimum: 1)
        stateByteLimit = try settings.choice(.state, StateChoice.self) == .touched ? limit : nil
        if stateByteLimit == nil, let entry = try settings.entry(.stateBytes), entry.origin.isChosen {
            throw settings.invalid(
                .stateBytes, entry, "it bounds what --state touched reads",
                hint: "add --state touched, or leave it out")
        }
        discoverEvery = try settings.discoverInterval()
        target =
            try settings.text(.until) == nil
            ? .none
            : settings.parsed(.until, "now, or an offset", among: ["now"]) { text in
                text == "now" ? .now : PositionNotation.decimal.position(text).map { .offset($0.rawValue) }
            }
        try refuseOneServer(settings)
    }

    /// How a server is followed in a run, but for what it says of itself.
    func replicationOptions(_ address: RedisAddress, in run: ExportRun) -> ReplicationOptions {
        var options = ReplicationOptions(
            address: address, endpoint: address.endpoints[0], spoolFolder: run.workspace.folder.spool)
        options.limits.byteCount = spoolByteCount
        options.limits.minimumFreeByteCount = run.settings.limits.minimumFreeByteCount
        options.acknowledgement = acknowledgement
        options.crash = run.crash
        return options
    }

    /// What means one server means nothing for a cluster.
    private func refuseOneServer(_ settings: Settings) throws(Fault) {
        guard address.topology == .cluster else { return }
        if case .offset = target, let entry = try settings.entry(.until) {
            throw settings.invalid(.until, entry, "each shard of a cluster counts its own", hint: "give --until now")
        }
        if stateByteLimit != nil, let entry = try settings.entry(.state) {
            throw settings.invalid(
                .state, entry, "values are read at one server, and --source names a cluster", hint: "leave it out")
        }
        if dumpPath != nil, let entry = try settings.entry(.fromDump) {
            throw settings.invalid(
                .fromDump, entry, "a dump is of one server, and --source names a cluster",
                hint: "begin with a snapshot: leave it out")
        }
    }
}

/// What `--state` says.
enum StateChoice: String, CaseIterable {
    case none
    case touched
}

extension Settings {
    /// How often what there is to follow is looked for.
    func discoverInterval() throws(Fault) -> Duration {
        try parsed(.discoverEvery, "a time such as 10s, at least 1s") { text in
            Quantity.duration(text).flatMap { $0 >= .seconds(1) ? $0 : nil }
        }
    }

    /// The server whose keyspace is meant, or who knows it, and who we are there. The stream of a server holds
    /// all its databases, so none is chosen.
    func replicationSource() throws(Fault) -> RedisAddress {
        let address = try redisAddress()
        return RedisAddress(
            topology: address.topology, endpoints: address.endpoints, credentials: address.credentials,
            sentinelCredentials: address.sentinelCredentials, tls: address.tls, timeout: address.timeout)
    }
}
