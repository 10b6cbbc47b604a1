// SPDX-License-Identifier: Apache-2.0

public import Changelog
public import Faults
import LibPQ

/// The beginning of an export: publication, slot, snapshot, in the only order in which nothing is lost between them.
public final class PostgresBeginning: Sendable {
    /// What is exported.
    public let plan: PostgresPlan
    /// Where the slot begins, and what the snapshot sees.
    public let position: Position
    /// The snapshot; nil when none was asked for.
    public let snapshot: PostgresSnapshot?
    /// What the catalog said of the tables before the slot was made; nil when nothing is streamed.
    public var observation: [UInt8]? { options.knownTables }
    private let options: PostgresOptions
    private let mode: ExportMode
    private let spooler: StreamSpooler?

    private init(
        _ options: PostgresOptions, mode: ExportMode, plan: PostgresPlan, position: Position,
        snapshot: PostgresSnapshot?, spooler: StreamSpooler?
    ) {
        self.options = options
        self.mode = mode
        self.plan = plan
        self.position = position
        self.snapshot = snapshot
        self.spooler = spooler
    }

    /// Creates what is missing at the source. When it throws, what it created is gone again, or an intent on disk says
    /// what the next run has to take back.
    public static func begin(
        _ options: PostgresOptions, mode: ExportMode, epoch: UInt16
    ) throws(Fault) -> PostgresBeginning {
        try abandonLeftovers(options)
        let catalog = try Session.open(options, for: .catalog)
        let replication = try Session.openReplication(options, beside: catalog)
        let facts = try ServerFacts.read(replication: replication)
        let plan = try PostgresPlan.read(options, mode: mode, catalog: catalog, facts: facts)
        for warning in plan.warnings { options.report(PostgresNotice(.warning, warning)) }
        if mode == .streamOnly, plan.slot == .exists {
            return try standing(options, plan: plan, catalog)
        }
        do throws(Fault) {
            return try create(options, mode: mode, epoch: epoch, plan: plan, catalog, replication)
        } catch {
            if error.code != .crashPoint { try? abandonLeftovers(options) }
            throw error
        }
    }

    /// Takes back what an earlier run created and did not anchor.
    public static func abandonLeftovers(_ options: PostgresOptions) throws(Fault) {
        guard let intent = try SourceIntent.read(at: options.intentPath) else { return }
        let catalog = try Session.open(options, for: .catalog)
        let isStandby = try catalog.query("select pg_catalog.pg_is_in_recovery()").scalar == "t"
        guard intent.isOnStandby || !isStandby else {
            throw Fault(
                .postgresServerChanged,
                "an unfinished run has left slot \"\(intent.slot)\" on the primary, and this is a standby"
            )
        }
        options.report(PostgresNotice(.info, "taking back slot \"\(intent.slot)\", which an unfinished run has left"))
        try SlotControl.drop(intent.slot, catalog)
        if let publication = intent.publication { try PublicationControl.drop(publication, catalog) }
        try SourceIntent.remove(at: options.intentPath)
    }

    /// Settles what a crash around the first anchor of a history has left: when the history is anchored, what was
    /// created for it stays; when it is not, it is taken back.
    public static func settleLeftovers(_ options: PostgresOptions, anchoredEpoch: UInt16) throws(Fault) {
        guard let intent = try SourceIntent.read(at: options.intentPath) else { return }
        guard intent.epoch <= anchoredEpoch else { return try abandonLeftovers(options) }
        try SourceIntent.remove(at: options.intentPath)
    }

    /// The beginning at a slot that is there: no snapshot fits it.
    private static func standing(
        _ options: PostgresOptions, plan: PostgresPlan, _ catalog: borrowing PQConnection
    ) throws(Fault) -> PostgresBeginning {
        guard let health = try SlotControl.health(options.slot, catalog), let confirmed = health.confirmed else {
            throw Fault(.postgresSlotMissing, "slot \"\(options.slot)\" is not a logical slot")
        }
        try health.refuseForeign(to: plan.facts.database)
        guard !health.isLost else {
            throw Fault(.postgresSlotInvalid, "slot \"\(options.slot)\" was invalidated by the server")
        }
        var options = options
        options.knownTables = try FingerprintReader.read(options, catalog).fingerprints.bytes
        return PostgresBeginning(
            options, mode: .streamOnly, plan: plan, position: confirmed, snapshot: nil, spooler: nil)
    }

    private static func create(
        _ options: PostgresOptions, mode: ExportMode, epoch: UInt16, plan: PostgresPlan,
        _ catalog: borrowing PQConnection, _ replication: consuming PQConnection
    ) throws(Fault) -> PostgresBeginning {
        try refuseCreation(options, mode: mode, plan: plan)
        if mode != .snapshotOnly {
            let publication = plan.publication == .created ? options.publication : nil
            try SourceIntent(
                epoch: epoch, slot: options.slot, publication: publication, isOnStandby: plan.facts.isStandby
            ).write(at: options.intentPath)
            try options.crash.reach(.afterIntent)
            if let publication { try PublicationControl.create(publication, tables: plan.tables, catalog) }
            try options.crash.reach(.afterPublication)
        }
        var options = options
        options.knownTables =
            mode == .snapshotOnly ? nil : try FingerprintReader.read(options, catalog).fingerprints.bytes
        let slot = try SlotControl.create(
            options, lifetime: mode == .snapshotOnly ? .temporary : .permanent, facts: plan.facts,
            replication: replication, catalog: catalog)
        try options.crash.reach(.afterSlot)
        guard mode != .streamOnly else {
            return PostgresBeginning(
                options, mode: mode, plan: plan, position: slot.consistentPoint, snapshot: nil, spooler: nil)
        }
        let snapshot = try PostgresSnapshot(
            options, plan: plan, position: slot.consistentPoint, exported: slot.snapshotName)
        try FingerprintReader.refuseNewLeaves(of: plan, catalog)
        if mode != .snapshotOnly { try FingerprintReader.refuseNewTables(options, of: plan, catalog) }
        try options.crash.reach(.afterSnapshotImport)
        let spooler = mode == .snapshotOnly ? nil : try spool(options, from: slot.consistentPoint, replication)
        return PostgresBeginning(
            options, mode: mode, plan: snapshot.plan, position: slot.consistentPoint, snapshot: snapshot,
            spooler: spooler)
    }

    private static func refuseCreation(
        _ options: PostgresOptions, mode: ExportMode, plan: PostgresPlan
    ) throws(Fault) {
        guard mode != .snapshotOnly else { return }
        if plan.slot == .exists {
            throw Fault(
                .postgresSnapshotImpossible,
                "slot \"\(options.slot)\" exists already, and no snapshot that fits it can be had any more",
                hint: "name another slot with --slot, drop it with `kedge slot drop`, or start with --snapshot none")
        }
        if options.creation == .forbidden {
            throw Fault(
                .postgresSlotMissing, "slot \"\(options.slot)\" is missing, and --no-create forbids making it",
                hint: "leave out --no-create, or create the slot and start with --snapshot none")
        }
    }

    private static func spool(
        _ options: PostgresOptions, from position: Position, _ replication: consuming PQConnection
    ) throws(Fault) -> StreamSpooler {
        let stream = try ReplicationStream.begin(
            replication,
            ReplicationStream.Request(options, from: position, serverVersion: replication.serverVersion))
        return try StreamSpooler(
            stream, folder: options.spoolFolder, minimumFreeByteCount: options.minimumFreeByteCount)
    }

    /// Says that the beginning is anchored: what was created stays.
    public func confirm() throws(Fault) {
        snapshot?.close()
        if mode != .snapshotOnly { try SourceIntent.remove(at: options.intentPath) }
    }

    /// Takes back what was created, for the beginning will not be anchored.
    public func abandon() {
        snapshot?.close()
        if let spooler { _ = try? spooler.end() }
        try? PostgresBeginning.abandonLeftovers(options)
    }

    /// The stream behind the snapshot, with all that came in meanwhile; nil when nothing was streamed yet.
    public func source(until target: StopTarget) throws(Fault) -> PostgresSource? {
        guard let spooler else { return nil }
        let outcome = try spooler.end()
        return try outcome.source(options, plan: plan, from: position, until: target)
    }
}
