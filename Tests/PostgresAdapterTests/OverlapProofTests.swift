// SPDX-License-Identifier: Apache-2.0

import Changelog
import Testing

@testable import PostgresAdapter

/// An export ends at 900; its newest transactions were published by the anchor from 500 to 800, the last one at 700.
@Suite("The proof of the overlap") struct OverlapProofTests {
    @Test func `the exported transactions once more are the same history`() {
        #expect(!refuted(confirmed: 400, [(450, 1, true), (600, 5, true), (700, 4, true), (950, 9, true)]))
    }

    @Test func `other transactions at the same positions are another history`() {
        #expect(refuted(confirmed: 400, [(600, 6, true), (700, 7, true)]))
        #expect(refuted(confirmed: 400, [(600, 5, true), (701, 4, true)]))
        #expect(refuted(confirmed: 400, []))
    }

    @Test func `a change where the export holds none is another history, and a message is not`() {
        let same: [Sent] = [(600, 5, true), (700, 4, true)]
        #expect(refuted(confirmed: 400, same + [(850, 8, true)]))
        #expect(!refuted(confirmed: 400, same + [(850, 8, false)]))
        #expect(!refuted(confirmed: 400, same + [(901, 8, true)]))
    }

    @Test func `a slot in the middle of an anchor needs to send what lies behind it alone`() {
        #expect(!refuted(confirmed: 650, [(700, 4, true)]))
        #expect(refuted(confirmed: 650, [(690, 4, true)]))
    }

    @Test func `where nothing was exported behind the slot nothing may come`() {
        #expect(!refuted(confirmed: 800, tail: nil, []))
        #expect(refuted(confirmed: 800, tail: nil, [(850, 8, true)]))
        #expect(!refuted(confirmed: 800, tail: nil, [(950, 8, true)]))
    }

    @Test func `an anchor of messages alone proves nothing and refutes nothing`() {
        let tail = ExportedTail(range: at(500)...at(800), lastChange: nil, commitTime: nil)
        #expect(!refuted(confirmed: 400, tail: tail, []))
    }

    @Test func `what came before the history began is no stranger`() {
        let tail = ExportedTail(range: at(800)...at(800), lastChange: nil, commitTime: nil)
        #expect(!refuted(confirmed: 400, tail: tail, [(600, 5, true), (800, 5, true)]))
        #expect(refuted(confirmed: 400, tail: tail, [(850, 5, true)]))
    }

    private typealias Sent = (position: UInt64, time: Int64, changesRows: Bool)

    private static let exported = ExportedTail(
        range: Position(rawValue: 500)...Position(rawValue: 800), lastChange: Position(rawValue: 700),
        commitTime: Timestamp(microseconds: 5))

    private func at(_ position: UInt64) -> Position { Position(rawValue: position) }

    private func refuted(confirmed: UInt64, tail: ExportedTail? = exported, _ sent: [Sent]) -> Bool {
        var proof = OverlapProof(confirmed: at(confirmed), end: at(900), tail: tail)
        for (position, time, changesRows) in sent {
            proof.note(
                Transaction(position: at(position), commitTime: Timestamp(microseconds: time)), changesRows: changesRows
            )
        }
        return proof.isRefuted
    }
}
