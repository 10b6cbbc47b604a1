// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DurableFiles
import Faults
import FoundationEssentials

/// The door: parses the command line, runs the command, and turns what it throws into a report and an exit status.
public enum Kedge {
    /// Runs the command that the process was called with; does not return.
    public static func main() -> Never {
        exit(status: status(of: Array(CommandLine.arguments.dropFirst())))
    }

    /// Runs a command and returns the exit status.
    static func status(of arguments: [String]) -> Int32 {
        do {
            var command = try KedgeCommand.parseAsRoot(arguments)
            try command.run()
            return 0
        } catch let fault as Fault {
            return report(fault, arguments)
        } catch {
            return parserStatus(error, arguments)
        }
    }

    private static func report(_ fault: Fault, _ arguments: [String]) -> Int32 {
        FaultReport.print(fault, asJSON: wantsJSON(arguments))
        return fault.code.exitStatus
    }

    /// Help and versions are what was asked for; the rest is wrong usage.
    private static func parserStatus(_ error: any Error, _ arguments: [String]) -> Int32 {
        guard KedgeCommand.exitCode(for: error) == .success else {
            return report(UsageFault.fault(KedgeCommand.message(for: error), of: arguments), arguments)
        }
        let message = KedgeCommand.fullMessage(for: error)
        try? StandardStream.output.write(message.hasSuffix("\n") ? message : message + "\n")
        return 0
    }

    /// Faults are printed as log lines are, as far as the settings can be read.
    private static func wantsJSON(_ arguments: [String]) -> Bool {
        let given = [SettingKey.output, .logFormat].map { ($0, value(of: $0.rawValue, in: arguments)) }
        let flags = present(Dictionary(uniqueKeysWithValues: given))
        let environment = ProcessInfo.processInfo.environment
        let file = value(of: "config", in: arguments) ?? environment["KEDGE_CONFIG"]
        let all = try? Settings(flags: flags, environment: environment, filePath: file)
        let settings = all ?? (try? Settings(flags: flags, environment: [:], filePath: nil))
        return settings.flatMap { try? Console($0) }?.logFormat == .json
    }

    private static func value(of flag: String, in arguments: [String]) -> String? {
        if let joined = arguments.last(where: { $0.hasPrefix("--\(flag)=") }) {
            return String(joined.dropFirst(flag.count + 3))
        }
        guard let index = arguments.lastIndex(of: "--\(flag)") else { return nil }
        return arguments.indices.contains(index + 1) ? arguments[index + 1] : nil
    }
}

/// What the parser of the command line says, as a fault.
enum UsageFault {
    /// `message` is the parser's; a command that was misspelt is put right.
    static func fault(_ message: String, of arguments: [String]) -> Fault {
        let line = message.split(separator: "\n").first.map(String.init) ?? "the command line cannot be understood"
        let stem = line.hasSuffix(".") ? String(line.dropLast()) : line
        let text = stem.prefix(1).lowercased() + stem.dropFirst()
        let commands = KedgeCommand.configuration.subcommands.compactMap { $0.configuration.commandName }
        guard let first = arguments.first, !first.hasPrefix("-"), !commands.contains(first) else {
            let command = arguments.first.flatMap { commands.contains($0) ? " \($0)" : nil } ?? ""
            return Fault(.usage, text, hint: "see `kedge help\(command)`")
        }
        let meant = Spelling.nearest(to: first, among: commands)
        return Fault(
            .usage, "\"\(first)\" is no command",
            hint: meant.map { "did you mean `kedge \($0)`?" } ?? "see `kedge help`")
    }
}

/// Moves data from databases into files that can be proved.
struct KedgeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kedge",
        abstract: "Export a database's snapshot and change stream as files under a hash-chained chain of anchors.",
        version: Version.line,
        subcommands: [
            RunCommand.self, SnapshotCommand.self, PlanCommand.self, DoctorCommand.self, StatusCommand.self,
            AnchorsCommand.self, VerifyCommand.self, CatCommand.self, InspectCommand.self, SQLCommand.self,
            SlotCommand.self, ContractCommand.self, ConfigCommand.self,
        ])
}
