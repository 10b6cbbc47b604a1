// SPDX-License-Identifier: Apache-2.0

import Faults
import Testing

@Suite struct CrashPlanTests {
    @Test(arguments: CrashPoint.allCases)
    func `a plan goes off at its point alone, and once`(point: CrashPoint) throws {
        let plan = try #require(CrashPlan(parsing: point.rawValue, effect: .throwFault))
        for other in CrashPoint.allCases where other != point { try plan.reach(other) }
        let fault = #expect(throws: Fault.self) { try plan.reach(point) }
        #expect(fault?.code == .crashPoint && fault?.message.contains(point.rawValue) == true)
        try plan.reach(point)
        try plan.reach(point)
    }

    @Test func `a plan lets its passes go by`() throws {
        let plan = try #require(CrashPlan(parsing: "afterSlot:2", effect: .throwFault))
        try plan.reach(.afterSlot)
        try plan.reach(.afterSlot)
        #expect(throws: Fault.self) { try plan.reach(.afterSlot) }
        try plan.reach(.afterSlot)
    }

    @Test(arguments: [
        "", ":", ":1", "afterslot", "nowhere", "afterSlot:x", "afterSlot:-1", "afterSlot:1:2", "afterSlot 1",
    ])
    func `what is no plan is refused`(text: String) {
        let plan = CrashPlan(parsing: text, effect: .throwFault)
        #expect(plan === nil)
    }

    @Test func `nothing happens when nothing is armed`() throws {
        for point in CrashPoint.allCases { try CrashPlan.none.reach(point) }
    }
}
