// SPDX-License-Identifier: Apache-2.0

internal import Anchors
internal import Changelog
internal import Contracts
internal import Faults

extension VerificationWalk {
    /// Holds the records of a segment to the contract that the anchor names, and to the one that was brought along.
    mutating func checkContract(of segment: SegmentRecord, _ anchor: Anchor, _ schema: TableSchema?) throws(Fault) {
        guard let schema, try isThere(segment) else { return }
        try holdToOwn(segment, anchor, schema)
        guard var scan else { return }
        self.scan = nil
        let path = folder.file(segment.path)
        _ = try finding(segment.path) { () throws(Fault) in try scan.look(at: segment, of: schema, path: path) }
        self.scan = scan
    }

    /// What the contract of the anchor forbids cannot be there, and what it tags must bear the names of the rules.
    private mutating func holdToOwn(
        _ segment: SegmentRecord, _ anchor: Anchor, _ schema: TableSchema
    ) throws(Fault) {
        guard let link = anchor.contract, let contract = try contract(link),
            let table = contract.table(called: segment.origin ?? segment.table)
        else { return }
        let gate = ContractGate(
            contract, columnPrefix: columnPrefix, policy: link.onViolation.flatMap(ViolationPolicy.init))
        if let breach = gate.breaches(of: schema, in: segment.origin).first {
            // The folder in which they go on is one of which nothing is promised until the columns are what the contract says.
            if segment.origin == nil { find(segment.path, "the contract of its anchor forbids its columns: \(breach)") }
            return
        }
        let tags = gate.policy(of: table) == .tag
        var own = ContractScan(contract, columnPrefix: columnPrefix)
        var wronglyTagged = 0
        let path = folder.file(segment.path)
        _ = try finding(segment.path) { () throws(Fault) in
            try own.look(at: segment, of: schema, path: path) { verdict in
                let expected = tags ? verdict.broken.map(\.name.description) : []
                if expected != verdict.tags { wronglyTagged += 1 }
            }
        }
        if wronglyTagged > 0 { find(segment.path, "\(wronglyTagged) records do not name the rules that they break") }
        guard !tags else { return }
        for broken in own.recordFindings {
            find(segment.path, "it breaks the contract of its anchor: \(broken.description)")
        }
    }

    /// The contract that anchors call so; asked for once, found damaged once.
    private mutating func contract(_ link: ContractLink) throws(Fault) -> DataContract? {
        if let known = contracts[link.file] { return known }
        let path = "\(relative(folder.contracts))/\(link.file.dropFirst("sha256:".utf8.count)).yaml"
        let store = ContractStore(folder)
        let contract = try finding(path) { () throws(Fault) in
            let bytes = try store.contract(link.file)
            do throws(Fault) {
                return try DataContract(yaml: bytes, place: "the contract")
            } catch {
                throw Fault(.exportFormat, error.message)
            }
        }
        contracts[link.file] = .some(contract)
        return contract
    }
}
