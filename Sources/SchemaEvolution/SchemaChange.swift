// SPDX-License-Identifier: Apache-2.0

public import Changelog

/// One difference between the columns of a table before and after.
public enum SchemaChange: Hashable, Sendable {
    /// A column that was not there.
    case columnAdded(name: String, isNullable: Bool?)
    /// A column that is gone.
    case columnDropped(name: String)
    /// The same column under another name: only where the source numbers its columns.
    case columnRenamed(from: String, to: String)
    /// The values of a column mean something else, or the source calls their type otherwise.
    case typeChanged(column: String, from: ColumnType, to: ColumnType, sourceFrom: String, sourceTo: String)
    /// The source allows nulls in a column, or no longer.
    case nullabilityChanged(column: String, isNullable: Bool)
    /// Labels of an enumeration came or went.
    case labelsChanged(column: String, added: [String], removed: [String])
    /// Other columns identify a row. Columns that were given other names are other columns to those who read.
    case keyChanged(from: [String], to: [String])
}

extension SchemaChange {
    /// What is different in `new`, in the order of the columns: those that went, those that stayed, those that came, the
    /// key. The order of columns, and that of the columns in a key, are no difference, and neither is a fact that only one
    /// of both tells. The name of the table is not looked at.
    public static func between(_ old: TableSchema, _ new: TableSchema) -> [SchemaChange] {
        let pairs = ColumnPairs(old, new)
        var changes = pairs.dropped.map { SchemaChange.columnDropped(name: $0.name) }
        for (before, after) in pairs.kept { changes += differences(before, after) }
        changes += pairs.added.map { .columnAdded(name: $0.name, isNullable: $0.isNullable) }
        if Set(old.key) != Set(new.key) { changes.append(.keyChanged(from: old.key, to: new.key)) }
        return changes
    }

    private static func differences(_ old: TableSchema.Column, _ new: TableSchema.Column) -> [SchemaChange] {
        var changes: [SchemaChange] = []
        if old.name != new.name { changes.append(.columnRenamed(from: old.name, to: new.name)) }
        if old.type != new.type || old.sourceType != new.sourceType {
            changes.append(
                .typeChanged(
                    column: new.name, from: old.type, to: new.type, sourceFrom: old.sourceType,
                    sourceTo: new.sourceType))
        }
        if let before = old.isNullable, let after = new.isNullable, before != after {
            changes.append(.nullabilityChanged(column: new.name, isNullable: after))
        }
        if let before = old.labels, let after = new.labels, Set(before) != Set(after) {
            changes.append(
                .labelsChanged(
                    column: new.name, added: after.filter { !before.contains($0) },
                    removed: before.filter { !after.contains($0) }))
        }
        return changes
    }
}

/// Which column of one schema is which of another.
struct ColumnPairs {
    private(set) var kept: [(TableSchema.Column, TableSchema.Column)] = []
    private(set) var dropped: [TableSchema.Column] = []
    private(set) var added: [TableSchema.Column] = []

    /// Columns that both number are the same when their numbers are; the others when their names are.
    init(_ old: TableSchema, _ new: TableSchema) {
        let byNumber = Dictionary(
            old.columns.compactMap { column in column.attributeNumber.map { ($0, column) } },
            uniquingKeysWith: { first, _ in first })
        let byName = Dictionary(old.columns.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        var seen: Set<String> = []
        for column in new.columns {
            let same = column.attributeNumber.flatMap { byNumber[$0] }
            let namesake = byName[column.name].flatMap { namesake in
                namesake.attributeNumber == nil || column.attributeNumber == nil ? namesake : nil
            }
            guard let before = same ?? namesake, seen.insert(before.name).inserted else {
                added.append(column)
                continue
            }
            kept.append((before, column))
        }
        dropped = old.columns.filter { !seen.contains($0.name) }
    }
}
