// SPDX-License-Identifier: Apache-2.0

internal import Changelog
internal import Export
public import Faults

/// The statement that makes a view of a table's rows as they are after all of its records.
///
/// Inside, columns have short names of their own, so that none of the table's can be in the way: `c1` the value of the
/// first column, `u1` whether the record lacks it, `o1` its old value where it belongs to the key, `r1` and `p1` what
/// stands in the place of key values that their column cannot hold.
public struct LatestStatement {
    let engine: Engine
    let table: ChangelogTable
    private let view: String
    let columns: [Column]

    /// One column of the newest schema.
    struct Column {
        let number: Int
        let name: String
        let type: ColumnType
        let isKey: Bool
        /// Whether an update may lack it.
        let mayLack: Bool
    }

    /// Plans the statement; a table whose rows nothing tells apart is refused.
    public init(_ engine: Engine, _ table: ChangelogTable, view: String) throws(Fault) {
        self.engine = engine
        self.table = table
        self.view = view
        guard !table.schema.key.isEmpty else {
            throw Fault(
                .usage, "--table: \"\(table.schema.table)\" has no key, so nothing tells its rows apart",
                hint: "read its records as they are, or give the table a primary key and export it anew")
        }
        let key = Set(table.schema.key)
        columns = table.schema.columns.enumerated().map { index, column in
            Column(
                number: index + 1, name: column.name, type: column.type, isKey: key.contains(column.name),
                mayLack: column.type.mayBeLacking)
        }
        for column in columns where column.isKey && engine.keyValue("x", column.type, table.profile) == nil {
            throw Fault(
                .usage,
                "--table: \"\(table.schema.table)\" has \(column.type) in its key, which engines cannot compare",
                hint: "read its records as they are")
        }
        if engine == .spark, table.profile == .rich,
            let column = columns.first(where: { $0.type == .uuid || $0.type == .time })
        {
            throw Fault(
                .usage,
                "--engine: Spark refuses files with columns of \(column.type), as \"\(column.name)\" is with --profile rich",
                hint: "export with --profile portable, or take another engine")
        }
    }

    var keys: [Column] { columns.filter(\.isKey) }
    var lacking: [Column] { columns.filter { $0.mayLack && !$0.isKey } }

    /// Whether the column's values may stand in `_cdc_raw`.
    func hasText(_ column: Column) -> Bool {
        engine.keyFits("x", column.type, table.profile) != nil
    }

    /// What tells rows apart, as one list for PARTITION BY.
    var partition: String {
        keys.flatMap { hasText($0) ? ["c\($0.number)", "r\($0.number)"] : ["c\($0.number)"] }.joined(separator: ", ")
    }

    /// The statement, with its final semicolon.
    public var text: String {
        let steps = [changelog, emptied, events] + (lacking.isEmpty ? [] : [lives, moves, roots, rows])
        return """
            \(engine.creation(of: view))
            WITH\(lacking.isEmpty || engine == .trino ? "" : " RECURSIVE") \(steps.joined(separator: ",\n"))
            \(lacking.isEmpty ? newest : filled);
            """
    }

    // MARK: The records

    private var changelog: String {
        let sources = table.sources(engine)
        let selects = sources.isEmpty ? [nothing] : sources.map { select($0.text, $0.schema) }
        return "changelog AS (\n\(selects.joined(separator: "\n  UNION ALL\n"))\n)"
    }

    /// Records of one schema, with the columns of the newest.
    private func select(_ source: String, _ schema: TableSchema) -> String {
        var parts = ["seq", "op"].map { "\(engine.column(table.own($0))) AS \($0)" }
        let names = schema.names(of: table.schema)
        for column in columns {
            let there = names[column.name].flatMap { name in schema.columns.first { $0.name == name } }
            parts += there.map { self.parts(of: column, called: $0) } ?? absent(column)
        }
        let condition = table.bounds(engine).map { "\n  WHERE \($0)" } ?? ""
        return "  SELECT \(parts.joined(separator: ",\n    "))\n  FROM \(source) AS source\(condition)"
    }

    private func parts(of column: Column, called there: TableSchema.Column) -> [String] {
        let value = engine.column(there.name)
        let type = engine.type(column.type, table.profile)
        let typed = there.type == column.type ? value : "CAST(\(value) AS \(type))"
        let lacks = engine.contains(engine.column(table.own("unset")), there.name)
        guard column.isKey else {
            let parts = ["\(typed) AS c\(column.number)"]
            return column.mayLack ? parts + ["\(lacks) AS u\(column.number)"] : parts
        }
        let old = engine.member(engine.column(table.own("old")), there.name)
        let isUpdate = "\(engine.column(table.own("op"))) = 'u'"
        let oldValue = "CASE WHEN \(isUpdate) THEN \(engine.keyValue(old, column.type, table.profile) ?? old) END"
        let own = column.mayLack ? "CASE WHEN \(lacks) THEN \(oldValue) ELSE \(typed) END" : typed
        var parts = ["\(own) AS c\(column.number)", "\(oldValue) AS o\(column.number)"]
        if hasText(column), let fits = engine.keyFits(old, column.type, table.profile) {
            let raw = engine.element(engine.column(table.own("raw")), there.name)
            parts.append("CASE WHEN \(value) IS NULL THEN \(raw) END AS r\(column.number)")
            parts.append("CASE WHEN \(isUpdate) AND NOT (\(fits)) THEN \(old) END AS p\(column.number)")
        }
        return parts
    }

    /// A column that came later: nothing is in it, which is known.
    private func absent(_ column: Column) -> [String] {
        let null = "CAST(NULL AS \(engine.type(column.type, table.profile)))"
        let text = "CAST(NULL AS \(engine == .clickhouse ? "Nullable(String)" : engine.text))"
        guard column.isKey else {
            let parts = ["\(empty(column.type) ?? null) AS c\(column.number)"]
            return column.mayLack ? parts + ["false AS u\(column.number)"] : parts
        }
        let parts = ["\(null) AS c\(column.number)", "\(null) AS o\(column.number)"]
        return hasText(column) ? parts + ["\(text) AS r\(column.number)", "\(text) AS p\(column.number)"] : parts
    }

    /// ClickHouse has no lists and maps that are null.
    private func empty(_ type: ColumnType) -> String? {
        guard engine == .clickhouse else { return nil }
        switch type {
        case .list: return "CAST([] AS \(engine.type(type, table.profile)))"
        case .map: return "CAST(map() AS \(engine.type(type, table.profile)))"
        default: return nil
        }
    }

    /// A table of which no record counts.
    private var nothing: String {
        let parts = ["CAST('' AS \(engine.text)) AS seq", "CAST('' AS \(engine.text)) AS op"] + columns.flatMap(absent)
        return "  SELECT \(parts.joined(separator: ",\n    "))\n  WHERE 1 = 0"
    }

    /// Up to where the table was emptied last.
    private var emptied: String {
        "emptied AS (\n  SELECT coalesce(max(seq), '') AS upto FROM changelog WHERE op = 't'\n)"
    }
}
