// SPDX-License-Identifier: Apache-2.0

import Changelog
import EngineSQL
import Export
import Faults
import Testing

/// A table with a key, a text and an awkward name.
private func orders(_ engine: Engine, key: [String] = ["id"], relation: ChangelogTable.Relation? = nil)
    -> ChangelogTable
{
    let schema = TableSchema(
        table: TableName(namespace: "public", name: "or\"ders"),
        columns: [
            TableSchema.Column(name: "id", type: .integer(bits: 64), sourceType: "bigint"),
            TableSchema.Column(name: "no'te `\"\\", type: .text, sourceType: "text"),
        ], key: key)
    return ChangelogTable(
        schema: schema, columnPrefix: "_cdc_", profile: .portable, location: "/data/e",
        relation: relation ?? .named(engine.loaded(schema.table)))
}

@Suite("The statement of a table's latest state")
struct LatestStatementTests {
    @Test("every engine quotes names and texts as it reads them", arguments: Engine.allCases)
    func quoting(engine: Engine) throws {
        let text = try LatestStatement(engine, orders(engine), view: "v").text
        let name =
            switch engine {
            case .duckdb, .trino, .postgres: "\"no'te `\"\"\\\""
            case .spark: "`no'te ``\"\\`"
            case .clickhouse: "`no'te \\`\"\\\\`"
            }
        #expect(text.contains("AS \(name)"))
        let literal =
            switch engine {
            case .duckdb, .trino, .postgres: "'no''te `\"\\'"
            case .spark, .clickhouse: "'no\\'te `\"\\\\'"
            }
        #expect(text.contains(literal), "the name of the column in _cdc_unset")
        #expect(text.hasPrefix("CREATE OR REPLACE ") && text.hasSuffix(";"))
    }

    @Test("a table whose rows nothing tells apart is refused", arguments: Engine.allCases)
    func noKey(engine: Engine) {
        let fault = #expect(throws: Fault.self) { try LatestStatement(engine, orders(engine, key: []), view: "v") }
        #expect(fault?.code == .usage)
        #expect(fault?.message.contains("has no key") == true)
    }

    @Test("what cannot be lacking needs no recursion")
    func simpleForm() throws {
        let schema = TableSchema(
            table: TableName(namespace: "public", name: "n"),
            columns: [
                TableSchema.Column(name: "id", type: .uuid, sourceType: "uuid"),
                TableSchema.Column(name: "n", type: .decimal(precision: 12, scale: 2), sourceType: "numeric(12,2)"),
            ], key: ["id"])
        let table = ChangelogTable(
            schema: schema, columnPrefix: "_cdc_", profile: .portable, location: "/e", relation: .named("t"))
        let text = try LatestStatement(.trino, table, view: "v").text
        #expect(!text.contains("RECURSIVE"))
        #expect(
            text.contains(
                "json_extract_scalar(element_at(CAST(json_parse(source.\"_cdc_old\") AS MAP(VARCHAR, JSON)), 'id'), '$')"
            ))
    }

    @Test("Trino, which wants columns of recursive queries named, is told one recursive query and its columns")
    func trinoRecursion() throws {
        let text = try LatestStatement(.trino, orders(.trino, relation: .named("t")), view: "v").text
        #expect(text.contains("AS\nWITH changelog AS ("))
        #expect(text.contains("firsts AS (\n  WITH RECURSIVE roots (child, root) AS (\n"))
        #expect(text.contains("FROM lives LEFT JOIN firsts AS roots ON"))
        #expect(text.split(separator: "RECURSIVE").count == 2)
    }

    @Test("a renamed column goes on under its new name, and one that took its name begins empty")
    func renames() throws {
        func schema(_ columns: [(number: Int, name: String)]) -> TableSchema {
            TableSchema(
                table: TableName(namespace: "public", name: "t"),
                columns: columns.map {
                    TableSchema.Column(
                        name: $0.name, type: .integer(bits: 32), sourceType: "integer", attributeNumber: $0.number)
                }, key: ["id"])
        }
        let older = schema([(1, "id"), (2, "a"), (3, "b")])
        let newer = schema([(1, "id"), (2, "c"), (4, "b")])
        var table = ChangelogTable(
            schema: newer, columnPrefix: "_cdc_", profile: .portable, location: "/e",
            relation: .delta(path: "public.t", version: nil))
        table.stretches = [
            ChangelogTable.Stretch(schema: older, last: "0001/x"),
            ChangelogTable.Stretch(schema: newer, last: "0001/y"),
        ]
        let text = try LatestStatement(.duckdb, table, view: "v").text
        #expect(text.contains(#"source."a" AS c2"#) && text.contains(#"source."c" AS c2"#))
        #expect(text.contains("CAST(NULL AS INTEGER) AS c3") && text.contains(#"source."b" AS c3"#))
        #expect(text.contains(#"records."_cdc_seq" <= '0001/x'"#) && text.contains(#"records."_cdc_seq" > '0001/x'"#))
        // Where every column is called the same, nothing is taken apart.
        table.stretches = [
            ChangelogTable.Stretch(schema: schema([(1, "id"), (4, "b")]), last: "0001/x"),
            ChangelogTable.Stretch(schema: newer, last: "0001/y"),
        ]
        #expect(try !LatestStatement(.duckdb, table, view: "v").text.contains("records"))
    }

    @Test("Trino reads its Delta table as of a version, PostgreSQL what was loaded, up to a key")
    func relations() throws {
        var table = orders(.trino, relation: .delta(path: "public.or%22ders", version: 17))
        #expect(
            CutStatements(.trino).text(of: table, view: "v")
                == "CREATE OR REPLACE VIEW \"v\" AS\nSELECT * FROM delta.kedge.\"public.or%22ders\" "
                + "FOR VERSION AS OF 17 AS source;")
        table = orders(.postgres)
        table.upTo = "0001/00000000016b9a10/ffffffffffffffff"
        #expect(
            CutStatements(.postgres).text(of: table, view: "v")
                == "CREATE OR REPLACE VIEW \"v\" AS\nSELECT * FROM kedge.\"public.or\"\"ders\" "
                + "AS source WHERE source.\"_cdc_seq\" <= '0001/00000000016b9a10/ffffffffffffffff';")
    }

    @Test("files stand by their names, and what engines take for patterns is written so that it is none")
    func files() {
        let schema = orders(.duckdb).schema
        let paths = ["p.o/data/a.parquet", "p.o/data/b.parquet"]
        func text(_ engine: Engine) -> String {
            let table = ChangelogTable(
                schema: schema, columnPrefix: "_cdc_", profile: .portable, location: "/we[i]rd {x}",
                relation: .files([ChangelogTable.Files(schema: schema, paths: paths)]))
            return CutStatements(engine).text(of: table, view: "v")
        }
        #expect(text(.duckdb).contains("'/we[[]i]rd {x}/p.o/data/a.parquet'"))
        #expect(text(.spark).contains("parquet.`/we\\[i\\]rd \\{x\\}/p.o/data/{a.parquet,b.parquet}`"))
        #expect(text(.clickhouse).contains("/p.o/data/{a.parquet,b.parquet}', 'Parquet')"))
    }

    @Test("records that a newer snapshot replaced, or a fork made void, do not count")
    func bounds() throws {
        var table = orders(.duckdb)
        table.since = "0003/"
        table.voids = [ChangelogTable.Void(after: "0003/0000000000000010/ffffffffffffffff", before: "0004")]
        let text = try LatestStatement(.duckdb, table, view: "v").text
        #expect(
            text.contains(
                "WHERE source.\"_cdc_seq\" >= '0003/' AND NOT (source.\"_cdc_seq\" > '0003/0000000000000010/ffffffffffffffff'"
            ))
    }
}
