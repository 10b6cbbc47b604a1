// SPDX-License-Identifier: Apache-2.0

internal import Anchors
internal import Bytes
public import Changelog
public import Contracts
public import Faults

/// Holds records that are already exported to a contract, segment by segment. Memory grows with the number of rules.
public struct ContractScan {
    private struct Tally {
        var count = 0
        let first: SequenceKey
        let broken: TableRules.Broken
    }

    private let contract: DataContract
    private let columnPrefix: String
    /// How many records broke a rule, by table.
    private var tallies: [String: [RuleName: Tally]] = [:]
    private var schemaFindings: [ContractFinding] = []
    /// The schemas that were compared.
    private var schemas: Set<String> = []
    /// The rules that are ready for the last schema.
    private var ready: (schema: String, rules: TableRules)?

    /// Makes a scan that has looked at nothing.
    public init(_ contract: DataContract, columnPrefix: String) {
        self.contract = contract
        self.columnPrefix = columnPrefix
    }

    /// What was found so far, in the order of tables and columns.
    public var findings: [ContractFinding] {
        schemaFindings
            + tallies.sorted { $0.key < $1.key }.flatMap { table, rules in
                rules.values.sorted {
                    ($0.first.description, $0.broken.name.description) < (
                        $1.first.description, $1.broken.name.description
                    )
                }
                .map { tally in
                    ContractFinding(
                        table: table, column: tally.broken.name.column, rule: tally.broken.name.rule,
                        expected: tally.broken.expectation,
                        found:
                            "\(tally.count) \(tally.count == 1 ? "record that breaks" : "records that break") it, the first at \(tally.first)"
                    )
                }
            }
    }

    /// Looks at the schema of one table.
    public mutating func look(at schema: TableSchema, named id: String) {
        guard schemas.insert(id).inserted, let table = contract.table(schema.table) else { return }
        schemaFindings += table.findings(in: schema, columnPrefix: columnPrefix)
    }

    /// Looks at one record, a line of NDJSON of `schema`, which anchors call `id`. Nil when the contract does not speak of
    /// the table.
    @discardableResult
    public mutating func look(
        at line: RawSpan, of schema: TableSchema, named id: String
    ) throws(Fault) -> TableRules.LineVerdict? {
        guard let table = contract.table(schema.table) else { return nil }
        if ready?.schema != id { ready = (id, TableRules(table, for: schema)) }
        guard let rules = ready?.rules else { return nil }
        guard let verdict = rules.verdict(onLine: line, columnPrefix: columnPrefix) else {
            throw Fault(.exportBroken, "a record of \(schema.table) is not one of its schema")
        }
        for broken in verdict.broken {
            let first = Self.key(line, columnPrefix)
            tallies[table.sourceName, default: [:]][
                broken.name,
                default: Tally(first: first ?? SequenceKey(epoch: 0, position: .zero, ordinal: 0), broken: broken)
            ].count += 1
        }
        return verdict
    }

    private static func key(_ line: RawSpan, _ columnPrefix: String) -> SequenceKey? {
        RecordHead(line, RecordHead.Pattern(columnPrefix: columnPrefix))?.key
    }

    /// Looks at all records of the segment at `path`; calls `body` with what each breaks.
    public mutating func look(
        atSegment path: String, of schema: TableSchema, named id: String,
        _ body: (TableRules.LineVerdict) throws(Fault) -> Void = { (_) throws(Fault) in }
    ) throws(Fault) {
        guard contract.table(schema.table) != nil else { return }
        var reader = try SegmentReader(path: path)
        var line = ByteBuffer()
        while try reader.advance() {
            line.removeAll(keepingAtMost: 1 << 20)
            reader.appendLine(to: &line)
            if let verdict = try look(at: line.bytes, of: schema, named: id) { try body(verdict) }
        }
    }
}
