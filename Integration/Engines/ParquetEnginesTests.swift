// SPDX-License-Identifier: Apache-2.0

import Compression
import Export
import Faults
import Foundation
import NDJSONFormat
import ParquetFormat
import TestSupport
import Testing

/// What others read is what counts: every file of the corpus in every engine, value by value.
@Suite("Parquet in other engines")
struct ParquetEnginesTests {
    @Test("pyarrow, DuckDB and Polars read every value of the corpus", .timeLimit(.minutes(15)))
    func everyValue() throws {
        let folder = try TestSupport.TemporaryFolder()
        var files = 0
        for table in CorpusTable.all {
            try folder.write(try table.encoded(NDJSONEncoder.self, RecordLayout(epoch: 3)), to: "\(table.name).ndjson")
            for profile in ColumnarProfile.allCases {
                for codec in PageCodec.allCases where table.rowCount < 1000 || codec == .zstd {
                    let choice = ColumnarChoice(
                        profile: profile, codec: codec, rowGroupByteCount: 1 << 20, bloomFilters: .key, exportID: "e",
                        version: "1.2.3")
                    let layout = RecordLayout(epoch: 3, columnar: choice)
                    try folder.write(
                        try table.encoded(ParquetEncoder.self, layout), to: "\(table.name).\(profile).\(codec).parquet")
                    files += 1
                }
            }
        }
        let report = try Self.compare(folder.path)
        for engine in ["pyarrow", "duckdb", "polars"] { #expect(report.contains("\(engine): \(files) files")) }
    }

    /// Runs the comparison and returns what it prints; throws what it complains of.
    private static func compare(_ folder: String) throws -> String {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("scripts/parquet_engines.sh")
        let output = folder + "/report"
        let process = try ChildProcess(
            [script.path, folder], environment: ProcessInfo.processInfo.environment, input: "/dev/null",
            output: output, errors: folder + "/errors")
        while process.status() == nil { Thread.sleep(forTimeInterval: 0.01) }
        guard process.status() == 0 else {
            throw TestFailure(try String(contentsOfFile: folder + "/errors", encoding: .utf8))
        }
        return try String(contentsOfFile: output, encoding: .utf8)
    }
}
