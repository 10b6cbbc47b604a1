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
        #expect(text.hasPrefix(engine == .postgres ? "DROP VIEW IF EXISTS \"v\";\nCREATE VIEW" : "CREATE OR REPLACE "))
        #expect(text.hasSuffix(";"))
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
                == #"""
                DROP VIEW IF EXISTS "v";
                CREATE VIEW "v" AS
                SELECT * FROM (
                    SELECT fields.* FROM kedge."public.or""ders" AS records CROSS JOIN LATERAL json_to_record(
                      CASE WHEN records.record::text ~ '\\u(0000|[dD][89a-fA-F])' THEN regexp_replace(records.record::text,
                        '(?<!\\)((?:\\\\)*)\\u(?:0000|[dD][89abAB]..(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB]..\\u)[dD][c-fC-F]..)',
                        '\1\\ufffd', 'g')::json ELSE records.record END
                    ) AS fields("_cdc_seq" text COLLATE "C", "_cdc_op" text, "_cdc_xid" bigint, "_cdc_commit_ts" timestamptz, "_cdc_unset" text[], "_cdc_old" json, "_cdc_violations" text[], "id" bigint, "no'te `""\" text)
                    WHERE (split_part(records.record::text, '"', 4) COLLATE "C") <= '0001/00000000016b9a10/ffffffffffffffff'
                  ) AS source;
                """#)
    }

    @Test("PostgreSQL has a type for every value of its own, and a document for what is no array")
    func loadedTypes() throws {
        let types: [(type: ColumnType, name: String)] = [
            (.decimal(precision: nil, scale: nil), "numeric"), (.decimal(precision: 60, scale: 9), "numeric(60,9)"),
            (.decimal(precision: 3, scale: -2), "numeric"), (.decimal(precision: 3, scale: 5), "numeric"),
            (.float(bits: 64), "double precision"), (.timeWithZone, "timetz"), (.interval, "interval"),
            (.list(.timestampWithZone), "timestamptz[]"), (.list(.list(.integer(bits: 16))), "json"),
            (.list(.json), "json"), (.map, "json"), (.bytes, "text"), (.enumeration, "text"),
        ]
        let columns = types.enumerated().map {
            TableSchema.Column(name: "v\($0)", type: $1.type, sourceType: "t", attributeNumber: $0)
        }
        for profile in ColumnarProfile.allCases {
            let table = ChangelogTable(
                schema: TableSchema(table: TableName(namespace: "p", name: "t"), columns: columns, key: []),
                columnPrefix: "_cdc_", profile: profile, location: "/e", relation: .named("t"))
            let text = CutStatements(.postgres).text(of: table, view: "v")
            let names = types.enumerated().map { "\"v\($0)\" \($1.name)" }.joined(separator: ", ")
            #expect(text.contains(", \(names))"))
        }
    }

    @Test("PostgreSQL reads lines by the schema they had, where one does not read all of them")
    func loadedStretches() throws {
        func schema(_ type: ColumnType) -> TableSchema {
            TableSchema(
                table: TableName(namespace: "public", name: "t"),
                columns: [
                    TableSchema.Column(name: "id", type: .integer(bits: 32), sourceType: "integer", attributeNumber: 1),
                    TableSchema.Column(name: "r", type: type, sourceType: "r", attributeNumber: 2),
                ], key: ["id"])
        }
        let newer = schema(.float(bits: 64))
        var table = ChangelogTable(
            schema: newer, columnPrefix: "_cdc_", profile: .portable, location: "/e", relation: .named("lines"))
        table.since = "0002/"
        table.stretches = [
            ChangelogTable.Stretch(schema: schema(.float(bits: 32)), last: "0002/x"),
            ChangelogTable.Stretch(schema: newer, last: "0002/y"),
        ]
        let text = try LatestStatement(.postgres, table, view: "v").text
        #expect(text.contains(#""r" real)"#) && text.contains(#""r" double precision)"#))
        #expect(text.contains(#"CAST(source."r" AS double precision) AS c2"#))
        #expect(text.ranges(of: ">= '0002/'").count == 2, "what does not count is read by neither")
        #expect(text.contains("<= '0002/x'") && text.contains("> '0002/x'") && !text.contains("0002/y"))
        table.stretches.removeFirst()
        #expect(try !LatestStatement(.postgres, table, view: "v").text.contains("0002/x"))
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
