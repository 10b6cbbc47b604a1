// SPDX-License-Identifier: Apache-2.0

import Anchors
import ArgumentParser
import Changelog
import Contracts
import DurableFiles
import Faults
import PostgresAdapter
import Verification

/// `kedge contract`: see `docs/manual/contract.md`.
struct ContractCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "contract", abstract: "Draft, check and compare data contracts (ODCS 3.1).",
        subcommands: [InitCommand.self, CheckCommand.self, DiffCommand.self])

    /// Where tables are looked for: at a source, or in an export.
    struct PlaceOptions: ParsableArguments {
        @OptionGroup var export: ExportOptions
        @OptionGroup var source: SourceOptions

        var flags: [SettingKey: String] { source.flags.merging(export.flags) { first, _ in first } }
    }

    /// `kedge contract init`.
    struct InitCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "init", abstract: "Print a contract that promises what a source or an export has now.")

        @OptionGroup var place: PlaceOptions
        @OptionGroup var outputs: OutputOptions
        @Option(
            help: ArgumentHelp(
                "What the contract asks for of records that break it: fail, quarantine or tag.", valueName: "policy"))
        var onViolation: String?
        @Option(help: ArgumentHelp("The contract's identifier; by default the name of the database.", valueName: "id"))
        var id: String?
        @Option(
            help: ArgumentHelp("What is described: changelog, or latest, one row for each key.", valueName: "view"),
            transform: word)
        var of = ContractView.changelog
        @Option(
            help: ArgumentHelp("The compatibility mode that the contract asks for.", valueName: "mode"),
            transform: word)
        var compatibility = CompatibilityMode.standard

        func run() throws {
            let settings = try outputs.settings(
                place.flags.merging(present([.onViolation: onViolation])) { first, _ in first })
            let subject = try ContractSubject(settings)
            let policy =
                try settings.text(.onViolation) == nil ? .fail : settings.choice(.onViolation, ViolationPolicy.self)
            let text = try ContractText(
                id: id ?? subject.name, version: "1.0.0", schemas: subject.schemas, view: of,
                columnPrefix: subject.columnPrefix, compatibility: compatibility, onViolation: policy
            ).text
            try StandardStream.output.write(text)
        }
    }

    /// `kedge contract check`.
    struct CheckCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check", abstract: "Find where a source or an export is not what a contract promises.")

        @OptionGroup var place: PlaceOptions
        @OptionGroup var outputs: OutputOptions
        @Option(help: ArgumentHelp("The data contract (ODCS 3.1).", valueName: "file"))
        var contract: String?
        @Flag(help: "Hold every record of the export to the contract, and not its schemas alone.")
        var records = false

        func run() throws {
            let settings = try outputs.settings(
                place.flags.merging(present([.contract: contract])) { first, _ in first })
            let console = try Console(settings)
            let path = try settings.required(.contract)
            let (contract, _) = try DataContract.read(path)
            let subject = try ContractSubject(settings)
            var findings = contract.findings(in: subject.schemas, columnPrefix: subject.columnPrefix)
            if records { findings += try subject.recordFindings(contract) }
            let report = ContractReport(contract, findings)
            try console.print(report.text, or: report)
            guard report.holds else {
                throw Fault(
                    .contractViolated,
                    "\(subject.name) is not what \(path) promises: \(report.breachCount) findings, see above",
                    hint: "bring the source or the contract back to each other")
            }
        }
    }

    /// `kedge contract diff`.
    struct DiffCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "diff", abstract: "Compare versions of a contract, and find whom the newest disappoints.")

        @OptionGroup var outputs: OutputOptions
        @Argument(
            help: ArgumentHelp("Older versions, the oldest first, and behind them the new one.", valueName: "file"))
        var files: [String]
        @Option(
            help: ArgumentHelp(
                "NONE, BACKWARD, FORWARD or FULL, each also with _TRANSITIVE; by default what the new version says, or BACKWARD_TRANSITIVE.",
                valueName: "mode"), transform: word)
        var compatibility: CompatibilityMode?

        func validate() throws {
            if files.count < 2 { throw ValidationError("kedge contract diff compares two files or more: OLD NEW.") }
        }

        func run() throws {
            let console = try Console(try outputs.settings())
            let new = try DataContract.read(files[files.count - 1]).0
            var report = ContractDiffReport(new, mode: compatibility)
            for file in files.dropLast() {
                let isLast = file == files[files.count - 2]
                report.add(try DataContract.read(file).0, named: file, isLast: isLast)
            }
            try console.print(report.text, or: report)
            guard report.compatible else {
                throw Fault(
                    .contractIncompatible,
                    "\(files[files.count - 1]) breaks \(report.changes.count { $0.breaks }) promises, see above")
            }
        }
    }
}

/// Reads one of a closed set from the command line, whatever the case of its letters.
private func word<T: RawRepresentable & CaseIterable>(_ text: String) throws -> T where T.RawValue == String {
    let known = T.allCases.map(\.rawValue)
    guard let value = T.allCases.first(where: { $0.rawValue.lowercased() == text.lowercased() }) else {
        throw ValidationError("\"\(text)\" is not one of \(known.joined(separator: ", ")).")
    }
    return value
}
