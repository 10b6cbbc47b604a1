// SPDX-License-Identifier: Apache-2.0

internal import Anchors
internal import Bytes
internal import Changelog
internal import Digests
internal import DurableFiles
internal import Faults
internal import ParquetReading

/// What one anchor publishes of one table.
struct DeltaAddition {
    let anchor: StoredAnchor
    let segments: [SegmentRecord]
}

/// What all tables of one export have in common.
struct DeltaExport: Sendable {
    let folder: ExportFolder
    let exportID: String
    /// The version of kedge.
    let version: String
    let options: DeltaOptions
    let crash: CrashPlan
}

/// The Delta table that the folder of one table is, as its one writer knows it: between anchors nothing is read again.
struct DeltaTable: Sendable {
    let export: DeltaExport
    let log: DeltaLogFolder
    /// The table as people write it.
    let name: String
    /// The folder relative to the export.
    let path: String
    private(set) var state: DeltaState
    private(set) var schema: DeltaSchema?
    /// The versions at which anchors were committed, as far down the log as they were looked for.
    private var commits: (found: [Int: Int], downTo: Int)?
    /// When the log was last looked through for what is too old, in seconds.
    var lastCleanup: Int64?

    var application: String { "kedge/\(export.exportID)/\(name)" }
    /// The newest anchor that the log holds; 0 while there is none.
    var anchor: Int { state.transaction(of: application) ?? 0 }

    /// Reads the log.
    init(_ export: DeltaExport, path: String, name: String) throws(Fault) {
        self.export = export
        self.path = path
        self.name = name
        log = DeltaLogFolder(table: export.folder.file(path))
        state = try DeltaState.replay(log, .writing)
        if state.version >= 0 { try DeltaProtocol.requireKnown(state, log) }
        schema = try state.schema(log)
    }

    /// The columns of the table when segments of `newer` are in it.
    func joined(_ newer: DeltaSchema) throws(Fault) -> DeltaSchema {
        try schema?.joined(with: newer, of: name) ?? newer
    }

    /// Commits what an anchor publishes of the table, and returns the version; nil when the log has it already.
    mutating func commit(_ addition: DeltaAddition) throws(Fault) -> Int? {
        let number = addition.anchor.anchor.number
        guard number > anchor else { return nil }
        let (actions, joined) = try actions(of: addition)
        let bytes = actions.flatMap { $0.bytes + [UInt8(ascii: "\n")] }
        let identity = addition.anchor.digest.hexadecimal
        let draft = "\(export.folder.temporary)/delta-\(number)-\(identity.prefix(16)).part"
        if state.version < 0 { try Files.createFolder(log.path) }
        var version = state.version + 1
        while true {
            let outcome = try AtomicFile.create(
                log.commit(version), by: draft, bytes, crash: export.crash,
                moments: AtomicFile.Moments(
                    afterWrite: .afterDeltaWrite, afterLink: .afterDeltaLink, afterSync: .afterDeltaCommit))
            if outcome == .linked { break }
            let taken = try log.actions(of: version)
            // Our own, of an attempt whose end nobody saw.
            if isOurs(taken, number, identity) { break }
            try requireHarmless(taken, version, number)
            state.apply(taken, version: version)
            version += 1
        }
        state.apply(actions, version: version)
        schema = joined
        return version
    }

    /// A version that holds everything up to an anchor which the log has, and nothing behind it; nil when it is not in
    /// the log any more.
    mutating func version(holding number: Int) throws(Fault) -> Int? {
        if number >= anchor { return state.version }
        var (found, next) = commits ?? ([:], state.version)
        while found[number] == nil, next >= 0, try Files.exists(log.commit(next)) {
            for action in try log.actions(of: next) where action["txn"]?["appId"]?.text == application {
                if let anchor = action["txn"]?["version"]?.number { found[Int(anchor)] = next }
            }
            next -= 1
        }
        commits = (found, next)
        return found[number]
    }

    /// Remembers that a checkpoint was written.
    mutating func noteCheckpoint() { state.checkpoint = state.version }

    // MARK: What others did meanwhile

    private func isOurs(_ actions: [JSON], _ number: Int, _ identity: String) -> Bool {
        actions.contains { $0["txn"]?["appId"]?.text == application && $0["txn"]?["version"]?.number == Int64(number) }
            && actions.contains { $0["commitInfo"]?["kedge"]?["commitId"]?.text == identity }
    }

    /// Lets pass what an append need not heed.
    private func requireHarmless(_ actions: [JSON], _ version: Int, _ number: Int) throws(Fault) {
        for action in actions {
            if let transaction = action["txn"], transaction["appId"]?.text == application,
                transaction["version"]?.number ?? 0 >= Int64(number)
            {
                throw conflict("another run of kedge has written version \(version) of \(log.table)")
            }
            if action["metaData"] != nil || action["protocol"] != nil {
                throw conflict("version \(version) of \(log.table) changes the table itself, and is not kedge's")
            }
        }
    }

    private func conflict(_ what: String) -> Fault {
        Fault(
            .deltaConflict, what,
            hint: "nothing is lost: the next run goes on with the table as it is then, where it can")
    }

    // MARK: What a commit says

    private func actions(of addition: DeltaAddition) throws(Fault) -> ([JSON], DeltaSchema) {
        var joined = schema
        var files: [(SegmentRecord, SegmentStatistics)] = []
        for segment in addition.segments {
            guard try Files.exists(export.folder.file(segment.path)) else { throw missing(segment) }
            let statistics = try SegmentStatistics(path: export.folder.file(segment.path))
            let newer = try DeltaSchema(
                statistics.schema, columnPrefix: statistics.columnPrefix, profile: statistics.profile,
                widening: statistics.widening)
            joined = try joined?.joined(with: newer, of: name) ?? newer
            files.append((segment, statistics))
        }
        guard let joined else { throw Fault(.bug, "a commit of no segment") }
        let anchor = addition.anchor.anchor
        let time = JSON.number(anchor.run.publishedAt.microseconds / 1000)
        var actions = [commitInfo(addition, time)]
        actions += description(joined, time)
        actions.append(
            .object([
                "txn": .object([
                    "appId": .text(application), "version": .number(Int64(anchor.number)), "lastUpdated": time,
                ])
            ]))
        for (segment, statistics) in files {
            actions.append(
                .object([
                    "add": .object([
                        "path": .text(String(segment.path.dropFirst(path.utf8.count + 1))),
                        "partitionValues": .object([:]), "size": .number(Int64(segment.bytes)),
                        "modificationTime": time, "dataChange": .bool(true),
                        "stats": .text(DeltaStatistics(statistics).text(of: joined)),
                        "tags": .object([
                            "kedge.anchor": .text(String(anchor.number)),
                            "kedge.sha256": .text(segment.sha256.hexadecimal),
                        ]),
                    ])
                ]))
        }
        return (actions, joined)
    }

    private func missing(_ segment: SegmentRecord) -> Fault {
        Fault(
            .deltaLog, "\(segment.path) is missing, so that the Delta table cannot be made from the chain",
            detail:
                "whoever rewrites a Delta table and vacuums it has its records in other files, which only the old log names",
            hint: "restore the file or the log from a copy, or go on with --delta off")
    }

    private func commitInfo(_ addition: DeltaAddition, _ time: JSON) -> JSON {
        let anchor = addition.anchor.anchor
        let keys = addition.segments.map(\.seqMin) + addition.segments.map(\.seqMax)
        let schemas = Set(addition.segments.map(\.schema)).sorted()
        return .object([
            "commitInfo": .object([
                "timestamp": time, "operation": .text("WRITE"),
                "operationParameters": .object(["mode": .text("Append")]),
                "engineInfo": .text("kedge/\(export.version)"), "isBlindAppend": .bool(true),
                "kedge": .object([
                    "export": .text(export.exportID), "anchor": .number(Int64(anchor.number)),
                    "kind": .text(anchor.kind.rawValue), "commitId": .text(addition.anchor.digest.hexadecimal),
                    "schemas": .array(schemas.map(JSON.text)), "seqMin": .text(keys.min()?.description ?? ""),
                    "seqMax": .text(keys.max()?.description ?? ""),
                ]),
            ])
        ])
    }

    /// What the table is, where that is new.
    private func description(_ joined: DeltaSchema, _ time: JSON) -> [JSON] {
        guard let rule = state.protocolRule, case .object(var members)? = state.metaData else {
            return [
                .object(["protocol": DeltaProtocol.rule(for: joined)]),
                .object([
                    "metaData": .object([
                        "id": .text(identifier(time)), "name": .text(name),
                        "format": .object(["provider": .text("parquet"), "options": .object([:])]),
                        "schemaString": .text(joined.schemaString), "partitionColumns": .array([]),
                        "configuration": .object(["delta.appendOnly": .text("true")]), "createdTime": time,
                    ])
                ]),
            ]
        }
        var actions: [JSON] = []
        if let raised = DeltaProtocol.raised(rule, for: joined) { actions.append(.object(["protocol": raised])) }
        if joined.fields != schema?.fields {
            members["schemaString"] = .text(joined.schemaString)
            actions.append(.object(["metaData": .object(members)]))
        }
        return actions
    }

    /// A new identifier for each making of the log: readers that follow a table see by it that they must begin anew.
    private func identifier(_ time: JSON) -> String {
        let seed = "\(application)/\(time.number ?? 0)/\(export.options.clock().microseconds)"
        let digits = Array(Digest(of: Array(seed.utf8)).hexadecimal.prefix(32))
        return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }.joined(separator: "-")
    }
}
