// SPDX-License-Identifier: Apache-2.0

import Faults
import Testing

/// A fault whose report nobody has read through the real program is not known to help.
@Suite("Provoked faults")
struct ProvokedFaultsTests {
    /// Faults that nothing outside kedge can cause, with the reason.
    private static let unprovoked: [Fault.Code: String] = [
        .bug: "kedge contradicts itself: what is known to cause it is mended",
        .unexpected: "no cause is known; a cause that becomes known gets a code of its own",
        .crashPoint: "in the program a crash point ends the process; only unit tests see the fault",
    ]

    @Test(
        "every fault is provoked through the real program, or it is said why it cannot be",
        arguments: Fault.Code.allCases)
    func codeIsProvoked(code: Fault.Code) {
        let isProvoked = Self.provocations.contains(String(describing: code))
        let isExcused = Self.unprovoked[code] != nil
        #expect(
            isProvoked != isExcused,
            "Integration \(isProvoked ? "provokes" : "does not provoke") \(code), \(code.rawValue)")
    }

    @Test("provocations are found")
    func provocationsAreFound() {
        #expect(Self.provocations.isSuperset(of: ["postgresSlotMissing", "diskFull", "usage"]))
        #expect(!Self.provocations.contains("bug"))
    }

    /// The names of the cases that integration tests expect, by their name or by the code that the program prints.
    private static let provocations: Set<String> = {
        let files = Repository.swiftFiles(under: "Integration")
        let words = Set(
            files.flatMap { $0.code.flatMap { $0.matches(of: /\.([a-z][A-Za-z]+)/).map { String($0.output.1) } } })
        let texts = files.map { $0.lines.joined(separator: "\n") }
        let found = Fault.Code.allCases.filter { code in
            words.contains(String(describing: code)) || texts.contains { $0.contains("[\(code.rawValue)]") }
        }
        return Set(found.map { String(describing: $0) })
    }()
}
