// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The engines that read exports in tests; `Integration/scripts/engines.sh` sets them up.
enum PythonEngines {
    private static let scripts = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("scripts")

    /// Runs `script` of the folder of scripts with all engines at hand, and returns what it prints.
    static func run(_ script: String, _ arguments: [String], deadline: Duration = .seconds(900)) throws -> String {
        let python = try ShellCommand.run(
            [scripts.appendingPathComponent("engines.sh").path, "all"], deadline: .seconds(1200)
        ).trimmingCharacters(in: .whitespacesAndNewlines)
        return try ShellCommand.run(
            [python, scripts.appendingPathComponent(script).path] + arguments,
            environment: ["PYTHONDONTWRITEBYTECODE": "1"], deadline: deadline)
    }
}
