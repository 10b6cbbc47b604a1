// SPDX-License-Identifier: Apache-2.0

import Changelog
import Faults

/// Something that happened to a table and that no change in the stream tells of.
struct FingerprintChange: Hashable {
    /// What happened.
    enum Kind: String, CaseIterable {
        /// The values of rows that were there may be others.
        case rewritten
        /// Rows that were there have a value in a column that is new.
        case columnDefault = "column-default"
        /// A partition came with rows.
        case attached
        /// A partition went with its rows.
        case detached
        /// The rows of one partition may be gone.
        case leafEmptied = "leaf-emptied"
        /// The table became logged, or unlogged.
        case persistence
        /// The table joined the publication and has rows from before.
        case published
        /// What of the table is published is not what it was.
        case filter
        /// The table is no longer exported.
        case unpublished
        /// The table is gone.
        case dropped
        /// The table has another name.
        case renamed

        /// Whether the operator's policy decides; the others are only ever noted.
        var isDecided: Bool {
            switch self {
            case .rewritten, .attached, .detached, .leafEmptied, .persistence, .published, .filter: true
            case .columnDefault, .unpublished, .dropped, .renamed: false
            }
        }

        /// Whether reading the table again brings the export up to date.
        var isMendedByReading: Bool { isDecided || self == .columnDefault }
    }

    let oid: Int64
    let table: TableName
    let kind: Kind
    /// What happened, in a sentence that goes on behind the table's name.
    let sentence: String

    /// What an anchor says of it.
    var notice: SourceNotice {
        SourceNotice(code: "postgres.table.\(kind.rawValue)", table: table.description, message: sentence)
    }

    /// What happened between two looks, tables in the order of their names. `holdsRows` tells whether a heap has pages
    /// now; it is asked only where the answer matters.
    static func all(
        from old: TableFingerprints, to reading: TableReading, holdsRows: (Int64) throws(Fault) -> Bool
    ) throws(Fault) -> [FingerprintChange] {
        let new = reading.fingerprints
        var changes: [FingerprintChange] = []
        for table in new.tables.values.sorted(by: { $0.name < $1.name }) {
            let comparison = FingerprintComparison(
                old: old.tables[table.oid], new: table, known: old.known, reading: reading)
            changes += try comparison.changes(holdsRows)
        }
        for table in old.tables.values.sorted(by: { $0.name < $1.name }) where new.tables[table.oid] == nil {
            let isThere = new.known.contains(table.oid)
            changes.append(
                FingerprintChange(
                    oid: table.oid, table: table.name, kind: isThere ? .unpublished : .dropped,
                    sentence: isThere
                        ? "is no longer exported; the export keeps the rows that it has"
                        : "was dropped; the export keeps the rows that it has"))
        }
        return changes
    }
}

extension TableFingerprint.Column {
    /// Whether a rewrite that changes no value, such as `VACUUM FULL`, has moved the constant default of older rows into
    /// them. A change of type does that too, but makes the default anew.
    fileprivate func isSettled(since was: Self) -> Bool {
        was.type == type && was.modifier == modifier && was.missing != nil && missing == nil
            && was.defaultNumber != nil && was.defaultNumber == defaultNumber
    }
}

/// One table at two looks.
private struct FingerprintComparison {
    let old: TableFingerprint?
    let new: TableFingerprint
    let known: Set<Int64>
    let reading: TableReading

    func changes(_ holdsRows: (Int64) throws(Fault) -> Bool) throws(Fault) -> [FingerprintChange] {
        guard let old else { return try joined(holdsRows) }
        var changes: [FingerprintChange] = []
        if old.name != new.name {
            changes.append(change(.renamed, "was \(old.name) before; its changes go on under the new name"))
        }
        if old.persistence != new.persistence {
            changes.append(
                change(
                    .persistence,
                    new.persistence == "p"
                        ? "became logged: rows from when it was not are in no change"
                        : "became unlogged: what happens to it is no longer streamed"))
        }
        if old.filter != new.filter || old.columnList != new.columnList || old.operations != new.operations {
            changes.append(
                change(
                    .filter,
                    "has another row filter, other published columns or other published operations than before"))
        }
        let altered = try columnChanges(since: old, holdsRows)
        changes += altered + (try leafSetChanges(since: old, holdsRows))
        // What rewrote the whole table has rewritten its leaves.
        if !altered.contains(where: { $0.kind == .rewritten }) { changes += emptiedLeaves(since: old) }
        return changes
    }

    private func change(_ kind: FingerprintChange.Kind, _ sentence: String) -> FingerprintChange {
        FingerprintChange(oid: new.oid, table: new.name, kind: kind, sentence: sentence)
    }

    /// A table that was made while it was published brought no rows along. One that was there before may have, and so
    /// may one that is named in the publication, which is a step of its own, and one whose file is not its first.
    private func joined(_ holdsRows: (Int64) throws(Fault) -> Bool) throws(Fault) -> [FingerprintChange] {
        for heap in new.heaps {
            let mayHaveOldRows =
                known.contains(heap.oid) || new.membership == .explicit || reading.attached.contains(heap.oid)
                || heap.file != heap.oid
            if mayHaveOldRows, try holdsRows(heap.oid) {
                return [change(.published, "joined the publication with rows that no change tells of")]
            }
        }
        return []
    }

    // MARK: Columns

    private func columnChanges(
        since old: TableFingerprint, _ holdsRows: (Int64) throws(Fault) -> Bool
    ) throws(Fault) -> [FingerprintChange] {
        let before = Dictionary(old.columns.map { ($0.number, $0) }, uniquingKeysWith: { first, _ in first })
        let files = Dictionary(old.heaps.map { ($0.oid, $0.file) }, uniquingKeysWith: { first, _ in first })
        let moved = new.heaps.filter { heap in files[heap.oid].map { $0 != heap.file } ?? false }
        let altered = new.columns.filter { column in
            guard let was = before[column.number] else { return true }
            return !column.isSettled(since: was)
                && (was.type != column.type || was.modifier != column.modifier || was.version != column.version)
        }
        if !altered.isEmpty, try any(of: moved, holdsRows) {
            let names = altered.map { "\"\($0.name)\"" }.joined(separator: ", ")
            return [change(.rewritten, "was rewritten (\(names)): rows that were there may have other values now")]
        }
        var changes: [FingerprintChange] = []
        for column in new.columns where column.missing != nil && before[column.number] == nil {
            guard try any(of: new.heaps, holdsRows) else { continue }
            changes.append(
                change(
                    .columnDefault,
                    "got column \"\(column.name)\" with a constant default, which rows that were there have too"))
        }
        return changes
    }

    private func any(
        of heaps: [TableFingerprint.Heap], _ holdsRows: (Int64) throws(Fault) -> Bool
    ) throws(Fault) -> Bool {
        for heap in heaps where try holdsRows(heap.oid) { return true }
        return false
    }

    // MARK: Leaves

    private func leafSetChanges(
        since old: TableFingerprint, _ holdsRows: (Int64) throws(Fault) -> Bool
    ) throws(Fault) -> [FingerprintChange] {
        guard new.isPartitioned else { return [] }
        let before = Dictionary(old.heaps.map { ($0.oid, $0) }, uniquingKeysWith: { first, _ in first })
        var changes: [FingerprintChange] = []
        for leaf in new.heaps where before[leaf.oid] == nil && reading.attached.contains(leaf.oid) {
            guard try holdsRows(leaf.oid) else { continue }
            changes.append(change(.attached, "got partition \(leaf.name), which brought rows along"))
        }
        let now = Set(new.heaps.map(\.oid))
        for leaf in old.heaps where !now.contains(leaf.oid) {
            changes.append(change(.detached, "lost partition \(leaf.name), which took its rows away"))
        }
        return changes
    }

    private func emptiedLeaves(since old: TableFingerprint) -> [FingerprintChange] {
        guard new.isPartitioned else { return [] }
        return leavesOnTheirOwn(since: old).map { leaf in
            change(.leafEmptied, "has partition \(leaf.name) truncated or rewritten on its own")
        }
    }

    /// The leaves whose file changed without that of all others in the same transaction: a statement on the whole
    /// table, which is in the stream, changes all at once.
    private func leavesOnTheirOwn(since old: TableFingerprint) -> [TableFingerprint.Heap] {
        let before = Dictionary(old.heaps.map { ($0.oid, $0) }, uniquingKeysWith: { first, _ in first })
        let common = new.heaps.filter { before[$0.oid] != nil }
        let moved = common.filter { before[$0.oid]?.file != $0.file }
        guard moved.count == common.count else { return moved }
        return Set(moved.map { reading.changedBy[$0.oid] }).count > 1 ? moved : []
    }
}
