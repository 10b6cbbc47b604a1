// SPDX-License-Identifier: Apache-2.0

import Changelog
import Faults
import Hiredis

/// One stream that is read through a group: its lane counts the entries that were taken, for their identifiers do not
/// ascend.
struct GroupStream: Sendable {
    let name: StreamName
    let schema: TableSchema
    let lane: Lane
    /// How many entries were taken, ever.
    var count: UInt64
    var taken: TakenEntries
    /// The last entry that was there when the run began.
    var bound = EntryID.zero

    private static let highestFact = "highest"
    private static let keyFact = "key"

    init(_ name: StreamName, lane: Lane, count: UInt64, taken: TakenEntries) {
        self.name = name
        self.lane = lane
        self.count = count
        self.taken = taken
        schema = StreamSchema.schema(of: name.table)
    }

    /// A stream of an anchor.
    init(_ mark: LaneMark, _ taken: TakenEntries) throws(Fault) {
        guard mark.lane.notation == .offset,
            let name = StreamName(lane: mark.lane.name, keyFact: mark.facts[Self.keyFact])
        else { throw Fault(.exportBroken, "lane \(mark.lane.name) of the newest anchor is no stream of a group") }
        self.init(name, lane: mark.lane, count: mark.point.position.rawValue, taken: taken)
        if case .text(let text)? = mark.facts[Self.highestFact], let id = LaneNotation.entry.point(text) {
            self.taken.raise(to: id)
        }
    }

    /// How far it is handed over, as an anchor tells of it.
    var mark: LaneMark {
        var facts: [String: SourceIdentity.Fact] = [Self.highestFact: .text(taken.highest.text)]
        facts[Self.keyFact] = name.keyFact
        return LaneMark(lane: lane, point: LanePoint(position: Position(rawValue: count)), facts: facts)
    }
}

/// What a consumer tells a server, each answered before the next.
struct GroupSession: ~Copyable {
    var plain: StreamSession

    init(_ session: consuming StreamSession) {
        plain = session
    }

    /// Acknowledges entries.
    mutating func acknowledge(_ ids: [EntryID], of key: [UInt8], _ options: GroupOptions) throws(Fault) {
        for start in stride(from: 0, to: ids.count, by: 500) {
            let part = ids[start..<min(start + 500, ids.count)]
            _ = try plain.run(GroupCommand.acknowledgement(of: key, part, options)).orFault()
        }
    }

    /// Whether a stream has the group.
    mutating func has(_ options: GroupOptions, at name: StreamName) throws(Fault) -> Bool {
        try plain.hasGroup(options.group, at: name)
    }

    /// Creates the group, and the stream when it is not there.
    mutating func create(_ options: GroupOptions, at key: [UInt8]) throws(Fault) {
        let start = options.start == .first ? "0" : "$"
        let reply = try plain.run(
            [Array("XGROUP".utf8), Array("CREATE".utf8), key]
                + [options.group, start, "MKSTREAM"].map { Array($0.utf8) })
        guard case .error(let error) = reply, error.kind != .other("BUSYGROUP") else { return }
        if error.kind == .other("WRONGTYPE") { throw StreamReading.wrongType(StreamName(key: key)) }
        throw error.fault.adding("creating group \"\(options.group)\"")
    }

    /// The last identifier of a stream.
    mutating func lastGenerated(of name: StreamName) throws(Fault) -> EntryID {
        try plain.states(of: [name.key])[0]?.lastGenerated ?? .zero
    }
}

extension StreamSession {
    /// Whether a stream has a group of this name.
    mutating func hasGroup(_ group: String, at name: StreamName) throws(Fault) -> Bool {
        let reply = try run([Array("XINFO".utf8), Array("GROUPS".utf8), name.key])
        if case .error(let error) = reply {
            if error.message.hasPrefix("ERR no such key") { return false }
            if error.kind == .other("WRONGTYPE") { throw StreamReading.wrongType(name) }
            throw error.fault
        }
        return (reply.elements ?? []).contains { found in
            guard let facts = found.elements, facts.count >= 2 else { return false }
            return facts[1].text == group
        }
    }
}
