// SPDX-License-Identifier: Apache-2.0

import Anchors
import Changelog
import Faults
import Logging
import RedisStreams
import RedisURI
import Runtime

/// Streams of a Redis-like server as the source of a run.
final class RedisRoute: SourceRoute {
    private let run: ExportRun
    private let settings: RedisRunSettings

    init(_ run: ExportRun, _ settings: RedisRunSettings) {
        self.run = run
        self.settings = settings
    }

    /// Only what any source may let pass.
    func mayPass(_ fault: Fault, attempts: Int) -> Bool { false }

    /// Runs once.
    func attempt() throws(Fault) -> RunReport.End {
        var last = run.last
        if last == nil { last = try begin() }
        guard let last else { throw Fault(.bug, "an export was begun without an anchor") }
        try refuseOther(last.anchor)
        return try follow(last)
    }

    /// The first anchor says where every stream begins. Who reads through a group begins where the group stands.
    private func begin() throws(Fault) -> StoredAnchor {
        if let group = settings.group {
            return try publish(
                StreamBeginning.identity(try options()).reading(through: group.group), [],
                reason: "begun with the consumer group \"\(group.group)\"")
        }
        let beginning = try StreamBeginning.look(try options(), at: settings.request.start)
        for stream in beginning.streams {
            let before = stream.goneBefore.flatMap { $0 > 0 ? "; \($0) more were gone before kedge came" : nil } ?? ""
            run.console.log.info("stream \(stream.name.text): \(stream.state.length) entries\(before)")
        }
        let place = settings.request.start == .first ? "at their first entries" : "behind their last entries"
        return try publish(
            beginning.identity, beginning.streams.map(\.mark),
            reason: "begun with \(beginning.streams.count) streams, \(place)")
    }

    private func publish(
        _ identity: SourceIdentity, _ marks: [LaneMark], reason: String
    ) throws(Fault) -> StoredAnchor {
        let parts = try run.parts(source: identity, epoch: 1)
        var publication = Publication(kind: .reset, from: .zero, to: .zero, reason: reason)
        publication.lanes = marks.map { mark in
            LaneRange(lane: mark.lane, from: mark.point, to: mark.point, facts: mark.facts)
        }.sorted { $0.lane.name < $1.lane.name }
        let stored = try parts.publisher.publish(publication, epoch: 1, after: nil)
        run.last = stored
        return stored
    }

    /// An export goes on with the kind of source that it was begun with.
    private func refuseOther(_ anchor: Anchor) throws(Fault) {
        let mode = anchor.source.text("mode")
        guard anchor.source.kind == "redis", mode == "streams" else {
            throw Fault(
                .sourceOther,
                "the export was begun from \(anchor.source.kind)\(mode.map { " in mode \($0)" } ?? ""), and --source with --streams names streams of Redis"
            )
        }
        let group = anchor.source.text("group")
        guard group == settings.group?.group else {
            throw Fault(
                .sourceOther, "the export was begun \(group.map { "with the group \"\($0)\"" } ?? "without a group")",
                hint: "read in the same way, or begin another export with --to")
        }
        let database = anchor.source.number("database") ?? 0
        guard database == Int64(settings.request.address.database) else {
            throw Fault(
                .sourceOther,
                "the export was begun from database \(database), and --source names \(settings.request.address.database)"
            )
        }
    }

    private func follow(_ last: StoredAnchor) throws(Fault) -> RunReport.End {
        let marks = last.anchor.lanes.map { LaneMark(lane: $0.lane, point: $0.to, facts: $0.facts) }
        let options = try options()
        let identity = try StreamBeginning.identity(options)
        if let group = settings.group {
            var source = try RedisGroupSource.open(
                options, group, from: marks, clock: last.anchor.to, taken: TakenReader(run).read(behind: last.anchor))
            return try move(&source, as: identity.reading(through: group.group), after: last)
        }
        if options.address.topology == .cluster {
            var source = try ClusterStreamSource.open(options, from: marks, identity: last.anchor.source)
            return try move(&source, as: identity.keeping(last.anchor.source), after: last)
        }
        var source = try RedisStreamSource.open(options, from: marks, identity: last.anchor.source)
        return try move(&source, as: identity.keeping(last.anchor.source), after: last)
    }

    private func move<Source: ChangeSource & ~Copyable>(
        _ source: inout Source, as identity: SourceIdentity, after last: StoredAnchor
    ) throws(Fault) -> RunReport.End {
        let pipeline = StreamPipeline(try run.parts(source: identity, epoch: 1), after: last)
        defer { run.last = pipeline.last }
        switch try pipeline.run(&source) {
        case .targetReached: return .targetReached
        case .stopped: return .stopped
        }
    }

    private func options() throws(Fault) -> StreamOptions {
        let log = run.console.log
        var options = try settings.request.options(
            clientName: "kedge/\(run.workspace.folder.path.split(separator: "/").last ?? "")"
        ) { report in
            switch report.level {
            case .info: log.info("\(report.message)")
            case .warning: log.warning("\(report.message)")
            }
        }
        options.target = settings.target
        options.onGap = settings.onGap
        options.discoverEvery = settings.discoverEvery
        return options
    }
}

extension SourceIdentity {
    /// The same, read through a consumer group.
    fileprivate func reading(through group: String) -> SourceIdentity {
        var identity = self
        identity.facts["group"] = .text(group)
        for name in identity.facts.keys where Self.isCounts(name) { identity.facts[name] = nil }
        return identity
    }

    /// The same, with what an anchor knew of the commands of the server: what is known now holds once all streams have
    /// been looked at.
    fileprivate func keeping(_ anchored: SourceIdentity) -> SourceIdentity {
        var kept = self
        for name in facts.keys where Self.isCounts(name) { kept.facts[name] = anchored.facts[name] }
        return kept
    }

    /// `commands`, or of a node of a cluster `commands.<name>`.
    private static func isCounts(_ name: String) -> Bool { name == "commands" || name.hasPrefix("commands.") }
}
