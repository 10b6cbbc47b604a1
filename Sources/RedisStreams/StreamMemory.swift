// SPDX-License-Identifier: Apache-2.0

import Changelog

/// What is remembered of a stream from one look to the next, and over the end of a run in the anchor.
struct StreamMemory: Hashable, Sendable {
    /// Everything up to here has been handed over, or said to be missing.
    var point: EntryID
    /// How many entries were ever added up to the point; nil before Redis 7.0, and while it is not settled.
    var accounted: Int64?
    /// What the server said at the last look; nil before the first.
    var state: StreamState?
    /// Whether entries behind the point were there at the last look.
    var hasUnread: Bool
    /// An entry that was seen: the one at the point, or the first behind it.
    var witness: Witness?
    /// Whether the stream was not there at the last look.
    var isGone: Bool

    /// Of a stream of which nothing is known.
    init(point: EntryID) {
        self.point = point
        hasUnread = false
        isGone = false
    }

    /// Of a stream that is seen for the first time: what was taken from it before is nobody's loss.
    init(beginningAt point: EntryID, of state: StreamState) {
        self.init(point: point)
        if point == state.lastGenerated {
            accounted = state.added
            witness = state.lastWitness?.id == point ? state.lastWitness : nil
        } else {
            accounted = state.added.map { $0 - state.length }
            witness = state.firstWitness
            hasUnread = state.length > 0
        }
        self.state = state
    }

    /// Remembers what the server says now.
    mutating func note(_ state: StreamState) {
        self.state = state
        isGone = false
    }
}

extension StreamMemory {
    private enum Name {
        static let accounted = "accounted"
        static let added = "added"
        static let length = "length"
        static let lastGenerated = "lastGenerated"
        static let maxDeleted = "maxDeleted"
        static let first = "first"
        static let unread = "unread"
        static let witness = "witness"
        static let gone = "gone"
    }

    /// What the anchor keeps of it besides the point.
    var facts: [String: SourceIdentity.Fact] {
        var facts: [String: SourceIdentity.Fact] = [:]
        facts[Name.accounted] = accounted.map { .number($0) }
        if let state {
            facts[Name.added] = state.added.map { .number($0) }
            facts[Name.length] = .number(state.length)
            facts[Name.lastGenerated] = .text(state.lastGenerated.text)
            facts[Name.maxDeleted] = state.maxDeleted.map { .text($0.text) }
            facts[Name.first] = state.first.map { .text($0.text) }
        }
        facts[Name.witness] = witness.map { .text($0.description) }
        if hasUnread { facts[Name.unread] = .number(1) }
        if isGone { facts[Name.gone] = .number(1) }
        return facts
    }

    /// Reads what an anchor keeps.
    init(point: EntryID, facts: [String: SourceIdentity.Fact]) {
        func number(_ name: String) -> Int64? { if case .number(let value)? = facts[name] { value } else { nil } }
        func text(_ name: String) -> String? { if case .text(let value)? = facts[name] { value } else { nil } }
        func id(_ name: String) -> EntryID? { text(name).flatMap(LaneNotation.entry.point) }

        self.init(point: point)
        accounted = number(Name.accounted)
        if let length = number(Name.length), let lastGenerated = id(Name.lastGenerated) {
            state = StreamState(
                length: length, lastGenerated: lastGenerated, first: id(Name.first), added: number(Name.added),
                maxDeleted: id(Name.maxDeleted))
        }
        witness = text(Name.witness).flatMap(Witness.init)
        hasUnread = number(Name.unread) == 1
        isGone = number(Name.gone) == 1
    }
}
