// SPDX-License-Identifier: Apache-2.0

public import Changelog
public import Faults

/// Why a record does not go where records of its table go.
public struct Violation: Hashable, Sendable {
    /// The rule that it breaks, in a word that does not change: `amount.maximum`.
    public let rule: String
    /// What is wrong, in a sentence without any value of a row.
    public let reason: String

    /// Makes a violation.
    public init(rule: String, reason: String) {
        self.rule = rule
        self.reason = reason
    }
}

/// What becomes of the changes of one schema.
public enum SchemaVerdict {
    /// They go into the folder of their table.
    case keep
    /// They do, or elsewhere: each is asked about.
    case judge(any ChangeJudge)
    /// All of them go into the folder of another table; where there is a judge, each is asked about.
    case redirect(to: TableName, judge: (any ChangeJudge)? = nil)
    /// All of them are quarantined.
    case quarantine(Violation)
}

/// What becomes of one change.
public enum ChangeVerdict: Hashable, Sendable {
    /// It goes where its table's changes go.
    case keep
    /// It does, and bears the names of the rules that it breaks.
    case tag([String])
    /// It is quarantined.
    case quarantine(Violation)
}

/// Decides where changes go, before they are recorded.
///
/// It is asked by several threads, by each when the schema of a table is not what it was at that table's change before:
/// the answer holds until then. It must say the same of the same changes, or the same range would not be the same
/// files. A fault refuses the change: what came before is anchored, and the run ends.
public protocol RecordGate: Sendable {
    /// What becomes of changes of `schema`.
    func verdict(on schema: TableSchema) throws(Fault) -> SchemaVerdict
    /// What it has noticed since this was asked last, for the anchor that publishes the changes.
    func takeNews() -> SchemaNews
}

extension RecordGate {
    /// Nothing is noticed.
    public func takeNews() -> SchemaNews { SchemaNews() }
}

/// Decides about single changes of one schema, on one thread.
public protocol ChangeJudge: AnyObject {
    /// What becomes of `change`.
    func verdict(on change: borrowing Change) throws(Fault) -> ChangeVerdict
}

/// Several gates, one behind the other: the first that does not keep a schema's changes decides where they go, and of
/// those that go anywhere but into quarantine a later one may judge each.
public struct RecordGates: RecordGate {
    private let gates: [any RecordGate]

    /// Puts `gates` behind each other.
    public init(_ gates: [any RecordGate]) {
        self.gates = gates
    }

    /// What all gates say together. All are asked, since some remember which schemas there were.
    public func verdict(on schema: TableSchema) throws(Fault) -> SchemaVerdict {
        var verdict = SchemaVerdict.keep
        for gate in gates {
            let next = try gate.verdict(on: schema)
            switch (verdict, next) {
            case (.keep, _): verdict = next
            case (.redirect(let table, nil), .judge(let judge)): verdict = .redirect(to: table, judge: judge)
            default: break
            }
        }
        return verdict
    }

    /// What all of them have noticed.
    public func takeNews() -> SchemaNews {
        gates.reduce(into: SchemaNews()) { $0.append($1.takeNews()) }
    }
}
