// SPDX-License-Identifier: Apache-2.0

public import Changelog

/// One place where something is not what a contract promises, or need not be.
public struct ContractFinding: Hashable, Sendable {
    /// Whether the promise is broken.
    public enum Weight: String, Sendable {
        /// It is.
        case breach
        /// It is not, and nothing but a look at each value keeps it.
        case note
    }

    /// The table, as the source calls it.
    public let table: String
    /// The column; nil when it is about the table.
    public let column: String?
    /// Which promise: `type`, `required`, `key`.
    public let rule: String
    /// What the contract says.
    public let expected: String
    /// What there is.
    public let found: String
    /// Whether the promise is broken.
    public let weight: Weight

    /// Makes a finding.
    public init(
        table: String, column: String? = nil, rule: String, expected: String, found: String, weight: Weight = .breach
    ) {
        self.table = table
        self.column = column
        self.rule = rule
        self.expected = expected
        self.found = found
        self.weight = weight
    }

    /// `public.orders.amount type: expected numeric(12,2), found text`
    public var description: String {
        "\(table)\(column.map { ".\($0)" } ?? "") \(rule): expected \(expected), found \(found)"
    }
}

extension ContractTable {
    /// Where `schema` is not what the table promises. kedge's own columns, whose names begin with `columnPrefix`, are
    /// in no schema and in every record.
    public func findings(in schema: TableSchema, columnPrefix: String) -> [ContractFinding] {
        var findings: [ContractFinding] = []
        for promised in columns where !promised.sourceName.hasPrefix(columnPrefix) {
            guard let column = schema.columns.first(where: { $0.name == promised.sourceName }) else {
                findings.append(
                    ContractFinding(
                        table: sourceName, column: promised.sourceName, rule: "column",
                        expected: promised.physicalType ?? promised.logicalType?.rawValue ?? "a column",
                        found: "no such column"))
                continue
            }
            findings += self.findings(promised, column)
        }
        if let key, Set(key) != Set(schema.key) {
            func text(_ names: [String]) -> String { names.isEmpty ? "no key" : names.joined(separator: ", ") }
            findings.append(
                ContractFinding(table: sourceName, rule: "key", expected: text(key), found: text(schema.key)))
        }
        return findings
    }

    /// Where records of `schema`, which the table had before, are not what new readers can read, though `mode` promises
    /// that they can. What their values are is no question of the schema.
    public func findings(
        inEarlier schema: TableSchema, mode: CompatibilityMode, columnPrefix: String
    ) -> [ContractFinding] {
        guard mode.looksBack else { return [] }
        return ContractChange.between(
            ContractTable(drafting: schema, as: sourceName), withoutColumns(prefixed: columnPrefix), .records
        )
        .filter { $0.harm == .newReaders || $0.harm == .both }
        .map { change in
            ContractFinding(
                table: sourceName, column: change.column, rule: "compatibility", expected: mode.rawValue,
                found: "records of an earlier schema: \(change.what)")
        }
    }

    /// Without kedge's own columns.
    func withoutColumns(prefixed prefix: String) -> ContractTable {
        ContractTable(
            name: name, physicalName: physicalName, columns: columns.filter { !$0.sourceName.hasPrefix(prefix) },
            key: key)
    }

    private func findings(_ promised: ContractColumn, _ column: TableSchema.Column) -> [ContractFinding] {
        var findings: [ContractFinding] = []
        func add(_ rule: String, _ expected: String, _ found: String, _ weight: ContractFinding.Weight = .breach) {
            findings.append(
                ContractFinding(
                    table: sourceName, column: column.name, rule: rule, expected: expected, found: found,
                    weight: weight))
        }
        if let type = promised.physicalType, PhysicalType(type) != PhysicalType(column.sourceType) {
            add("type", type, column.sourceType)
        } else if let type = promised.logicalType, type != LogicalType(column.type) {
            add("logicalType", type.rawValue, LogicalType(column.type).rawValue)
        }
        let isOfType = findings.isEmpty
        for rule in promised.rules {
            guard ColumnRules.judges(rule, column.type) else {
                if isOfType { add(rule.name, rule.expectation, "values of \(column.sourceType) are not judged", .note) }
                continue
            }
            switch rule {
            case .required where column.isNullable == true: add("required", rule.expectation, "null is allowed", .note)
            case .oneOf(let values):
                let valid = Set(values)
                let others = (column.labels ?? []).filter { !valid.contains($0) }
                if !others.isEmpty {
                    add("validValues", rule.expectation, "the label \(others.joined(separator: ", "))", .note)
                }
            case .maxLength(let count):
                let type = PhysicalType(column.sourceType)
                guard type.name == "varchar", let length = type.arguments.first, length > count else { continue }
                add("maxLength", rule.expectation, column.sourceType, .note)
            default: continue
            }
        }
        return findings
    }
}

extension DataContract {
    /// Where `schemas`, one for each table that there is, are not what the contract promises.
    public func findings(in schemas: [TableSchema], columnPrefix: String) -> [ContractFinding] {
        tables.flatMap { table -> [ContractFinding] in
            guard let schema = schemas.first(where: { table.describes($0.table) }) else {
                return [
                    ContractFinding(
                        table: table.sourceName, rule: "table", expected: "a table", found: "no such table")
                ]
            }
            return table.findings(in: schema, columnPrefix: columnPrefix)
        }
    }
}
