// SPDX-License-Identifier: Apache-2.0

/// A program that reads an export with SQL.
public enum Engine: String, Sendable, CaseIterable {
    /// DuckDB, with its extension `delta` where a Delta table is read.
    case duckdb
    /// Apache Spark 4.1 or later.
    case spark
    /// Trino with a catalog of its Delta connector.
    case trino
    /// ClickHouse, its local and its embedded forms too.
    case clickhouse
    /// PostgreSQL, which reads a table that the records were loaded into as they are, a line of JSON each.
    case postgres
}

/// How an engine finds the records of a table.
public enum TableReader: String, Sendable, CaseIterable {
    /// The Delta table where there is one and the engine reads it without more, else the files.
    case auto
    /// The Delta table.
    case delta
    /// The files that anchors name, by their names.
    case files
}

/// How each engine spells what all of them can say.
extension Engine {
    /// `name` as an identifier, whatever is in it.
    func quoted(_ name: String) -> String {
        switch self {
        case .duckdb, .trino, .postgres: "\"" + name.replacing("\"", with: "\"\"") + "\""
        case .spark: "`" + name.replacing("`", with: "``") + "`"
        case .clickhouse: "`" + name.replacing("\\", with: "\\\\").replacing("`", with: "\\`") + "`"
        }
    }

    /// `text` as a string, whatever is in it.
    func literal(_ text: String) -> String {
        switch self {
        case .duckdb, .trino, .postgres: "'" + text.replacing("'", with: "''") + "'"
        case .spark, .clickhouse: "'" + text.replacing("\\", with: "\\\\").replacing("'", with: "\\'") + "'"
        }
    }

    /// Whether the list of names `list`, which may be null, holds `name`.
    func contains(_ list: String, _ name: String) -> String {
        let name = literal(name)
        return switch self {
        case .duckdb: "coalesce(list_contains(\(list), \(name)), false)"
        case .spark: "coalesce(array_contains(\(list), \(name)), false)"
        case .trino: "coalesce(contains(\(list), \(name)), false)"
        case .clickhouse: "has(\(list), \(name))"
        case .postgres: "coalesce(\(name) = ANY (\(list)), false)"
        }
    }

    /// What the map `map`, which may be null, holds under `name`; null where it holds nothing.
    func element(_ map: String, _ name: String) -> String {
        let name = literal(name)
        return switch self {
        case .duckdb: "\(map)[\(name)]"
        case .spark: "try_element_at(\(map), \(name))"
        case .trino: "element_at(\(map), \(name))"
        case .clickhouse: "nullIf(\(map)[\(name)], '')"
        case .postgres: "\(map) ->> \(name)"
        }
    }

    /// The text of the member `name` of the JSON object `object`, which may be null.
    func member(_ object: String, _ name: String) -> String {
        switch self {
        case .duckdb:
            let shape = "{\"" + name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\":\"VARCHAR\"}"
            return "from_json(\(object), \(literal(shape)))[\(literal(name))]"
        case .spark: return "from_json(\(object), \(literal("struct<\(quoted(name)): string>"))).\(quoted(name))"
        case .trino:
            let map = "CAST(json_parse(\(object)) AS MAP(VARCHAR, JSON))"
            return "json_extract_scalar(element_at(\(map), \(literal(name))), '$')"
        // Numbers as their text, for the function that gives strings gives nothing of a number.
        case .clickhouse:
            let raw = "JSONExtractRaw(ifNull(\(object), '{}'), \(literal(name)))"
            let text = "JSONExtractString(ifNull(\(object), '{}'), \(literal(name)))"
            return "nullIf(nullIf(if(startsWith(\(raw), '\"'), \(text), \(raw)), 'null'), '')"
        case .postgres: return "\(object) ->> \(literal(name))"
        }
    }

    /// What begins a statement that makes a view, whatever columns the view of that name had.
    func creation(of view: String) -> String {
        switch self {
        case .spark: "CREATE OR REPLACE TEMPORARY VIEW \(quoted(view)) AS"
        case .duckdb, .trino, .clickhouse: "CREATE OR REPLACE VIEW \(quoted(view)) AS"
        // It replaces a view by one that has the same columns and more behind them, and by no other.
        case .postgres: "DROP VIEW IF EXISTS \(quoted(view));\nCREATE VIEW \(quoted(view)) AS"
        }
    }
}
