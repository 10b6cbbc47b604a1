// SPDX-License-Identifier: Apache-2.0

/// What `Package.swift` says about the rooms, read as text.
enum Manifest {
    /// One target.
    struct Target: Sendable {
        /// Its name.
        let name: String
        /// The targets and products it may import.
        let dependencies: [String]
        /// Whether it is a test target or support for tests.
        let isForTests: Bool
    }

    /// The targets in the order of the manifest, which is the order of the floors.
    static let targets: [Target] = read(Repository.text("Package.swift") ?? "")

    private static func read(_ text: String) -> [Target] {
        let code = text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { line in line.range(ofComment: "//").map { line[..<$0] } ?? line[...] }
            .joined(separator: "\n")
        var targets: [Target] = []
        for kind in code.matches(of: /\.(systemLibrary|target|executableTarget|testTarget)\(/) {
            let arguments = balanced(code[kind.range.upperBound...], open: "(", close: ")")
            guard let name = arguments.firstMatch(of: /name:\s*"([^"]+)"/)?.output.1 else { continue }
            targets.append(
                Target(
                    name: String(name), dependencies: dependencies(arguments),
                    isForTests: kind.output.1 == "testTarget" || arguments.contains(#"path: "Tests/"#)))
        }
        return targets
    }

    private static func dependencies(_ arguments: Substring) -> [String] {
        guard let start = arguments.firstRange(of: "dependencies: [") else { return [] }
        let list = balanced(arguments[start.upperBound...], open: "[", close: "]")
            .replacing(/,\s*package:\s*"[^"]+"/, with: "")
        return list.matches(of: /"([^"]+)"/).map { String($0.output.1) }
    }

    /// What stands before the bracket that closes one that is already open.
    private static func balanced(_ text: Substring, open: Character, close: Character) -> Substring {
        var depth = 1
        for index in text.indices {
            if text[index] == open { depth += 1 }
            if text[index] == close { depth -= 1 }
            if depth == 0 { return text[..<index] }
        }
        return text
    }
}

extension Substring {
    /// Where a comment begins, unless it is inside a string such as a URL.
    fileprivate func range(ofComment mark: String) -> Substring.Index? {
        guard let range = firstRange(of: mark) else { return nil }
        let quotes = self[..<range.lowerBound].filter { $0 == "\"" }.count
        return quotes.isMultiple(of: 2) ? range.lowerBound : nil
    }
}
