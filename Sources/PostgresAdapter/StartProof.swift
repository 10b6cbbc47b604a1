// SPDX-License-Identifier: Apache-2.0

public import Changelog
public import Faults

/// What an export says of the place where it stands.
public struct ResumePoint: Sendable {
    /// Everything up to here is anchored.
    public let position: Position
    /// The source as the newest anchor names it.
    public let source: SourceIdentity
    /// The newest transactions that were exported after a position, nil when none were; asked only where it matters.
    /// Without it nothing is proved of what a slot sends that stands before `position`.
    public let tail: (@Sendable (Position) throws(Fault) -> ExportedTail?)?

    /// Makes a point.
    public init(
        position: Position, source: SourceIdentity,
        tail: (@Sendable (Position) throws(Fault) -> ExportedTail?)? = nil
    ) {
        self.position = position
        self.source = source
        self.tail = tail
    }
}

/// A place where the history of the source does not go on from the export.
public struct HistoryBreak: Sendable {
    /// What happened.
    public enum Kind: Sendable {
        /// Changes are gone that were never exported.
        case gap
        /// Changes were exported that no longer exist.
        case fork
    }

    /// What happened.
    public let kind: Kind
    /// Where the export ends.
    public let from: Position
    /// Where the slot goes on; nil when there is no slot.
    public let to: Position?
    /// In a sentence.
    public let reason: String

    /// The fault that stops the run until the operator chooses.
    public var fault: Fault {
        switch kind {
        case .gap: Fault(to == nil ? .postgresSlotMissing : .sourceGap, reason)
        case .fork: Fault(.sourceFork, reason)
        }
    }
}

/// Proves, on every start, that the source's history goes on exactly where the export ends.
struct StartProof {
    let facts: ServerFacts
    let health: SlotHealth?
    let resume: ResumePoint
    let slot: String

    /// Returns nil when it does; the break when it does not. What no choice of the operator could mend is thrown.
    /// `history` is asked for the history file of the server's timeline, where it matters.
    func check(history: (Int64) throws(Fault) -> String) throws(Fault) -> HistoryBreak? {
        guard resume.source.text("systemIdentifier") == facts.systemIdentifier else {
            throw Fault(
                .sourceOther, "the server is another cluster than the one that the export was made from",
                detail:
                    "system identifier \(facts.systemIdentifier), expected \(resume.source.text("systemIdentifier") ?? "none")"
            )
        }
        guard resume.source.text("database") == facts.database else {
            throw Fault(
                .sourceOther, "the export was made from database \"\(resume.source.text("database") ?? "")\"",
                detail: "connected to database \"\(facts.database)\"")
        }
        if let fork = try timelineFork(history) { return fork }
        if facts.position < resume.position {
            guard !facts.isStandby else {
                throw Fault(
                    .postgresStandbyBehind,
                    "the standby has replayed the log up to \(text(facts.position)), and the export ends at \(text(resume.position))"
                )
            }
            return fork(
                at: facts.position,
                "the server's log ends before what was exported: it was restored from an earlier state")
        }
        return try slotGap()
    }

    private func slotGap() throws(Fault) -> HistoryBreak? {
        let end = text(resume.position)
        guard let health else {
            return HistoryBreak(
                kind: .gap, from: resume.position, to: nil,
                reason: "replication slot \"\(slot)\" is missing: changes after \(end) are lost")
        }
        try health.refuseForeign(to: facts.database)
        guard !(health.isSynced && facts.isStandby) else {
            throw Fault(
                .postgresSlotForeign, "slot \"\(slot)\" is the standby's copy of a slot of the primary",
                hint: "name the primary in --source until the standby is promoted")
        }
        guard !health.isLost else {
            throw Fault(
                .postgresSlotInvalid, "slot \"\(slot)\" was invalidated by the server: changes after \(end) are lost",
                detail: health.invalidation.map { "invalidation reason: \($0)" } ?? "wal_status: \(health.walStatus)")
        }
        guard let confirmed = health.confirmed, confirmed > resume.position else { return nil }
        return HistoryBreak(
            kind: .gap, from: resume.position, to: confirmed,
            reason:
                "slot \"\(slot)\" stands at \(text(confirmed)), beyond the last anchor: changes between \(end) and \(text(confirmed)) are missing"
        )
    }

    /// On a later timeline the old one must be an ancestor, and must have been left at or behind the last anchor.
    private func timelineFork(_ history: (Int64) throws(Fault) -> String) throws(Fault) -> HistoryBreak? {
        guard let old = resume.source.number("timeline"), old != facts.timeline else { return nil }
        guard old < facts.timeline else {
            return fork(
                at: nil, "the server is on timeline \(facts.timeline), older than timeline \(old) of the export")
        }
        guard let left = TimelineHistory(try history(facts.timeline)).end(of: old) else {
            return fork(at: nil, "timeline \(old) of the export is not in the server's history")
        }
        guard left < resume.position, !canFollowPromotion else { return nil }
        return fork(
            at: left, "the server left timeline \(old) at \(text(left)): what was exported after that no longer exists")
    }

    /// Whether the export may have followed a standby through its promotion, under the timeline that it began on: then
    /// the slot, which only a reader after the promotion can have moved, tells what belongs to the history.
    private var canFollowPromotion: Bool {
        guard resume.source.number("standby") == 1, let confirmed = health?.confirmed else { return false }
        return confirmed <= resume.position
    }

    private func fork(at position: Position?, _ reason: String) -> HistoryBreak {
        HistoryBreak(
            kind: .fork, from: resume.position, to: health?.isLost == false ? health?.confirmed : nil,
            reason: position.map { "\(reason) (\(text($0)) to \(text(resume.position)) is void)" } ?? reason)
    }

    private func text(_ position: Position) -> String { PositionNotation.lsn.text(position) }
}

/// The timelines that a server came through, from its history file: `timeline<tab>position<tab>reason` a line.
struct TimelineHistory {
    private var ends: [Int64: Position] = [:]

    init(_ content: String) {
        for line in content.split(separator: "\n") where !line.hasPrefix("#") {
            let fields = line.split(whereSeparator: { $0 == "\t" || $0 == " " })
            guard fields.count >= 2, let timeline = Int64(fields[0]),
                let position = PositionNotation.lsn.position(String(fields[1]))
            else { continue }
            ends[timeline] = position
        }
    }

    /// Where the server left `timeline`.
    func end(of timeline: Int64) -> Position? { ends[timeline] }
}
