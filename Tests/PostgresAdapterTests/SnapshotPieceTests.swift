// SPDX-License-Identifier: Apache-2.0

import Changelog
import Testing

@testable import PostgresAdapter

@Suite struct SnapshotPieceTests {
    @Test(arguments: [0, 1, 8192])
    func `a small heap is one piece without bounds`(pageCount: Int) {
        let pieces = pieces(pageCount)
        #expect(pieces.count == 1 && pieces[0].pages == nil && pieces[0].isLast)
    }

    @Test(arguments: [8193, 16_384, 16_385, 100_001, 8192 * 4096 + 1, 4_294_967_294])
    func `pieces of a large heap meet, and the last one is open`(pageCount: Int) throws {
        let pieces = pieces(pageCount)
        let ranges = pieces.compactMap(\.pages)
        #expect(pieces.count > 1 && pieces.count <= 4096 && ranges.count == pieces.count)
        #expect(ranges.first?.lowerBound == 0 && ranges.last?.upperBound == pageCount)
        for (left, right) in zip(ranges, ranges.dropFirst()) { #expect(left.upperBound == right.lowerBound) }
        #expect(ranges.allSatisfy { !$0.isEmpty })
        #expect(pieces.map(\.isLast) == pieces.indices.map { $0 == pieces.count - 1 })
    }

    @Test func `before version 14, and of what has no pages of its own, nothing is split`() {
        #expect(pieces(100_000, version: 139_999).count == 1)
        #expect(pieces(100_000, version: 140_000).count > 1)
        #expect(pieces(100_000, kind: .foreign).count == 1 && pieces(100_000, kind: .partitioned).count == 1)
        #expect(pieces(100_000, kind: .materializedView).count > 1)
    }

    @Test func `a piece without bounds reads the whole heap`() {
        #expect(statement(nil) == #"copy (select "id", "a ""b""" from only "s"."leaf") to stdout"#)
    }

    @Test func `a piece reads its pages, and the last one all that follow`() {
        #expect(
            statement(10..<20)
                == #"copy (select "id", "a ""b""" from only "s"."leaf" where ctid >= '(10,0)'::pg_catalog.tid and ctid < '(20,0)'::pg_catalog.tid) to stdout"#
        )
        #expect(
            statement(20..<30, isLast: true)
                == #"copy (select "id", "a ""b""" from only "s"."leaf" where ctid >= '(20,0)'::pg_catalog.tid) to stdout"#
        )
    }

    @Test func `a row filter holds for each piece, whatever is in it`() {
        #expect(
            statement(0..<9, filter: "a or b")
                == #"copy (select "id", "a ""b""" from only "s"."leaf" where (a or b) and ctid >= '(0,0)'::pg_catalog.tid and ctid < '(9,0)'::pg_catalog.tid) to stdout"#
        )
        #expect(statement(nil, filter: "a or b").hasSuffix(#" where (a or b)) to stdout"#))
    }

    @Test func `only published columns are read, and generated ones only when they are published`() {
        #expect(statement(nil, published: ["sum"]) == #"copy (select "sum" from only "s"."leaf") to stdout"#)
        // Servers before 18 list a generated column and never send it.
        #expect(
            statement(nil, published: ["id", "sum"], canPublishGenerated: false)
                == #"copy (select "id" from only "s"."leaf") to stdout"#)
        #expect(statement(nil, published: []) == #"copy (select  from only "s"."leaf") to stdout"#)
    }

    private func pieces(
        _ pageCount: Int, kind: TableDescription.Kind = .table, version: Int = 150_000
    ) -> [PostgresSnapshot.Piece] {
        PostgresSnapshot.pieces(of: heap(pageCount, kind), table: 0, version)
    }

    private func heap(_ pageCount: Int, _ kind: TableDescription.Kind = .table) -> TableDescription.Heap {
        TableDescription.Heap(
            oid: 5, name: TableName(namespace: "s", name: "leaf"), kind: kind, fileNode: 6, pageCount: pageCount)
    }

    private func statement(
        _ pages: Range<Int>?, isLast: Bool = false, filter: String? = nil, published: Set<String>? = nil,
        canPublishGenerated: Bool = true
    ) -> String {
        var table = TableDescription(
            oid: 4, name: TableName(namespace: "s", name: "root"), kind: .partitioned, identity: .primaryKey,
            isLogged: true, hidesRows: false, isExtensionOwned: false, ancestors: [])
        table.columns = [("id", false), ("sum", true), ("a \"b\"", false)].map {
            TableDescription.Column(name: $0.0, typeOID: 25, typeModifier: -1, isGenerated: $0.1)
        }
        table.rowFilter = filter
        table.publishedColumns = published
        table.canPublishGenerated = canPublishGenerated
        let piece = PostgresSnapshot.Piece(table: 0, heap: heap(1), pages: pages, isLast: isLast)
        return PostgresSnapshot.copyStatement(piece, of: table)
    }
}
