// SPDX-License-Identifier: Apache-2.0

public import Changelog
import Faults
import LibPQ
import PgOutput

/// The newest transactions of an export, as far as its anchors tell them from others.
public struct ExportedTail: Sendable {
    /// The range of the anchor that publishes them: after the lower, up to and including the upper bound.
    public let range: ClosedRange<Position>
    /// Where the last one ends that changed a row of an exported table.
    public let lastChange: Position?
    /// When one of them was committed.
    public let commitTime: Timestamp?

    /// Makes a tail.
    public init(range: ClosedRange<Position>, lastChange: Position?, commitTime: Timestamp?) {
        self.range = range
        self.lastChange = lastChange
        self.commitTime = commitTime
    }
}

/// Proves that a slot which stands before the end of an export leads through what the export holds.
///
/// A slot that stands exactly at the end has the acknowledgement of the last anchor on the server's disk, and with it the
/// log up to there. One that stands before it has not: the run may have crashed before it acknowledged, the server may
/// have forgotten the acknowledgement in a restart, or it was restored from an earlier state and has gone on since, past
/// the end of the export, with other transactions at the same positions. But then it sends them once more: the newest that
/// was exported must be among them, and none where the export holds none.
struct OverlapProof {
    /// Where the slot stands.
    let confirmed: Position
    /// Where the export ends.
    let end: Position
    /// What the export holds last; nil when it holds nothing after `confirmed`.
    let tail: ExportedTail?
    private var hasStranger = false
    private var hasLastChange = false
    private var hasCommitTime = false

    init(confirmed: Position, end: Position, tail: ExportedTail?) {
        self.confirmed = confirmed
        self.end = end
        self.tail = tail
    }

    /// Takes in one transaction that the server sends once more.
    mutating func note(_ transaction: Transaction, changesRows: Bool) {
        guard transaction.position <= end else { return }
        if transaction.position > tail?.range.upperBound ?? confirmed, changesRows { hasStranger = true }
        guard let tail, tail.range.contains(transaction.position) else { return }
        if transaction.position == tail.lastChange { hasLastChange = true }
        if transaction.commitTime == tail.commitTime { hasCommitTime = true }
    }

    /// Whether what came cannot be the history that was exported.
    var isRefuted: Bool {
        guard !hasStranger, let tail else { return hasStranger }
        if let last = tail.lastChange, last > confirmed, !hasLastChange { return true }
        return tail.commitTime != nil && tail.range.lowerBound >= confirmed && !hasCommitTime
    }
}

extension OverlapProof {
    /// Reads the overlap of a slot with an export over a connection of its own, promising the server nothing; returns
    /// the fork, or nil when there is none.
    static func check(
        _ options: PostgresOptions, facts: ServerFacts, health: SlotHealth?, resume: ResumePoint
    ) throws(Fault) -> HistoryBreak? {
        guard let confirmed = health?.confirmed, confirmed < resume.position, let tail = resume.tail else { return nil }
        var proof = OverlapProof(confirmed: confirmed, end: resume.position, tail: try tail(confirmed))
        let replication = try Session.open(options, for: .replication)
        try facts.requireSameServer(replication)
        // Whole transactions of every kind that was exported, however the run itself wants them.
        var overlap = options
        overlap.publication = resume.source.text("publication") ?? options.publication
        overlap.messages = .include
        overlap.streaming = PostgresOptions.Streaming(
            version: 1, onlyOwnChanges: options.streaming.onlyOwnChanges)
        var stream = try ReplicationStream.begin(
            replication, ReplicationStream.Request(overlap, from: confirmed, serverVersion: facts.versionNumber))
        try proof.read(&stream)
        try stream.end()
        guard proof.isRefuted else { return nil }
        let (start, end) = (PositionNotation.lsn.text(confirmed), PositionNotation.lsn.text(resume.position))
        return HistoryBreak(
            kind: .fork, from: resume.position, to: confirmed,
            reason:
                "the server's log holds other transactions than the export between \(start) and \(end), which is void: "
                + "it was restored from an earlier state and has gone on since")
    }

    /// Reads up to the end of the export.
    private mutating func read(_ stream: inout ReplicationStream) throws(Fault) {
        var begin: BeginMessage?
        var changesRows = false
        while true {
            guard let frame = try stream.next(until: .now + .milliseconds(100)) else {
                if begin == nil { try stream.sendStatus(.requested) }
                continue
            }
            switch try StreamReading.frame(frame.bytes) {
            case .keepalive(let keepalive):
                if keepalive.replyRequested { try stream.sendStatus(.none) }
                if begin == nil, keepalive.serverPosition >= end.rawValue { return }
            case .data(let data):
                switch PgOutputTag(peeking: data.payload) {
                case .insert, .update, .delete, .truncate: changesRows = true
                case .begin, .commit:
                    switch try StreamReading.message(data.payload) {
                    case .begin(let message):
                        if message.finalLSN >= end.rawValue { return }
                        (begin, changesRows) = (message, false)
                    case .commit(let commit):
                        let position = Position(rawValue: commit.endLSN)
                        note(
                            Transaction(position: position, commitTime: Timestamp(postgres: commit.commitTime)),
                            changesRows: changesRows)
                        begin = nil
                        if position >= end { return }
                    default: break
                    }
                case .prepare, .commitPrepared, .rollbackPrepared:
                    if let transaction = try Self.twoPhase(data.payload) { note(transaction, changesRows: false) }
                default: break
                }
            }
        }
    }

    /// What a slot that keeps prepared transactions sends of their ends.
    private static func twoPhase(_ payload: RawSpan) throws(Fault) -> Transaction? {
        switch try StreamReading.message(payload) {
        case .prepare(let message), .commitPrepared(let message):
            Transaction(
                position: Position(rawValue: message.endLSN), commitTime: Timestamp(postgres: message.time))
        case .rollbackPrepared(let message):
            Transaction(
                position: Position(rawValue: message.endLSN), commitTime: Timestamp(postgres: message.time))
        default: nil
        }
    }
}
