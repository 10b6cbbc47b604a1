// SPDX-License-Identifier: Apache-2.0

import Anchors
import Changelog
import Faults
import RedisStreams
import RedisURI

/// What `kedge plan` prints of a Redis source.
struct StreamPlanReport: Encodable {
    struct Stream: Encodable {
        let name: String
        let length: Int64
        let first: String?
        let last: String
        let start: String
        let goneBefore: Int64?
    }

    let server: String
    let database: Int
    let streams: [Stream]
    let waitedFor: [String]
    let warnings: [String]

    init(_ request: RedisRequest) throws(Fault) {
        let beginning = try StreamBeginning.look(request.options(clientName: "kedge/plan"), at: request.start)
        server = beginning.identity.text("serverVersion") ?? "?"
        database = request.address.database
        let text = LaneNotation.entry.text
        streams = beginning.streams.map { stream in
            Stream(
                name: stream.name.text, length: stream.state.length, first: stream.state.first.map(text),
                last: text(stream.state.lastGenerated), start: text(stream.mark.point), goneBefore: stream.goneBefore)
        }
        let known = Set(beginning.streams.map(\.name.key))
        waitedFor = request.selection.keys.filter { !known.contains($0) }.map { StreamName(key: $0).text }
        warnings =
            beginning.streams.contains { $0.state.added == nil }
            ? [
                "this server does not count what is added to a stream: entries that are trimmed unread cannot be counted"
            ]
            : []
    }

    var text: String {
        var lines = ["server       Redis \(server), database \(database)"]
        for stream in streams {
            let gone = stream.goneBefore.flatMap { $0 > 0 ? "; \($0) more are gone already" : nil } ?? ""
            lines.append(
                "stream       \(stream.name)  \(stream.length) entries, \(stream.first ?? "-") to \(stream.last)\(gone)"
            )
            lines.append("               would begin behind \(stream.start)")
        }
        lines += waitedFor.map { "stream       \($0)  not there yet: it is waited for" }
        if streams.isEmpty, waitedFor.isEmpty { lines.append("stream       none matches yet") }
        lines += warnings.map { "warning      \($0)" }
        return lines.joined(separator: "\n")
    }
}

extension RedisRequest {
    /// Looks whether a run can work, through the group that the settings name if there is one.
    func doctor(lanes: [LaneRange]?, _ settings: Settings) throws(Fault) -> StreamDoctor {
        var group: GroupOptions?
        if let name = try settings.text(.group) {
            group = GroupOptions(
                group: name, consumer: try settings.text(.consumer) ?? "", minimumIdle: .zero,
                creation: try settings.flag(.createGroup) ? .allowed : .forbidden, start: start)
        }
        return StreamDoctor(
            try options(clientName: "kedge/doctor"), group: group,
            marks: (lanes ?? []).map { LaneMark(lane: $0.lane, point: $0.to, facts: $0.facts) })
    }
}
