// SPDX-License-Identifier: Apache-2.0

public import Anchors
internal import Bytes
public import Changelog
public import Contracts
public import Faults

/// Holds records that are already exported to a contract, segment by segment. Memory grows with the number of rules and of
/// schemas, not with records.
public struct ContractScan {
    private struct Tally {
        var count = 0
        let first: SequenceKey
        let broken: TableRules.Broken
    }

    /// What was seen of the records in one folder.
    private struct Folder {
        /// Their schemas, in the order in which they came.
        var schemas: [(id: String, schema: TableSchema)] = []
        /// How many records broke a rule.
        var tallies: [RuleName: Tally] = [:]
    }

    /// The segment that is looked at.
    private struct Open {
        let folder: String
        let schema: TableSchema
        let schemaID: String
        let rules: TableRules
    }

    private let contract: DataContract
    private let columnPrefix: String
    private var folders: [String: Folder] = [:]
    /// Where the records of a table went last, and under which schema.
    private var newest: [String: (folder: String, schemaID: String)] = [:]
    private var open: Open?

    /// Makes a scan that has looked at nothing.
    public init(_ contract: DataContract, columnPrefix: String) {
        self.contract = contract
        self.columnPrefix = columnPrefix
    }

    /// What was found so far, in the order of the contract.
    public var findings: [ContractFinding] { newestFindings + earlierFindings + recordFindings }

    /// Where the newest schemas are not what the contract promises.
    public var newestFindings: [ContractFinding] {
        tables.flatMap { table, folder, newest in
            folder.schemas.filter { $0.id == newest }
                .flatMap { table.findings(in: $0.schema, columnPrefix: columnPrefix) }
        }
    }

    /// Where records of earlier schemas are not what readers of the contract can read.
    public var earlierFindings: [ContractFinding] {
        tables.flatMap { table, folder, newest in
            let mode = contract.mode(ofTable: table.sourceName)
            let earlier = folder.schemas.filter { $0.id != newest }
            var found: [ContractFinding] = []
            for (_, schema) in mode.isTransitive ? earlier[...] : earlier.suffix(1) {
                let more = table.findings(inEarlier: schema, mode: mode, columnPrefix: columnPrefix)
                found += more.filter { !found.contains($0) }
            }
            return found
        }
    }

    /// Which rules records break, with counts.
    public var recordFindings: [ContractFinding] {
        tables.flatMap { table, folder, _ in
            folder.tallies.values.sorted {
                ($0.first.description, $0.broken.name.description) < ($1.first.description, $1.broken.name.description)
            }
            .map { tally in
                let records = tally.count == 1 ? "record that breaks" : "records that break"
                return ContractFinding(
                    table: table.sourceName, column: tally.broken.name.column, rule: tally.broken.name.rule,
                    expected: tally.broken.expectation,
                    found: "\(tally.count) \(records) it, the first at \(tally.first)")
            }
        }
    }

    /// The tables of the contract that were seen, each with the folder in which its records go on: what they left is not
    /// what the contract speaks of.
    private var tables: [(ContractTable, Folder, newest: String)] {
        contract.tables.compactMap { table in
            guard let (name, id) = newest[table.sourceName], let folder = folders[name] else { return nil }
            return (table, folder, id)
        }
    }

    /// Begins a segment whose records have `schema`; false when the contract does not speak of its table.
    public mutating func begin(_ segment: SegmentRecord, of schema: TableSchema) -> Bool {
        guard let table = contract.table(called: segment.origin ?? segment.table) else {
            open = nil
            return false
        }
        newest[table.sourceName] = (segment.table, segment.schema)
        if folders[segment.table]?.schemas.contains(where: { $0.id == segment.schema }) != true {
            folders[segment.table, default: Folder()].schemas.append((segment.schema, schema))
        }
        if open?.schemaID != segment.schema || open?.folder != segment.table {
            open = Open(
                folder: segment.table, schema: schema, schemaID: segment.schema, rules: TableRules(table, for: schema))
        }
        return true
    }

    /// Looks at one record of the segment, a line of NDJSON.
    @discardableResult
    public mutating func look(at line: RawSpan) throws(Fault) -> TableRules.LineVerdict? {
        guard let open else { return nil }
        guard let verdict = open.rules.verdict(onLine: line, columnPrefix: columnPrefix) else {
            throw Fault(.exportBroken, "a record of \(open.schema.table) is not one of its schema")
        }
        for broken in verdict.broken {
            let first = Self.key(line, columnPrefix)
            folders[open.folder]?.tallies[
                broken.name,
                default: Tally(first: first ?? SequenceKey(epoch: 0, position: .zero, ordinal: 0), broken: broken)
            ].count += 1
        }
        return verdict
    }

    private static func key(_ line: RawSpan, _ columnPrefix: String) -> SequenceKey? {
        RecordHead(line, RecordHead.Pattern(columnPrefix: columnPrefix))?.key
    }

    /// Looks at all records of `segment`, whose bytes are at `path`; calls `body` with what each breaks.
    public mutating func look(
        at segment: SegmentRecord, of schema: TableSchema, path: String,
        _ body: (TableRules.LineVerdict) throws(Fault) -> Void = { (_) throws(Fault) in }
    ) throws(Fault) {
        guard begin(segment, of: schema) else { return }
        var reader = try SegmentReader(path: path)
        var line = ByteBuffer()
        while try reader.advance() {
            line.removeAll(keepingAtMost: 1 << 20)
            reader.appendLine(to: &line)
            if let verdict = try look(at: line.bytes) { try body(verdict) }
        }
    }
}
