// SPDX-License-Identifier: Apache-2.0

import Testing

/// A promise without a test is a wish.
@Suite("The promises")
struct PromisesTests {
    /// The rows of `docs/promises.md`: the number, and the names of the tests.
    private static let rows: [(number: Int, tests: [String])] = {
        let text = Repository.text("docs/promises.md") ?? ""
        return text.split(separator: "\n").compactMap { line in
            let cells = line.split(separator: "|", omittingEmptySubsequences: false)
            guard cells.count == 6, let number = Int(cells[1].filter { $0 != " " }) else { return nil }
            return (number, cells[3].matches(of: /`([A-Za-z0-9.]+)`/).map { String($0.output.1) })
        }
    }()

    @Test("there are forty-two, but for the one that waits")
    func all() {
        #expect(Self.rows.map(\.number).sorted() == (1...42).filter { $0 != 27 })
    }

    @Test("every test that holds a promise is there")
    func testsExist() {
        let code = ["Integration", "Tests"].flatMap(Repository.swiftFiles(under:)).flatMap(\.lines)
            .joined(separator: "\n")
        var missing = Self.rows.filter { $0.tests.isEmpty }.map { "promise \($0.number) names no test" }
        for (number, tests) in Self.rows {
            for test in tests.filter({ !$0.hasSuffix(".swift") }) {
                let name = test.split(separator: ".").last.map(String.init) ?? test
                if !code.contains("func \(name)(") { missing.append("promise \(number): \(test)") }
            }
        }
        expectNone(missing, "docs/promises.md names a test that is not there")
    }
}

/// The same for `docs/promises-redis.md`.
@Suite("The promises about Redis")
struct RedisPromisesTests {
    /// Promises of what is not there, with the reason why no test can hold them.
    private static let untested: [Int: String] = [
        20: "nothing is done with notifications", 28: "clusters are later work",
    ]

    /// The rows: the number, and the names of the tests, `Suite.function`.
    private static let rows: [(number: Int, tests: [String])] = {
        let text = Repository.text("docs/promises-redis.md") ?? ""
        return text.split(separator: "\n").compactMap { line in
            let cells = line.split(separator: "|", omittingEmptySubsequences: false)
            guard cells.count == 5, let number = Int(cells[1].filter { $0 != " " }) else { return nil }
            return (number, cells[3].matches(of: /`([^`]+)`/).map { String($0.output.1) })
        }
    }()

    @Test("there are thirty")
    func all() {
        #expect(Self.rows.map(\.number) == Array(1...30))
    }

    @Test("every test that holds a promise is in its suite")
    func testsExist() {
        let files = ["Integration", "Tests"].flatMap(Repository.swiftFiles(under:))
            .map { $0.lines.joined(separator: "\n") }
        var missing = Self.rows.filter { $0.tests.isEmpty && Self.untested[$0.number] == nil }
            .map { "promise \($0.number) names no test" }
        for (number, tests) in Self.rows {
            for test in tests {
                let parts = test.split(separator: ".")
                let isThere =
                    parts.count == 2
                    && files.contains {
                        $0.contains("struct \(parts[0]) {") && $0.contains("func \(parts[1])(")
                    }
                if !isThere { missing.append("promise \(number): \(test)") }
            }
        }
        expectNone(missing, "docs/promises-redis.md names a test that is not there")
    }
}
