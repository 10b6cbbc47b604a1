// SPDX-License-Identifier: Apache-2.0

import Testing

/// The room in the middle cannot grow unnoticed.
@Suite("The shape of files and functions")
struct ShapeTests {
    private static let fileLimit = 400
    private static let functionLimit = 60

    /// Files that are a table and hold nothing else, with the reason.
    private static let longFiles: [String: String] = [:]

    /// Functions that are a table, as `path function`, with the reason.
    private static let longFunctions: [String: String] = [:]

    @Test("no file is longer than 400 lines")
    func filesAreShort() {
        let violations = Repository.sources.filter { $0.lines.count > Self.fileLimit + 1 }
            .filter { Self.longFiles[$0.path] == nil }
            .map { "\($0.path) has \($0.lines.count - 1) lines" }
        expectNone(violations, "a file has at most \(Self.fileLimit) lines")
    }

    @Test("no function is longer than 60 lines")
    func functionsAreShort() {
        let violations = Repository.sources.flatMap { file in
            Function.all(in: file)
                .filter { $0.lineCount > Self.functionLimit && Self.longFunctions["\(file.path) \($0.name)"] == nil }
                .map { "\(file.path):\($0.line) \($0.name) has \($0.lineCount) lines" }
        }
        expectNone(violations, "a function has at most \(Self.functionLimit) lines")
    }

    @Test("functions are found and measured")
    func functionsAreFound() {
        let all = Repository.sources.flatMap(Function.all(in:))
        #expect(all.count > 50)
        #expect(all.contains { $0.name == "beginChange" && (3...12).contains($0.lineCount) })
    }

    @Test("exceptions are still needed")
    func exceptionsAreNeeded() {
        let paths = Set(Repository.sources.map(\.path))
        let gone = Self.longFiles.keys.filter { !paths.contains($0) }
        expectNone(gone.sorted(), "an exception names a file that is no longer there")
    }
}

/// A function with a body, found by a rough reading of the code.
private struct Function {
    let name: String
    let line: Int
    let lineCount: Int

    static func all(in file: SourceFile) -> [Function] {
        let code = file.code.joined(separator: "\n")
        let head = /\b(?:func\s+([A-Za-z_0-9]+)|(?:^|[^.\w])(init)[?]?(?=[(<])|(deinit)|(subscript)(?=[(<]))/
        return code.matches(of: head)
            .compactMap { match in
                guard let body = body(of: code[match.range.upperBound...]) else { return nil }
                let parts = [match.output.1, match.output.2, match.output.3, match.output.4]
                let before = code[..<match.range.lowerBound].reduce(into: 1) { if $1 == "\n" { $0 += 1 } }
                return Function(
                    name: String(parts.compactMap { $0 }.first ?? "?"), line: before,
                    lineCount: body.reduce(into: 1) { if $1 == "\n" { $0 += 1 } })
            }
    }

    /// The body from brace to brace, or nil for a requirement of a protocol, which has none.
    private static func body(of rest: Substring) -> Substring? {
        guard let open = openingBrace(of: rest) else { return nil }
        var depth = 0
        for index in rest[open...].indices {
            if rest[index] == "{" { depth += 1 }
            if rest[index] == "}" { depth -= 1 }
            if depth == 0 { return rest[open...index] }
        }
        return nil
    }

    private static func openingBrace(of rest: Substring) -> Substring.Index? {
        var depth = 0
        for index in rest.indices {
            switch rest[index] {
            case "(", "[": depth += 1
            case ")", "]": depth -= 1
            case "{" where depth == 0: return index
            case "}" where depth == 0: return nil
            case "\n" where depth == 0:
                let next = rest[index...].drop { $0.isWhitespace }
                let goesOn = ["{", "->", "throws", "async", "where", "rethrows"].contains { next.starts(with: $0) }
                if !goesOn { return nil }
            default: break
            }
        }
        return nil
    }
}
