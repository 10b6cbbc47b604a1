// SPDX-License-Identifier: Apache-2.0

/// What each value of a column must be.
public enum ValueRule: Hashable, Sendable {
    /// Not null.
    case required
    /// One of these.
    case oneOf([String])
    /// Not below a bound.
    case minimum(Bound)
    /// Not above a bound.
    case maximum(Bound)
    /// A multiple of a positive number, as the contract writes it.
    case multipleOf(String)
    /// At least so many characters.
    case minLength(Int)
    /// At most so many characters.
    case maxLength(Int)
    /// A text in which the regular expression is found.
    case pattern(String)
    /// A text of a known form.
    case format(TextFormat)

    /// Where a range ends.
    public struct Bound: Hashable, Sendable {
        /// The value, as the contract writes it.
        public let value: String
        /// Whether the value itself lies outside.
        public let isExclusive: Bool

        /// Makes a bound.
        public init(_ value: String, isExclusive: Bool = false) {
            self.value = value
            self.isExclusive = isExclusive
        }
    }

    /// The name, which does not change: what tags and quarantined records bear behind the name of the column.
    public var name: String {
        switch self {
        case .required: "required"
        case .oneOf: "validValues"
        case .minimum(let bound): bound.isExclusive ? "exclusiveMinimum" : "minimum"
        case .maximum(let bound): bound.isExclusive ? "exclusiveMaximum" : "maximum"
        case .multipleOf: "multipleOf"
        case .minLength: "minLength"
        case .maxLength: "maxLength"
        case .pattern: "pattern"
        case .format: "format"
        }
    }

    /// What a value must be, in the words of a person.
    public var expectation: String {
        switch self {
        case .required: "a value"
        case .oneOf(let values):
            "one of \(Self.enumerated(values))"
        case .minimum(let bound): "\(bound.isExclusive ? "more than" : "at least") \(bound.value)"
        case .maximum(let bound): "\(bound.isExclusive ? "less than" : "at most") \(bound.value)"
        case .multipleOf(let divisor): "a multiple of \(divisor)"
        case .minLength(let count): "at least \(count) characters"
        case .maxLength(let count): "at most \(count) characters"
        case .pattern(let pattern): "text that matches \(pattern)"
        case .format(let format): "text of the form \(format.rawValue)"
        }
    }

    /// The first of some values, and how many there are beside them.
    static func enumerated(_ values: [String]) -> String {
        values.prefix(8).joined(separator: ", ") + (values.count > 8 ? " and \(values.count - 8) more" : "")
    }
}

/// A rule of a contract that something breaks.
public struct RuleName: Hashable, Sendable, CustomStringConvertible {
    /// The column, as the source calls it.
    public let column: String
    /// The name of the rule.
    public let rule: String

    /// `amount.maximum`
    public var description: String { "\(column).\(rule)" }
}
