// SPDX-License-Identifier: Apache-2.0

public import Changelog
import Faults
import LibPQ

/// Tables whose rows are no longer what the export has of them.
public struct StaleTables: Sendable {
    /// Their object identifiers.
    let oids: Set<Int64>
    /// What happened to them, and what else happened.
    public let notices: [SourceNotice]
    /// The tables as they were when that was seen: what the anchor names that has them anew.
    public let observation: [UInt8]
}

/// Looks at the tables when the stream begins, when it describes a table anew, now and then, and when it ends, and
/// decides what to do about what no change tells of (`docs/decisions/0015-changes-without-an-event.md`).
struct TableWatch {
    /// When a look is asked for.
    enum Moment {
        case whenDue
        case atTheEnd
    }

    /// The longest time without a look.
    private static let interval = Duration.seconds(60)
    /// The shortest time between two looks.
    private static let rest = Duration.seconds(1)

    private let options: PostgresOptions
    private var known: TableFingerprints?
    private var lastLook: ContinuousClock.Instant?
    private var nextLook = ContinuousClock.now
    /// The tables that have to be read again before the history can go on.
    private(set) var stale: StaleTables?

    /// Compares with what the options know of the tables; when that is nothing, the first look is where it begins.
    init(_ options: PostgresOptions) throws(Fault) {
        self.options = options
        known = try options.knownTables.map { (bytes) throws(Fault) in try TableFingerprints(bytes: bytes) }
    }

    /// The stream describes a table: something may have happened to it.
    mutating func noteNewShape() {
        nextLook = min(nextLook, (lastLook ?? .now) + Self.rest)
    }

    /// Looks if it is time, and tells `batch` what is new. Throws when that ends the run. Returns what the catalog says
    /// of the columns of `tables`, some of which no description tells of: labels come without one.
    mutating func look(
        _ moment: Moment, for tables: @autoclosure () -> [UInt32], into batch: inout ChangeBatch
    ) throws(Fault) -> [UInt32: TableFacts]? {
        let now = ContinuousClock.now
        guard stale == nil, now >= (moment == .atTheEnd ? lastLook.map { $0 + Self.rest } ?? now : nextLook) else {
            return nil
        }
        let catalog = try Session.open(options, for: .catalog)
        let reading = try FingerprintReader.read(options, catalog)
        let changes = try known.map { (known) throws(Fault) in
            try FingerprintChange.all(from: known, to: reading) { (heap) throws(Fault) in
                try FingerprintReader.holdsRows(heap, catalog)
            }
        }
        let facts = try CatalogReader.facts(of: tables(), catalog)
        lastLook = .now
        nextLook = .now + Self.interval
        try decide(changes ?? [], reading.fingerprints, &batch)
        return facts
    }

    private mutating func decide(
        _ changes: [FingerprintChange], _ now: TableFingerprints, _ batch: inout ChangeBatch
    ) throws(Fault) {
        guard now != known else { return }
        if options.onRewrite == .stop, let first = changes.first(where: \.kind.isDecided) {
            throw fault(first, among: changes)
        }
        for change in changes {
            options.report(PostgresNotice(.warning, "\(change.table) \(change.sentence)"))
        }
        let toRead = changes.filter(\.kind.isMendedByReading)
        if options.onRewrite == .resnapshotTable, !toRead.isEmpty {
            stale = StaleTables(
                oids: Set(toRead.map(\.oid)), notices: changes.map(\.notice), observation: now.bytes)
        } else {
            known = now
            batch.notices += changes.map(\.notice)
            batch.observation = now.bytes
        }
    }

    private func fault(_ first: FingerprintChange, among all: [FingerprintChange]) -> Fault {
        let others = all.filter { $0.kind.isDecided && $0 != first }.map { "\($0.table) \($0.sentence)" }
        return Fault(
            .postgresTableRewritten, "\(first.table) \(first.sentence)",
            detail: others.isEmpty ? nil : others.joined(separator: "\n"))
    }
}
