// SPDX-License-Identifier: Apache-2.0

import Changelog
import Faults
import Testing

@testable import PostgresAdapter

/// What two looks at the catalog say about what happened between them.
@Suite struct FingerprintChangeTests {
    private typealias Column = TableFingerprint.Column
    private typealias Heap = TableFingerprint.Heap

    private func column(
        _ number: Int64, type: Int64 = 23, modifier: Int64 = -1, version: Int64 = 700, missing: String? = nil,
        default: Int64? = nil
    ) -> TableFingerprint.Column {
        Column(
            number: number, name: "c\(number)", type: type, modifier: modifier, version: version, missing: missing,
            defaultNumber: `default`)
    }

    private func heap(_ oid: Int64, file: Int64? = nil) -> TableFingerprint.Heap {
        Heap(oid: oid, name: TableName(namespace: "public", name: "h\(oid)"), file: file ?? oid)
    }

    private func table(
        _ oid: Int64 = 20_000, name: String = "t", isPartitioned: Bool = false, persistence: String = "p",
        membership: TableFingerprint.Membership = .explicit, filter: String? = nil, columnList: String? = nil,
        operations: String = "iudt", columns: [TableFingerprint.Column]? = nil, heaps: [TableFingerprint.Heap]? = nil
    ) -> TableFingerprint {
        TableFingerprint(
            oid: oid, name: TableName(namespace: "public", name: name), isPartitioned: isPartitioned,
            persistence: persistence, membership: membership, filter: filter, columnList: columnList,
            operations: operations, columns: columns ?? [column(1), column(2)], heaps: heaps ?? [heap(oid)])
    }

    private func tables(_ tables: TableFingerprint..., known: Set<Int64> = []) -> TableFingerprints {
        let oids = tables.flatMap { [$0.oid] + $0.heaps.map(\.oid) }
        return TableFingerprints(
            tables: Dictionary(uniqueKeysWithValues: tables.map { ($0.oid, $0) }), known: known.union(oids))
    }

    private func kinds(
        _ old: TableFingerprints, _ new: TableFingerprints, attached: Set<Int64> = [], changedBy: [Int64: Int64] = [:],
        empty: Set<Int64> = []
    ) throws -> [FingerprintChange.Kind] {
        let reading = TableReading(fingerprints: new, attached: attached, changedBy: changedBy)
        return try FingerprintChange.all(from: old, to: reading) { !empty.contains($0) }.map(\.kind)
    }

    // MARK: The file

    @Test func `fingerprints read back from their file`() throws {
        let all = tables(
            table(
                filter: "a", columnList: "1 2",
                columns: [column(1), column(3, modifier: 20, missing: "{7}", default: 9)]),
            table(30_000, name: "p\"ü", isPartitioned: true, membership: .all, heaps: [heap(30_001), heap(30_002)]),
            known: [5, 6])
        #expect(try TableFingerprints(bytes: all.bytes) == all)
        #expect(try TableFingerprints(bytes: all.bytes).bytes == all.bytes)
    }

    @Test(arguments: [
        "", "{}", #"{"format":2,"known":[],"tables":[]}"#, #"{"format":1,"known":[],"tables":[{"oid":1}]}"#,
    ])
    func `a file that is none is refused`(text: String) {
        #expect(throws: Fault.self) { try TableFingerprints(bytes: Array(text.utf8)) }
    }

    // MARK: Rewriting

    @Test func `a new file alone is no news: it was vacuumed, clustered or truncated, and that is harmless or told`()
        throws
    {
        #expect(try kinds(tables(table()), tables(table(heaps: [heap(20_000, file: 9)]))) == [])
        #expect(try kinds(tables(table()), tables(table())) == [])
    }

    @Test func `a new file and another column is a rewrite, even if the type is the same`() throws {
        let file = [heap(20_000, file: 9)]
        let old = tables(table())
        #expect(try kinds(old, tables(table(columns: [column(1), column(2, type: 25)], heaps: file))) == [.rewritten])
        #expect(
            try kinds(old, tables(table(columns: [column(1), column(2, modifier: 8)], heaps: file))) == [.rewritten])
        #expect(
            try kinds(old, tables(table(columns: [column(1), column(2, version: 701)], heaps: file))) == [.rewritten])
        #expect(try kinds(old, tables(table(columns: [column(1), column(2), column(3)], heaps: file))) == [.rewritten])
    }

    @Test func `a column that changed or went without a new file is no news`() throws {
        let old = tables(table())
        #expect(try kinds(old, tables(table(columns: [column(1), column(2, type: 25, version: 701)]))) == [])
        #expect(try kinds(old, tables(table(columns: [column(1)]))) == [])
        #expect(try kinds(old, tables(table(columns: [column(1), column(2), column(3)]))) == [])
        #expect(try kinds(old, tables(table(columns: [column(1)], heaps: [heap(20_000, file: 9)]))) == [])
    }

    @Test func `what has no rows cannot have lost any`() throws {
        let new = tables(table(columns: [column(1), column(2), column(3)], heaps: [heap(20_000, file: 9)]))
        #expect(try kinds(tables(table()), new, empty: [20_000]) == [])
        let withDefault = tables(table(columns: [column(1), column(2), column(3, missing: "{7}")]))
        #expect(try kinds(tables(table()), withDefault, empty: [20_000]) == [])
    }

    @Test func `a constant default of a new column is noted, that of an old one is not`() throws {
        let new = tables(table(columns: [column(1), column(2), column(3, missing: "{7}")]))
        #expect(try kinds(tables(table()), new) == [.columnDefault])
        #expect(try kinds(new, new) == [])
    }

    @Test func `a constant default that moves into the rows is no rewrite as long as the default is the same one`()
        throws
    {
        let old = tables(table(columns: [column(1), column(2, missing: "{7}", default: 9)]))
        func kinds(_ second: TableFingerprint.Column, first: TableFingerprint.Column? = nil) throws
            -> [FingerprintChange.Kind]
        {
            let columns = [first ?? column(1), second]
            return try self.kinds(old, tables(table(columns: columns, heaps: [heap(20_000, file: 9)])))
        }
        #expect(try kinds(column(2, version: 701, default: 9)) == [])
        #expect(try kinds(column(2, version: 701, default: 10)) == [.rewritten])
        #expect(try kinds(column(2, version: 701)) == [.rewritten])
        #expect(try kinds(column(2, type: 25, version: 701, default: 9)) == [.rewritten])
        #expect(try kinds(column(2, modifier: 8, version: 701, default: 9)) == [.rewritten])
        #expect(try kinds(column(2, version: 701, missing: "{8}", default: 9)) == [.rewritten])
        #expect(try kinds(column(2, version: 701, default: 9), first: column(1, version: 701)) == [.rewritten])
    }

    @Test func `a default that came without a value for older rows says nothing of a rewrite`() throws {
        let old = tables(table(columns: [column(1), column(2, default: 9)]))
        let new = tables(
            table(columns: [column(1), column(2, version: 701, default: 9)], heaps: [heap(20_000, file: 9)]))
        #expect(try kinds(old, new) == [.rewritten])
    }

    // MARK: Partitions

    private func root(_ leaves: TableFingerprint.Heap...) -> TableFingerprints {
        tables(table(10, isPartitioned: true, heaps: leaves))
    }

    @Test func `a partition that came with rows is told from one that was made as one`() throws {
        let old = root(heap(11))
        #expect(try kinds(old, root(heap(11), heap(12)), attached: [12]) == [.attached])
        #expect(try kinds(old, root(heap(11), heap(12)), attached: [12], empty: [12]) == [])
        #expect(try kinds(old, root(heap(11), heap(12))) == [])
        #expect(try kinds(root(heap(11), heap(12)), root(heap(11), heap(12)), attached: [12]) == [])
    }

    @Test func `a partition that is gone took its rows away`() throws {
        #expect(try kinds(root(heap(11), heap(12)), root(heap(11))) == [.detached])
    }

    @Test func `one leaf with a new file was truncated alone, all at once were truncated by a statement that is told`()
        throws
    {
        let old = root(heap(11), heap(12))
        #expect(try kinds(old, root(heap(11, file: 1), heap(12))) == [.leafEmptied])
        let all = root(heap(11, file: 1), heap(12, file: 2))
        #expect(try kinds(old, all, changedBy: [11: 800, 12: 800]) == [])
        #expect(try kinds(old, all, changedBy: [11: 800, 12: 801]) == [.leafEmptied, .leafEmptied])
        // A partition that is new does not count.
        #expect(try kinds(old, root(heap(11, file: 1), heap(12, file: 2), heap(13)), changedBy: [11: 8, 12: 8]) == [])
    }

    @Test func `a leaf emptied while a column came is found all the same`() throws {
        let old = root(heap(11), heap(12))
        let new = tables(
            table(
                10, isPartitioned: true, columns: [column(1), column(2), column(3)],
                heaps: [heap(11, file: 1), heap(12)]))
        #expect(try kinds(old, new, empty: [11]) == [.leafEmptied])
        #expect(try kinds(old, new) == [.rewritten])
    }

    // MARK: The publication

    @Test func `a table that joins is news when it may have rows from before`() throws {
        let old = tables(table(), known: [30_000])
        func joined(_ new: TableFingerprint, attached: Set<Int64> = [], empty: Set<Int64> = []) throws
            -> [FingerprintChange.Kind]
        {
            try kinds(old, tables(table(), new), attached: attached, empty: empty)
        }
        #expect(try joined(table(30_000, name: "u", membership: .all)) == [.published])
        #expect(try joined(table(30_000, name: "u", membership: .all), empty: [30_000]) == [])
        #expect(try joined(table(31_000, name: "u", membership: .all)) == [])
        #expect(try joined(table(31_000, name: "u", membership: .schema)) == [])
        #expect(try joined(table(31_000, name: "u", membership: .explicit)) == [.published])
        #expect(try joined(table(31_000, name: "u", membership: .all), attached: [31_000]) == [.published])
        // Made unlogged, filled and logged: the first file of a table has the table's own number.
        #expect(
            try joined(table(31_000, name: "u", membership: .all, heaps: [heap(31_000, file: 7)])) == [.published])
    }

    @Test func `what is published, how it is logged and what it is called is compared`() throws {
        let old = tables(table())
        #expect(try kinds(old, tables(table(filter: "f"))) == [.filter])
        #expect(try kinds(old, tables(table(columnList: "1"))) == [.filter])
        #expect(try kinds(old, tables(table(operations: "i"))) == [.filter])
        #expect(try kinds(old, tables(table(persistence: "u", heaps: [heap(20_000, file: 9)]))) == [.persistence])
        #expect(try kinds(old, tables(table(name: "s"))) == [.renamed])
        #expect(try kinds(old, tables(known: [20_000])) == [.unpublished])
        #expect(try kinds(old, tables()) == [.dropped])
    }

    @Test func `what is only noted is never decided, and mending it means reading its rows`() {
        let noted = FingerprintChange.Kind.allCases.filter { !$0.isDecided }
        #expect(noted == [.columnDefault, .unpublished, .dropped, .renamed])
        #expect(noted.filter(\.isMendedByReading) == [.columnDefault])
    }
}
