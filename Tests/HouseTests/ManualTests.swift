// SPDX-License-Identifier: Apache-2.0

import Faults
import Testing

/// A fault, a status or a crash point exists when its entry in the manual does.
@Suite("The manual")
struct ManualTests {
    /// The entries of `docs/manual/faults.md`: the code in the heading and the text below it.
    private static let entries: [String: String] = {
        var entries: [String: String] = [:]
        let text = Repository.text("docs/manual/faults.md") ?? ""
        for section in text.split(separator: "\n### `").dropFirst() {
            guard let end = section.firstIndex(of: "`") else { continue }
            entries[String(section[..<end])] = String(section[end...])
        }
        return entries
    }()

    @Test("every fault has an entry that says its exit status", arguments: Fault.Code.allCases)
    func faultIsExplained(code: Fault.Code) throws {
        let entry = try #require(
            Self.entries[code.rawValue], "docs/manual/faults.md has no heading ### `\(code.rawValue)`")
        #expect(
            entry.contains("Exit status \(code.exitStatus)"),
            "docs/manual/faults.md, \(code.rawValue): says another exit status than \(code.exitStatus)")
    }

    @Test("the manual explains no fault that does not exist")
    func noEntryIsLeftOver() {
        let codes = Set(Fault.Code.allCases.map(\.rawValue))
        expectNone(Self.entries.keys.filter { !codes.contains($0) }.sorted(), "an entry for a fault that is gone")
    }

    @Test("every exit status is in the table")
    func statusesAreListed() {
        let text = Repository.text("docs/manual/exit-status.md") ?? ""
        let statuses = Set(Fault.Code.allCases.map(\.exitStatus)).sorted()
        let violations = statuses.filter { !text.contains("| \($0) |") }.map(String.init)
        expectNone(violations, "docs/manual/exit-status.md has no row for the status")
    }

    @Test("every crash point is in the page on development")
    func crashPointsAreListed() {
        let text = Repository.text("docs/development.md") ?? ""
        let violations = CrashPoint.allCases.map(\.rawValue).filter { !text.contains("`\($0)`") }
        expectNone(violations, "docs/development.md does not name the crash point")
    }
}
