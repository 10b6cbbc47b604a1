// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Faults

/// `kedge config`: see `docs/manual/config.md`.
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Show settings.", subcommands: [ShowCommand.self])

    /// `kedge config show`.
    struct ShowCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Every effective setting, and where its value comes from.")

        @OptionGroup var outputs: OutputOptions

        private struct Line: Encodable {
            let setting: String
            let value: String?
            let origin: String
        }

        func run() throws {
            let settings = try outputs.settings()
            let console = try Console(settings)
            for key in SettingKey.allCases {
                let entry = try settings.entry(key)
                let line = Line(
                    setting: key.rawValue, value: entry.map { Redacted.redact($0.value) },
                    origin: entry?.origin.rawValue ?? "unset")
                try console.print("\(line.setting)\t\(line.value ?? "-")\t\(line.origin)", or: line)
            }
        }
    }
}
