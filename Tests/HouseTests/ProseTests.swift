// SPDX-License-Identifier: Apache-2.0

import Testing

/// The text speaks of the project alone, and says whose it is.
@Suite("Licence lines and prose")
struct ProseTests {
    private static let folders = ["Sources", "Tests", "Integration", "docs", "docker"]
    private static let topLevel = [
        "Package.swift", "README.md", "ARCHITECTURE.md", "CHANGELOG.md", "Makefile", ".swift-format", ".ci/run",
    ]
    private static let texts = ["swift", "h", "modulemap", "md", "sh", "sql", "yaml", "yml", "json", "py"]

    private static var textFiles: [String] {
        let named = folders.flatMap(Repository.files(under:)).filter { path in
            texts.contains { path.hasSuffix("." + $0) } || path.hasSuffix("Dockerfile")
        }
        return topLevel.filter { Repository.text($0) != nil } + named
    }

    @Test("every source file names its licence")
    func licenceLines() {
        let kinds = ["swift", "h", "sh"]
        let files =
            ["Package.swift", "Makefile", ".ci/run"].filter { Repository.text($0) != nil }
            + ["Sources", "Tests", "Integration", "docker"].flatMap(Repository.files(under:))
            .filter { path in kinds.contains { path.hasSuffix("." + $0) } || path.hasSuffix("Dockerfile") }
        let mark = "SPDX-License-Identifier: Apache-2.0"
        let violations = files.filter { path in
            let head = (Repository.text(path) ?? "").split(separator: "\n").prefix(3)
            return !head.contains { $0.contains(mark) }
        }
        expectNone(violations, "one of the first three lines is \(mark)")
    }

    @Test("nothing is left to do")
    func nothingIsLeftToDo() {
        let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X:"]
        expectNone(Self.places(of: marks), "no \(marks.joined(separator: ", "))")
    }

    @Test("no text names the machine it was written on")
    func noMachinePaths() {
        // Each word is put together here so that this file does not find itself.
        let words = [
            "/wo" + "rk/", "/ro" + "ot/", "/tmp/bash" + "_jobs", "arti" + "factory", "jf" + "rog", "verda" + "ccio",
        ]
        expectNone(Self.places(of: words), "no paths of one machine and no names of package mirrors")
    }

    private static func places(of words: [String]) -> [String] {
        textFiles.flatMap { path -> [String] in
            let lines = (Repository.text(path) ?? "").split(separator: "\n", omittingEmptySubsequences: false)
            return lines.enumerated().flatMap { index, line in
                words.filter { line.contains($0) }.map { "\(path):\(index + 1) \($0)" }
            }
        }
    }
}
