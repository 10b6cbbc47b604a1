// SPDX-License-Identifier: Apache-2.0

import Anchors
import Changelog
import Digests
import TestSupport
import Testing

@testable import Verification

/// What must hold between anchors of a source with lanes.
@Suite struct LaneRulesTests {
    private let orders = Lane(name: "orders", epoch: 1, notation: .entry, start: .zero)

    @Test func `lanes join`() {
        #expect(problems([range(orders, 0, 5)], [range(orders, 5, 9)]) == [])
        #expect(problems([range(orders, 0, 5)], [range(orders, 6, 9)]) == ["lane orders does not begin where it ended"])
        #expect(problems([range(orders, 0, 5)], [range(orders, 5, 4)]) == ["lane orders ends before it begins"])
        #expect(problems([range(orders, 0, 5)], []) == ["lane orders is gone"])
        #expect(
            problems([range(orders, 0, 5)], [range(orders, 5, 5), range(orders, 5, 5)]) == ["it names a lane twice"])
    }

    @Test func `a new lane begins at its start`() {
        let later = Lane(name: "z", epoch: 1, notation: .entry, start: point(3))
        #expect(problems([range(orders, 0, 5)], [range(orders, 5, 5), range(later, 3, 4)]) == [])
        #expect(
            problems([range(orders, 0, 5)], [range(orders, 5, 5), range(later, 0, 4)])
                == ["lane z does not begin at its start"])
    }

    @Test func `a new history of a lane says so`() {
        let again = Lane(name: "orders", epoch: 2, notation: .entry, start: .zero)
        #expect(problems([range(orders, 0, 5)], [range(again, 0, 0)], kind: .reset) == [])
        #expect(
            problems([range(orders, 0, 5)], [range(again, 0, 2)])
                == ["lane orders begins a new history without saying so"])
        #expect(
            problems([range(again, 0, 5)], [range(orders, 0, 5)])
                == ["lane orders goes back to an earlier history"])
        let moved = Lane(name: "orders", epoch: 1, notation: .entry, start: point(1))
        #expect(problems([range(orders, 0, 5)], [range(moved, 5, 6)]) == ["lane orders is not the same in one history"])
    }

    @Test func `the clock counts transactions and joins`() {
        #expect(problems([], [], from: 0, to: 4, transactions: 4) == [])
        #expect(problems([], [], from: 0, to: 4, transactions: 3) == ["its clock does not count its transactions"])
        #expect(problems([], [], from: 1, to: 5, transactions: 4) == ["it does not begin where anchor 1 ends"])
    }

    @Test func `a segment lies in the range of its lane, to the entry`() {
        let range = LaneRange(
            lane: orders, from: LanePoint(position: Position(rawValue: 5), ordinal: 1),
            to: LanePoint(position: Position(rawValue: 5), ordinal: 3), facts: [:])
        #expect(range.holds(segment(2, 3)))
        #expect(!range.holds(segment(1, 3)) && !range.holds(segment(2, 4)))
        #expect(!range.holds(segment(2, 3, epoch: 2)))
    }

    @Test func `a snapshot begins a history of a lane, and stands where that begins`() {
        let shard = Lane(name: "shard-1", epoch: 2, notation: .offset, start: point(5))
        let before = Lane(name: "shard-1", epoch: 1, notation: .offset, start: .zero)
        #expect(problems([range(before, 0, 9)], [range(shard, 5, 5)], kind: .snapshot) == [])
        let place = range(shard, 5, 5)
        #expect(place.holds(segment(1, 900, epoch: 2), in: .snapshot))
        #expect(!place.holds(segment(1, 900, epoch: 2), in: .changes))
        #expect(!place.holds(segment(1, 900, epoch: 1), in: .snapshot))
        #expect(!range(shard, 5, 6).holds(segment(1, 900, epoch: 2), in: .snapshot))
        let later = Lane(name: "shard-1", epoch: 2, notation: .offset, start: point(6))
        #expect(!range(later, 6, 6).holds(segment(1, 900, epoch: 2), in: .snapshot))
    }

    private func problems(
        _ before: [LaneRange], _ after: [LaneRange], kind: AnchorKind = .changes, from: UInt64 = 0, to: UInt64 = 0,
        transactions: Int = 0
    ) -> [String] {
        let first = anchor(1, .reset, 0, 0, 0, before)
        return ChainRules.problems(of: anchor(2, kind, from, to, transactions, after), after: first)
    }

    private func anchor(
        _ number: Int, _ kind: AnchorKind, _ from: UInt64, _ to: UInt64, _ transactions: Int, _ lanes: [LaneRange]
    ) -> Anchor {
        Anchor(
            number: number, kind: kind, export: Anchor.exampleExport, epoch: 1, source: .exampleWithLanes,
            from: Position(rawValue: from), to: Position(rawValue: to), transactions: transactions,
            changes: OperationCounts(), segments: [], previous: nil, run: .example, lanes: lanes)
    }

    private func segment(_ first: UInt64, _ last: UInt64, epoch: UInt16 = 1) -> SegmentRecord {
        SegmentRecord(
            table: "orders", path: "", rows: 1, bytes: 1, sha256: Digest(of: []), schema: "",
            seqMin: SequenceKey(epoch: epoch, position: Position(rawValue: 5), ordinal: first),
            seqMax: SequenceKey(epoch: epoch, position: Position(rawValue: 5), ordinal: last),
            changes: OperationCounts(), lane: "orders")
    }

    private func range(_ lane: Lane, _ from: UInt64, _ to: UInt64) -> LaneRange {
        LaneRange(lane: lane, from: point(from), to: point(to), facts: [:])
    }

    private func point(_ position: UInt64) -> LanePoint { LanePoint(position: Position(rawValue: position)) }
}
