// SPDX-License-Identifier: Apache-2.0

public import Changelog
public import Faults
import LibPQ
public import PostgresValues

/// What a run would export, and from where: read once, before anything is created.
public struct PostgresPlan: Sendable {
    /// What became of a name that the operator gave.
    public enum Existence: String, Sendable {
        /// It is there.
        case exists
        /// kedge creates it.
        case created
        /// It is not needed.
        case unused
    }

    /// The server.
    public let facts: ServerFacts
    /// The tables, sorted by name.
    public internal(set) var tables: [TableDescription]
    /// The types of their columns.
    public internal(set) var types: TypeDictionary
    /// The publication.
    public let publication: Existence
    /// The slot.
    public let slot: Existence
    /// What an operator should know.
    public internal(set) var warnings: [String]

    /// The schema under which the rows of `table` are exported.
    public func schema(of table: TableDescription) -> TableSchema {
        TableSchema(
            table: table.name,
            columns: table.exportedColumns.map { column in
                TableSchema.Column(
                    name: column.name, type: types.columnType(of: column.typeOID, typeModifier: column.typeModifier),
                    sourceType: types.sourceTypeName(of: column.typeOID, typeModifier: column.typeModifier),
                    attributeNumber: column.number, isNullable: column.isNullable, labels: column.labels)
            },
            key: table.key)
    }

    /// Reads the catalog and checks that everything asked for can be had. Changes nothing.
    public static func read(_ options: PostgresOptions, mode: ExportMode) throws(Fault) -> PostgresPlan {
        let catalog = try Session.open(options, for: .catalog)
        let replication = try Session.openReplication(options, beside: catalog)
        return try read(options, mode: mode, catalog: catalog, facts: ServerFacts.read(replication: replication))
    }

    static func read(
        _ options: PostgresOptions, mode: ExportMode, catalog: borrowing PQConnection, facts: ServerFacts
    ) throws(Fault) -> PostgresPlan {
        try facts.requireSameServer(catalog)
        try ServerCheck.refuseOldStandby(facts)
        try ServerCheck.refuseSynchronous(catalog, applicationName: options.applicationName)
        let publicationExists =
            mode == .snapshotOnly ? false : try PublicationControl.exists(options.publication, catalog)
        if !publicationExists, mode != .snapshotOnly {
            try refuseMissingPublication(options, facts)
        }
        var selection = try TablePlanner(
            options: options, mode: mode, publicationExists: publicationExists, versionNumber: facts.versionNumber
        ).select(catalog)
        var types = TypeDictionary()
        try TypeCatalog.load(
            selection.tables.flatMap { $0.columns.map(\.typeOID) }, into: &types, catalog)
        if let warning = Session.transportWarning(catalog) { selection.warnings.append(warning) }
        let slotExists = try SlotControl.health(options.slot, catalog) != nil
        return PostgresPlan(
            facts: facts, tables: selection.tables, types: types,
            publication: mode == .snapshotOnly ? .unused : publicationExists ? .exists : .created,
            slot: mode == .snapshotOnly ? .unused : slotExists ? .exists : .created, warnings: selection.warnings)
    }

    private static func refuseMissingPublication(_ options: PostgresOptions, _ facts: ServerFacts) throws(Fault) {
        guard facts.isStandby || options.creation == .forbidden else { return }
        throw Fault(
            .postgresPublicationMissing, "publication \"\(options.publication)\" is missing",
            hint: facts.isStandby ? "create it on the primary: it comes to the standby with the log" : nil)
    }
}

/// How much of the source is exported.
public enum ExportMode: String, Sendable, CaseIterable {
    /// A snapshot, then the stream.
    case initial
    /// The stream alone, from where the slot stands.
    case streamOnly = "none"
    /// A snapshot alone, through a temporary slot.
    case snapshotOnly = "only"
}
