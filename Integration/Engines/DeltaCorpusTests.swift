// SPDX-License-Identifier: Apache-2.0

import Anchors
import Changelog
import DeltaLake
import Digests
import Export
import Foundation
import ParquetFormat
import TestSupport
import Testing

extension IntegrationSuites {
    /// Every type with its edges, as a Delta table.
    @Suite("Delta tables of every type", .serialized)
    struct DeltaCorpusTests {
        @Test("every value of the corpus is read, and asked for by value, in other engines")
        func corpus() throws {
            let export = try ExportFolder()
            defer { export.remove() }
            let folder = Anchors.ExportFolder(export.path)
            try folder.create()
            let chain = DirectoryAnchorStore(exportPath: export.path)
            let publisher = DeltaPublisher(
                folder, exportID: Anchor.exampleExport, version: "1.2.3",
                options: DeltaOptions(checkpointEvery: 2) { Timestamp(microseconds: 1_795_341_610_100_000) })
            var last: StoredAnchor?
            for round in 0..<3 {
                var segments: [SegmentRecord] = []
                for table in CorpusTable.all where !["empty", "long", "wide"].contains(table.name) {
                    segments.append(try segment(of: table, round: round, in: export))
                }
                let stored = try chain.append(.example(after: last, segments: segments))
                try publisher.publish(stored)
                last = stored
            }
            let mirror = export.url.deletingLastPathComponent().appendingPathComponent("mirror").path
            let report = try DeltaScene.compare(export, mirror: mirror)
            #expect(report.contains("of 4 tables at anchor 3"))
        }

        private func segment(of table: CorpusTable, round: Int, in export: ExportFolder) throws -> SegmentRecord {
            let layout = RecordLayout(epoch: UInt16(round + 1), columnar: ColumnarChoice(rowGroupByteCount: 1 << 14))
            let bytes = try table.encoded(ParquetEncoder.self, layout)
            let path = "\(table.schema.table.folderName)/data/\(round).parquet"
            let file = export.url.appendingPathComponent(path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(bytes).write(to: file)
            let key = SequenceKey(epoch: UInt16(round + 1), position: Position(rawValue: 1), ordinal: 1)
            return SegmentRecord(
                table: table.schema.table.description, path: path, rows: table.rowCount, bytes: bytes.count,
                sha256: Digest(of: bytes), schema: SchemaStore.schemaID(of: table.schema), seqMin: key, seqMax: key,
                changes: OperationCounts())
        }
    }
}
