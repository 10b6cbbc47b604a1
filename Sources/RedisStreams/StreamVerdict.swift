// SPDX-License-Identifier: Apache-2.0

import Changelog
import RedisFacts

/// What one look at a stream saw.
struct StreamLook: Hashable, Sendable {
    /// What became of the entry that is the witness.
    enum WitnessFinding: Hashable, Sendable {
        /// It is there as it was.
        case same
        /// One of its identifier holds something else.
        case other
        /// It is not there, or there was none.
        case absent
    }

    /// What the server said.
    let state: StreamState
    /// What became of the witness.
    let witness: WitnessFinding
    /// How many entries behind the point are there, when the look reached their end.
    let unread: Int64?
}

/// What is to be said of the time between two looks at a stream.
///
/// Entries leave a stream at its head (trimming) or one by one (deleting). From Redis 7.0 on a stream counts what was ever
/// added to it: what was added behind the point and is neither read nor there is missing, exactly. Before, an entry that was
/// read and is still there shows that nothing behind it was trimmed.
enum StreamVerdict: Hashable, Sendable {
    /// The stream is not there, and was not.
    case absent
    /// The stream is not there any more.
    case gone
    /// Nothing is missing; so many entries were added up to the point.
    case goOn(accounted: Int64?)
    /// It cannot be told without knowing which commands the server has run.
    case needsEvidence
    /// Entries are missing, up to a point; how many, when it can be counted.
    case gap(missing: Int64?, upTo: EntryID, reason: String)
    /// Whether entries are missing cannot be told.
    case unknown(reason: String)
    /// It is another stream than it was.
    case reset(reason: String)
}

extension StreamVerdict {
    /// Judges what has happened since `memory`. `evidence` is what the server has run between the two looks, once it was
    /// asked for.
    init(_ memory: StreamMemory, _ look: StreamLook?, _ evidence: CommandEvidence?) {
        guard let look else {
            self = memory.state == nil || memory.isGone ? .absent : .gone
            return
        }
        if memory.isGone {
            self = .reset(reason: "the stream was deleted and made again")
        } else if look.witness == .other {
            self = .reset(reason: "an entry holds something else than it did: the stream was made again")
        } else if look.state.lastGenerated < memory.point {
            // Made again, or set back by hand: what is added now would not come behind what is exported.
            self = .reset(reason: "the stream's identifiers went back behind what is exported")
        } else if memory.state.map({ look.state.isBehind($0) }) ?? false {
            self = Self.ofCountersThatWentBack(look, evidence)
        } else if let added = look.state.added {
            self = Self.byCounting(memory, look, added: added, evidence)
        } else {
            self = Self.byWitness(memory, look, evidence)
        }
    }

    private static func ofCountersThatWentBack(_ look: StreamLook, _ evidence: CommandEvidence?) -> StreamVerdict {
        guard let evidence else { return .needsEvidence }
        guard evidence.counters != .edited, look.witness != .same else {
            return .unknown(reason: "the stream's counters went back although it is the same stream")
        }
        return .reset(reason: "the stream's counters went back: it was made again")
    }

    // MARK: Redis 7.0 and later

    private static func byCounting(
        _ memory: StreamMemory, _ look: StreamLook, added: Int64, _ evidence: CommandEvidence?
    ) -> StreamVerdict {
        let unread = look.unreadCount(behind: memory.point)
        guard let accounted = memory.accounted else {
            let counted = unread.map { added - $0 }
            // Not settled yet, or nobody counted where it was looked at last: before an upgrade, or at another node.
            guard memory.state != nil else { return .goOn(accounted: counted) }
            let verdict = byWitness(memory, look, evidence)
            return verdict == .goOn(accounted: nil) ? .goOn(accounted: counted) : verdict
        }
        let missing = unread.map { added - accounted - $0 }
        let saysTheSame = !memory.hasUnread && memory.state.map { $0.says(what: look.state) } ?? false
        if look.witness == .same || saysTheSame, missing == nil || missing == 0 {
            return .goOn(accounted: accounted)
        }
        guard let evidence else { return .needsEvidence }
        if evidence.counters == .edited {
            return .unknown(reason: "the server has run commands that may have changed the stream's counters")
        }
        let isKnown = look.witness == .same || evidence.provesIdentity(added: added)
        let isTrimmed = look.isTrimmed(behind: memory.point)
        guard let missing, missing != 0 else {
            return isKnown ? .goOn(accounted: accounted) : .unknown(reason: Self.untold)
        }
        if missing < 0 {
            return !isKnown && isTrimmed
                ? .reset(reason: "fewer entries were added than are exported: the stream was made again")
                : .unknown(reason: "fewer entries were added to the stream than are exported of it")
        }
        guard isKnown else {
            return .unknown(reason: "\(missing) entries are missing by the stream's counter; \(Self.untold)")
        }
        guard isTrimmed else {
            return .gap(
                missing: missing, upTo: memory.point,
                reason: "\(missing) entries were deleted before they were read")
        }
        return .gap(
            missing: missing, upTo: max(memory.point, look.state.end),
            reason: "\(missing) entries were trimmed before they were read")
    }

    private static let untold = "all that was read is gone, and whether the stream is the same cannot be told"

    // MARK: Before Redis 7.0

    private static func byWitness(
        _ memory: StreamMemory, _ look: StreamLook, _ evidence: CommandEvidence?
    ) -> StreamVerdict {
        guard memory.state != nil else { return .goOn(accounted: nil) }
        let hasGrown = look.state.lastGenerated > (memory.state?.lastGenerated ?? .zero)
        if look.witness == .same || !hasGrown && !memory.hasUnread { return .goOn(accounted: nil) }
        guard look.isTrimmed(behind: memory.point) else {
            guard let evidence else { return .needsEvidence }
            return evidence.provesIdentity(added: 0)
                ? .goOn(accounted: nil)
                : .unknown(reason: "the entry read last is gone, and whether the stream is the same cannot be told")
        }
        let known = memory.state?.lastGenerated ?? memory.point
        if memory.hasUnread, look.state.first.map({ $0 > known }) ?? true {
            return .gap(missing: nil, upTo: look.state.end, reason: "entries were trimmed before they were read")
        }
        return .unknown(reason: "all that was read is gone, and this server does not count what was added")
    }
}

extension StreamLook {
    /// Whether all entries up to `point` are gone.
    func isTrimmed(behind point: EntryID) -> Bool { state.first.map { $0 > point } ?? true }

    /// How many entries behind `point` are there, when that can be told.
    func unreadCount(behind point: EntryID) -> Int64? { isTrimmed(behind: point) ? state.length : unread }
}

extension StreamState {
    /// Whether it says less than `earlier`, which a stream never does.
    fileprivate func isBehind(_ earlier: StreamState) -> Bool {
        if lastGenerated < earlier.lastGenerated { return true }
        if let added, let before = earlier.added, added < before { return true }
        if let maxDeleted, let before = earlier.maxDeleted, maxDeleted < before { return true }
        return false
    }

    /// Whether it says the same as `later`.
    fileprivate func says(what later: StreamState) -> Bool {
        (length, lastGenerated, first, added) == (later.length, later.lastGenerated, later.first, later.added)
            && maxDeleted == later.maxDeleted
    }

    /// The last identifier before all that is there.
    var end: EntryID { first?.predecessor ?? lastGenerated }
}
