// SPDX-License-Identifier: Apache-2.0

public import Anchors
public import Changelog
internal import DurableFiles
public import Export
public import Faults
internal import Synchronization

/// Makes each anchor versions of the Delta tables that the folders of an export are.
///
/// All that it writes is derived from the chain. What a crash has kept it from writing is written by ``mend(_:)``, and
/// nothing is written twice: the log of a table says up to which anchor it goes.
public final class DeltaPublisher: Sendable {
    private struct State {
        var tables: [String: DeltaTable] = [:]
        /// By the path of each table: its name, and the version for the newest anchor, nil while that is not known.
        var versions: [String: (name: String, version: Int?)] = [:]
        /// The columns that segments of the next anchor may have, by path.
        var admitted: [String: (schema: TableSchema, columns: DeltaSchema)] = [:]
    }

    private let export: DeltaExport
    private let state = Mutex(State())

    /// Works on the export in `folder`, which has the identifier `exportID`; `version` is that of kedge.
    public init(
        _ folder: ExportFolder, exportID: String, version: String, options: DeltaOptions, crash: CrashPlan = .none
    ) {
        export = DeltaExport(folder: folder, exportID: exportID, version: version, options: options, crash: crash)
    }

    /// Refuses columns that the table cannot take in; asked before an anchor names segments that have them. Returns
    /// the columns that the Delta table is without, when that has not been said before.
    @discardableResult
    public func admit(
        _ schema: TableSchema, columnPrefix: String, profile: ColumnarProfile, widening: ColumnarWidening = .none
    ) throws(Fault) -> [String] {
        try state.withLock { (state) throws(Fault) in
            let path = schema.table.folderName
            let before = state.admitted[path]
            guard before?.schema != schema else { return [] }
            let newer = try DeltaSchema(schema, columnPrefix: columnPrefix, profile: profile, widening: widening)
            let joined: DeltaSchema
            if let before {
                joined = try before.columns.joined(with: newer, of: schema.table.description)
            } else {
                joined = try table(path, schema.table.description, in: &state).joined(newer)
            }
            state.admitted[path] = (schema, joined)
            return before?.columns.leftOut == newer.leftOut ? [] : newer.leftOut
        }
    }

    /// Commits what an anchor, which is durable, publishes of each table, and then its cut.
    public func publish(_ stored: StoredAnchor) throws(Fault) {
        try state.withLock { (state) throws(Fault) in try publish(stored, in: &state) }
    }

    /// Brings tables and cuts up to the newest anchor of `chain`: behind the newest cut, or from the first anchor on
    /// where there is none or the log of a table has been lost.
    public func mend(_ chain: some AnchorStore) throws(Fault) {
        try state.withLock { (state) throws(Fault) in
            state = State()
            guard let latest = try chain.latest()?.anchor.number else { return }
            let cut = try trustedCut(upTo: latest)
            for (name, table) in cut?.tables ?? [:] { state.versions[table.path] = (name, table.version) }
            var number = (cut?.anchor ?? 0) + 1
            while number <= latest {
                guard let stored = try chain.anchor(number) else {
                    throw Fault(.exportBroken, "anchor \(number) is missing")
                }
                try publish(stored, in: &state)
                try export.crash.reach(.duringDeltaRebuild)
                number += 1
            }
            for table in state.tables.values where table.anchor > latest {
                throw table.log.damaged(
                    "the Delta table \(table.log.table) has anchor \(table.anchor), and the chain ends at \(latest)")
            }
        }
    }

    // MARK: One anchor

    private func publish(_ stored: StoredAnchor, in state: inout State) throws(Fault) {
        for (path, segments) in stored.anchor.segmentsByFolder {
            let name = segments[0].table
            var table = try table(path, name, in: &state)
            let addition = DeltaAddition(anchor: stored, segments: segments)
            do throws(Fault) {
                var version = try table.commit(addition)
                if version == nil { version = try table.version(holding: stored.anchor.number) }
                state.versions[path] = (name, version)
                try table.checkpointIfDue()
            } catch {
                // What the log holds is read again before it is written to again.
                state.tables[path] = nil
                throw error.adding("making anchor \(stored.anchor.number) a version of the Delta table \(path)")
            }
            state.tables[path] = table
        }
        try export.crash.reach(.afterDeltaTables)
        try writeCut(stored.anchor, state)
        try export.crash.reach(.afterDeltaCut)
    }

    private func table(_ path: String, _ name: String, in state: inout State) throws(Fault) -> DeltaTable {
        if let table = state.tables[path] { return table }
        let table = try DeltaTable(export, path: path, name: name)
        state.tables[path] = table
        return table
    }

    // MARK: Cuts

    /// Writes the cut, unless the version of a table is not known any more.
    private func writeCut(_ anchor: Anchor, _ state: State) throws(Fault) {
        var tables: [String: DeltaCut.Table] = [:]
        for (path, entry) in state.versions {
            guard let version = entry.version else { return }
            tables[entry.name] = DeltaCut.Table(path: path, version: version)
        }
        try Files.createFolder(export.folder.cuts)
        try AtomicFile.replace(
            export.folder.cut(anchor.number), by: "\(export.folder.temporary)/cut-\(anchor.number).part",
            DeltaCut(anchor, tables: tables).fileBytes)
    }

    /// The newest cut, when the logs still hold what it names. Else all cuts are removed: those of a log that is made
    /// anew name versions that are others then.
    private func trustedCut(upTo latest: Int) throws(Fault) -> DeltaCut? {
        let numbers = try DeltaCut.numbers(in: export.folder)
        if let newest = numbers.last, newest <= latest, let cut = try DeltaCut.read(newest, in: export.folder),
            cut.export == export.exportID, try holdAll(cut.tables.values)
        {
            return cut
        }
        for number in numbers { try Files.remove(export.folder.cut(number)) }
        if !numbers.isEmpty { try Files.synchronizeFolder(export.folder.cuts) }
        return nil
    }

    private func holdAll(_ tables: some Collection<DeltaCut.Table>) throws(Fault) -> Bool {
        for table in tables {
            guard try holds(table) else { return false }
        }
        return true
    }

    private func holds(_ table: DeltaCut.Table) throws(Fault) -> Bool {
        let log = DeltaLogFolder(table: export.folder.file(table.path))
        if try Files.exists(log.commit(table.version)) { return true }
        return try log.list().newest.map { $0 >= table.version } ?? false
    }
}

extension Anchor {
    /// The segments of each table's folder, both in the order in which they stand.
    var segmentsByFolder: [(path: String, segments: [SegmentRecord])] {
        var order: [String] = []
        var found: [String: [SegmentRecord]] = [:]
        for segment in segments {
            let path = String(segment.path.prefix { $0 != "/" })
            if found[path] == nil { order.append(path) }
            found[path, default: []].append(segment)
        }
        return order.map { ($0, found[$0] ?? []) }
    }
}
