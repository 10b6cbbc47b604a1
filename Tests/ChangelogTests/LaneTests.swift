// SPDX-License-Identifier: Apache-2.0

import Changelog
import Testing

@Suite struct LaneTests {
    @Test func `a point is written in its lane's own way and read back`() {
        let entry = LanePoint(position: Position(rawValue: .max), ordinal: 7)
        #expect(LaneNotation.entry.text(entry) == "18446744073709551615-7")
        #expect(LaneNotation.entry.point("18446744073709551615-7") == entry)
        let offset = LanePoint(position: Position(rawValue: 4711))
        #expect(LaneNotation.offset.text(offset) == "4711")
        #expect(LaneNotation.offset.point("4711") == offset)
    }

    @Test(arguments: ["", "-", "1-", "-1", "+1-2", "1-2-3", "1", "18446744073709551616-0", "1- 2", "a-b"])
    func `what is no entry is none`(text: String) {
        #expect(LaneNotation.entry.point(text) == nil)
    }

    @Test(arguments: ["", "-1", "+1", "1-2", "0x1", "18446744073709551616", "1 "])
    func `what is no offset is none`(text: String) {
        #expect(LaneNotation.offset.point(text) == nil)
    }

    @Test func `points are in the order of their two numbers`() {
        let points = [(0, 0), (0, 1), (1, 0), (1, 9), (2, 0)].map {
            LanePoint(position: Position(rawValue: $0.0), ordinal: $0.1)
        }
        #expect(points == points.sorted() && points.first == .zero)
    }

    @Test func `a batch forgets what it was told of lanes`() {
        var batch = ChangeBatch(byteLimit: 1000)
        let lane = Lane(name: "orders", epoch: 1, notation: .entry, start: .zero)
        let indices = [batch.index(of: lane), batch.index(of: lane)]
        #expect(indices == [0, 0])
        batch.marks = [LaneMark(lane: lane, point: .zero)]
        batch.facts = ["db": .number(4)]
        batch.laneBreak = LaneBreak(kind: .reset, mark: LaneMark(lane: lane, point: .zero), reason: "made again")
        let isFilled = !batch.isEmpty
        batch.removeAll()
        let isForgotten = batch.isEmpty && batch.lanes.isEmpty
        #expect(isFilled && isForgotten)
    }
}
