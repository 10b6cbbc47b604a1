// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Changelog
import Contracts
import Faults
import PostgresAdapter

/// `kedge plan`: see `docs/manual/plan.md`.
struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Show what a run would export and create; change nothing.")

    @OptionGroup var export: ExportOptions
    @OptionGroup var source: SourceOptions
    @OptionGroup var streams: StreamSourceOptions
    @OptionGroup var contract: ContractOptions
    @OptionGroup var format: FormatOptions
    @OptionGroup var outputs: OutputOptions

    private struct Report: Encodable {
        struct Table: Encodable {
            struct Column: Encodable {
                let name: String
                let type: String
                let source: String
            }

            let name: String
            let columns: [Column]
            let key: [String]
            let identity: String
            let heaps: Int
            let bytes: Int
            let rowFilter: String?
        }

        let server: String
        let database: String
        let slot: [String: String]
        let publication: [String: String]
        let tables: [Table]
        let warnings: [String]
        let contract: ContractReport?
    }

    func run() throws {
        let settings = try outputs.settings(
            source.flags.merging(export.flags) { first, _ in first }.merging(streams.flags) { first, _ in first }
                .merging(contract.flags) { first, _ in first }.merging(format.flags) { first, _ in first })
        let console = try Console(settings)
        let kind = try settings.sourceKind()
        try settings.refuseForeign(to: kind)
        guard kind == .postgres else {
            let mode = try settings.redisMode()
            guard mode == .streams else {
                let report = try KeyspacePlanReport(settings, mode)
                return try console.print(report.text, or: report)
            }
            let report = try StreamPlanReport(RedisRequest(settings))
            return try console.print(report.text, or: report)
        }
        let request = try SourceRequest(settings)
        let plan = try PostgresPlan.read(request.options(), mode: request.mode)
        if let fit = try RunSettings.deltaFit(settings) {
            for table in plan.tables { try fit(plan.schema(of: table)) }
        }
        let promised = try ContractChoice(settings).map { (choice) throws(Fault) in try RunContract(choice).contract }
        let kept = try promised.map { (promised) throws(Fault) in
            ContractReport(
                promised,
                promised.findings(
                    in: plan.tables.map { plan.schema(of: $0) }, columnPrefix: try settings.required(.columnPrefix)))
        }
        let report = report(plan, request, kept)
        try console.print(text(report), or: report)
    }

    private func report(_ plan: PostgresPlan, _ request: SourceRequest, _ contract: ContractReport?) -> Report {
        Report(
            server: plan.facts.version, database: plan.facts.database,
            slot: ["name": request.slot, "state": plan.slot.rawValue],
            publication: ["name": request.publication, "state": plan.publication.rawValue],
            tables: plan.tables.map { table in
                Report.Table(
                    name: table.name.description,
                    columns: plan.schema(of: table).columns.map {
                        Report.Table.Column(name: $0.name, type: $0.type.description, source: $0.sourceType)
                    },
                    key: table.key, identity: String(describing: table.identity), heaps: table.heaps.count,
                    bytes: table.heaps.reduce(0) { $0 + $1.pageCount * 8192 }, rowFilter: table.rowFilter)
            },
            warnings: plan.warnings, contract: contract)
    }

    private func text(_ report: Report) -> String {
        var lines = ["server       PostgreSQL \(report.server), database \(report.database)"]
        lines.append("slot         \(report.slot["name"] ?? "") (\(report.slot["state"] ?? ""))")
        lines.append("publication  \(report.publication["name"] ?? "") (\(report.publication["state"] ?? ""))")
        for table in report.tables {
            let key = table.key.isEmpty ? "no key" : "key \(table.key.joined(separator: ", "))"
            lines.append("table        \(table.name)  \(key), \(table.bytes) bytes")
            for column in table.columns {
                lines.append("               \(column.name)  \(column.source) as \(column.type)")
            }
            if let filter = table.rowFilter { lines.append("               where \(filter)") }
        }
        for warning in report.warnings { lines.append("warning      \(warning)") }
        if let contract = report.contract {
            lines += contract.text.split(separator: "\n").map { "contract     \($0)" }
        }
        return lines.joined(separator: "\n")
    }
}

/// What `plan` and `doctor` need of the settings.
struct SourceRequest {
    let source: Redacted
    let slot: String
    let publication: String
    let mode: ExportMode
    private let selection: TableSelection
    private let creation: PostgresOptions.Creation
    private let columnPrefix: String

    init(_ settings: Settings) throws(Fault) {
        source = try settings.source()
        let derived = PostgresRunSettings.defaultSlot(try settings.text(.to) ?? "")
        slot = try settings.text(.slot) ?? derived
        publication = try settings.text(.publication) ?? slot
        mode = try settings.choice(.snapshot, ExportMode.self)
        selection = try settings.selection()
        creation = try settings.flag(.noCreate) ? .forbidden : .allowed
        columnPrefix = try settings.required(.columnPrefix)
    }

    /// Options that are good for looking, not for running: nothing is spooled.
    func options() -> PostgresOptions {
        var options = PostgresOptions(
            source: source, applicationName: "kedge", selection: selection, slot: slot, publication: publication,
            spoolFolder: "", intentPath: ""
        ) { _ in }
        options.creation = creation
        options.columnPrefix = columnPrefix
        return options
    }
}
