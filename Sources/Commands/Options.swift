// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Faults
import FoundationEssentials

/// Options that every command has.
struct OutputOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A YAML file with settings.", valueName: "file"))
    var config: String?
    @Option(help: ArgumentHelp("How results are printed: text or json.", valueName: "format"))
    var output: String?
    @Option(help: ArgumentHelp("How log lines are printed: auto, text or json.", valueName: "format"))
    var logFormat: String?
    @Option(help: ArgumentHelp("The least important log lines that are printed.", valueName: "level"))
    var logLevel: String?
    @Flag(help: "Print nothing but results and errors.")
    var quiet = false

    var flags: [SettingKey: String] {
        present([.output: output, .logFormat: logFormat, .logLevel: logLevel, .quiet: quiet ? "true" : nil])
    }

    /// The settings of a call that was given `flags` besides these.
    func settings(_ flags: [SettingKey: String] = [:]) throws(Fault) -> Settings {
        let environment = ProcessInfo.processInfo.environment
        return try Settings(
            flags: flags.merging(self.flags) { first, _ in first }, environment: environment,
            filePath: config ?? environment["KEDGE_CONFIG"])
    }
}

/// Options that say where changes come from.
struct SourceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A PostgreSQL connection string or URI, whose gaps PG* variables fill; or redis://, rediss:// or unix://.",
            valueName: "uri"))
    var source: String?
    @Option(
        help: ArgumentHelp(
            "Tables to export: schema.table with * and ?, several parted by commas or given again.",
            valueName: "pattern"))
    var tables: [String] = []
    @Option(help: ArgumentHelp("Tables to leave out, in the same form.", valueName: "pattern"))
    var excludeTables: [String] = []
    @Option(
        help: ArgumentHelp(
            "The replication slot; by default kedge_ and the name of the export's folder.", valueName: "name"))
    var slot: String?
    @Option(help: ArgumentHelp("The publication; by default named like the slot.", valueName: "name"))
    var publication: String?
    @Flag(help: "Create neither slot nor publication: both must exist.")
    var noCreate = false
    @Option(
        help: ArgumentHelp(
            "initial: a snapshot, then the stream; none: the stream alone; only: the snapshot alone.", valueName: "mode"
        ))
    var snapshot: String?
    @Option(help: ArgumentHelp("What the names of kedge's own columns begin with.", valueName: "prefix"))
    var columnPrefix: String?
    @Option(help: ArgumentHelp("How long creating the slot may wait for open transactions.", valueName: "time"))
    var slotTimeout: String?

    var flags: [SettingKey: String] {
        present([
            .source: source, .tables: tables.isEmpty ? nil : tables.joined(separator: ","),
            .excludeTables: excludeTables.isEmpty ? nil : excludeTables.joined(separator: ","), .slot: slot,
            .publication: publication, .noCreate: noCreate ? "true" : nil, .snapshot: snapshot,
            .columnPrefix: columnPrefix, .slotTimeout: slotTimeout,
        ])
    }
}

/// Options that say which streams of a Redis-like server are exported, and how.
struct StreamSourceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Of a Redis source: streams reads streams by identifier, replication all keys as a replica.",
            valueName: "mode"))
    var mode: String?
    @Option(
        help: ArgumentHelp(
            "Streams to export: keys with * and ?, several parted by commas or given again.", valueName: "pattern"))
    var streams: [String] = []
    @Option(help: ArgumentHelp("Read through this consumer group, and share its entries.", valueName: "name"))
    var group: String?
    @Option(help: ArgumentHelp("Which consumer of the group this is.", valueName: "name"))
    var consumer: String?
    @Flag(help: "Where sentinels are named: read from a replica that is in step, if there is one.")
    var preferReplica = false

    var flags: [SettingKey: String] {
        present([
            .mode: mode, .streams: streams.isEmpty ? nil : streams.joined(separator: ","), .group: group,
            .consumer: consumer, .preferReplica: preferReplica ? "true" : nil,
        ])
    }
}

/// The export that a command reads or writes.
struct ExportOptions: ParsableArguments {
    @Option(name: .customLong("to"), help: ArgumentHelp("The folder of the export.", valueName: "folder"))
    var folder: String?

    var flags: [SettingKey: String] { present([.to: folder]) }
}

/// Options that say what records are held to.
struct ContractOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A data contract (ODCS 3.1) that tables and records are held to.", valueName: "file"))
    var contract: String?
    @Option(
        help: ArgumentHelp(
            "Records that break the contract: fail ends the run, quarantine puts them aside, tag marks them.",
            valueName: "policy"))
    var onViolation: String?

    var flags: [SettingKey: String] { present([.contract: contract, .onViolation: onViolation]) }
}

/// The pairs that have a value.
func present(_ values: [SettingKey: String?]) -> [SettingKey: String] {
    values.compactMapValues { $0 }
}
