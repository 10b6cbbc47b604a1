// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import Changelog

/// The rules of one column, made ready for values of its type.
struct ColumnRules {
    /// How values are compared with bounds and valid values.
    enum Comparison {
        case number
        case moment
        case text
        /// The values have parts or no text of their own: only whether there is one can be told.
        case none
    }

    private enum Check {
        case oneOf(ValidValues)
        case minimum([UInt8], isExclusive: Bool)
        case maximum([UInt8], isExclusive: Bool)
        case multipleOf(Divisor)
        case minLength(Int)
        case maxLength(Int)
        case pattern(Regex<AnyRegexOutput>)
        case format(TextFormat)
    }

    /// Whether a null breaks a rule.
    let isRequired: Bool
    private let comparison: Comparison
    private let checks: [(rule: ValueRule, check: Check)]

    init(_ rules: [ValueRule], of type: ColumnType) {
        let comparison = Comparison(type)
        self.comparison = comparison
        isRequired = rules.contains(.required)
        checks = rules.compactMap { rule in
            Self.check(rule, comparison, isBoolean: type == .boolean).map { (rule, $0) }
        }
    }

    /// Whether values of `type` can be told to keep `rule` or to break it.
    static func judges(_ rule: ValueRule, _ type: ColumnType) -> Bool {
        rule == .required || check(rule, Comparison(type), isBoolean: type == .boolean) != nil
    }

    /// Whether nothing has to be looked at.
    var isEmpty: Bool { !isRequired && checks.isEmpty }

    private static func check(_ rule: ValueRule, _ comparison: Comparison, isBoolean: Bool) -> Check? {
        guard comparison != .none else { return nil }
        switch rule {
        case .required: return nil
        case .oneOf(let values):
            return .oneOf(
                ValidValues(
                    values.map { Array((isBoolean ? String($0.prefix(1)).lowercased() : $0).utf8) },
                    comparison == .number ? .number : .text))
        case .minimum(let bound):
            return comparison.knows(bound) ? .minimum(Array(bound.value.utf8), isExclusive: bound.isExclusive) : nil
        case .maximum(let bound):
            return comparison.knows(bound) ? .maximum(Array(bound.value.utf8), isExclusive: bound.isExclusive) : nil
        case .multipleOf(let divisor):
            return comparison == .number ? Divisor(Array(divisor.utf8)).map { .multipleOf($0) } : nil
        case .minLength(let count): return .minLength(count)
        case .maxLength(let count): return .maxLength(count)
        case .pattern(let text): return (try? Regex(text)).map { .pattern($0) }
        case .format(let format): return .format(format)
        }
    }

    /// Calls `body` with each rule that `value` breaks.
    func broken(by value: RawSpan, _ body: (ValueRule) -> Void) {
        for (rule, check) in checks where !holds(check, value) { body(rule) }
    }

    private func holds(_ check: Check, _ value: RawSpan) -> Bool {
        switch check {
        case .oneOf(let values): return values.contains(value)
        case .minimum(let bound, let isExclusive):
            guard let order = order(value, bound) else { return false }
            return isExclusive ? order > 0 : order >= 0
        case .maximum(let bound, let isExclusive):
            guard let order = order(value, bound) else { return false }
            return isExclusive ? order < 0 : order <= 0
        case .multipleOf(let divisor): return divisor.divides(value)
        case .minLength(let count): return value.characterCount >= count
        case .maxLength(let count): return value.byteCount <= count || value.characterCount <= count
        case .pattern(let regex): return (try? regex.firstMatch(in: value.decodedString())) != nil
        case .format(let format): return format.holds(value.decodedString())
        }
    }

    /// How `value` lies to `bound`; nil when they cannot be compared.
    private func order(_ value: RawSpan, _ bound: [UInt8]) -> Int? {
        bound.withRawSpan { bound in
            switch comparison {
            case .number:
                guard let left = NumberText(value), let right = NumberText(bound) else { return nil }
                return left.compared(to: right)
            case .moment:
                guard let left = MomentText(value), let right = MomentText(bound) else { return nil }
                return left < right ? -1 : left > right ? 1 : 0
            case .text, .none: return nil
            }
        }
    }
}

extension ColumnRules.Comparison {
    /// Whether values can be compared with `bound`; of a column that is of another type than the contract says they
    /// cannot, and that is found by itself.
    func knows(_ bound: ValueRule.Bound) -> Bool {
        Array(bound.value.utf8).withRawSpan { text in
            switch self {
            case .number: NumberText(text) != nil
            case .moment: MomentText(text) != nil
            case .text, .none: false
            }
        }
    }

    init(_ type: ColumnType) {
        self =
            switch type {
            case .integer, .float, .decimal: .number
            case .date, .time, .timeWithZone, .timestamp, .timestampWithZone: .moment
            case .boolean, .text, .enumeration, .uuid, .interval: .text
            case .json, .binary, .bytes, .list, .record, .map: .none
            }
    }
}

extension RawSpan {
    /// Whether these are exactly `bytes`.
    func holds(_ bytes: [UInt8]) -> Bool {
        guard byteCount == bytes.count else { return false }
        for index in bytes.indices where self[index] != bytes[index] { return false }
        return true
    }

    /// How many characters, as the source counts them: every byte but those that go on with a character.
    fileprivate var characterCount: Int {
        var count = 0
        for index in 0..<byteCount where self[index] & 0xc0 != 0x80 { count += 1 }
        return count
    }
}
