// SPDX-License-Identifier: Apache-2.0

internal import Changelog
internal import Export

extension Engine {
    /// The name of the type that a column has in the engine (`docs/format.md`, Parquet); a null has it too.
    func type(_ type: ColumnType, _ profile: ColumnarProfile) -> String {
        if self == .postgres { return loadedType(type) }
        let name = plainType(type, profile)
        guard self == .clickhouse else { return name }
        switch type {
        case .list, .map: return name
        case .record where profile == .rich: return name
        default: return "Nullable(\(name))"
        }
    }

    private func plainType(_ type: ColumnType, _ profile: ColumnarProfile) -> String {
        switch type {
        case .boolean: pick("BOOLEAN", clickhouse: "Bool")
        case .integer(let bits): integer(bits)
        case .float(let bits):
            bits == 32
                ? pick("REAL", spark: "FLOAT", clickhouse: "Float32")
                : pick("DOUBLE", clickhouse: "Float64")
        case .decimal(let precision?, let scale)
        where (1...38).contains(precision) && (0...precision).contains(scale ?? 0):
            pick("DECIMAL(\(precision),\(scale ?? 0))", clickhouse: "Decimal(\(precision), \(scale ?? 0))")
        case .uuid where profile == .rich: pick("UUID")
        case .binary: pick("BLOB", spark: "BINARY", trino: "VARBINARY", clickhouse: "String")
        case .bytes where profile == .rich: pick("BLOB", spark: "BINARY", trino: "VARBINARY", clickhouse: "String")
        case .date: pick("DATE", clickhouse: "Date32")
        case .timestamp:
            pick("TIMESTAMP", spark: "TIMESTAMP_NTZ", trino: "TIMESTAMP(6)", clickhouse: "DateTime64(6)")
        case .timestampWithZone:
            pick(
                "TIMESTAMPTZ", spark: "TIMESTAMP", trino: "TIMESTAMP(6) WITH TIME ZONE",
                clickhouse: "DateTime64(6, 'UTC')")
        case .time where profile == .rich: pick("TIME", clickhouse: "Time64(6)")
        case .list(let element): list(self.type(element, profile))
        case .map:
            pick(
                "MAP(VARCHAR, VARCHAR)", spark: "MAP<STRING, STRING>", clickhouse: "Map(String, Nullable(String))")
        case .record(let fields) where profile == .rich: record(fields, profile)
        default: text
        }
    }

    /// The type of texts.
    var text: String { pick("VARCHAR", spark: "STRING", clickhouse: "String", postgres: "text") }

    private func integer(_ bits: Int) -> String {
        switch bits {
        case 16: pick("SMALLINT", clickhouse: "Int16")
        case 32: pick("INTEGER", clickhouse: "Int32")
        default: pick("BIGINT", clickhouse: "Int64")
        }
    }

    private func list(_ element: String) -> String {
        switch self {
        case .duckdb, .postgres: "\(element)[]"
        case .spark: "ARRAY<\(element)>"
        case .trino: "ARRAY(\(element))"
        case .clickhouse: "Array(\(element))"
        }
    }

    private func record(_ fields: [ColumnType.Field], _ profile: ColumnarProfile) -> String {
        let separator = self == .spark ? ": " : " "
        let parts = fields.map { quoted($0.name) + separator + type($0.type, profile) }.joined(separator: ", ")
        return switch self {
        case .duckdb: "STRUCT(\(parts))"
        case .spark: "STRUCT<\(parts)>"
        case .trino: "ROW(\(parts))"
        case .clickhouse: "Tuple(\(parts))"
        case .postgres: loadedType(.record(fields))
        }
    }

    /// The spelling of one engine, where it differs from that of the others.
    private func pick(
        _ usual: String, spark: String? = nil, trino: String? = nil, clickhouse: String? = nil, postgres: String? = nil
    ) -> String {
        switch self {
        case .duckdb: usual
        case .spark: spark ?? usual
        case .trino: trino ?? usual
        case .clickhouse: clickhouse ?? usual
        case .postgres: postgres ?? usual
        }
    }
}

/// Keys, which old rows hold as texts of JSON.
extension Engine {
    /// The value of a key's column that the text `text` of a record stands for, null where the column cannot hold it; nil
    /// where no engine could compare such values.
    func keyValue(_ text: String, _ type: ColumnType, _ profile: ColumnarProfile) -> String? {
        switch type {
        case .list, .record, .map, .json: return nil
        case _ where self == .postgres: return "CAST(\(text) AS \(loadedType(type)))"
        case .text, .enumeration, .interval, .timeWithZone: return text
        case .time, .uuid: return profile == .rich ? "CAST(\(text) AS \(self.type(type, profile)))" : text
        case .bytes: return profile == .rich ? nil : text
        case .decimal where plainType(type, profile) == self.text: return text
        case .binary: return binary("substr(\(text), 3)")
        case .boolean, .integer, .float: return "CAST(\(text) AS \(self.type(type, profile)))"
        case .decimal:
            return "CASE WHEN \(holds(text, type)) THEN CAST(\(text) AS \(self.type(type, profile))) END"
        case .date, .timestamp, .timestampWithZone:
            return "CASE WHEN \(holds(text, type)) THEN \(moment(text, type, profile)) END"
        }
    }

    /// Whether a column of the type holds what `text` stands for; nil where it holds everything.
    func keyFits(_ text: String, _ type: ColumnType, _ profile: ColumnarProfile) -> String? {
        switch type {
        case _ where self == .postgres: nil
        case .decimal where plainType(type, profile) == self.text: nil
        case .decimal, .date, .timestamp, .timestampWithZone: holds(text, type)
        default: nil
        }
    }

    /// Years of four digits, and numbers that are numbers.
    private func holds(_ text: String, _ type: ColumnType) -> String {
        if case .decimal = type { return "\(text) NOT IN ('NaN', 'Infinity', '-Infinity')" }
        return "\(text) LIKE '____-__-__%' AND \(text) NOT LIKE '%BC'"
    }

    private func binary(_ digits: String) -> String {
        switch self {
        case .trino: "from_hex(\(digits))"
        case .duckdb, .spark, .clickhouse, .postgres: "unhex(\(digits))"
        }
    }

    private func moment(_ text: String, _ type: ColumnType, _ profile: ColumnarProfile) -> String {
        let name = self.type(type, profile)
        switch (self, type) {
        case (.clickhouse, .timestamp), (.clickhouse, .timestampWithZone):
            return "parseDateTime64BestEffortOrNull(\(text), 6, 'UTC')"
        case (.clickhouse, _): return "toDate32OrNull(\(text))"
        case (.trino, .timestamp): return "CAST(replace(\(text), 'T', ' ') AS \(name))"
        case (.trino, .timestampWithZone):
            return "CAST(replace(replace(\(text), 'T', ' '), '+00:00', ' UTC') AS \(name))"
        default: return "CAST(\(text) AS \(name))"
        }
    }
}
