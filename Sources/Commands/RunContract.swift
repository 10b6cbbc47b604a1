// SPDX-License-Identifier: Apache-2.0

import Anchors
import Changelog
import Contracts
import DurableFiles
import Export
import Faults
import Logging
import Synchronization

/// Which contract a run holds its records to, and what becomes of those that break it.
struct ContractChoice {
    let path: String
    let columnPrefix: String
    /// Nil leaves it to the contract.
    let policy: ViolationPolicy?

    /// Nil when the settings name none.
    init?(_ settings: Settings) throws(Fault) {
        guard let path = try settings.text(.contract) else {
            try settings.refuse([.onViolation], "says what becomes of records that break a contract: add --contract")
            return nil
        }
        self.path = path
        columnPrefix = try settings.required(.columnPrefix)
        policy = try settings.text(.onViolation) == nil ? nil : settings.choice(.onViolation, ViolationPolicy.self)
    }
}

/// The contract that a run holds its records to.
struct RunContract {
    let contract: DataContract
    let path: String
    let gate: ContractGate
    private let bytes: [UInt8]
    private let policy: ViolationPolicy?

    /// Reads it.
    init(_ choice: ContractChoice) throws(Fault) {
        path = choice.path
        policy = choice.policy
        (contract, bytes) = try DataContract.read(choice.path)
        gate = ContractGate(contract, columnPrefix: choice.columnPrefix, policy: choice.policy)
    }

    /// Makes the contract durable in the export, and says what anchors call it.
    func keep(in store: ContractStore) throws(Fault) -> ContractLink {
        ContractLink(
            id: contract.id, version: contract.version, file: try store.save(bytes), onViolation: policy?.rawValue)
    }

    /// Refuses a contract that disappoints readers of those that the export was held to before.
    func requireCompatibility(with store: ContractStore, last: String?) throws(Fault) {
        let own = ContractStore.id(of: bytes)
        for file in try store.kept() where file != own {
            let old = try DataContract(yaml: try store.contract(file), place: "the kept contract \(file)")
            // A contract of another name is another promise.
            guard old.id == contract.id else { continue }
            let changes = ContractChange.between(old, contract).filter { change in
                let mode = contract.mode(ofTable: change.table)
                return change.breaks(mode) && (mode.isTransitive || last == nil || last == file)
            }
            guard changes.isEmpty else {
                throw Fault(
                    .contractIncompatible,
                    "\(path) (version \(contract.version)) disappoints readers of version \(old.version), which the export was held to",
                    detail: changes.map(\.description).joined(separator: "\n"))
            }
        }
    }
}

/// A contract that is kept in the export before the first anchor names it.
final class KeptContract: Sendable {
    private let contract: RunContract
    private let store: ContractStore
    private let known = Mutex<ContractLink?>(nil)

    init(_ contract: RunContract, in store: ContractStore) {
        self.contract = contract
        self.store = store
    }

    /// What anchors say of it.
    func link() throws(Fault) -> ContractLink {
        if let link = known.withLock({ $0 }) { return link }
        let link = try contract.keep(in: store)
        known.withLock { $0 = link }
        return link
    }
}

extension DataContract {
    /// Reads the contract in the file at `path`.
    static func read(_ path: String) throws(Fault) -> (DataContract, [UInt8]) {
        let bytes: [UInt8]
        do throws(Fault) {
            bytes = try Files.contents(of: path, limit: byteLimit)
        } catch {
            throw Fault(
                .contractUnreadable, "the contract \(path) cannot be read", detail: error.detail ?? error.message)
        }
        return (try DataContract(yaml: bytes, place: path), bytes)
    }
}

extension ExportRun {
    /// Takes the contract of the settings into force, unless it disappoints readers of an older one.
    func adoptContract() throws(Fault) {
        guard let contract else { return }
        try contract.requireCompatibility(with: workspace.contracts, last: try lastContract())
        gates.append(contract.gate)
        for rule in contract.contract.tables.flatMap({ table in table.unenforced.map { "\(table.sourceName).\($0)" } })
        {
            console.log.debug("the contract asks for \(rule), which is not enforced")
        }
    }

    /// The contract that was in force last, as anchors call it; nil when the newest anchors name none.
    private func lastContract() throws(Fault) -> String? {
        var next = last?.anchor
        var left = Workspace.provedAnchorCount
        while let anchor = next, left > 0 {
            if let contract = anchor.contract { return contract.file }
            next = try workspace.chain.anchor(anchor.number - 1)?.anchor
            left -= 1
        }
        return nil
    }

    /// Where tables are not what the contract promises, and which table that is where it is there.
    func contractProblems(_ schemas: [TableSchema]) -> [(what: String, table: TableName?)] {
        guard let contract else { return [] }
        let missing = contract.contract.tables.filter { table in !schemas.contains { table.describes($0.table) } }
        return missing.map { ("\($0.sourceName) is not among the tables that are exported", nil) }
            + schemas.flatMap { schema in contract.gate.breaches(of: schema).map { ($0.description, schema.table) } }
    }

    /// Compares what is about to be exported with the contract, before anything is created: what it forbids ends the run
    /// where `--on-incompatible` ends it at the first record, and is a warning elsewhere.
    func check(_ schemas: [TableSchema]) throws(Fault) {
        for problem in contractProblems(schemas) {
            guard let table = problem.table, settings.incompatibility.choice(for: table) != .stop else {
                throw Fault(
                    .contractViolated, "the source is not what \(contract?.path ?? "") promises: \(problem.what)",
                    hint: "`kedge contract check` lists all of it")
            }
            console.log.warning("contract: \(problem.what)")
        }
    }
}
