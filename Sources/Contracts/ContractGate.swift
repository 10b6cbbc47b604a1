// SPDX-License-Identifier: Apache-2.0

public import Changelog
public import Export
public import Faults

/// Keeps records that break a contract out of the tables that it describes, or marks them.
public struct ContractGate: RecordGate {
    private let contract: DataContract
    private let columnPrefix: String
    private let policy: ViolationPolicy?

    /// Makes a gate. `policy` takes the place of what the contract says of records that break it.
    public init(_ contract: DataContract, columnPrefix: String, policy: ViolationPolicy? = nil) {
        self.contract = contract
        self.columnPrefix = columnPrefix
        self.policy = policy
    }

    /// What becomes of records of `table` that break the contract.
    public func policy(of table: ContractTable) -> ViolationPolicy {
        policy ?? table.onViolation ?? contract.onViolation ?? .fail
    }

    /// Whether records may be tagged.
    public var tags: Bool { contract.tables.contains { policy(of: $0) == .tag } }

    /// Where `schema` is so far from what the contract promises of `origin`, or of its own table, that the compatibility
    /// mode forbids it.
    public func breaches(of schema: TableSchema, in origin: String? = nil) -> [ContractChange] {
        guard let table = contract.table(called: origin ?? schema.table.description) else { return [] }
        let found = ContractTable(drafting: schema, as: table.sourceName)
        let mode = contract.mode(ofTable: table.sourceName)
        return ContractChange.between(table.withoutColumns(prefixed: columnPrefix), found, .structure)
            .filter { $0.breaks(mode) }
    }

    /// Tables that the contract does not describe are kept as they are. So are those whose columns it forbids: they are
    /// not in the folder that it speaks of, which is the business of the gate for schemas.
    public func verdict(on schema: TableSchema) throws(Fault) -> SchemaVerdict {
        guard let table = contract.table(schema.table), breaches(of: schema).isEmpty else { return .keep }
        let rules = TableRules(table, for: schema)
        guard !rules.isEmpty else { return .keep }
        return .judge(ContractJudge(rules, table: schema.table, policy: policy(of: table)))
    }
}

/// Judges single changes of one schema.
private final class ContractJudge: ChangeJudge {
    private let rules: TableRules
    private let table: TableName
    private let policy: ViolationPolicy

    init(_ rules: TableRules, table: TableName, policy: ViolationPolicy) {
        self.rules = rules
        self.table = table
        self.policy = policy
    }

    func verdict(on change: borrowing Change) throws(Fault) -> ChangeVerdict {
        let broken = rules.broken(by: change)
        guard !broken.isEmpty else { return .keep }
        let names = broken.map(\.name.description)
        switch policy {
        case .tag: return .tag(names)
        case .quarantine:
            return .quarantine(
                Violation(
                    rule: names.joined(separator: ","), reason: broken.map(\.sentence).joined(separator: "; ")))
        case .fail:
            throw Fault(
                .contractViolated,
                "a record of \(table) breaks the contract: \(broken.map(\.sentence).joined(separator: "; "))",
                hint: "mend the source or the contract, or let --on-violation quarantine or tag such records")
        }
    }
}
