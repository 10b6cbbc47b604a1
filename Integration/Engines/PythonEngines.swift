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
            environment: ["PYTHONDONTWRITEBYTECODE": "1", "PYSPARK_SUBMIT_ARGS": smallSpark], deadline: deadline)
    }

    /// Tables are small here: parts of them, and the compiling of queries, take longer than running these.
    private static let smallSpark =
        [
            "spark.sql.shuffle.partitions=1", "spark.default.parallelism=1", "spark.sql.adaptive.enabled=false",
            "spark.sql.codegen.wholeStage=false", "spark.sql.codegen.factoryMode=NO_CODEGEN",
            "spark.ui.showConsoleProgress=false", "spark.driver.memory=2g",
        ].map { "--conf \($0) " }.joined() + "pyspark-shell"
}
