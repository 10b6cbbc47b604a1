// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DurableFiles
import Faults

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
            FaultReport.print(fault, asJSON: wantsJSON(arguments))
            return fault.code.exitStatus
        } catch {
            return parserStatus(error)
        }
    }

    /// Help and versions are what was asked for; the rest is wrong usage.
    private static func parserStatus(_ error: any Error) -> Int32 {
        let isAsked = KedgeCommand.exitCode(for: error) == .success
        let message = KedgeCommand.fullMessage(for: error)
        try? (isAsked ? StandardStream.output : .error).write(message.hasSuffix("\n") ? message : message + "\n")
        return isAsked ? 0 : Fault.Code.usage.exitStatus
    }

    private static func wantsJSON(_ arguments: [String]) -> Bool {
        if let index = arguments.firstIndex(of: "--output"), arguments.indices.contains(index + 1) {
            return arguments[index + 1] == "json"
        }
        return arguments.contains("--output=json")
    }
}

/// Moves data from databases into files that can be proved.
struct KedgeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kedge",
        abstract: "Export a database's snapshot and change stream as files under a hash-chained chain of anchors.",
        version: Version.line,
        subcommands: [
            RunCommand.self, PlanCommand.self, DoctorCommand.self, StatusCommand.self, AnchorsCommand.self,
            VerifyCommand.self, CatCommand.self, InspectCommand.self, SlotCommand.self, ConfigCommand.self,
        ])
}
