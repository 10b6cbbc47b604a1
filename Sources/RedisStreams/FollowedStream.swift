// SPDX-License-Identifier: Apache-2.0

import Changelog
import Faults

/// One stream that is being read, and how far.
struct FollowedStream: Sendable {
    let name: StreamName
    let schema: TableSchema
    var lane: Lane
    var memory: StreamMemory
    /// The last entry that the run is to export; nil while it follows.
    var bound: EntryID?
    /// Whether the run has exported all that it should.
    var isDone = false
    /// Whether it waits for its turn to be looked at.
    var isDue = false
    /// Whether it has not been looked at since the round began.
    var isOfRound = false
    /// How many entries the next page asks for.
    var pageCount = 100
    /// The node of a cluster at which it was looked at last; nil outside of clusters, and before the first look.
    var node: String?
    /// How often it was looked for at another node since it was found the last time.
    var hopCount = 0
    /// How it stands to the node of a cluster where it is looked at.
    var standing = Standing.resident

    /// Whose a slot is while it moves: the node that it is being brought to has what has arrived, and says that nothing is
    /// there of what has not.
    enum Standing: Hashable, Sendable {
        /// The node has the slot, or will say who has.
        case resident
        /// The owner of the slot has sent it here, where it was not looked at yet.
        case arriving
        /// It was found here, before the slot was the node's.
        case guest
    }

    init(_ name: StreamName, lane: Lane, memory: StreamMemory) {
        self.name = name
        self.lane = lane
        self.memory = memory
        schema = StreamSchema.schema(of: name.table)
    }

    /// A stream that is seen for the first time.
    init(_ name: StreamName, beginningAt start: EntryID, of state: StreamState) {
        self.init(
            name, lane: Lane(name: name.text, epoch: 1, notation: .entry, start: start),
            memory: StreamMemory(beginningAt: start, of: state))
    }

    /// A stream of an anchor.
    init(_ mark: LaneMark) throws(Fault) {
        guard mark.lane.notation == .entry,
            let name = StreamName(lane: mark.lane.name, keyFact: mark.facts[Self.keyFact])
        else { throw Fault(.exportBroken, "lane \(mark.lane.name) of the newest anchor is no stream") }
        self.init(name, lane: mark.lane, memory: StreamMemory(point: mark.point, facts: mark.facts))
        if case .text(let node)? = mark.facts[Self.nodeFact] { self.node = node }
    }

    private static let keyFact = "key"
    private static let nodeFact = "node"

    /// How far it is handed over, as an anchor tells of it.
    var mark: LaneMark {
        var facts = memory.facts
        facts[Self.keyFact] = name.keyFact
        facts[Self.nodeFact] = node.map { .text($0) }
        return LaneMark(lane: lane, point: memory.point, facts: facts)
    }

    /// Begins its next history.
    mutating func beginAnew(with state: StreamState) throws(Fault) {
        guard lane.epoch < .max else {
            throw Fault(.exportFormat, "lane \(lane.name) has no epoch left", hint: "begin another export with --to")
        }
        lane = Lane(name: lane.name, epoch: lane.epoch + 1, notation: .entry, start: .zero)
        memory = StreamMemory(beginningAt: .zero, of: state)
    }

    /// Learns from a page how many entries the next one may have.
    mutating func learn(entryCount: Int, byteCount: Int, pageByteCount: Int) {
        guard entryCount > 0 else { return }
        let size = max(1, byteCount / entryCount)
        pageCount = max(1, min(pageByteCount / size, pageCount * 8, 10_000))
    }
}

/// The columns of every stream.
enum StreamSchema {
    static func schema(of table: TableName) -> TableSchema {
        TableSchema(
            table: table,
            columns: [
                TableSchema.Column(name: "id", type: .text, sourceType: "stream id"),
                TableSchema.Column(name: "fields", type: .list(.list(.bytes)), sourceType: "stream fields"),
            ], key: ["id"])
    }
}
