// SPDX-License-Identifier: Apache-2.0

import Anchors
import Changelog
import Contracts
import DurableFiles
import Export
import Faults
import Logging
import Synchronization

/// The contract that a run holds its records to.
struct RunContract {
    let contract: DataContract
    let path: String
    let gate: ContractGate
    private let bytes: [UInt8]
    private let policy: ViolationPolicy?

    /// Nil when the settings name none.
    init?(_ settings: Settings) throws(Fault) {
        guard let path = try settings.text(.contract) else {
            try settings.refuse([.onViolation], "says what becomes of records that break a contract: add --contract")
            return nil
        }
        self.path = path
        (contract, bytes) = try DataContract.read(path)
        policy = try settings.text(.onViolation) == nil ? nil : settings.choice(.onViolation, ViolationPolicy.self)
        gate = ContractGate(contract, columnPrefix: try settings.required(.columnPrefix), policy: policy)
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
        guard let contract = settings.contract else { return }
        try contract.requireCompatibility(with: workspace.contracts, last: try lastContract())
        gates.append(contract.gate)
        for rule in contract.contract.tables.flatMap({ table in table.unenforced.map { "\(table.sourceName).\($0)" } })
        {
            console.log.debug("the contract asks for \(rule), which no single record can keep or break")
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

    /// Compares what is about to be exported with the contract, before anything is created: what it forbids ends the run
    /// where `--on-incompatible` ends it at the first record, and is a warning elsewhere.
    func check(_ schemas: [TableSchema]) throws(Fault) {
        guard let contract = settings.contract else { return }
        for table in contract.contract.tables where !schemas.contains(where: { table.describes($0.table) }) {
            throw contract.broken("\(table.sourceName) is not among the tables that are exported")
        }
        for schema in schemas {
            for breach in contract.gate.breaches(of: schema) {
                guard settings.incompatibility.choice(for: schema.table) != .stop else {
                    throw contract.broken(breach.description)
                }
                console.log.warning("contract: \(breach.description)")
            }
        }
    }
}

extension RunContract {
    fileprivate func broken(_ what: String) -> Fault {
        Fault(
            .contractViolated, "the source is not what \(path) promises: \(what)",
            hint: "`kedge contract check` lists all of it")
    }
}
