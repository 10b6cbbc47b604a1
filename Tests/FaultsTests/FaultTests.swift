// SPDX-License-Identifier: Apache-2.0

import Faults
import Testing

@Suite struct FaultTests {
    @Test func `a report has message, context, detail and hint in this order`() {
        let fault = Fault(
            .postgresSlotMissing, "replication slot \"orders\" is missing", detail: "ERROR: gone\nLINE 1: x",
            hint: "create it")
        let report = """
            replication slot "orders" is missing [postgres.slot.missing]
              while resuming after 0/16B3748
              while running
              detail: ERROR: gone
                      LINE 1: x
              hint: create it
            """
        #expect(fault.adding("resuming after 0/16B3748").adding("running").description == report)
    }

    @Test(arguments: [nil, ""])
    func `a report without detail has no line for it, and the hint of its code`(detail: String?) {
        let report = Fault(.diskFull, "the disk is full", detail: detail).description
        #expect(report == "the disk is full [file.disk-full]\n  hint: \(Fault.Code.diskFull.hint)")
    }

    @Test func `what was being done is added on the way out, innermost first`() {
        let fault = #expect(throws: Fault.self) {
            try doing("outer") { () throws(Fault) in
                try doing("inner") { () throws(Fault) -> Int in throw Fault(.bug, "x") }
            }
        }
        #expect(fault?.context == ["inner", "outer"])
    }

    @Test func `success is passed through`() throws {
        #expect(try doing("something") { () throws(Fault) in 7 } == 7)
    }

    @Test(arguments: Fault.Code.allCases)
    func `every code tells what to do`(code: Fault.Code) {
        #expect(code.hint.count > 10 && !code.hint.hasSuffix("."))
        #expect(
            !code.rawValue.isEmpty
                && code.rawValue.utf8.allSatisfy { (0x61...0x7a).contains($0) || ".-".utf8.contains($0) })
    }

    /// The table of the command line's exit statuses.
    @Test(arguments: [
        (1, [Fault.Code.unexpected]), (2, [.usage]), (65, [.verificationFailed, .exportBroken]),
        (66, [.postgresSlotMissing, .postgresPublicationMissing, .postgresTableMissing, .sourceGap, .sourceFork]),
        (69, [.postgresUnreachable]), (70, [.bug]), (73, [.fileCreate]), (74, [.fileWrite, .fileRead, .diskFull]),
        (75, [.exportBusy, .postgresSlotActive]), (77, [.postgresPermission, .filePermission]),
        (78, [.settingInvalid, .settingUnknown, .configUnreadable, .postgresConfiguration]),
    ])
    func `codes end the process with the status of the table`(status: Int, codes: [Fault.Code]) {
        #expect(codes.map(\.exitStatus) == codes.map { _ in Int32(status) })
    }

    @Test(arguments: Fault.Code.allCases)
    func `no code has a status outside the table`(code: Fault.Code) {
        #expect([1, 2, 65, 66, 69, 70, 73, 74, 75, 77, 78].contains(code.exitStatus))
    }

    @Test func `only what may pass by itself is tried again`() {
        let retried = Set(Fault.Code.allCases.filter { $0.remedy == .retry })
        #expect(
            retried == [
                .postgresUnreachable, .postgresServerChanged, .postgresStandbyBehind, .postgresSnapshotLost,
                .exportBusy, .postgresSlotActive, .postgresSlotTimeout, .redisUnreachable, .redisNotReady,
            ])
        #expect(Fault.Code.bug.remedy == .report && Fault.Code.usage.remedy == .ask)
    }

    @Test func `nothing of a secret is printed`() {
        let secret = Secret("canary")
        var dumped = ""
        dump(secret, to: &dumped)
        #expect(!"\(secret) \(String(reflecting: secret)) \(dumped)".contains("canary") && secret.text == "canary")
    }
}
