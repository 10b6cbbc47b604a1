// SPDX-License-Identifier: Apache-2.0

internal import Changelog

/// The statements that make views of the records of tables, all up to one anchor.
public struct CutStatements {
    private let engine: Engine

    /// For one engine.
    public init(_ engine: Engine) {
        self.engine = engine
    }

    /// The statement for one table: a view with the records as they are, kedge's own columns among them.
    public func text(of table: ChangelogTable, view: String) -> String {
        let sources = table.sources(engine)
        let condition = table.bounds(engine).map { " WHERE \($0)" } ?? ""
        guard sources.count > 1 else {
            return "\(engine.creation(of: view))\nSELECT * FROM \(sources.first?.text ?? "") AS source\(condition);"
        }
        let selects = sources.map { "SELECT \(columns($0.schema, of: table))\nFROM \($0.text) AS source\(condition)" }
        return "\(engine.creation(of: view))\n\(selects.joined(separator: "\nUNION ALL\n"));"
    }

    /// The columns of the newest schema, from records of an older one.
    private func columns(_ schema: TableSchema, of table: ChangelogTable) -> String {
        let names = schema.names(of: table.schema)
        let all = ["seq", "op", "xid", "commit_ts", "unset", "old", "raw"]
        let own = (engine == .postgres ? ChangelogTable.ownColumns.map(\.name) : all).map {
            "\(engine.column(table.own($0))) AS \(engine.quoted(table.own($0)))"
        }
        let columns = table.schema.columns.map { column -> String in
            let name = engine.quoted(column.name)
            let type = engine.type(column.type, table.profile)
            guard let there = names[column.name].flatMap({ name in schema.columns.first { $0.name == name } }) else {
                return "CAST(NULL AS \(type)) AS \(name)"
            }
            let value = engine.column(there.name)
            if there.type != column.type { return "CAST(\(value) AS \(type)) AS \(name)" }
            return "\(value) AS \(name)"
        }
        return (own + columns).joined(separator: ", ")
    }
}
