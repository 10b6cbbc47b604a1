// SPDX-License-Identifier: Apache-2.0

import Changelog
import RedisFacts
import Testing

@testable import RedisStreams

/// The table of what is said of the time between two looks.
@Suite struct StreamVerdictTests {
    /// Ten were added, five read, nothing trimmed: entries 1-1 to 10-1, the point at 5-1.
    private static let half = memory(point: 5, accounted: 5, length: 10, last: 10, first: 1, added: 10, unread: true)
    /// Ten were added, ten read.
    private static let whole = memory(point: 10, accounted: 10, length: 10, last: 10, first: 1, added: 10)

    struct Row: Sendable, CustomTestStringConvertible {
        let what: String
        let memory: StreamMemory
        let look: StreamLook?
        let evidence: CommandEvidence?
        let verdict: @Sendable (StreamVerdict) -> Bool
        var testDescription: String { what }

        init(
            _ what: String, _ memory: StreamMemory, _ look: StreamLook?,
            _ evidence: CommandEvidence? = CommandEvidence.none, _ verdict: @escaping @Sendable (StreamVerdict) -> Bool
        ) {
            self.what = what
            self.memory = memory
            self.look = look
            self.evidence = evidence
            self.verdict = verdict
        }
    }

    static let counted: [Row] = [
        Row("nothing happened", whole, look(10, 10, 1, 10, .same, 0)) { $0 == .goOn(accounted: 10) },
        Row("two were added", whole, look(12, 12, 1, 12, .same, 2)) { $0 == .goOn(accounted: 10) },
        Row("two were added, one of them deleted", whole, look(11, 12, 1, 12, .same, 1)) { $0.missing == 1 },
        Row("the page does not reach the end", half, look(10, 10, 1, 10, .same, nil)) { $0 == .goOn(accounted: 5) },
        Row("trimmed up to the point", half, look(5, 10, 6, 10, .absent, 5), proof()) { $0 == .goOn(accounted: 5) },
        Row("trimmed beyond the point", half, look(3, 10, 8, 10, .absent, 3), proof()) {
            $0 == .gap(missing: 2, upTo: id(8, 0), reason: "2 entries were trimmed before they were read")
        },
        Row("trimmed and grown", half, look(4, 20, 17, 20, .absent, 4), proof(adding: 10)) { $0.missing == 11 },
        Row("everything is trimmed", half, look(0, 10, nil, 10, .absent, 0), proof()) { $0.missing == 5 },
        Row("an unread one was deleted", half, look(9, 10, 1, 10, .same, 4)) { $0.missing == 1 },
        Row("trimmed; it may be another stream", half, look(3, 10, 8, 10, .absent, 3)) { $0.isUnknown },
        Row("trimmed, before evidence is asked for", half, look(3, 10, 8, 10, .absent, 3), nil) {
            $0 == .needsEvidence
        },
        Row(
            "trimmed; somebody may have deleted it and added as many", half, look(3, 10, 8, 10, .absent, 3),
            proof(removing: 1, adding: 10)
        ) { $0.isUnknown },
        Row(
            "trimmed; somebody deleted something and added less", half, look(3, 10, 8, 10, .absent, 3),
            proof(removing: 1, adding: 9)
        ) { $0.missing == 2 },
        Row("trimmed; somebody renamed something", half, look(3, 10, 8, 10, .absent, 3), proof(replacing: 1)) {
            $0.isUnknown
        },
        Row("counters were edited", half, look(3, 10, 8, 10, .absent, 3), proof(editing: 1)) { $0.isUnknown },
        Row("counters were edited, the witness stands", whole, look(10, 12, 1, 12, .same, 0), proof(editing: 1)) {
            $0.isUnknown
        },
        Row("made again, fewer were added", whole, look(3, 20, 18, 3, .absent, 3)) { $0.isReset },
        Row("made again, as many were added", whole, look(8, 30, 21, 12, .absent, 8), proof(removing: 1, adding: 12)) {
            $0.isReset
        },
        Row(
            "made again, more were added than ever before", whole, look(8, 90, 21, 40, .absent, 8),
            proof(removing: 1, adding: 40)
        ) { $0.isUnknown },
        Row("identifiers went back", whole, look(3, 3, 1, 30, .absent, 3)) { $0.isReset },
        Row("identifiers went back by hand", whole, look(3, 3, 1, 30, .absent, 3), proof(editing: 1)) { $0.isReset },
        Row("they went back, and not behind the point", half, look(3, 8, 1, 30, .absent, 3), proof(editing: 1)) {
            $0.isUnknown
        },
        Row("an entry holds something else", whole, look(10, 10, 1, 10, .other, 0)) { $0.isReset },
        Row("it is gone", whole, nil) { $0 == .gone },
        Row("it is still gone", gone(), nil) { $0 == .absent },
        Row("it is back", gone(), look(1, 50, 50, 1, .absent, 1)) { $0.isReset },
        Row("fewer were added than read, and the witness stands", whole, look(10, 12, 1, 10, .same, 2)) {
            $0.isUnknown
        },
        Row(
            "an empty stream stays empty", memory(point: 10, accounted: 10, length: 0, last: 10, first: nil, added: 10),
            look(0, 10, nil, 10, .absent, 0), nil
        ) { $0 == .goOn(accounted: 10) },
        Row(
            "what was not settled is settled at the end",
            memory(
                point: 5, accounted: nil, length: 9, last: 9, first: 1,
                added: 9), look(9, 9, 1, 9, .same, 4)
        ) { $0 == .goOn(accounted: 5) },
        Row("nobody counted before, and the witness stands", old(5, unread: true), look(10, 10, 1, 10, .same, 5)) {
            $0 == .goOn(accounted: 5)
        },
        Row("nobody counted before, and unread entries are gone", old(5, unread: true), look(2, 20, 19, 9, .absent, 2))
        {
            $0 == .gap(missing: nil, upTo: id(19, 0), reason: "entries were trimmed before they were read")
        },
        Row("nobody counted before, and all read ones are gone", old(10), look(2, 20, 19, 9, .absent, 2)) {
            $0.isUnknown
        },
    ]

    @Test(arguments: counted.indices)
    func `a stream that is counted`(index: Int) {
        let row = Self.counted[index]
        let verdict = StreamVerdict(row.memory, row.look, row.evidence)
        #expect(row.verdict(verdict), "\(row.what): \(verdict)")
    }

    static let uncounted: [Row] = [
        Row("the witness stands", old(5, unread: true), look(10, 10, 1, nil, .same, 5)) { $0 == .goOn(accounted: nil) },
        Row("nothing was added", old(10), look(0, 10, nil, nil, .absent, 0)) { $0 == .goOn(accounted: nil) },
        Row("unread entries are gone", old(5, unread: true), look(2, 20, 19, nil, .absent, 2)) {
            $0 == .gap(missing: nil, upTo: id(19, 0), reason: "entries were trimmed before they were read")
        },
        Row("all read ones are gone, and more were added", old(10), look(2, 20, 19, nil, .absent, 2)) {
            $0.isUnknown
        },
        Row("some unread entries may be gone", old(5, unread: true), look(2, 10, 9, nil, .absent, 2)) { $0.isUnknown },
        Row("the last one read was deleted", old(10), look(10, 12, 1, nil, .absent, 2), proof()) {
            $0 == .goOn(accounted: nil)
        },
        Row("the last one read was deleted, or the stream was", old(10), look(10, 12, 1, nil, .absent, 2)) {
            $0.isUnknown
        },
        Row("identifiers went back", old(10), look(3, 3, 1, nil, .absent, 3)) { $0.isReset },
        Row("it is gone", old(10), nil) { $0 == .gone },
    ]

    @Test(arguments: uncounted.indices)
    func `a stream of a server that does not count`(index: Int) {
        let row = Self.uncounted[index]
        let verdict = StreamVerdict(row.memory, row.look, row.evidence)
        #expect(row.verdict(verdict), "\(row.what): \(verdict)")
    }

    @Test func `what is remembered is kept in facts and read back`() {
        var memory = Self.half
        memory.witness = Witness(id: id(5, 1), digest: 0xdead_beef)
        memory.state?.maxDeleted = id(4, 1)
        #expect(StreamMemory(point: memory.point, facts: memory.facts) == memory)
        #expect(StreamMemory(point: memory.point, facts: Self.gone().facts).isGone)
        #expect(StreamMemory(point: .zero, facts: [:]) == StreamMemory(point: .zero))
    }

    @Test func `a stream that is seen for the first time has lost nothing of ours`() {
        let state = StreamState(length: 3, lastGenerated: id(10, 1), first: id(8, 1), added: 10)
        let first = StreamMemory(beginningAt: .zero, of: state)
        #expect(first.accounted == 7 && first.hasUnread)
        #expect(
            StreamVerdict(first, StreamLook(state: state, witness: .absent, unread: 3), CommandEvidence.none).isUnknown)
        #expect(StreamVerdict(first, StreamLook(state: state, witness: .same, unread: 3), nil) == .goOn(accounted: 7))
        let newest = StreamMemory(beginningAt: id(10, 1), of: state)
        #expect(newest.accounted == 10 && !newest.hasUnread)
    }
}

// MARK: Parts

private func id(_ milliseconds: UInt64, _ sequence: UInt64) -> EntryID { EntryID(milliseconds, sequence) }

private func memory(
    point: UInt64, accounted: Int64?, length: Int64, last: UInt64, first: UInt64?, added: Int64?, unread: Bool = false
) -> StreamMemory {
    var memory = StreamMemory(point: id(point, 1))
    memory.accounted = accounted
    memory.state = StreamState(
        length: length, lastGenerated: id(last, 1), first: first.map { id($0, 1) }, added: added,
        maxDeleted: added == nil ? nil : .zero)
    memory.hasUnread = unread
    return memory
}

private func old(_ point: UInt64, unread: Bool = false) -> StreamMemory {
    memory(point: point, accounted: nil, length: 10, last: 10, first: 1, added: nil, unread: unread)
}

private func look(
    _ length: Int64, _ last: UInt64, _ first: UInt64?, _ added: Int64?, _ witness: StreamLook.WitnessFinding,
    _ unread: Int64?
) -> StreamLook {
    StreamLook(
        state: StreamState(
            length: length, lastGenerated: id(last, 1), first: first.map { id($0, 1) }, added: added,
            maxDeleted: added == nil ? nil : .zero),
        witness: witness, unread: unread)
}

private func proof(
    removing: Int64 = 0, adding: Int64 = 0, replacing: Int64 = 0, editing: Int64 = 0
) -> CommandEvidence {
    CommandEvidence(
        from: CommandCounts(server: "a", adding: 0, removing: 0, replacing: 0, editing: 0),
        to: CommandCounts(server: "a", adding: adding, removing: removing, replacing: replacing, editing: editing))
}

extension StreamVerdictTests {
    fileprivate static func gone() -> StreamMemory {
        var memory = whole
        memory.isGone = true
        return memory
    }
}

extension StreamVerdict {
    fileprivate var missing: Int64? { if case .gap(let missing, _, _) = self { missing } else { nil } }
    fileprivate var isUnknown: Bool { if case .unknown = self { true } else { false } }
    fileprivate var isReset: Bool { if case .reset = self { true } else { false } }
}
