// SPDX-License-Identifier: Apache-2.0

import Testing

/// Names say what a thing is, and what is public says what it promises.
@Suite("Names and doc comments")
struct NamesTests {
    private static let emptyWords = ["Manager", "Helper", "Util", "Utils", "Handler", "Impl", "Base", "Common"]

    /// Names that are another library's word, with the reason.
    private static let borrowedNames: Set<String> = [
        "LineLogHandler"  // conforms to swift-log's `LogHandler`
    ]

    @Test("no type has a name that says nothing")
    func typesHaveNames() {
        var violations: [String] = []
        for file in ["Sources", "Tests", "Integration"].flatMap(Repository.swiftFiles(under:)) {
            for (index, line) in file.code.enumerated() where Self.emptyWords.contains(where: line.contains) {
                for match in line.matches(of: /\b(?:struct|class|enum|protocol|actor|typealias)\s+([A-Za-z0-9_]+)/) {
                    let name = String(match.output.1)
                    if Self.emptyWords.contains(where: { name.hasSuffix($0) }), !Self.borrowedNames.contains(name) {
                        violations.append("\(file.path):\(index + 1) \(name)")
                    }
                }
            }
        }
        expectNone(violations, "a type's name does not end in \(Self.emptyWords.joined(separator: ", "))")
    }

    @Test("every public and package declaration has a doc comment")
    func declarationsAreDocumented() {
        let declaration = /^\s*(?:@\S+\s+)*(?:public|package)\s+(?!import\b|extension\b|internal\b)/
        let settable = /^\s*(?:public|package)\s+internal\(set\)/
        var violations: [String] = []
        for file in Repository.sources {
            for (index, line) in file.code.enumerated() {
                guard line.contains("public") || line.contains("package") else { continue }
                guard line.contains(declaration) || line.contains(settable) else { continue }
                guard !line.contains(/\boverride\b/) else { continue }
                if !hasDocumentation(above: index, in: file) {
                    violations.append("\(file.path):\(index + 1) \(file.lines[index].trimmingPrefix { $0 == " " })")
                }
            }
        }
        expectNone(violations, "what is public or package has a /// above it")
    }

    /// Whether the line above, attributes skipped, is a doc comment.
    private func hasDocumentation(above index: Int, in file: SourceFile) -> Bool {
        var line = index - 1
        while line >= 0 {
            let text = file.lines[line].drop { $0 == " " }
            if text.hasPrefix("///") { return true }
            guard text.hasPrefix("@") || text.hasPrefix("#if") || text.hasPrefix("//") else { return false }
            line -= 1
        }
        return false
    }
}
