// SPDX-License-Identifier: Apache-2.0

import Changelog
import Faults
import Hiredis
import RedisStreams
import RedisURI

/// How a Redis-like store is read.
enum RedisMode: String, CaseIterable {
    /// Streams, by the identifiers of their entries.
    case streams
    /// All keys, as a replica that only listens.
    case replication
    /// All keys, one after the other.
    case scan
}

/// What a call was told of a Redis-like source.
struct RedisRequest {
    let address: RedisAddress
    let preference: ServerPreference
    let selection: StreamSelection
    let start: StreamStart

    init(_ settings: Settings) throws(Fault) {
        address = try settings.redisAddress()
        preference = try settings.serverPreference()
        if address.topology == .cluster, preference == .replica, let entry = try settings.entry(.preferReplica) {
            throw settings.invalid(
                .preferReplica, entry, "of a cluster the masters are read", hint: "leave out --prefer-replica")
        }
        if try settings.text(.mode) != nil { _ = try settings.choice(.mode, RedisMode.self) }
        selection = try settings.streamSelection()
        start = try settings.choice(.snapshot, SnapshotChoice.self) == .none ? .newest : .first
    }

    /// Options that are good for looking. Where sentinels are named, they are asked; a cluster stays one.
    func options(
        clientName: String = "kedge", report: @escaping @Sendable (StreamReport) -> Void = { _ in }
    ) throws(Fault) -> StreamOptions {
        StreamOptions(
            address: address.topology == .cluster ? address : try address.located(preference), clientName: clientName,
            selection: selection, report: report)
    }
}

/// What `--snapshot` says.
enum SnapshotChoice: String, CaseIterable {
    case initial
    case none
    case only
}

/// What one run was asked to do with streams of a Redis-like server.
struct RedisRunSettings {
    let run: RunSettings
    let request: RedisRequest
    let target: StreamTarget
    let onGap: GapPolicy
    let discoverEvery: Duration
    /// How a consumer group is read; nil when streams are read by identifier.
    let group: GroupOptions?

    init(_ settings: Settings, snapshotOnly: Bool = false) throws(Fault) {
        request = try RedisRequest(settings)
        for key in [SettingKey.state, .stateBytes] { try settings.refuse(key, with: .streams) }
        run = try RunSettings(settings)
        let choice = try settings.choice(.snapshot, SnapshotChoice.self)
        let isOnce = snapshotOnly || choice == .only
        let target = try settings.streamTarget()
        if isOnce, let until = try settings.entry(.until), target != .now {
            throw settings.invalid(
                .until, until, "what is there now has no end of its own to choose", hint: "leave out --until")
        }
        self.target = isOnce ? .now : target
        onGap = try settings.choice(.onGap, GapPolicy.self)
        discoverEvery = try settings.discoverInterval()
        group = try settings.group(start: request.start)
        if group != nil, request.address.topology == .cluster, let entry = try settings.entry(.group) {
            throw settings.invalid(
                .group, entry, "a consumer group is read at one server, and --source names a cluster",
                hint: "leave out --group: streams of a cluster are read by identifier")
        }
        if group != nil, let until = try settings.entry(.until), self.target != .now {
            throw settings.invalid(
                .until, until, "a consumer group has no order in which an entry is an end", hint: "give --until now")
        }
    }
}

extension Settings {
    /// How the server is read: as `--mode` says; without it streams where streams are named, else all keys.
    func redisMode() throws(Fault) -> RedisMode {
        if try text(.mode) != nil { return try choice(.mode, RedisMode.self) }
        return try text(.streams) == nil ? .replication : .streams
    }

    /// Which of the servers that sentinels watch is meant.
    func serverPreference() throws(Fault) -> ServerPreference { try flag(.preferReplica) ? .replica : .master }

    /// Where the server is; what cannot be an address says where it was set.
    func redisAddress() throws(Fault) -> RedisAddress {
        guard let entry = try entry(.source) else { throw Fault(.usage, "--source is missing") }
        do throws(Fault) {
            return try RedisAddress(parsing: Redacted(entry.value))
        } catch {
            throw invalid(.source, entry, error.message, hint: error.hint)
        }
    }

    /// Which streams are meant.
    func streamSelection() throws(Fault) -> StreamSelection {
        guard try text(.streams) != nil else {
            throw Fault(
                .usage, "--streams is missing", hint: "name the streams to export: --streams 'orders,events:*'")
        }
        return try parsed(.streams, "patterns such as orders or events:*") { text in
            let patterns = Self.pieces(text).map { StreamPattern($0) }
            let known = patterns.compactMap { $0 }
            return known.count == patterns.count && !known.isEmpty ? StreamSelection(known) : nil
        }
    }

    /// What lies between commas; one behind a backslash is none.
    private static func pieces(_ text: String) -> [String] {
        var pieces = [""]
        var isEscaped = false
        for character in text {
            if character == ",", !isEscaped {
                pieces.append("")
            } else {
                pieces[pieces.count - 1].append(character)
            }
            isEscaped = character == "\\" && !isEscaped
        }
        return pieces.map { $0.trimming() }
    }

    /// How a consumer group is read; nil when none is named.
    func group(start: StreamStart) throws(Fault) -> GroupOptions? {
        let needed: [SettingKey] = [.consumer, .minIdle, .createGroup]
        guard try text(.group) != nil else {
            for key in needed {
                guard let entry = try entry(key), entry.origin.isChosen else { continue }
                throw invalid(key, entry, "it belongs to --group, which is missing", hint: "give --group too")
            }
            return nil
        }
        return GroupOptions(
            group: try required(.group), consumer: try required(.consumer), minimumIdle: try duration(.minIdle),
            creation: try flag(.createGroup) ? .allowed : .forbidden, start: start)
    }

    /// Where a run of streams ends.
    func streamTarget() throws(Fault) -> StreamTarget {
        guard try text(.until) != nil else { return .none }
        let expected = "now, an entry such as 1700000000000-0, or a time such as 2026-11-22T10:00:00Z"
        return try parsed(.until, expected, among: ["now"]) { text in
            if text == "now" { return .now }
            if let id = LaneNotation.entry.point(text) { return .entry(id) }
            guard let time = Timestamp(text), time.microseconds >= 0 else { return nil }
            let milliseconds = Position(rawValue: UInt64(time.microseconds / 1000))
            return .entry(LanePoint(position: milliseconds, ordinal: .max))
        }
    }
}
