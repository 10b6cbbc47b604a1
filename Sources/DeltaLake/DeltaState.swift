// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import Faults

/// What the actions of a log come to, up to a version.
struct DeltaState: Sendable {
    /// Whether files are remembered, and not only what a writer must know.
    enum Reach {
        case files
        case writing
    }

    /// The newest version; -1 while there is none.
    var version = -1
    /// The newest checkpoint that counts, nil while there is none.
    var checkpoint: Int?
    private(set) var protocolRule: JSON?
    private(set) var metaData: JSON?
    /// `txn` by the identifier of its application.
    private(set) var transactions: [String: JSON] = [:]
    private(set) var domains: [String: JSON] = [:]
    /// `add` by path.
    private(set) var files: [String: JSON] = [:]
    /// `remove` by path.
    private(set) var tombstones: [String: JSON] = [:]
    private let reach: Reach

    init(_ reach: Reach) {
        self.reach = reach
    }

    /// The newest transaction of an application, nil when it has none.
    func transaction(of application: String) -> Int? {
        transactions[application]?["version"]?.number.map { Int($0) }
    }

    /// Takes in one commit.
    mutating func apply(_ actions: [JSON], version: Int) {
        for action in actions { apply(action) }
        self.version = version
    }

    /// Takes in one action.
    mutating func apply(_ action: JSON) {
        guard let members = action.members else { return }
        for (name, body) in members { apply(name, body) }
    }

    mutating func apply(_ name: String, _ body: JSON) {
        switch name {
        case "protocol": protocolRule = body
        case "metaData": metaData = body
        case "txn": if let application = body["appId"]?.text { transactions[application] = body }
        case "domainMetadata":
            guard let domain = body["domain"]?.text else { return }
            domains[domain] = body["removed"]?.isTrue == true ? nil : body
        case "add":
            guard reach == .files, let path = body["path"]?.text else { return }
            files[path] = body
            tombstones[path] = nil
        case "remove":
            guard reach == .files, let path = body["path"]?.text else { return }
            files[path] = nil
            tombstones[path] = body
        default: break
        }
    }

    /// The columns; nil before the first version.
    func schema(_ log: DeltaLogFolder) throws(Fault) -> DeltaSchema? {
        guard let metaData else { return nil }
        guard let schema = metaData["schemaString"]?.text.flatMap(DeltaSchema.init(schemaString:)) else {
            throw log.damaged("the columns of \(log.table) cannot be read in its Delta log")
        }
        return schema
    }
}

extension DeltaState {
    /// Replays a log up to its newest version, or up to `last`: from the newest checkpoint that can be read, and the
    /// commits behind it.
    static func replay(
        _ log: DeltaLogFolder, _ reach: Reach, upTo last: Int? = nil, listing known: DeltaLogFolder.Listing? = nil
    ) throws(Fault) -> DeltaState {
        let listing: DeltaLogFolder.Listing
        if let known { listing = known } else { listing = try log.list() }
        guard let newest = last ?? listing.newest else { return DeltaState(reach) }
        let commits = Set(listing.commits)
        var refusal: Fault?
        for checkpoint in listing.checkpoints.keys.sorted(by: >) where checkpoint <= newest {
            // Behind a checkpoint every commit must be there, whichever checkpoint that is.
            guard (checkpoint..<newest).allSatisfy({ commits.contains($0 + 1) }) else { break }
            do throws(Fault) {
                let files = (listing.checkpoints[checkpoint] ?? []).map { "\(log.path)/\($0)" }
                var state = DeltaState(reach)
                for file in files { try state.read(checkpoint: file) }
                state.version = checkpoint
                state.checkpoint = checkpoint
                return try state.continued(log, upTo: newest)
            } catch {
                guard error.code == .exportBroken || error.code == .exportFormat else { throw error }
                if refusal == nil { refusal = error }
            }
        }
        guard (0...newest).allSatisfy({ commits.contains($0) }) else {
            if let refusal {
                throw log.damaged("no checkpoint of \(log.path) can be read", detail: refusal.description)
            }
            throw log.damaged("versions are missing in \(log.path)")
        }
        return try DeltaState(reach).continued(log, upTo: newest)
    }

    private consuming func continued(_ log: DeltaLogFolder, upTo newest: Int) throws(Fault) -> DeltaState {
        var state = self
        while state.version < newest {
            state.apply(try log.actions(of: state.version + 1), version: state.version + 1)
        }
        return state
    }
}
