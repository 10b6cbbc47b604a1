// SPDX-License-Identifier: Apache-2.0

import Changelog
import Testing

@testable import RedisStreams

/// What a consumer remembers.
@Suite struct GroupLedgerTests {
    @Test func `an entry is acknowledged once the anchor that holds it is durable, and once only`() {
        var ledger = GroupLedger(clock: 10)
        ledger.addStream()
        ledger.addStream()
        ledger.handOver(id(1), of: 0)
        ledger.handOver(id(2), of: 1)
        ledger.handOver(id(3), of: 0)
        #expect(ledger.clock == 13 && ledger.isFlying(id(2), of: 1) && !ledger.isFlying(id(2), of: 0))
        #expect(ledger.settle(upTo: 10).isEmpty)
        let first = ledger.settle(upTo: 12)
        #expect(first.map(\.stream) == [0, 1] && first.map(\.ids) == [[id(1)], [id(2)]])
        #expect(ledger.settle(upTo: 12).isEmpty && !ledger.isFlying(id(1), of: 0))
        #expect(ledger.settle(upTo: .max).map(\.ids) == [[id(3)]] && !ledger.hasFlying(of: 0))
    }

    @Test func `an entry that is lost waits for the anchor that tells of it`() {
        var ledger = GroupLedger(clock: 0)
        ledger.addStream()
        ledger.handOver(id(1), of: 0)
        ledger.note(id(2), of: 0)
        #expect(ledger.clock == 1 && ledger.isFlying(id(2), of: 0))
        #expect(ledger.settle(upTo: 1).map(\.ids) == [[id(1), id(2)]])
    }

    @Test func `many entries are settled in order`() {
        var ledger = GroupLedger(clock: 0)
        ledger.addStream()
        var settled: [EntryID] = []
        for number in 1...20_000 {
            ledger.handOver(id(UInt64(number)), of: 0)
            if number % 7 == 0 { settled += ledger.settle(upTo: UInt64(number - 3)).flatMap(\.ids) }
        }
        settled += ledger.settle(upTo: 20_000).flatMap(\.ids)
        #expect(settled == (1...20_000).map { id(UInt64($0)) })
    }

    @Test func `what was taken is known, and what lies far back is forgotten`() {
        var taken = TakenEntries((1...3).map { id(UInt64($0)) })
        #expect(taken.contains(id(2)) && !taken.contains(id(4)) && taken.highest == id(3))
        taken.insert(id(10))
        taken.insert(id(5))
        #expect(taken.highest == id(10) && taken.contains(id(5)) && !taken.contains(id(7)))
        for number in 100..<UInt64(100 + TakenEntries.limit) { taken.insert(id(number)) }
        #expect(
            !taken.contains(id(2)) && taken.contains(id(100)) && taken.highest == id(99 + UInt64(TakenEntries.limit)))
    }

    @Test func `the highest that an anchor names counts although the entry is forgotten`() {
        var taken = TakenEntries()
        taken.raise(to: id(50))
        #expect(taken.highest == id(50) && !taken.contains(id(50)))
    }

    @Test func `a lane of a group is kept and found again`() throws {
        let mark = LaneMark(
            lane: Lane(name: "s", epoch: 1, notation: .offset, start: .zero),
            point: LanePoint(position: Position(rawValue: 7)), facts: ["highest": .text("9-1")])
        let stream = try GroupStream(mark, TakenEntries())
        #expect(stream.count == 7 && stream.taken.highest == EntryID(9, 1) && stream.mark == mark)
        #expect(throws: (any Error).self) { try FollowedStream(mark) }
    }

    private func id(_ number: UInt64) -> EntryID { EntryID(number, 1) }
}
