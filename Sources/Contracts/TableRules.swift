// SPDX-License-Identifier: Apache-2.0

internal import Bytes
public import Changelog

/// The rules of one table, made ready for records of one schema. For one thread: regular expressions are compiled for it.
public final class TableRules {
    /// A rule that a record breaks.
    public struct Broken: Hashable, Sendable {
        /// Which.
        public let name: RuleName
        /// What the value must be.
        public let expectation: String

        /// In a sentence, without the value.
        public var sentence: String { "column \"\(name.column)\" is not \(expectation) (\(name.rule))" }
    }

    /// For each column of the schema, its rules; nil where there are none.
    private let columns: [ColumnRules?]
    private let names: [String]
    private let types: [ColumnType]
    /// The columns that have rules.
    private let ruled: [Int]
    /// The text of the number that is looked at.
    private var numberText = ByteBuffer(capacity: 64)

    /// Makes the rules of `table` ready for `schema`.
    public init(_ table: ContractTable, for schema: TableSchema) {
        names = schema.columns.map(\.name)
        types = schema.columns.map(\.type)
        columns = schema.columns.map { column in
            guard let promised = table.column(column.name) else { return nil }
            let rules = ColumnRules(promised.rules, of: column.type)
            return rules.isEmpty ? nil : rules
        }
        ruled = columns.indices.filter { [columns] index in columns[index] != nil }
    }

    /// Whether no record can break anything.
    public var isEmpty: Bool { ruled.isEmpty }

    /// The rules that the row behind `change` breaks. A deleted row breaks none: that it is gone mends what it broke.
    /// Neither does a value that the source did not send.
    public func broken(by change: borrowing Change) -> [Broken] {
        guard change.operation.bringsRow else { return [] }
        var found: [Broken] = []
        for index in ruled {
            switch change.field(index) {
            case .unset: break
            case .null: addNull(index, to: &found)
            case .value(let value): add(value, index, to: &found)
            case .number(let number):
                numberText.removeAll()
                numberText.append(number: number, as: types[index])
                add(numberText.bytes, index, to: &found)
            }
        }
        return found
    }

    /// What is to be said of a record that is already written.
    public struct LineVerdict {
        /// The rules that it breaks.
        public let broken: [Broken]
        /// Those that it says itself that it breaks.
        public let tags: [String]
        /// What the change did.
        public let operation: Changelog.Operation
    }

    /// What is to be said of a record that is a line of NDJSON; nil when it is no record of these columns.
    public func verdict(onLine line: RawSpan, columnPrefix: String) -> LineVerdict? {
        guard let record = RecordLine(line, columnPrefix: columnPrefix), let broken = broken(by: record) else {
            return nil
        }
        return LineVerdict(broken: broken, tags: record.violations, operation: record.operation)
    }

    /// The rules that a line of NDJSON breaks; nil when it is no record of these columns.
    func broken(by record: borrowing RecordLine) -> [Broken]? {
        guard record.operation.bringsRow else { return [] }
        var found: [Broken] = []
        var seen = 0
        let isWhole = record.forEachColumn(names) { index, value in
            seen += 1
            switch value {
            // A null in a document cannot be told from one in its place.
            case .null: if types[index] != .json, !record.isUnset(names[index]) { addNull(index, to: &found) }
            case .parts: break
            case .text(let text): text.withRawSpan { add($0, index, to: &found) }
            }
        }
        return isWhole && seen == names.count ? found : nil
    }

    private func addNull(_ index: Int, to found: inout [Broken]) {
        guard columns[index]?.isRequired == true else { return }
        found.append(broken(.required, index))
    }

    private func add(_ value: RawSpan, _ index: Int, to found: inout [Broken]) {
        columns[index]?.broken(by: value) { found.append(broken($0, index)) }
    }

    private func broken(_ rule: ValueRule, _ index: Int) -> Broken {
        Broken(name: RuleName(column: names[index], rule: rule.name), expectation: rule.expectation)
    }
}

extension Operation {
    /// Whether there is a row behind a change of this kind.
    var bringsRow: Bool {
        switch self {
        case .read, .create, .update: true
        case .delete, .truncate, .message: false
        }
    }
}
