// SPDX-License-Identifier: Apache-2.0

import Changelog
import Faults
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Metastore

private func holder(
    _ runID: String, host: String = "ant", processID: Int32 = 7, startTicks: UInt64 = 100, bootID: String = "boot 1",
    namespace: String = "pid:[1]"
) -> LeaseHolder {
    LeaseHolder(
        runID: runID, host: host, processID: processID, processStartTicks: startTicks, bootID: bootID,
        processNamespace: namespace)
}

private func second(_ second: Int64) -> Timestamp { Timestamp(microseconds: second * 1_000_000) }

@Suite struct LeaseTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func store(living: [Int32: UInt64] = [7: 100]) throws -> Metastore {
        try Metastore(path: folder("catalog.sqlite")) { living[$0] }
    }

    @Test func `a lease that is held names its holder to the next one`() throws {
        let store = try store()
        try store.acquireLease(holder: holder("a"), now: second(0), timeToLive: .seconds(30))
        let fault = #expect(throws: Fault.self) {
            try store.acquireLease(holder: holder("b", processID: 8), now: second(29), timeToLive: .seconds(30))
        }
        #expect(fault?.code == .exportBusy)
        #expect(
            fault?.message
                == "the export is in use by run a on ant, process 7, until 1970-01-01T00:00:30.000000Z")
        #expect(try store.leaseHolder() == holder("a"))
        #expect(try store.lease()?.expiry == second(30))
    }

    @Test(
        arguments: [
            ("the process is gone", holder("b"), [:], 1, true),
            ("another process has its number", holder("b"), [7: 101], 1, true),
            ("the process lives", holder("b"), [7: 100], 1, false),
            ("the machine has booted again", holder("b", bootID: "boot 2"), [7: 100], 1, true),
            ("another host sees no process", holder("b", host: "bee"), [:], 29, false),
            ("another host waits for the end", holder("b", host: "bee"), [:], 30, true),
            ("another container sees no process", holder("b", namespace: "pid:[2]"), [:], 29, false),
            ("the clock was set forward and the process lives", holder("b"), [7: 100], 1_000_000, false),
            ("the clock was set forward and the process is gone", holder("b"), [:], 1_000_000, true),
            ("the clock was set back and the process lives", holder("b"), [7: 100], -1_000_000, false),
            ("the clock was set back and the process is gone", holder("b"), [:], -1_000_000, true),
            ("the clock was set back on another host", holder("b", host: "bee"), [:], -1_000_000, false),
            ("the run itself comes back", holder("a", processID: 9), [7: 100], 1, true),
        ] as [(String, LeaseHolder, [Int32: UInt64], Int64, Bool)])
    func `a lease is taken over when its holder is known to be dead`(
        what: String, newcomer: LeaseHolder, living: [Int32: UInt64], now: Int64, isTaken: Bool
    ) throws {
        let store = try store(living: living)
        try store.acquireLease(holder: holder("a"), now: second(0), timeToLive: .seconds(30))
        let code = faultCode {
            try store.acquireLease(holder: newcomer, now: second(now), timeToLive: .seconds(30))
        }
        #expect(code == (isTaken ? nil : .exportBusy), "\(what)")
        #expect(try store.leaseHolder() == (isTaken ? newcomer : holder("a")))
    }

    @Test func `a renewed lease lasts longer, a lost one cannot be renewed`() throws {
        let store = try store()
        let (a, b) = (holder("a"), holder("b", host: "bee"))
        #expect(faultCode { try store.renewLease(holder: a, now: second(0), timeToLive: .seconds(1)) } == .exportBusy)
        try store.acquireLease(holder: a, now: second(0), timeToLive: .seconds(30))
        try store.renewLease(holder: a, now: second(20), timeToLive: .seconds(30))
        #expect(
            faultCode { try store.acquireLease(holder: b, now: second(49), timeToLive: .seconds(1)) } == .exportBusy)
        try store.acquireLease(holder: b, now: second(50), timeToLive: .seconds(30))
        #expect(faultCode { try store.renewLease(holder: a, now: second(51), timeToLive: .seconds(1)) } == .exportBusy)
        try store.releaseLease(holder: a)
        #expect(try store.leaseHolder() == b)
    }

    @Test func `a lease that no clock of ours can have given says so`() throws {
        let store = try store()
        try store.acquireLease(holder: holder("a"), now: second(1_000_000), timeToLive: .seconds(30))
        for (now, isOdd) in [(Int64(999_999), false), (0, true)] {
            let fault = #expect(throws: Fault.self) {
                try store.acquireLease(holder: holder("b", host: "bee"), now: second(now), timeToLive: .seconds(30))
            }
            #expect(fault?.hint?.contains("catalog.sqlite") ?? false == isOdd)
        }
        // The holder itself goes on, whichever way its clock went.
        try store.renewLease(holder: holder("a"), now: second(0), timeToLive: .seconds(30))
        #expect(try store.lease()?.expiry == second(30))
    }

    @Test func `nobody takes a lease over while its holder does what needs it`() throws {
        let store = try store()
        let (a, b) = (holder("a"), holder("b", host: "bee"))
        #expect(faultCode { try store.whileHolding(a) {} } == .exportBusy)
        try store.acquireLease(holder: a, now: second(0), timeToLive: .seconds(30))
        let path = folder("catalog.sqlite")
        let order = Mutex<[String]>([])
        inParallel(2) { index in
            if index == 0 {
                try? store.whileHolding(a) {
                    order.withLock { $0.append("begun") }
                    Thread.sleep(forTimeInterval: 0.01)
                    order.withLock { $0.append("done") }
                }
            } else {
                while order.withLock({ $0.isEmpty }) { Thread.sleep(forTimeInterval: 0.01) }
                let other = try? Metastore(path: path) { _ in nil }
                try? other?.acquireLease(holder: b, now: second(60), timeToLive: .seconds(30))
                order.withLock { $0.append("taken") }
            }
        }
        #expect(order.withLock { $0 } == ["begun", "done", "taken"])
        #expect(try store.leaseHolder() == b)
        #expect(faultCode { try store.whileHolding(a) {} } == .exportBusy)
    }

    @Test func `a released lease is free`() throws {
        let store = try store()
        try store.acquireLease(holder: holder("a"), now: second(0), timeToLive: .seconds(30))
        try store.releaseLease(holder: holder("a"))
        try store.releaseLease(holder: holder("a"))
        try store.acquireLease(holder: holder("b"), now: second(1), timeToLive: .seconds(30))
    }

    @Test func `of two that race for the lease on one file one wins`() throws {
        for round in 0..<25 {
            let path = folder("race\(round).sqlite")
            let winners = Mutex<[String]>([])
            let losers = Mutex<[Fault.Code]>([])
            inParallel(2) { index in
                let me = holder("run \(index)", processID: Int32(index), startTicks: 1)
                do throws(Fault) {
                    let store = try Metastore(path: path) { _ in 1 }
                    try store.acquireLease(holder: me, now: second(0), timeToLive: .seconds(30))
                    winners.withLock { $0.append(me.runID) }
                } catch {
                    losers.withLock { $0.append(error.code) }
                }
            }
            #expect(winners.withLock { $0.count } == 1)
            #expect(losers.withLock { $0 } == [.exportBusy])
            #expect(try Metastore(path: path).leaseHolder()?.runID == winners.withLock { $0.first })
        }
    }

    @Test func `this process knows itself`() throws {
        let me = try LeaseHolder.current(runID: "r")
        #expect(me.processID > 0)
        #expect(me.processNamespace.hasPrefix("pid:["))
        #expect(!me.host.isEmpty && !me.bootID.isEmpty)
        #expect(ProcessTable.startTicks(of: me.processID) == me.processStartTicks)
        #expect(ProcessTable.startTicks(of: Int32.max) == nil)
    }

    @Test func `a program may be called anything`() {
        let fields = "S 1 " + String(repeating: "0 ", count: 17) + "4711 0 0"
        #expect(ProcessStatus(parsing: "12 (a) b) (c) " + fields) == ProcessStatus(parsing: "12 (x) " + fields))
        #expect(ProcessStatus(parsing: "12 (a) b) (c) " + fields)?.startTicks == 4711)
        #expect(ProcessStatus(parsing: "12 (x) S 1 2") == nil)
        #expect(ProcessStatus(parsing: "") == nil)
    }
}
