// SPDX-License-Identifier: Apache-2.0

internal import Bytes

/// One difference between two versions of a contract, and whom it disappoints.
public struct ContractChange: Hashable, Sendable {
    /// Which readers a change disappoints.
    public enum Harm: String, Sendable {
        /// None.
        case none
        /// Those of the new version, who read old records.
        case newReaders = "new readers of old records"
        /// Those of the old version, who read new records.
        case oldReaders = "old readers of new records"
        /// Both.
        case both = "readers of either version"
    }

    /// The table, as the source calls it.
    public let table: String
    /// The column; nil when it is about the table.
    public let column: String?
    /// What is different, in a sentence.
    public let what: String
    /// Whom it disappoints.
    public let harm: Harm
    /// Why.
    public let why: String

    init(_ table: String, _ column: String? = nil, _ what: String, _ harm: Harm, _ why: String) {
        self.table = table
        self.column = column
        self.what = what
        self.harm = harm
        self.why = why
    }

    /// Whether `mode` forbids the change.
    public func breaks(_ mode: CompatibilityMode) -> Bool {
        switch harm {
        case .none: false
        case .newReaders: mode.looksBack
        case .oldReaders: mode.looksForward
        case .both: mode.looksBack || mode.looksForward
        }
    }
}

extension ContractChange: CustomStringConvertible {
    /// `public.orders.amount: the type was int4 and is int8 (old readers of new records: …)`
    public var description: String {
        "\(table)\(column.map { ".\($0)" } ?? ""): \(what)"
            + (harm == .none ? " (\(why))" : " (\(harm.rawValue): \(why))")
    }
}

extension ContractChange {
    /// How much of a contract is compared.
    public enum Scope: Sendable {
        /// All of it.
        case everything
        /// Which columns there are, their types and the key: what the catalog of a source tells.
        case structure
        /// The same, and that a new column must have had values: what the schema of old records tells.
        case records
    }

    /// What is different in `new`.
    public static func between(_ old: DataContract, _ new: DataContract) -> [ContractChange] {
        var changes: [ContractChange] = []
        for table in old.tables {
            guard let after = new.tables.first(where: { $0.sourceName == table.sourceName }) else {
                changes.append(
                    ContractChange(
                        table.sourceName, nil, "the table is gone", .both, "whoever reads it finds nothing more"))
                continue
            }
            changes += between(table, after, .everything)
        }
        for table in new.tables where !old.tables.contains(where: { $0.sourceName == table.sourceName }) {
            changes.append(ContractChange(table.sourceName, nil, "the table is new", .none, "nobody reads it yet"))
        }
        return changes
    }

    /// What is different in the table `new`.
    public static func between(_ old: ContractTable, _ new: ContractTable, _ scope: Scope) -> [ContractChange] {
        TableComparison(old, new, scope).changes
    }
}

/// Compares two versions of one table.
private struct TableComparison {
    private(set) var changes: [ContractChange] = []
    private let table: String
    private let scope: ContractChange.Scope

    init(_ old: ContractTable, _ new: ContractTable, _ scope: ContractChange.Scope) {
        table = old.sourceName
        self.scope = scope
        var seen: Set<String> = []
        for column in old.columns {
            guard let after = new.heir(of: column.sourceName, in: old) else {
                add(
                    column.sourceName, "the column is gone", column.isRequired ? .oldReaders : .none,
                    column.isRequired ? "they need a value" : "old readers find null")
                continue
            }
            seen.insert(after.sourceName)
            if after.sourceName != column.sourceName {
                add(
                    column.sourceName, "the column is called \(after.sourceName)", .oldReaders,
                    "they look for the old name; new readers are told it by kedgeRenamedFrom")
            }
            compare(column, after)
        }
        for column in new.columns where !seen.contains(column.sourceName) {
            add(
                column.sourceName, "the column is new\(column.isRequired ? " and required" : "")",
                column.isRequired && scope != .structure ? .newReaders : .none,
                column.isRequired && scope != .structure
                    ? "records that are there already have no value" : "old records have null")
        }
        compareKey(old, new)
    }

    private mutating func add(_ column: String?, _ what: String, _ harm: ContractChange.Harm, _ why: String) {
        changes.append(ContractChange(table, column, what, harm, why))
    }

    private mutating func compareKey(_ old: ContractTable, _ new: ContractTable) {
        guard let before = old.key, let after = new.key else { return }
        let renamed = before.map { new.heir(of: $0, in: old)?.sourceName ?? $0 }
        guard Set(renamed) != Set(after) else { return }
        func text(_ key: [String]) -> String { key.isEmpty ? "none" : key.joined(separator: ", ") }
        add(nil, "the key was \(text(before)) and is \(text(after))", .both, "rows are told apart otherwise")
    }

    private mutating func compare(_ old: ContractColumn, _ new: ContractColumn) {
        compareTypes(old, new)
        guard scope == .everything else { return }
        if old.isRequired != new.isRequired {
            add(
                new.sourceName, new.isRequired ? "a value is required" : "a value is no longer required",
                new.isRequired ? .newReaders : .oldReaders,
                new.isRequired ? "old records may have null" : "they may find null")
        }
        compareRules(old, new)
    }

    private mutating func compareTypes(_ old: ContractColumn, _ new: ContractColumn) {
        let name = new.sourceName
        if let before = old.physicalType, let after = new.physicalType {
            let (from, to) = (PhysicalType(before), PhysicalType(after))
            guard from != to else { return }
            let what = "the type was \(before) and is \(after)"
            if from.widens(to: to) {
                return add(name, what, .oldReaders, "they may find values that do not fit")
            }
            if from.isTextLike(to) { return add(name, what, .none, "both are text") }
            return add(name, what, .both, "values mean something else")
        }
        guard let before = old.logicalType, let after = new.logicalType, before != after else { return }
        let isWidened = before == .integer && after == .number
        add(
            name, "the logical type was \(before.rawValue) and is \(after.rawValue)", isWidened ? .oldReaders : .both,
            isWidened ? "they may find values that are no whole numbers" : "values mean something else")
    }

    private mutating func compareRules(_ old: ContractColumn, _ new: ContractColumn) {
        var names: [String] = []
        for rule in old.rules + new.rules where rule != .required && !names.contains(rule.family) {
            names.append(rule.family)
        }
        for name in names {
            let (before, after) = (ValueRule.narrowest(old.rules, name), ValueRule.narrowest(new.rules, name))
            let (gone, come) = (before.filter { !after.contains($0) }, after.filter { !before.contains($0) })
            if gone.count == 1, come.count == 1 {
                compare(gone[0], come[0], of: new.sourceName)
            } else {
                for rule in gone { compare(rule, nil, of: new.sourceName) }
                for rule in come { compare(nil, rule, of: new.sourceName) }
            }
        }
    }

    private mutating func compare(_ old: ValueRule?, _ new: ValueRule?, of column: String) {
        let what =
            switch (old, new) {
            case (let old?, let new?): "values were \(old.expectation) and are \(new.expectation)"
            case (let old?, nil): "values need no longer be \(old.expectation)"
            case (nil, let new?): "values must be \(new.expectation)"
            case (nil, nil): ""
            }
        if case .oneOf(let before)? = old, case .oneOf(let after)? = new {
            let (old, new) = (Set(before), Set(after))
            let (gone, come) = (before.filter { !new.contains($0) }, after.filter { !old.contains($0) })
            if !gone.isEmpty {
                add(
                    column, "valid values are gone: \(ValueRule.enumerated(gone))", .newReaders,
                    "old records may hold them")
            }
            if !come.isEmpty {
                add(column, "valid values are new: \(ValueRule.enumerated(come))", .none, "labels come and go")
            }
            return
        }
        switch (new?.strictness(than: old) ?? .looser, new ?? old) {
        case (_, .maxLength?): add(column, what, .none, "both are text")
        case (.same, _): return
        case (.stricter, _): add(column, what, .newReaders, "old records may break it")
        case (.looser, _): add(column, what, .oldReaders, "they may find values that they do not expect")
        case (.different, _): add(column, what, .both, "neither follows from the other")
        }
    }
}

extension ContractTable {
    /// The column here that `name` of an older version has become: one that says so and was not there beside it, for
    /// another may have taken the name since, or else the one that is called so.
    fileprivate func heir(of name: String, in older: ContractTable) -> ContractColumn? {
        columns.first { $0.renamedFrom == name && older.column($0.sourceName) == nil } ?? column(name)
    }
}

extension ValueRule {
    /// Rules that say more or less of the same.
    fileprivate var family: String {
        switch self {
        case .minimum: "minimum"
        case .maximum: "maximum"
        default: name
        }
    }

    /// Those of a family that do not follow from others of it: of two minimums the higher.
    fileprivate static func narrowest(_ rules: [ValueRule], _ family: String) -> [ValueRule] {
        var narrowest: [ValueRule] = []
        for rule in rules where rule.family == family {
            guard !narrowest.contains(where: { [.looser, .same].contains(rule.strictness(than: $0)) }) else { continue }
            narrowest.removeAll { rule.strictness(than: $0) == .stricter }
            narrowest.append(rule)
        }
        return narrowest
    }

    fileprivate enum Strictness {
        case stricter
        case looser
        case different
        /// The same, in another spelling.
        case same
    }

    /// How this lies to the rule of the same family before.
    fileprivate func strictness(than old: ValueRule?) -> Strictness {
        guard let old else { return .stricter }
        switch (old, self) {
        case (.minimum(let before), .minimum(let after)):
            return Self.order(after, before).map { $0 > 0 ? .stricter : $0 < 0 ? .looser : Self.edge(before, after) }
                ?? .different
        case (.maximum(let before), .maximum(let after)):
            return Self.order(after, before).map { $0 < 0 ? .stricter : $0 > 0 ? .looser : Self.edge(before, after) }
                ?? .different
        case (.multipleOf(let before), .multipleOf(let after)):
            return switch (Self.divides(before, after), Self.divides(after, before)) {
            case (true, true): .same
            case (true, false): .stricter
            case (false, true): .looser
            case (false, false): .different
            }
        case (.minLength(let before), .minLength(let after)):
            return after > before ? .stricter : after < before ? .looser : .same
        case (.maxLength(let before), .maxLength(let after)):
            return after < before ? .stricter : after > before ? .looser : .same
        default: return self == old ? .same : .different
        }
    }

    private static func edge(_ before: Bound, _ after: Bound) -> Strictness {
        after.isExclusive == before.isExclusive ? .same : after.isExclusive ? .stricter : .looser
    }

    /// Whether every multiple of `number` is one of `divisor`.
    private static func divides(_ divisor: String, _ number: String) -> Bool {
        guard let divisor = Divisor(Array(divisor.utf8)) else { return false }
        return Array(number.utf8).withRawSpan { divisor.divides($0) }
    }

    private static func order(_ left: Bound, _ right: Bound) -> Int? {
        Array(left.value.utf8).withRawSpan { left in
            Array(right.value.utf8).withRawSpan { right in
                if let left = NumberText(left), let right = NumberText(right) { return left.compared(to: right) }
                guard let left = MomentText(left), let right = MomentText(right) else { return nil }
                return left < right ? -1 : left > right ? 1 : 0
            }
        }
    }
}
