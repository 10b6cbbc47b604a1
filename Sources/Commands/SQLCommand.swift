// SPDX-License-Identifier: Apache-2.0

import Anchors
import ArgumentParser
import Changelog
import EngineSQL
import Faults
import Logging

/// `kedge sql`: see `docs/manual/sql.md`.
struct SQLCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sql", abstract: "Print statements with which engines read an export.",
        subcommands: [LatestCommand.self, CutCommand.self])

    /// `kedge sql latest`.
    struct LatestCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "latest", abstract: "A view of a table's rows as they are after all of its records.")

        @OptionGroup var export: ExportOptions
        @OptionGroup var reading: EngineOptions
        @OptionGroup var outputs: OutputOptions
        @Option(
            help: ArgumentHelp(
                "The table, as anchors name it: public.orders; all that have a key unless one is given.",
                valueName: "table"))
        var table: String?
        @Option(help: ArgumentHelp("As of this anchor; the newest unless one is given.", valueName: "number"))
        var anchor: Int?
        @Option(help: ArgumentHelp("What the view is called.", valueName: "name"))
        var view: String?
        @Option(
            help: ArgumentHelp(
                "What the engine calls the table of records, as SQL; where it does not read the export itself.",
                valueName: "sql"))
        var relation: String?

        func validate() throws {
            if table == nil, view != nil || relation != nil {
                throw ValidationError("--view and --relation are of one table: give --table, too.")
            }
        }

        func run() throws {
            let settings = try outputs.settings(export.flags)
            let console = try Console(settings)
            let choice = try reading.choice()
            let tables = try ExportTables(try settings.required(.to), choice, upTo: anchor)
            for name in table.map({ [$0] }) ?? tables.names {
                let found = try tables.table(name, relation: relation)
                if table == nil, found.schema.key.isEmpty {
                    console.log.notice("\(name) has no key, so it has no latest state")
                    continue
                }
                let view = view ?? ExportTables.viewName(found.schema.table) + "_latest"
                let statement = try LatestStatement(choice.engine, found, view: view).text
                try console.print(statement, or: StatementLine(table: name, view: view, statement: statement))
            }
        }
    }

    /// `kedge sql cut`.
    struct CutCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "cut", abstract: "Views of the records of all tables, up to one anchor and no further.")

        @OptionGroup var export: ExportOptions
        @OptionGroup var reading: EngineOptions
        @OptionGroup var outputs: OutputOptions
        @Option(help: ArgumentHelp("The anchor.", valueName: "number"))
        var anchor: Int

        func run() throws {
            let settings = try outputs.settings(export.flags)
            let console = try Console(settings)
            let choice = try reading.choice()
            let tables = try ExportTables(try settings.required(.to), choice, upTo: anchor)
            for name in tables.names {
                let table = try tables.table(name, relation: nil)
                let view = ExportTables.viewName(table.schema.table) + "_changes"
                let statement = CutStatements(choice.engine).text(of: table, view: view)
                try console.print(statement, or: StatementLine(table: name, view: view, statement: statement))
            }
        }
    }

    /// What is printed as JSON.
    private struct StatementLine: Encodable {
        let table: String
        let view: String
        let statement: String
    }
}

/// Which engine reads, and how it reaches the export.
struct EngineOptions: ParsableArguments {
    @Option(help: ArgumentHelp("duckdb, spark, trino, clickhouse or postgres.", valueName: "engine"))
    var engine = Engine.duckdb.rawValue
    @Option(
        help: ArgumentHelp(
            "delta, the table's Delta table; files, the files that anchors name; auto, what the engine does best.",
            valueName: "reader"))
    var reader = TableReader.auto.rawValue
    @Option(
        help: ArgumentHelp(
            "Where the engine finds the export, when not under the path of --to: an address such as s3a://bucket/export.",
            valueName: "place"))
    var location: String?

    /// The choice that was made.
    func choice() throws(Fault) -> EngineChoice {
        EngineChoice(
            engine: try Self.one("engine", engine), reader: try Self.one("reader", reader), location: location)
    }

    private static func one<T: RawRepresentable & CaseIterable>(_ flag: String, _ text: String) throws(Fault) -> T
    where T.RawValue == String {
        if let value = T(rawValue: text) { return value }
        let known = T.allCases.map(\.rawValue)
        throw Fault(
            .usage, "--\(flag): \"\(text)\" is not one of \(known.joined(separator: ", "))",
            hint: Spelling.nearest(to: text, among: known, within: 2).map { "did you mean \($0)?" })
    }
}

/// The same, read and checked.
struct EngineChoice {
    let engine: Engine
    let reader: TableReader
    let location: String?
}
