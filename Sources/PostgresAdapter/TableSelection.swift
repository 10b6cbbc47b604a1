// SPDX-License-Identifier: Apache-2.0

public import Changelog

/// Which tables are exported: those that a pattern includes and no pattern excludes.
public struct TableSelection: Hashable, Sendable {
    /// `schema.table`, where `*` stands for any characters and `?` for one. Case counts. A pattern without a dot
    /// means a table of schema `public`.
    public struct Pattern: Hashable, Sendable, CustomStringConvertible {
        let namespace: [Character]
        let name: [Character]
        /// The pattern as it was given.
        public let description: String

        /// Reads a pattern, or returns nil when it is empty or half of it is missing.
        public init?(_ text: String) {
            let halves = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
            guard halves.allSatisfy({ !$0.isEmpty }) else { return nil }
            namespace = Array(halves.count == 2 ? halves[0] : "public")
            name = Array(halves.count == 2 ? halves[1] : halves[0])
            description = text
        }

        /// Whether the pattern means `table`.
        public func matches(_ table: TableName) -> Bool {
            Self.matches(namespace[...], Array(table.namespace ?? "")[...])
                && Self.matches(name[...], Array(table.name)[...])
        }

        private static func matches(_ pattern: ArraySlice<Character>, _ text: ArraySlice<Character>) -> Bool {
            var pattern = pattern
            var text = text
            var restart: (pattern: ArraySlice<Character>, text: ArraySlice<Character>)?
            while let character = text.first {
                if pattern.first == "*" {
                    pattern = pattern.dropFirst()
                    restart = (pattern, text)
                } else if let expected = pattern.first, expected == "?" || expected == character {
                    pattern = pattern.dropFirst()
                    text = text.dropFirst()
                } else if let again = restart {
                    restart = (again.pattern, again.text.dropFirst())
                    (pattern, text) = (again.pattern, again.text.dropFirst())
                } else {
                    return false
                }
            }
            return pattern.allSatisfy { $0 == "*" }
        }
    }

    /// What is included; empty means every table of the user's.
    public let include: [Pattern]
    /// What is left out.
    public let exclude: [Pattern]

    /// Makes a selection.
    public init(include: [Pattern] = [], exclude: [Pattern] = []) {
        self.include = include
        self.exclude = exclude
    }

    /// Whether `table` is exported.
    public func contains(_ table: TableName) -> Bool {
        (include.isEmpty || include.contains { $0.matches(table) }) && !exclude.contains { $0.matches(table) }
    }
}
