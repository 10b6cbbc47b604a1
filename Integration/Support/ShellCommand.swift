// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc

/// What went wrong in the machinery of a test, with the words of the program that failed.
struct TestFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// One run of a program, with its output in files, so that no pipe can fill and block it.
final class ShellCommand {
    /// How a program ended and what it printed.
    struct Outcome {
        /// The exit status, or 128 and the number of the signal.
        let status: Int32
        let output: String
        let errors: String
        /// How much memory it had at most.
        let peakByteCount: Int
    }

    private let process: ChildProcess
    private let folder: URL
    private let name: String

    /// Starts `arguments`, the first being the program, found on the path.
    init(_ arguments: [String], input: String? = nil, environment: [String: String] = [:]) throws {
        name = arguments.joined(separator: " ").prefix(200).description
        folder = try TemporaryFolder.make("command")
        let inputFile = folder.appendingPathComponent("input")
        try Data((input ?? "").utf8).write(to: inputFile)
        process = try ChildProcess(
            arguments, environment: Self.inherited.merging(environment) { _, new in new },
            input: inputFile.path, output: folder.appendingPathComponent("output").path,
            errors: folder.appendingPathComponent("errors").path)
    }

    /// What programs find in their environment. The clients of PostgreSQL come first on the path: what Debian has under
    /// their names in the common folder is a script that looks for them, and takes longer than most questions.
    static let inherited: [String: String] = {
        var environment = ProcessInfo.processInfo.environment
        environment["PATH"] = "\(ServerPrograms.standardFolder):\(environment["PATH"] ?? "/usr/bin:/bin")"
        return environment
    }()

    deinit {
        process.send(SIGKILL)
        try? FileManager.default.removeItem(at: folder)
    }

    /// Runs a program to its end and returns what it printed; fails unless it exits 0.
    @discardableResult
    static func run(
        _ arguments: [String], input: String? = nil, environment: [String: String] = [:],
        deadline: Duration = .seconds(120)
    ) throws -> String {
        let command = try ShellCommand(arguments, input: input, environment: environment)
        let outcome = try command.wait(deadline: deadline)
        guard outcome.status == 0 else {
            throw TestFailure("\(command.name): status \(outcome.status)\n\(outcome.errors)")
        }
        return outcome.output
    }

    /// Whether the program still runs.
    var isRunning: Bool { process.status() == nil }
    /// What it has printed to stderr so far.
    var errors: String { text("errors") }
    /// What it has printed to stdout so far.
    var output: String { text("output") }

    /// Sends a signal.
    func send(_ signal: Int32) { process.send(signal) }

    /// Waits for the end; after `deadline` the program is killed and the test fails.
    func wait(deadline: Duration) throws -> Outcome {
        let end = ContinuousClock.now + deadline
        while true {
            if let status = process.status() {
                return Outcome(
                    status: status, output: output, errors: errors, peakByteCount: process.peakByteCount())
            }
            if ContinuousClock.now >= end {
                process.send(SIGKILL)
                throw TestFailure("\(name): still running after \(deadline)\n\(errors)")
            }
            Thread.sleep(forTimeInterval: 0.01)
        }
    }

    private func text(_ name: String) -> String {
        let data = (try? Data(contentsOf: folder.appendingPathComponent(name))) ?? Data()
        return String(decoding: data, as: UTF8.self)
    }
}

/// What programs print.
enum Lines {
    /// The lines of a text, by a library that is compiled with optimization: tests are not, and a generic `split` of a
    /// large text takes them longer than the program takes that has printed it.
    static func of(_ text: String) -> [String] {
        text.components(separatedBy: "\n").filter { !$0.isEmpty }
    }
}

/// Folders that tests work in.
enum TemporaryFolder {
    /// Makes a new folder whose path is short enough for a Unix socket.
    static func make(_ label: String) throws -> URL {
        let name = "kedge-\(label)-" + String(UInt64.random(in: 0...UInt64.max), radix: 36)
        let url = FileManager.default.temporaryDirectory.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        return url
    }
}

/// Waits until `condition` holds; fails after `deadline`.
func waitUntil(_ what: String, deadline: Duration = .seconds(60), _ condition: () throws -> Bool) throws {
    let end = ContinuousClock.now + deadline
    while try !condition() {
        guard ContinuousClock.now < end else { throw TestFailure("waited \(deadline) in vain: \(what)") }
        Thread.sleep(forTimeInterval: 0.05)
    }
}
