// SPDX-License-Identifier: Apache-2.0

import Faults
import Foundation
import TestSupport
import Testing

@testable import Commands

@Suite struct DoorTests {
    @Test(arguments: [
        ["--help"], ["help"], ["help", "run"], ["run", "--help"], ["anchors", "show", "--help"], ["--version"], [],
    ])
    func `what was asked for is no error`(arguments: [String]) {
        #expect(Kedge.status(of: arguments) == 0)
    }

    @Test(arguments: [
        ["--nonsense"], ["nonsense"], ["run", "--nonsense"], ["run"], ["run", "--to"], ["cat", "--to", "x"],
        ["run", "--to", "x", "--accept-gap", "--resnapshot"],
        ["run", "--to", "x", "--snapshot-only", "--snapshot", "none"],
        ["run", "--to", "x", "--jobs", "many"], ["verify", "--to", "x", "--from", "y"],
        ["anchors", "show", "--to", "x"],
        ["run", "--to", "x", "--output", "xml"], ["config"],
    ])
    func `wrong usage ends with 2`(arguments: [String]) {
        #expect(Kedge.status(of: arguments) == (arguments == ["config"] ? 0 : 2))
    }

    @Test(arguments: [
        ["verify"], ["status"], ["anchors", "list"], ["anchors", "show", "1"], ["cat", "--table", "a.b"],
    ])
    func `an export that is missing ends with 66`(arguments: [String]) throws {
        let folder = try TemporaryFolder()
        #expect(Kedge.status(of: arguments + ["--to", folder("none"), "--output=json"]) == 66)
    }

    @Test func `a bad configuration file ends with 78`() throws {
        let folder = try TemporaryFolder()
        try folder.write(Array("nonsense: 1".utf8), to: "kedge.yaml")
        #expect(Kedge.status(of: ["config", "show", "--config", folder("kedge.yaml")]) == 78)
        #expect(Kedge.status(of: ["config", "show", "--config", folder("none.yaml")]) == 78)
    }

    @Test func `a fault in JSON has stable keys`() throws {
        let fault = Fault(.sourceGap, "changes are missing", detail: "line 1\nline \"2\"").adding("resuming")
        let json = try object(FaultReport.text(fault, asJSON: true))
        #expect(json["error"] as? String == "changes are missing" && json["code"] as? String == "source.gap")
        #expect(json["status"] as? Int == 66 && json["context"] as? [String] == ["resuming"])
        #expect(json["detail"] as? String == "line 1\nline \"2\"")
        #expect(json["hint"] as? String == Fault.Code.sourceGap.hint)
        #expect(json.count == 6)
    }

    @Test func `a fault as text begins with the program's name`() {
        let text = FaultReport.text(Fault(.usage, "no"), asJSON: false)
        #expect(text == "kedge: error: no [usage]\n  hint: see `kedge help`")
    }

    @Test(arguments: ["password=canary", "password='canary", "postgresql://u:canary@h/db", "password=canary\\"])
    func `a report shows no password, and stays JSON`(secret: String) throws {
        let fault = Fault(.usage, "bad \(secret)", detail: secret, hint: "not \(secret)").adding(secret)
        #expect(!FaultReport.text(fault, asJSON: false).contains("canary"))
        let text = FaultReport.text(fault, asJSON: true)
        #expect(!text.contains("canary"))
        #expect(try object(text).count == 6)
    }

    @Test(arguments: [
        (nil, 1...Int.max), ("3", 3...3), ("3..7", 3...7), ("3..", 3...Int.max), ("..7", 1...7), ("..", 1...Int.max),
        ("3..3", 3...3),
    ])
    func `a range of anchors may be open at either end`(text: String?, expected: ClosedRange<Int>) throws {
        #expect(try CatCommand.range(text) == expected)
    }

    @Test(arguments: ["", " ", "x", "3 7", "3...7", "3..7..9", "7..3", "0", "0..3", "-1..3", "3.7", "3..x", "3,7"])
    func `what is no range of anchors is wrong usage`(text: String) {
        #expect(faultCode { _ = try CatCommand.range(text) } == .usage)
    }

    private func object(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }
}

@Suite struct PatienceTests {
    @Test func `each wait is longer than the one before, up to half a minute`() {
        var patience = Patience(limit: .seconds(10_000))
        let waits = (0..<12).compactMap { _ in patience.next() }
        #expect(waits.count == 12 && patience.attempts == 12)
        for (index, wait) in waits.enumerated() {
            let longest = min(Duration.seconds(30), .milliseconds(500) * (1 << index))
            #expect(wait <= longest && wait >= longest / 2)
        }
        patience.renew()
        #expect(patience.attempts == 0)
    }

    @Test func `patience ends`() {
        var none = Patience(limit: .zero)
        #expect(none.next() == nil)
    }

    @Test func `durations are told in seconds with one digit`() {
        #expect(Duration.milliseconds(1949).inSeconds == "1.9" && Duration.seconds(61).inSeconds == "61.0")
    }
}
