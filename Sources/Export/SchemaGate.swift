// SPDX-License-Identifier: Apache-2.0

internal import Anchors
internal import Bytes
public import Changelog
public import Faults
internal import SchemaEvolution
internal import Synchronization

/// What becomes of a table whose records no longer fit into its folder.
public enum IncompatibilityChoice: String, Sendable, CaseIterable {
    /// The run ends before them.
    case stop
    /// They are quarantined until they fit again.
    case quarantine
    /// They go on in a new folder.
    case newTable = "new-table"
}

/// What an export holds of one table of the source.
public struct TableHistory: Sendable {
    /// The columns that its changes had last; nil when there are none.
    public let newest: TableSchema?
    /// The table whose folder its records went into last; nil when there are none.
    public let folder: TableName?
    /// The schemas of all records in that folder, the oldest first; asked for only where they matter.
    public let schemas: @Sendable () throws(Fault) -> [TableSchema]

    /// Makes a history.
    public init(
        newest: TableSchema?, folder: TableName?, schemas: @escaping @Sendable () throws(Fault) -> [TableSchema]
    ) {
        self.newest = newest
        self.folder = folder
        self.schemas = schemas
    }
}

/// What a gate for schemas knows and may do.
public struct SchemaRules: Sendable {
    /// What columns are in the export's files; nil where each record stands for itself and nothing is incompatible.
    public let form: ColumnFormOf?
    /// What becomes of a table whose records do not fit.
    public let choice: @Sendable (TableName) -> IncompatibilityChoice
    /// What the export holds of a table of the source.
    public let history: @Sendable (TableName) throws(Fault) -> TableHistory
    /// Which table of the source has records in the folder of this table, in the words of anchors; nil when none has.
    public let origin: @Sendable (TableName) throws(Fault) -> String?
    /// Why a contract forbids that changes of a schema go on in the folder of their table; empty when none does.
    public let promises: @Sendable (TableSchema) -> [String]

    /// Makes rules.
    public init(
        form: ColumnFormOf?, choice: @escaping @Sendable (TableName) -> IncompatibilityChoice,
        history: @escaping @Sendable (TableName) throws(Fault) -> TableHistory,
        origin: @escaping @Sendable (TableName) throws(Fault) -> String?,
        promises: @escaping @Sendable (TableSchema) -> [String] = { _ in [] }
    ) {
        self.form = form
        self.choice = choice
        self.history = history
        self.origin = origin
        self.promises = promises
    }
}

/// Notices how the columns of tables change, and decides where their records go when they no longer fit
/// (`docs/decisions/0023-schema-evolution.md`).
///
/// It begins from what the chain says, so that a run that is started again decides the same.
public final class SchemaGate: RecordGate {
    private struct Standing {
        var newest: TableSchema?
        var folder: TableName
        var shape: FolderShape?
    }

    private struct State {
        var tables: [TableName: Standing] = [:]
        var news = SchemaNews()
    }

    private let rules: SchemaRules
    private let state = Mutex(State())

    /// Makes a gate that has seen nothing since the newest anchor.
    public init(_ rules: SchemaRules) {
        self.rules = rules
    }

    /// Where changes of `schema` go.
    public func verdict(on schema: TableSchema) throws(Fault) -> SchemaVerdict {
        try state.withLock { (state) throws(Fault) in try verdict(on: schema, &state) }
    }

    /// What has been noticed since this was asked last; for the anchor that publishes the changes.
    public func takeNews() -> SchemaNews {
        state.withLock { state in
            defer { state.news = SchemaNews() }
            return state.news
        }
    }

    private func verdict(on schema: TableSchema, _ state: inout State) throws(Fault) -> SchemaVerdict {
        let table = schema.table
        var standing: Standing
        if let known = state.tables[table] { standing = known } else { standing = try begin(table, state) }
        var obstacles = standing.shape?.obstacles(to: schema) ?? []
        // What is promised is promised of the table; of where its records went since, nothing is.
        if standing.folder == table { obstacles += rules.promises(schema) }
        let changes = standing.newest.map { SchemaChange.between($0, schema) } ?? []
        var outcome = SchemaOutcome.kept
        if !obstacles.isEmpty {
            switch rules.choice(table) {
            case .stop: throw refusal(of: schema, obstacles, standing)
            case .quarantine: outcome = .quarantined(obstacles)
            case .newTable:
                standing.folder = try nextFolder(of: table, behind: standing.folder, state)
                standing.shape = rules.form.map { FolderShape(form: $0) }
                outcome = .moved(standing.folder, obstacles)
            }
        }
        if case .quarantined = outcome {} else { standing.shape?.add(schema) }
        if !changes.isEmpty || outcome.isMove { state.news.note(changes, outcome, from: standing.newest, to: schema) }
        standing.newest = standing.newest.map { schema.told(by: $0) } ?? schema
        state.tables[table] = standing
        if case .quarantined(let obstacles) = outcome {
            return .quarantine(Violation(rule: "schema.incompatible", reason: obstacles.joined(separator: "; ")))
        }
        return standing.folder == table ? .keep : .redirect(to: standing.folder)
    }

    private func begin(_ table: TableName, _ state: State) throws(Fault) -> Standing {
        var origin = state.tables.first { $0.key != table && $0.value.folder == table }?.key.description
        if origin == nil { origin = try rules.origin(table) }
        if let origin, origin != table.description {
            throw Fault(
                .tableReserved, "\(table) is called like the table in which the records of \(origin) go on")
        }
        let history = try rules.history(table)
        var shape = rules.form.map { FolderShape(form: $0) }
        if shape != nil { for schema in try history.schemas() { shape?.add(schema) } }
        var newest = history.newest
        if let untold = newest, !untold.tellsNumbers {
            var known = untold
            for schema in try history.schemas().reversed() where !known.tellsNumbers { known = known.told(by: schema) }
            newest = known
        }
        return Standing(newest: newest, folder: history.folder ?? table, shape: shape)
    }

    /// `orders__v2` behind `orders`, `orders__v3` behind that.
    private func nextFolder(
        of table: TableName, behind folder: TableName, _ state: State
    ) throws(Fault) -> TableName {
        let number = folder.name.dropFirst(table.name.count + Self.versionMark.count)
        let next = TableName(
            namespace: table.namespace, name: "\(table.name)\(Self.versionMark)\((Int(number) ?? 1) + 1)")
        let owner = try rules.origin(next)
        if owner != nil || state.tables[next] != nil {
            throw Fault(
                .tableReserved, "\(next) is called like the table in which the records of \(table) would go on")
        }
        return next
    }

    /// What stands between the name of a table and the number of its folder.
    private static let versionMark = "__v"

    private func refusal(of schema: TableSchema, _ obstacles: [String], _ standing: Standing) -> Fault {
        Fault(
            .schemaIncompatible, "\(schema.table) cannot go on in \(standing.folder): \(obstacles[0])",
            detail: obstacles.count > 1 ? obstacles.dropFirst().joined(separator: "\n") : nil)
    }
}

/// What became of the records of a schema.
enum SchemaOutcome {
    case kept
    case quarantined([String])
    case moved(TableName, [String])

    var isMove: Bool { if case .moved = self { true } else { false } }
}

/// What a gate has noticed.
public struct SchemaNews: Sendable {
    /// For the next anchor.
    public private(set) var notices: [SourceNotice] = []
    /// The schemas that the notices name.
    public private(set) var schemas: [TableSchema] = []

    /// Nothing.
    public init() {}

    /// Adds what another gate has noticed.
    mutating func append(_ other: SchemaNews) {
        notices += other.notices
        schemas += other.schemas
    }

    mutating func note(
        _ changes: [SchemaChange], _ outcome: SchemaOutcome, from old: TableSchema?, to new: TableSchema
    ) {
        var sentences = changes.map(\.sentence)
        var details: [String: JSON] = [
            "changes": .array(changes.map(\.json)), "schema": .text(new.schemaID),
        ]
        details["schemaBefore"] = old.map { .text($0.schemaID) }
        switch outcome {
        case .kept: details["outcome"] = .text("kept")
        case .quarantined:
            details["outcome"] = .text("quarantined")
            sentences.append("its records are quarantined until they fit again")
        case .moved(let folder, _):
            details["outcome"] = .text("new-table")
            details["folder"] = .text(folder.description)
            sentences.append("its records go on in \(folder)")
        }
        notices.append(
            SourceNotice(
                code: SchemaChange.noticeCode, table: new.table.description, message: sentences.joined(separator: "; "),
                details: details))
        schemas.append(new)
    }
}
