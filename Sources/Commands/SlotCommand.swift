// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Changelog
import Faults
import PostgresAdapter

/// `kedge slot`: see `docs/manual/slot.md`.
struct SlotCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slot", abstract: "Look after replication slots at the source.",
        subcommands: [ListCommand.self, DropCommand.self])

    /// What both need.
    struct ServerOptions: ParsableArguments {
        @Option(help: ArgumentHelp("A PostgreSQL connection string or URI.", valueName: "uri"))
        var source: String?

        var flags: [SettingKey: String] { present([.source: source]) }
    }

    /// `kedge slot list`.
    struct ListCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "The pgoutput slots of the database, with what they cost.")

        @OptionGroup var server: ServerOptions
        @OptionGroup var outputs: OutputOptions

        private struct Line: Encodable {
            let name: String
            let active: Bool
            let walStatus: String
            let retainedBytes: Int64
            let safeBytes: Int64?
            let restart: String?
            let confirmed: String?
        }

        func run() throws {
            let settings = try outputs.settings(server.flags)
            let console = try Console(settings)
            let slots = PostgresSlots(try settings.source(), applicationName: "kedge/slot")
            for health in try slots.list() {
                let line = Line(
                    name: health.name, active: health.isActive, walStatus: health.walStatus,
                    retainedBytes: health.retainedByteCount, safeBytes: health.safeWALByteCount,
                    restart: health.restart.map(PositionNotation.lsn.text),
                    confirmed: health.confirmed.map(PositionNotation.lsn.text))
                try console.print(text(line), or: line)
            }
        }

        private func text(_ line: Line) -> String {
            "\(line.name)\t\(line.active ? "active" : "idle")\t\(line.walStatus)\tkeeps \(line.retainedBytes) bytes\t"
                + "confirmed \(line.confirmed ?? "-")"
        }
    }

    /// `kedge slot drop`.
    struct DropCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "drop", abstract: "Drop a slot that nobody reads, so that the server can remove its log.")

        @OptionGroup var server: ServerOptions
        @OptionGroup var outputs: OutputOptions
        @Option(help: ArgumentHelp("The slot.", valueName: "name"))
        var slot: String
        @Option(help: ArgumentHelp("Drop this publication too.", valueName: "name"))
        var withPublication: String?

        func run() throws {
            let settings = try outputs.settings(server.flags)
            let console = try Console(settings)
            let slots = PostgresSlots(try settings.source(), applicationName: "kedge/slot")
            try slots.drop(slot, alsoPublication: withPublication)
            if !console.isQuiet || console.output == .json {
                try console.print("dropped slot \(slot)", or: ["dropped": slot])
            }
        }
    }
}
