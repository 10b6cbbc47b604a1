// SPDX-License-Identifier: Apache-2.0

import Contracts

/// What a check against a contract found.
struct ContractReport: Encodable {
    struct Finding: Encodable {
        let table: String
        let column: String?
        let rule: String
        let expected: String
        let found: String
        let weight: String
    }

    let contract: String
    let version: String
    let holds: Bool
    let findings: [Finding]
    let unenforced: [String]

    private enum CodingKeys: CodingKey {
        case contract
        case version
        case holds
        case findings
        case unenforced
    }

    private let lines: [String]

    init(_ contract: DataContract, _ findings: [ContractFinding]) {
        self.contract = contract.id
        version = contract.version
        holds = !findings.contains { $0.weight == .breach }
        self.findings = findings.map {
            Finding(
                table: $0.table, column: $0.column, rule: $0.rule, expected: $0.expected, found: $0.found,
                weight: $0.weight.rawValue)
        }
        unenforced = contract.tables.flatMap { table in table.unenforced.map { "\(table.sourceName).\($0)" } }
        lines =
            findings.map { "\($0.weight == .breach ? "BROKEN" : "note  ")  \($0.description)" }
    }

    var breachCount: Int { findings.count { $0.weight == ContractFinding.Weight.breach.rawValue } }

    var text: String {
        var lines = lines
        if !unenforced.isEmpty {
            lines.append("note    asked for, and not enforced: \(unenforced.joined(separator: ", "))")
        }
        lines.append("\(holds ? "holds" : "does not hold"): \(contract) version \(version), \(breachCount) findings")
        return lines.joined(separator: "\n")
    }
}

/// What is different in a new version of a contract.
struct ContractDiffReport: Encodable {
    struct Change: Encodable {
        let old: String
        let table: String
        let column: String?
        let change: String
        let disappoints: String
        let why: String
        let breaks: Bool
    }

    let contract: String
    let version: String
    let compatibility: String
    private(set) var compatible = true
    private(set) var changes: [Change] = []

    private enum CodingKeys: CodingKey {
        case contract
        case version
        case compatibility
        case compatible
        case changes
    }

    private let new: DataContract
    private let mode: CompatibilityMode?

    init(_ new: DataContract, mode: CompatibilityMode?) {
        self.new = new
        self.mode = mode
        contract = new.id
        version = new.version
        compatibility = (mode ?? new.compatibility ?? .standard).rawValue
    }

    /// Adds what is different to an old version; of all but the last only what breaks promises to their readers, too.
    mutating func add(_ old: DataContract, named file: String, isLast: Bool) {
        for change in ContractChange.between(old, new) {
            let mode = mode ?? new.mode(ofTable: change.table)
            let breaks = change.breaks(mode) && (isLast || mode.isTransitive)
            guard isLast || breaks else { continue }
            if breaks { compatible = false }
            changes.append(
                Change(
                    old: file, table: change.table, column: change.column, change: change.what,
                    disappoints: change.harm.rawValue, why: change.why, breaks: breaks))
        }
    }

    var text: String {
        var lines = changes.map { change in
            "\(change.breaks ? "BREAKS" : "      ")  \(change.table)\(change.column.map { ".\($0)" } ?? ""): \(change.change) "
                + "(\(change.disappoints == "none" ? "" : "\(change.disappoints): ")\(change.why)) since \(change.old)"
        }
        lines.append(
            "\(compatible ? "compatible" : "not compatible"): \(contract) version \(version), \(compatibility), "
                + "\(changes.count) changes")
        return lines.joined(separator: "\n")
    }
}
