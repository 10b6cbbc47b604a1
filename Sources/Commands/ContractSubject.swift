// SPDX-License-Identifier: Apache-2.0

import Anchors
import Changelog
import Contracts
import Export
import Faults
import PostgresAdapter
import Verification

/// What a contract is drafted from or compared with: the tables of a source, or those of an export.
struct ContractSubject {
    /// What people call it.
    let name: String
    /// The newest schema of each table.
    let schemas: [TableSchema]
    /// What kedge's own columns begin with.
    let columnPrefix: String
    private let folder: ExportFolder?

    init(_ settings: Settings) throws(Fault) {
        if try settings.text(.source) != nil {
            guard try settings.sourceKind() == .postgres else {
                throw Fault(.usage, "--source: contracts describe tables of PostgreSQL")
            }
            let request = try SourceRequest(settings)
            let plan = try PostgresPlan.read(request.options(), mode: request.mode)
            name = plan.facts.database
            schemas = plan.tables.map { plan.schema(of: $0) }
            columnPrefix = try settings.required(.columnPrefix)
            folder = nil
            return
        }
        guard try settings.text(.to) != nil else {
            throw Fault(
                .usage, "neither --source nor --to is given",
                hint: "name a database with --source, or an export with --to"
            )
        }
        let folder = try ExportFolder.existing(settings.required(.to))
        let record = try ExportRecord.read(in: folder)
        schemas = try Self.newestSchemas(folder, of: settings.selection())
        name = record?.source.text("database") ?? "export"
        columnPrefix = record?.columnPrefix ?? "_cdc_"
        self.folder = folder
    }

    /// The schema of the newest segment of each table of the source.
    private static func newestSchemas(
        _ folder: ExportFolder, of selection: TableSelection
    ) throws(Fault) -> [TableSchema] {
        let store = DirectoryAnchorStore(exportPath: folder.path)
        var newest: [String: SegmentRecord] = [:]
        for number in try store.unbrokenNumbers() {
            for segment in try store.anchor(number)?.anchor.segments ?? [] {
                newest[segment.origin ?? segment.table] = segment
            }
        }
        let schemas = SchemaStore(folder)
        var found: [TableSchema] = []
        for segment in newest.values { found.append(try schemas.schema(segment.schema).of(segment.origin)) }
        return found.filter { $0.isOfSource && selection.contains($0.table) }.sorted { $0.table < $1.table }
    }

    /// Where records of the export are not what the contract promises, whatever the newest schemas are.
    func recordFindings(_ contract: DataContract) throws(Fault) -> [ContractFinding] {
        guard let folder else {
            throw Fault(.usage, "--records needs an export", hint: "name it with --to and leave --source out")
        }
        let store = DirectoryAnchorStore(exportPath: folder.path)
        let schemas = SchemaStore(folder)
        var scan = ContractScan(contract, columnPrefix: columnPrefix)
        for number in try store.unbrokenNumbers() {
            for segment in try store.anchor(number)?.anchor.segments ?? [] {
                let schema = try schemas.schema(segment.schema)
                guard contract.table(called: segment.origin ?? segment.table) != nil else { continue }
                try segment.prove(in: folder)
                try scan.look(at: segment, of: schema, path: folder.file(segment.path))
            }
        }
        return scan.earlierFindings + scan.recordFindings
    }
}

extension TableSchema {
    /// The same columns under the name that their table has at the source.
    fileprivate func of(_ origin: String?) -> TableSchema {
        guard let origin else { return self }
        let name = table.namespace.map { origin.dropFirst($0.count + 1) } ?? origin[...]
        return TableSchema(
            table: TableName(namespace: table.namespace, name: String(name)), columns: columns, key: key)
    }

    /// Whether it is that of a table of the source, and not one that kedge adds.
    fileprivate var isOfSource: Bool {
        !table.isQuarantine && !TransactionsTable.isMeant(by: table.description)
            && !(table.namespace == nil && table.name.hasPrefix("_"))
    }
}
