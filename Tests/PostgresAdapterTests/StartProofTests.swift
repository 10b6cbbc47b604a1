// SPDX-License-Identifier: Apache-2.0

import Changelog
import Faults
import TestSupport
import Testing

@testable import PostgresAdapter

@Suite struct StartProofTests {
    private static let end = Position(rawValue: 1000)

    @Test(arguments: [nil, 0, 999, 1000])
    func `a slot at or behind the last anchor goes on`(confirmed: UInt64?) throws {
        #expect(try check(slot: .healthy(confirmed))?.kind == nil)
    }

    @Test func `a slot beyond the last anchor is a gap, with its bounds`() throws {
        let gap = try #require(try check(slot: .healthy(1001)))
        #expect(gap.kind == .gap && gap.from == Self.end && gap.to?.rawValue == 1001)
        #expect(gap.fault.code == .sourceGap)
        #expect(gap.reason.contains("0/3E8") && gap.reason.contains("0/3E9"))
    }

    @Test func `a missing slot is a gap without an end`() throws {
        let gap = try #require(try check(slot: nil))
        #expect(gap.kind == .gap && gap.to == nil && gap.fault.code == .postgresSlotMissing)
    }

    @Test func `another cluster and another database are no choice of the operator's`() {
        #expect(faultCode { _ = try check(slot: .healthy(1), system: "8") } == .sourceOther)
        #expect(faultCode { _ = try check(slot: .healthy(1), database: "other") } == .sourceOther)
    }

    @Test func `a slot of another plugin or database is foreign`() {
        #expect(faultCode { _ = try check(slot: .healthy(1, plugin: "test_decoding")) } == .postgresSlotForeign)
        #expect(faultCode { _ = try check(slot: .healthy(1, database: "other")) } == .postgresSlotForeign)
    }

    @Test(arguments: [("lost", nil), ("reserved", "wal_removed")])
    func `a slot that the server gave up is invalid`(status: String, reason: String?) {
        let slot = SlotHealth.healthy(1, status: status, invalidation: reason)
        #expect(faultCode { _ = try check(slot: slot) } == .postgresSlotInvalid)
    }

    @Test func `a log that ends before the last anchor was restored from an earlier state`() throws {
        let fork = try #require(try check(slot: .healthy(500), position: 999))
        #expect(fork.kind == .fork && fork.fault.code == .sourceFork && fork.to?.rawValue == 500)
        #expect(fork.reason.contains("0/3E7"))
        #expect(try check(slot: .healthy(500), position: 1000)?.kind == nil)
    }

    @Test func `a later timeline that was left behind the last anchor goes on`() throws {
        #expect(
            try check(slot: .healthy(1), timeline: 3, history: "1\t0/100\tx\n2\t0/3E8\tno recovery target\n")?.kind
                == nil)
    }

    @Test(arguments: ["2\t0/3E7\tx", "1\t0/100\tx", "", "# 2\t0/FFF\n", "2 nonsense"])
    func `a later timeline that does not hold the last anchor is a fork`(history: String) throws {
        let fork = try #require(try check(slot: .healthy(1), timeline: 3, history: history))
        #expect(fork.kind == .fork && fork.fault.code == .sourceFork)
    }

    @Test func `an older timeline is a fork`() throws {
        #expect(try check(slot: .healthy(1), timeline: 1)?.kind == .fork)
    }

    @Test func `a fork with a lost slot leads nowhere`() throws {
        let lost = SlotHealth.healthy(1, status: "lost")
        #expect(try check(slot: lost, position: 999)?.to == nil)
    }

    @Test func `the history is asked for on another timeline alone`() throws {
        _ = try check(slot: .healthy(1), timeline: 2)
        #expect(faultCode { _ = try check(slot: .healthy(1), timeline: 3) } == .bug)
        #expect(faultCode { _ = try check(slot: .healthy(1), system: "8", timeline: 3) } == .sourceOther)
    }

    @Test func `a standby that lags behind is waited for`() {
        #expect(faultCode { _ = try check(slot: .healthy(1), position: 999, standby: true) } == .postgresStandbyBehind)
    }

    @Test func `the copy of a slot cannot be read before the standby is promoted`() throws {
        let copy = SlotHealth.healthy(1, isSynced: true)
        #expect(faultCode { _ = try check(slot: copy, standby: true) } == .postgresSlotForeign)
        #expect(try check(slot: copy) == nil)
    }

    @Test func `an export that followed a standby may lie behind its promotion, unless the slot lies further`() throws {
        let history = "2\t0/1\treason\n"
        #expect(try check(slot: .healthy(1000), timeline: 3, history: history)?.kind == .fork)
        #expect(try check(slot: .healthy(1000), timeline: 3, history: history, follows: true) == nil)
        #expect(try check(slot: .healthy(1001), timeline: 3, history: history, follows: true)?.kind == .fork)
    }

    /// Checks a server against an export that stands at 0/3E8 on timeline 2 of cluster 7, database shop.
    private func check(
        slot: SlotHealth?, system: String = "7", database: String = "shop", timeline: Int64 = 2,
        position: UInt64 = 5000, history: String? = nil, standby: Bool = false, follows: Bool = false
    ) throws(Fault) -> HistoryBreak? {
        let facts = ServerFacts(
            systemIdentifier: system, timeline: timeline, position: Position(rawValue: position), database: database,
            version: "15.1", versionNumber: 150_001, isStandby: standby, started: "1")
        var source = SourceIdentity(
            kind: "postgresql",
            facts: ["systemIdentifier": .text("7"), "timeline": .number(2), "database": .text("shop")], notation: .lsn)
        if follows { source.facts["standby"] = .number(1) }
        let proof = StartProof(
            facts: facts, health: slot, resume: ResumePoint(position: Self.end, source: source) { _ in nil },
            slot: "kedge")
        return try proof.check { asked throws(Fault) in
            guard let history, asked == timeline else { throw Fault(.bug, "nobody should ask") }
            return history
        }
    }
}

extension SlotHealth {
    fileprivate static func healthy(
        _ confirmed: UInt64?, plugin: String = "pgoutput", database: String = "shop", status: String = "reserved",
        invalidation: String? = nil, isSynced: Bool = false
    ) -> SlotHealth {
        SlotHealth(
            name: "kedge", plugin: plugin, database: database, isActive: false, activePID: nil, isTemporary: false,
            restart: nil, confirmed: confirmed.map(Position.init(rawValue:)), walStatus: status, safeWALByteCount: nil,
            retainedByteCount: 0, catalogAge: nil, isTwoPhase: false, invalidation: invalidation, isFailover: nil,
            isSynced: isSynced)
    }
}

@Suite struct TimelineHistoryTests {
    @Test func `each line tells where a timeline was left`() {
        let history = TimelineHistory(
            "# a comment\n1\t0/16B3748\tno recovery target specified\n\n2 1A/0 before 2000-01-01\nx\t0/1\ty\n3\n")
        #expect(history.end(of: 1)?.rawValue == 0x16B_3748)
        #expect(history.end(of: 2)?.rawValue == 0x1A_0000_0000)
        #expect(history.end(of: 3) == nil && history.end(of: 4) == nil)
    }
}
