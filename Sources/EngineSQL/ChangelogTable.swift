// SPDX-License-Identifier: Apache-2.0

public import Changelog
public import Export

/// One table of an export, as an engine reads its records.
public struct ChangelogTable: Sendable {
    /// Files of one schema, in the order of their records.
    public struct Files: Sendable {
        /// The schema that all of them have.
        public let schema: TableSchema
        /// The files, relative to the export.
        public var paths: [String]

        /// Makes a run of files.
        public init(schema: TableSchema, paths: [String]) {
            self.schema = schema
            self.paths = paths
        }
    }

    /// Records that follow each other and have one schema.
    public struct Stretch: Sendable {
        /// The schema of all of them.
        public let schema: TableSchema
        /// The key of the last one.
        public var last: String

        /// Makes a stretch.
        public init(schema: TableSchema, last: String) {
            self.schema = schema
            self.last = last
        }
    }

    /// Where the records are.
    public enum Relation: Sendable {
        /// In these files.
        case files([Files])
        /// In the Delta table of the folder `path`, as of `version` where one is given.
        case delta(path: String, version: Int?)
        /// In something that the engine knows already, as SQL writes it; in PostgreSQL a table of lines.
        case named(String)
    }

    /// Records that no longer count, by their keys; both ends exclusive.
    public struct Void: Hashable, Sendable {
        /// They lie behind this key.
        public let after: String
        /// They lie before this key.
        public let before: String

        /// Makes a range.
        public init(after: String, before: String) {
            self.after = after
            self.before = before
        }
    }

    /// The newest schema.
    public let schema: TableSchema
    /// What the names of kedge's own columns begin with.
    public let columnPrefix: String
    /// The profile of the columns' types.
    public let profile: ColumnarProfile
    /// Where the export is, as the engine reaches it: a folder's path or an address, without a final slash.
    public let location: String
    /// Where the records are.
    public var relation: Relation
    /// Nothing before this key counts: the newest snapshot replaced it.
    public var since = ""
    /// Nothing behind this key counts; nil where everything does.
    public var upTo: String?
    /// What no longer counts between the two.
    public var voids: [Void] = []
    /// Which schemas the records have had, one behind the other; needed where columns were renamed and the records of
    /// all schemas are in one relation.
    public var stretches: [Stretch] = []

    /// Makes a table.
    public init(
        schema: TableSchema, columnPrefix: String, profile: ColumnarProfile, location: String, relation: Relation
    ) {
        self.schema = schema
        self.columnPrefix = columnPrefix
        self.profile = profile
        self.location = location
        self.relation = relation
    }

    /// The name of one of kedge's own columns.
    func own(_ name: String) -> String { columnPrefix + name }
}

extension ChangelogTable {
    /// The records as `engine` reads them: what stands behind FROM, once for each schema.
    func sources(_ engine: Engine) -> [(schema: TableSchema, text: String)] {
        switch relation {
        case .named(let text): engine == .postgres ? loadedRecords(in: text) : [(schema, text)]
        case .delta(let path, let version): stretches(engine, of: engine.delta("\(location)/\(path)", version: version))
        case .files(let groups): groups.map { ($0.schema, engine.files($0.paths, in: location)) }
        }
    }

    /// `relation` as it is, or one part of it for each stretch where columns have other names in some.
    private func stretches(_ engine: Engine, of relation: String) -> [(schema: TableSchema, text: String)] {
        guard stretches.contains(where: { !$0.schema.hasNames(of: schema) }) else { return [(schema, relation)] }
        let sequence = "records.\(engine.quoted(own("seq")))"
        return stretches.indices.map { index in
            let terms = ends(of: index, for: sequence, engine)
            let condition = terms.isEmpty ? "" : " WHERE \(terms.joined(separator: " AND "))"
            return (stretches[index].schema, "(SELECT * FROM \(relation) AS records\(condition))")
        }
    }

    /// Where a stretch begins and ends; what comes behind the last belongs to it.
    func ends(of index: Int, for sequence: String, _ engine: Engine) -> [String] {
        var terms: [String] = []
        if index > 0 { terms.append("\(sequence) > \(engine.literal(stretches[index - 1].last))") }
        if index < stretches.count - 1 { terms.append("\(sequence) <= \(engine.literal(stretches[index].last))") }
        return terms
    }

    /// What the records that count have in common, where their sources do not see to it; nil when all count.
    func bounds(_ engine: Engine) -> String? {
        guard engine != .postgres else { return nil }
        let terms = limits(of: engine.column(own("seq")), engine)
        return terms.isEmpty ? nil : terms.joined(separator: " AND ")
    }

    /// What holds of the keys of records that count.
    func limits(of sequence: String, _ engine: Engine) -> [String] {
        var terms: [String] = []
        if !since.isEmpty { terms.append("\(sequence) >= \(engine.literal(since))") }
        if let upTo { terms.append("\(sequence) <= \(engine.literal(upTo))") }
        for void in voids {
            let (after, before) = (engine.literal(void.after), engine.literal(void.before))
            terms.append("NOT (\(sequence) > \(after) AND \(sequence) < \(before))")
        }
        return terms
    }
}

extension Engine {
    /// The Delta table at `path`, as of `version`.
    func delta(_ path: String, version: Int?) -> String {
        switch self {
        case .duckdb: "delta_scan(\(literal(path))\(version.map { ", version => \($0)" } ?? ""))"
        case .spark: "delta.`\(path.replacing("`", with: "``"))`\(version.map { " VERSION AS OF \($0)" } ?? "")"
        case .clickhouse:
            "(SELECT * FROM \(path.contains("://") ? "deltaLake" : "deltaLakeLocal")(\(literal(path)))"
                + "\(version.map { " SETTINGS delta_lake_snapshot_version = \($0)" } ?? ""))"
        case .trino:
            "delta.kedge.\(quoted(path.split(separator: "/").last.map(String.init) ?? path))"
                + "\(version.map { " FOR VERSION AS OF \($0)" } ?? "")"
        case .postgres: ""
        }
    }

    /// A column of the records. They are always called `source`, for ClickHouse takes a bare name for an alias of the
    /// same statement first.
    func column(_ name: String) -> String { "source.\(quoted(name))" }

    /// What a table of records is called by default where it was loaded into the engine.
    public func loaded(_ table: TableName) -> String {
        "kedge.\(quoted(table.description))"
    }

    /// Files of one folder, all of one schema.
    func files(_ paths: [String], in location: String) -> String {
        switch self {
        case .duckdb:
            let list = paths.map { literal(escapingPattern("\(location)/\($0)")) }.joined(separator: ",\n      ")
            return "read_parquet([\n      \(list)], hive_partitioning = false)"
        case .spark: return "parquet.`\(pattern(paths, in: location).replacing("`", with: "``"))`"
        case .clickhouse: return "file(\(literal(pattern(paths, in: location))), 'Parquet')"
        case .trino, .postgres: return ""
        }
    }

    /// One pattern for all files, for engines that take no list: `folder/{a,b}`.
    private func pattern(_ paths: [String], in location: String) -> String {
        let names = paths.map { $0.split(separator: "/").last.map(String.init) ?? $0 }
        let folder = (paths.first ?? "").split(separator: "/").dropLast().joined(separator: "/")
        let file = names.count == 1 ? names[0] : "{\(names.joined(separator: ","))}"
        return escapingPattern("\(location)/\(folder)") + "/" + file
    }

    /// `path` where the engine takes some characters for a pattern.
    private func escapingPattern(_ path: String) -> String {
        var escaped = ""
        for character in path {
            switch self {
            case .duckdb where "*?[".contains(character): escaped += "[\(character)]"
            case .spark where "*?[]{}\\".contains(character): escaped += "\\\(character)"
            default: escaped.append(character)
            }
        }
        return escaped
    }
}
