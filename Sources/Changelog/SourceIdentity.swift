// SPDX-License-Identifier: Apache-2.0

/// Who the source is, as anchors record it: a kind and a few named facts, never a secret.
public struct SourceIdentity: Hashable, Sendable {
    /// One fact.
    public enum Fact: Hashable, Sendable {
        /// A text.
        case text(String)
        /// A whole number.
        case number(Int64)
    }

    /// `postgresql`, …
    public let kind: String
    /// The facts by name.
    public var facts: [String: Fact]
    /// How positions of this source are written.
    public let notation: PositionNotation

    /// Makes an identity.
    public init(kind: String, facts: [String: Fact], notation: PositionNotation) {
        self.kind = kind
        self.facts = facts
        self.notation = notation
    }

    /// The same source with `facts` in the place of what it was known by under these names.
    public func updated(with facts: [String: Fact]) -> SourceIdentity {
        SourceIdentity(
            kind: kind, facts: self.facts.merging(facts) { _, new in new }, notation: notation)
    }

    /// The text of a fact, or nil.
    public func text(_ name: String) -> String? {
        if case .text(let text)? = facts[name] { text } else { nil }
    }

    /// The number of a fact, or nil.
    public func number(_ name: String) -> Int64? {
        if case .number(let number)? = facts[name] { number } else { nil }
    }
}
