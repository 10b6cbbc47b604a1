// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc

/// The built kedge, run as an operator runs it.
final class KedgeProcess {
    private let command: ShellCommand

    /// The program: `KEDGE_BIN`, else the one beside the tests.
    static let path: String = {
        if let path = ProcessInfo.processInfo.environment["KEDGE_BIN"] { return path }
        let candidates = [
            URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent("kedge"),
            URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent().appendingPathComponent(".build/debug/kedge"),
        ].map(\.path)
        return candidates.first { FileManager.default.isExecutableFile(atPath: $0) } ?? "kedge"
    }()

    /// Starts kedge with `arguments`.
    init(_ arguments: [String], environment: [String: String] = [:]) throws {
        command = try ShellCommand([Self.path] + arguments, environment: environment)
    }

    /// Runs kedge to its end.
    static func run(
        _ arguments: [String], environment: [String: String] = [:], deadline: Duration = .seconds(120)
    ) throws -> ShellCommand.Outcome {
        try KedgeProcess(arguments, environment: environment).wait(deadline: deadline)
    }

    /// Runs kedge to its end and fails unless it exits with `status`.
    @discardableResult
    static func expect(
        _ status: Int32, _ arguments: [String], environment: [String: String] = [:], deadline: Duration = .seconds(120)
    ) throws -> ShellCommand.Outcome {
        let outcome = try run(arguments, environment: environment, deadline: deadline)
        guard outcome.status == status else {
            throw TestFailure(
                "kedge \(arguments.joined(separator: " ")): status \(outcome.status), not \(status)\n"
                    + outcome.errors.suffix(4000) + outcome.output.suffix(1000))
        }
        return outcome
    }

    /// Whether it still runs.
    var isRunning: Bool { command.isRunning }
    /// What it has printed to stderr so far.
    var errors: String { command.errors }

    /// Ends it as if the power had gone.
    func killNow() { command.send(SIGKILL) }

    /// Lets it do nothing at all, with its connections open, until ``resume()``.
    func pause() { command.send(SIGSTOP) }

    /// Lets it go on.
    func resume() { command.send(SIGCONT) }

    /// Asks it to stop cleanly.
    func terminate() { command.send(SIGTERM) }

    /// Waits for its end.
    func wait(deadline: Duration = .seconds(120)) throws -> ShellCommand.Outcome {
        try command.wait(deadline: deadline)
    }
}
