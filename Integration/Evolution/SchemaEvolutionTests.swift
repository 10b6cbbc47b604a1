// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension IntegrationSuites {
    /// Every kind of DDL in the middle of a stream, under every policy and in both formats.
    @Suite("Schema evolution", .serialized)
    struct SchemaEvolutionTests {
        /// One export of the same tables.
        private struct Subject {
            let folder: ExportFolder
            let format: [String]
            var isWidened = false

            init(_ format: String...) throws {
                folder = try ExportFolder()
                self.format = ["--format"] + format
                isWidened = format.contains("eager")
            }
        }

        private static func run(_ scene: Scene, _ subject: Subject, _ more: [String] = []) -> [String] {
            [
                "run", "--source", scene.source, "--to", subject.folder.path, "--tables", "public.*", "--until", "now",
                "--min-free", "1MiB", "--on-rewrite", "warn", "--compression", "none",
            ] + subject.format + more
        }

        /// The rows that the source had before and behind what was done to each table.
        private struct Truth {
            var before: [String: [String]] = [:]
            var after: [String: String] = [:]
        }

        /// Makes the tables, begins the exports, and does to each table what is to be done, with a row before and a row
        /// behind it.
        private func prepare(_ scene: Scene, _ subjects: [Subject]) throws -> Truth {
            for kind in SchemaKind.all { try scene.server.sql(kind.creation, in: scene.database) }
            for subject in subjects { try KedgeProcess.expect(0, Self.run(scene, subject)) }
            var truth = Truth()
            for kind in SchemaKind.all {
                let rows = "SELECT row_to_json(t) FROM (SELECT \(kind.shown) FROM \(kind.table)) t"
                let insert = "INSERT INTO \(kind.table) VALUES"
                let printed = try scene.server.sql(
                    """
                    SET extra_float_digits = 3; SET timezone = 'UTC'; SET bytea_output = 'hex';
                    \(insert) (2, \(kind.values(2)));
                    \(rows) ORDER BY id;
                    \(kind.ddl);
                    \(insert) (3, \(kind.after));
                    \(rows) WHERE \(kind.identity) = 3
                    """, in: scene.database
                ).split(separator: "\n").map(String.init).filter { $0.hasPrefix("{") }
                try #require(printed.count == 3, "\(kind.name)")
                truth.before[kind.name] = Array(printed[..<2])
                truth.after[kind.name] = printed[2]
            }
            return truth
        }

        private static func verify(_ subject: Subject) throws {
            try KedgeProcess.expect(0, ["verify", "--to", subject.folder.path])
        }

        /// Checks the notices of all kinds, and returns them.
        private func checkNotices(_ subject: Subject, refused: String) throws {
            let notices = try subject.folder.schemaNotices()
            for kind in SchemaKind.all {
                let told = notices[kind.table] ?? []
                #expect(told.flatMap(\.changes) == kind.changes, "\(kind.name)")
                #expect(told.count == (kind.changes.isEmpty ? 0 : 1), "\(kind.name): \(told)")
                let outcome =
                    subject.format.contains("ndjson") || kind.fits(widened: subject.isWidened) ? "kept" : refused
                #expect(told.allSatisfy { $0.outcome == outcome }, "\(kind.name): \(told)")
            }
        }

        @Test("promise 42: each of more than thirty kinds of DDL mid-stream has the outcome that its policy says")
        func everyKind() throws {
            let scene = try Scene("evolution")
            let lines = try Subject("ndjson")
            let apart = try Subject("parquet")
            let wide = try Subject("parquet", "--widen", "eager")
            let strict = try Subject("parquet")
            let aside = try Subject("parquet")
            let subjects = [lines, apart, wide, strict, aside]
            defer { for subject in subjects { subject.folder.remove() } }
            #expect(SchemaKind.all.count >= 40)
            let truth = try prepare(scene, subjects)

            // Lines: everything goes on under its name.
            try KedgeProcess.expect(0, Self.run(scene, lines))
            for kind in SchemaKind.all {
                let expected = (truth.before[kind.name] ?? []) + [truth.after[kind.name] ?? "?"]
                #expect(try lines.folder.rows(of: kind.table) == expected, "\(kind.name)")
            }
            try checkNotices(lines, refused: "kept")
            try Self.verify(lines)

            // Files of columns: what does not fit goes on in a table of its own.
            for subject in [apart, wide] {
                try KedgeProcess.expect(0, Self.run(scene, subject, ["--on-incompatible", "new-table"]))
                try checkNotices(subject, refused: "new-table")
                try checkMoved(subject, truth)
                try Self.verify(subject)
            }
            try checkCat(apart, truth)

            // Or is set aside.
            try KedgeProcess.expect(0, Self.run(scene, aside, ["--on-incompatible", "quarantine"]))
            try checkNotices(aside, refused: "quarantined")
            try checkQuarantined(aside, truth)
            try Self.verify(aside)

            // Or ends the run, as often as somebody asks, until there is a choice for the table.
            try checkStops(scene, strict)
            try checkNotices(strict, refused: "new-table")
            try checkMoved(strict, truth)
            try Self.verify(strict)
        }

        private func checkMoved(_ subject: Subject, _ truth: Truth) throws {
            for kind in SchemaKind.all {
                let (before, after) = (truth.before[kind.name] ?? [], truth.after[kind.name] ?? "?")
                let fits = kind.fits(widened: subject.isWidened)
                #expect(try subject.folder.rows(of: kind.table) == before + (fits ? [after] : []), "\(kind.name)")
                #expect(try subject.folder.rows(of: "\(kind.table)__v2") == (fits ? [] : [after]), "\(kind.name)")
            }
        }

        private func checkQuarantined(_ subject: Subject, _ truth: Truth) throws {
            for kind in SchemaKind.all {
                let (before, after) = (truth.before[kind.name] ?? [], truth.after[kind.name] ?? "?")
                let fits = kind.fits(widened: false)
                #expect(try subject.folder.rows(of: kind.table) == before + (fits ? [after] : []), "\(kind.name)")
                let rows = try subject.folder.rows(of: "\(kind.table)__quarantine")
                #expect(rows.count == (fits ? 0 : 1), "\(kind.name)")
                guard let row = rows.first else { continue }
                #expect(row.contains(#""rule":"schema.incompatible""#), "\(kind.name): \(row)")
                let record = row.range(of: #""record":"#).map { String(row[$0.upperBound...].dropLast()) }
                #expect(record.map(ExportFolder.row) == after, "\(kind.name): \(row)")
            }
        }

        /// `kedge cat` of a table goes on in its new folder, and shows each folder alone.
        private func checkCat(_ subject: Subject, _ truth: Truth) throws {
            let kind = "int_to_text"
            for (table, rows) in [
                ("public.\(kind)", (truth.before[kind] ?? []) + [truth.after[kind] ?? "?"]),
                ("public.\(kind)__v2", [truth.after[kind] ?? "?"]),
            ] {
                let cat = try KedgeProcess.expect(0, ["cat", "--to", subject.folder.path, "--table", table])
                let found = cat.output.split(separator: "\n").map { ExportFolder.row(String($0)) }
                #expect(found == rows, "\(table)")
            }
            for folder in [kind, "\(kind)__v2"] {
                let log = "\(subject.folder.path)/public.\(folder)/_delta_log/00000000000000000000.json"
                #expect(FileManager.default.fileExists(atPath: log), "each folder is a Delta table of its own")
            }
            let status = try KedgeProcess.expect(0, ["status", "--to", subject.folder.path])
            #expect(status.output.contains("[schema.changed]"))
        }

        /// Each refused table stops two runs, the same way, before anything of it is published; then a choice for it alone
        /// lets the next run go on from exactly there.
        private func checkStops(_ scene: Scene, _ subject: Subject) throws {
            var choices: [String] = []
            for kind in SchemaKind.all where !kind.fits(widened: false) {
                let exceptions = choices.isEmpty ? [] : ["--on-incompatible", choices.joined(separator: ",")]
                let first = try KedgeProcess.expect(65, Self.run(scene, subject, exceptions))
                let anchors = try subject.folder.anchors().count
                #expect(first.errors.contains("[schema.incompatible]"))
                #expect(
                    first.errors.contains("\(kind.table) cannot go on in \(kind.table)"), "\(first.errors.suffix(900))")
                #expect(first.errors.contains("--on-incompatible new-table"))
                if kind.name == "int_to_text" {
                    #expect(first.errors.contains(#"column "a" was pg_catalog.int4 and is pg_catalog.text"#))
                    let again = try KedgeProcess.expect(65, Self.run(scene, subject, exceptions))
                    #expect(again.errors.contains("\(kind.table) cannot go on in \(kind.table)"))
                    #expect(try subject.folder.anchors().count == anchors)
                }
                #expect(
                    try subject.folder.rows(of: kind.table).count == 2, "\(kind.name): what came before is anchored")
                choices.append("\(kind.name)=new-table")
            }
            try KedgeProcess.expect(
                0, Self.run(scene, subject, ["--on-incompatible", choices.joined(separator: ",")]))
        }
    }
}
