// SPDX-License-Identifier: Apache-2.0

import Anchors
import Bytes
import Changelog
import DeltaLake
import DurableFiles
import EngineSQL
import Export
import Faults
import FoundationEssentials
import ParquetReading
import SchemaEvolution

/// The tables of an export up to one of its anchors, as an engine reads them.
struct ExportTables {
    /// What the chain says of one table.
    private struct Table {
        var groups: [Group] = []
        /// Which schema the records have up to which key, as they follow each other.
        var stretches: [(schemaID: String, last: String)] = []
        /// The newest schema, which holds where no record counts any more, too.
        var schemaID = ""
        var newestPath = ""
    }

    /// Segments of one schema.
    private struct Group {
        let schemaID: String
        var paths: [String]
    }

    private let folder: ExportFolder
    private let record: ExportRecord
    private let options: EngineChoice
    private let location: String
    private let cut: DeltaCut?
    private var tables: [String: Table] = [:]
    /// The tables whose records have gone on in other folders; `kedge cat` prints these behind theirs.
    private var continued: Set<String> = []
    private var since = ""
    private var voids: [ChangelogTable.Void] = []
    /// The last key that an anchor may hold, where somebody asked for an anchor.
    private var upTo: String?

    /// Reads the chain of the export at `path` as far as anchor `last`, or all of it.
    init(_ path: String, _ options: EngineChoice, upTo last: Int?) throws(Fault) {
        folder = try ExportFolder.existing(path)
        self.options = options
        guard let record = try ExportRecord.read(in: folder) else {
            throw Fault(.exportBroken, "\(folder.exportRecord) is missing")
        }
        self.record = record
        // PostgreSQL reads lines, whatever the files are.
        guard record.fileFormat == RecordFormat.parquet.rawValue || options.engine == .postgres else {
            throw Fault(
                .usage, "the export holds \(record.fileFormat), and engines but PostgreSQL are told of Parquet alone",
                hint: "export with --format parquet, or read the lines as they are")
        }
        location = Self.place(options.location ?? folder.path)
        cut = try Self.cut(last, in: folder, of: record)
        let store = DirectoryAnchorStore(exportPath: folder.path)
        var newest = 0
        for number in try store.unbrokenNumbers() where number <= last ?? .max {
            guard let anchor = try store.anchor(number)?.anchor else { continue }
            take(anchor)
            newest = number
            if last != nil { upTo = Self.key(anchor.epoch, anchor.to) }
        }
        if let last, newest != last { throw Fault(.anchorMissing, "the export has no anchor \(last)") }
    }

    /// The cut at an anchor; nil where there is none, or no anchor was asked for.
    private static func cut(
        _ number: Int?, in folder: ExportFolder, of record: ExportRecord
    ) throws(Fault) -> DeltaCut? {
        guard let number, try Files.exists(folder.cut(number)) else { return nil }
        guard let cut = try DeltaCut.read(number, in: folder), cut.export == record.id else {
            throw Fault(
                .exportBroken, "\(folder.cut(number)) is no cut of anchor \(number)",
                hint: "remove it; it can be made again")
        }
        return cut
    }

    /// The names of the tables, as anchors write them.
    var names: [String] { tables.keys.sorted() }

    // MARK: The chain

    private mutating func take(_ anchor: Anchor) {
        switch anchor.kind {
        case .snapshot, .pass:
            for name in tables.keys {
                tables[name]?.groups = []
                tables[name]?.stretches = []
            }
            since = hexadecimal(UInt64(anchor.epoch), digits: 4) + "/"
            voids = []
        case .fork where anchor.lanes.isEmpty:
            voids.append(
                ChangelogTable.Void(
                    after: Self.key(anchor.epoch - 1, anchor.to), before: hexadecimal(UInt64(anchor.epoch), digits: 4)))
        default: break
        }
        for segment in anchor.segments {
            var table = tables[segment.table] ?? Table()
            if let index = table.groups.firstIndex(where: { $0.schemaID == segment.schema }) {
                table.groups[index].paths.append(segment.path)
            } else {
                table.groups.append(Group(schemaID: segment.schema, paths: [segment.path]))
            }
            if table.stretches.last?.schemaID == segment.schema { table.stretches.removeLast() }
            table.stretches.append((segment.schema, segment.seqMax.description))
            table.schemaID = segment.schema
            table.newestPath = segment.path
            if let origin = segment.origin { continued.insert(origin) }
            tables[segment.table] = table
        }
    }

    /// A key behind all others at a position.
    private static func key(_ epoch: UInt16, _ position: Position) -> String {
        SequenceKey(epoch: epoch, position: position, ordinal: .max).description
    }

    // MARK: One table

    /// The table that anchors call `name`; `relation` is what the engine calls its records.
    func table(_ name: String, relation: String?) throws(Fault) -> ChangelogTable {
        guard let table = tables[name] else { throw Fault.missing(name, among: names) }
        let store = SchemaStore(folder)
        let schema = try store.schema(table.schemaID)
        let profile = try profile(of: table)
        var result = ChangelogTable(
            schema: schema, columnPrefix: record.columnPrefix, profile: profile, location: location,
            relation: .named(""))
        let schemas = try schemas(of: table, store)
        result.stretches = table.stretches.compactMap { stretch in
            schemas[stretch.schemaID].map { ChangelogTable.Stretch(schema: $0, last: stretch.last) }
        }
        result.since = since
        result.voids = voids
        result.relation = try self.relation(of: table, schema, profile, named: relation, store)
        if case .named = result.relation {
            result.upTo = continued.contains(name) ? table.stretches.last?.last ?? since : upTo
        }
        return result
    }

    /// The schemas by what anchors call them. Where the catalog was ahead of the stream, one may lack numbers of columns
    /// that the schema before it tells of.
    private func schemas(of table: Table, _ store: SchemaStore) throws(Fault) -> [String: TableSchema] {
        var schemas: [String: TableSchema] = [:]
        var before: TableSchema?
        for stretch in table.stretches {
            var schema = schemas[stretch.schemaID]
            if schema == nil { schema = try store.schema(stretch.schemaID) }
            guard let schema else { continue }
            let told = before.map { schema.told(by: $0) } ?? schema
            schemas[stretch.schemaID] = told
            before = told
        }
        return schemas
    }

    private func relation(
        of table: Table, _ schema: TableSchema, _ profile: ColumnarProfile, named relation: String?,
        _ store: SchemaStore
    ) throws(Fault) -> ChangelogTable.Relation {
        if let relation { return .named(relation) }
        guard options.engine != .postgres else {
            guard options.reader == .auto else {
                throw Fault(
                    .usage, "--reader: PostgreSQL reads neither files nor Delta tables", hint: "leave it out")
            }
            return .named(Engine.postgres.loaded(schema.table))
        }
        if try readsDelta(schema, profile) {
            guard upTo != nil else { return .delta(path: schema.table.folderName, version: nil) }
            if let version = cut?.tables[schema.table.description]?.version {
                return .delta(path: schema.table.folderName, version: version)
            }
            guard options.reader == .auto, options.engine != .trino else {
                throw Fault(
                    .anchorMissing, "the export has no cut of this anchor that holds \"\(schema.table)\"",
                    hint: "take a newer anchor, or --reader files where the engine can")
            }
        }
        let schemas = try schemas(of: table, store)
        var groups: [ChangelogTable.Files] = []
        for group in table.groups {
            guard let schema = schemas[group.schemaID] else { continue }
            groups.append(ChangelogTable.Files(schema: schema, paths: group.paths))
        }
        return .files(groups)
    }

    /// Whether the Delta table is read. Of `rich` it may lack columns, and Spark needs more jars for it.
    private func readsDelta(_ schema: TableSchema, _ profile: ColumnarProfile) throws(Fault) -> Bool {
        let path = "\(schema.table.folderName)/_delta_log"
        let hasLog = try Files.isFolder(folder.file(path))
        switch (options.reader, options.engine) {
        case (.files, .trino):
            throw Fault(.usage, "--reader: Trino reads no files by their names", hint: "leave it out")
        case (.files, _), (.auto, .spark): return false
        case (.auto, .trino), (.delta, _):
            guard hasLog else {
                throw Fault(
                    .usage, "--reader: \"\(schema.table)\" is no Delta table: \(path) is missing",
                    hint: "run kedge with --delta on, or take another engine or --reader files")
            }
            return true
        case (.auto, _): return hasLog && profile == .portable
        }
    }

    /// The profile of the table's newest file; what lines have is none that matters.
    private func profile(of table: Table) throws(Fault) -> ColumnarProfile {
        guard record.fileFormat == RecordFormat.parquet.rawValue, try Files.exists(folder.file(table.newestPath))
        else { return .portable }
        return try ParquetReader(path: folder.file(table.newestPath), depth: .heads).summary.profile
    }

    // MARK: Names

    /// `public_orders` for `public.orders`.
    static func viewName(_ table: TableName) -> String {
        table.namespace.map { "\($0)_\(table.name)" } ?? table.name
    }

    /// An absolute path, or an address as it is; without a final slash.
    private static func place(_ text: String) -> String {
        var place = text[...]
        while place.count > 1, place.hasSuffix("/") { place.removeLast() }
        guard !place.hasPrefix("/"), !place.contains("://") else { return String(place) }
        return "\(FileManager.default.currentDirectoryPath)/\(place)"
    }
}
