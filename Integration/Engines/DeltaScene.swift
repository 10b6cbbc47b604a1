// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// A small database whose export is Delta tables.
final class DeltaScene {
    let scene: FaultScene
    var export: ExportFolder { scene.export }
    /// Keeps the segments that a vacuum takes away.
    private let mirror: URL

    /// Checkpoints come often, and what is below them goes at once.
    static let short = ["--format", "parquet", "--delta-checkpoint-every", "3", "--delta-log-retention", "0s"]
    /// Every commit stays.
    static let long = ["--format", "parquet"]
    private let settings: [String]

    init(_ settings: [String] = short) throws {
        self.settings = settings
        scene = try FaultScene("delta")
        mirror = scene.export.url.deletingLastPathComponent().appendingPathComponent("mirror")
    }

    var orders: DeltaLog { DeltaLog(export: export, table: "public.orders") }
    var items: DeltaLog { DeltaLog(export: export, table: "public.items") }

    func run(_ more: String...) -> [String] { scene.run() + settings + more }

    func follow(_ more: String...) -> [String] { scene.follow() + settings + more }

    /// Catches up with the source.
    func catchUp(_ more: String...) throws { try KedgeProcess.expect(0, run() + more) }

    /// Changes both tables in one transaction.
    func change() throws {
        try scene.sql(
            """
            BEGIN; UPDATE orders SET note = note || '!' WHERE id % 7 = 1;
            INSERT INTO items SELECT coalesce(max(id), 0) + 1, 0.5 FROM items; COMMIT;
            """)
    }

    /// Changes both tables and catches up, so many times.
    func changeAndCatchUp(times: Int = 1) throws {
        for _ in 0..<times {
            try change()
            try catchUp()
        }
    }

    /// Fails unless tables, cuts and chain say the same, and what each commit adds is what its anchor names.
    func expectWhole(at place: SourceLocation = #_sourceLocation) throws {
        let verified = try KedgeProcess.run(["verify", "--to", export.path])
        #expect(verified.status == 0, "\(verified.errors) \(verified.output)", sourceLocation: place)
        #expect(verified.output.contains("Delta tables compared"), sourceLocation: place)
        let anchors = try export.anchors()
        #expect(try export.newestCut().anchor == anchors.count, sourceLocation: place)
        for log in [orders, items] {
            let commits = try log.commits()
            #expect(commits.map(\.anchor) == Array(Set(commits.map(\.anchor))).sorted(), sourceLocation: place)
            for commit in commits {
                let segments = anchors[commit.anchor - 1]["segments"] as? [[String: Any]] ?? []
                let paths = segments.compactMap { $0["path"] as? String }.filter { $0.hasPrefix(log.table + "/") }
                #expect(commit.files == paths.map { String($0.dropFirst(log.table.count + 1)) }, sourceLocation: place)
            }
        }
    }

    /// Compares every record in other engines, value by value, and returns what the comparison prints.
    @discardableResult
    func compare(_ more: String..., at place: SourceLocation = #_sourceLocation) throws -> String {
        try Self.compare(export, mirror: mirror.path, more, at: place)
    }

    static func compare(
        _ export: ExportFolder, mirror: String, _ more: [String] = [], at place: SourceLocation = #_sourceLocation
    ) throws -> String {
        let engines = ["--engines", wantsAll ? "deltalake,duckdb,polars,chdb" : "deltalake,duckdb,polars"]
        let command = try ShellCommand(
            [try python.get(), scripts.appendingPathComponent("delta_check.py").path, export.path, mirror]
                + (more.contains("--engines") ? [] : engines) + more)
        let outcome = try command.wait(deadline: .seconds(600))
        #expect(outcome.status == 0, "\(outcome.errors.suffix(3000))", sourceLocation: place)
        return outcome.output
    }

    /// Whether all engines are asked, and not only those that are quick to set up.
    private static let wantsAll = ProcessInfo.processInfo.environment["KEDGE_TEST_ENGINES"] == "all"

    private static let scripts = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("scripts")

    private static let python = Result {
        try ShellCommand.run(
            [scripts.appendingPathComponent("engines.sh").path, wantsAll ? "all" : "core"], deadline: .seconds(1200)
        ).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
