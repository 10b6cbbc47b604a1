// SPDX-License-Identifier: Apache-2.0

import Changelog
import Faults
import LibPQ

/// Chooses the tables and refuses those whose export could not be right, or would hurt the application.
struct TablePlanner {
    let options: PostgresOptions
    let mode: ExportMode
    let publicationExists: Bool
    let versionNumber: Int

    /// The tables of a plan, and what an operator should know of them.
    struct Selection {
        var tables: [TableDescription]
        var warnings: [String]
    }

    func select(_ catalog: borrowing PQConnection) throws(Fault) -> Selection {
        var kinds: [TableDescription.Kind] = [.table, .partitioned]
        if mode == .snapshotOnly { kinds += [.foreign, .materializedView] }
        let all = try CatalogReader.tables(catalog, kinds: kinds)
        var warnings: [String] = []
        var tables = try publicationExists ? published(among: all, catalog) : chosen(among: all, &warnings)
        try requireEveryPattern(tables, among: all)
        try CatalogReader.addColumns(catalog, to: &tables)
        // Measuring every heap costs the server something, and a run that only goes on reads none of them.
        if mode != .streamOnly { try CatalogReader.addHeaps(catalog, to: &tables) }
        let unidentified = mode == .snapshotOnly ? [:] : try IdentityCheck.unidentified(tables, catalog)
        for table in tables { try check(table, unidentified: unidentified[table.oid], &warnings) }
        return Selection(tables: tables.sorted { $0.name < $1.name }, warnings: warnings)
    }

    /// Tables of an existing publication, with its row filters and column lists.
    private func published(
        among all: [TableDescription], _ catalog: borrowing PQConnection
    ) throws(Fault) -> [TableDescription] {
        let members = try PublicationControl.members(options.publication, catalog)
        let tables = all.compactMap { table -> TableDescription? in
            guard let member = members[table.name], options.selection.contains(table.name) else { return nil }
            var table = table
            table.rowFilter = member.rowFilter
            table.publishedColumns = member.columns
            table.canPublishGenerated = versionNumber >= 180_000
            return table
        }
        let missing = all.filter { table in
            members[table.name] == nil
                && options.selection.include.contains { !$0.hasWildcard && $0.matches(table.name) }
                && !options.selection.exclude.contains { $0.matches(table.name) }
        }
        guard missing.isEmpty else {
            throw Fault(
                .postgresPublicationIncomplete,
                "publication \"\(options.publication)\" lacks \(list(missing.map(\.name)))")
        }
        return tables
    }

    /// Tables of a publication that kedge creates: partitions go with their root when both are meant.
    private func chosen(among all: [TableDescription], _ warnings: inout [String]) -> [TableDescription] {
        let meant = all.filter { table in
            options.selection.contains(table.name)
                && (!options.selection.include.isEmpty || !table.isExtensionOwned)
        }
        let unlogged = mode == .snapshotOnly ? [] : meant.filter { !$0.isLogged }
        if !unlogged.isEmpty {
            warnings.append(
                "left out, for changes of unlogged tables are never streamed: \(list(unlogged.map(\.name)))")
        }
        let oids = Set(meant.map(\.oid))
        return meant.filter { table in
            (table.isLogged || mode == .snapshotOnly) && table.ancestors.allSatisfy { !oids.contains($0) }
        }
    }

    private func requireEveryPattern(
        _ tables: [TableDescription], among all: [TableDescription]
    ) throws(Fault) {
        for pattern in options.selection.include where !tables.contains(where: { pattern.matches($0.name) }) {
            let meant = Spelling.nearest(to: pattern.qualified, among: all.map(\.name.description))
            throw Fault(
                .postgresTableMissing, "no table matches \"\(pattern)\"", hint: meant.map { "did you mean \($0)?" })
        }
        guard !tables.isEmpty || publicationExists else {
            throw Fault(.postgresTableMissing, "the database has no table to export")
        }
    }

    private func check(
        _ table: TableDescription, unidentified: String?, _ warnings: inout [String]
    ) throws(Fault) {
        if let column = table.exportedColumns.first(where: { $0.name.hasPrefix(options.columnPrefix) }) {
            throw Fault(
                .postgresColumnReserved,
                "column \"\(column.name)\" of \(table.name) bears a name that kedge uses itself")
        }
        guard !table.name.isQuarantine else {
            throw Fault(
                .tableReserved, "\(table.name) is called like a table that holds quarantined records of another")
        }
        guard !table.hidesRows || mode == .streamOnly else {
            throw Fault(
                .postgresRowSecurity,
                "row security hides rows of \(table.name) from this role: the snapshot would be incomplete")
        }
        guard mode != .snapshotOnly else { return }
        if let name = table.canPublishUpdates ? unidentified : table.name.description {
            guard publicationExists else {
                throw Fault(
                    .postgresReplicaIdentity,
                    "\(name) has no key that identifies its rows: if it were published, the application's updates and deletes of it would fail"
                )
            }
            warnings.append(
                "\(name) has no replica identity: updates and deletes of it fail while it is published")
        }
        try checkGenerated(table, &warnings)
    }

    /// Refuses tables whose identity holds a generated column that is not published: the server would refuse the
    /// application's updates, or the export would not say which row they are of.
    private func checkGenerated(_ table: TableDescription, _ warnings: inout [String]) throws(Fault) {
        let exported = Set(table.exportedColumns.map(\.name))
        let hidden = table.columns.filter { $0.isGenerated && !exported.contains($0.name) }.map(\.name)
        guard !hidden.isEmpty else { return }
        if table.identity != .full, let column = hidden.first(where: table.key.contains) {
            throw Fault(
                .postgresTableUnsafe,
                "column \"\(column)\" of \(table.name) is generated and part of its key, and would not be published")
        }
        if versionNumber >= 180_000, table.identity == .full, !publicationExists {
            throw Fault(
                .postgresTableUnsafe,
                "\(table.name) has REPLICA IDENTITY FULL and a generated column: if it were published, the application's updates of it would fail"
            )
        }
        warnings.append("generated columns of \(table.name) are in neither snapshot nor stream")
    }

    private func list(_ names: [TableName]) -> String {
        let shown = names.prefix(5).map(\.description).joined(separator: ", ")
        return names.count > 5 ? "\(shown) and \(names.count - 5) more" : shown
    }
}

extension TableSelection.Pattern {
    /// Whether the pattern may mean more than one table.
    var hasWildcard: Bool { description.contains { $0 == "*" || $0 == "?" } }

    /// The pattern with its schema, be it given or not.
    var qualified: String { String(namespace + ["."] + name) }
}
