// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import Compression
import Digests
import Export
import Faults
import NDJSONFormat
import TestSupport
import Testing

@Suite struct SegmentRecorderTests {
    private let sink = MemorySink()

    @Test func `a segment says what it holds`() throws {
        let recorder = recorder()
        try record([("a", 3)], position: 5, in: recorder)
        try record([("a", 2)], position: 9, operation: .delete, in: recorder)
        let segments = try recorder.takeSegments()
        let segment = try #require(segments.first)
        #expect(segments.count == 1 && segment.rowCount == 5)
        #expect(segment.changes[.create] == 3 && segment.changes[.delete] == 2 && segment.changes.total == 5)
        #expect(segment.first == SequenceKey(epoch: 3, position: Position(rawValue: 5), ordinal: 1))
        #expect(segment.last == SequenceKey(epoch: 3, position: Position(rawValue: 9), ordinal: 2))
        let bytes = try placed(segment)
        #expect(bytes.count == segment.draft.byteCount && Digest(of: bytes) == segment.digest)
        #expect(bytes.filter { $0 == UInt8(ascii: "\n") }.count == 5)
    }

    @Test func `each table has a segment of its own`() throws {
        let recorder = recorder()
        try record([("a", 1), ("b", 2), ("a", 3)], position: 5, in: recorder)
        let segments = try recorder.takeSegments()
        #expect(segments.map(\.schema.table.name) == ["a", "b"])
        #expect(segments.map(\.rowCount) == [4, 2])
        #expect(segments[1].first.ordinal == 2 && segments[0].last.ordinal == 6)
    }

    @Test func `segments are cut at a number of rows`() throws {
        let recorder = recorder(SegmentLimits(rowCount: 4))
        try record([("a", 10)], position: 5, in: recorder)
        let segments = try recorder.takeSegments()
        #expect(segments.map(\.rowCount) == [4, 4, 2])
        #expect(segments.map(\.first.ordinal) == [1, 5, 9] && segments.map(\.last.ordinal) == [4, 8, 10])
    }

    @Test func `segments are cut at a number of bytes, and none is lost`() throws {
        let recorder = recorder(SegmentLimits(byteCount: 64 << 10))
        try record([("a", 40)], position: 5, padding: 16 << 10, in: recorder)
        let segments = try recorder.takeSegments()
        #expect(segments.count > 2 && segments.count < 11)
        #expect(segments.map(\.rowCount).reduce(0, +) == 40)
        for (left, right) in zip(segments, segments.dropFirst()) {
            #expect(left.last.ordinal + 1 == right.first.ordinal)
        }
        for segment in segments { #expect(segment.draft.byteCount < 300 << 10) }
    }

    @Test func `what is recorded is counted until it is taken`() throws {
        let recorder = recorder()
        try record([("a", 20), ("b", 20)], position: 5, padding: 16 << 10, in: recorder)
        #expect(recorder.encodedByteCount > 400 << 10)
        _ = try recorder.takeSegments()
        #expect(recorder.encodedByteCount == 0)
    }

    @Test func `a table with another schema begins another segment`() throws {
        let recorder = recorder()
        try record([("a", 2)], position: 5, in: recorder)
        try record([("a", 1)], position: 6, columns: 2, in: recorder)
        try record([("a", 1)], position: 7, in: recorder)
        let segments = try recorder.takeSegments()
        #expect(segments.map(\.schema.columns.count) == [1, 2, 1])
        #expect(segments.map(\.rowCount) == [2, 1, 1])
    }

    @Test func `an equal schema in another object goes on in the same segment`() throws {
        let recorder = recorder()
        for position in UInt64(1)...3 { try record([("a", 1)], position: position, in: recorder) }
        #expect(try recorder.takeSegments().map(\.rowCount) == [3])
    }

    @Test func `beyond the number of open segments the one used longest ago is finished`() throws {
        let recorder = recorder(SegmentLimits(openCount: 2))
        try record([("a", 1), ("b", 1), ("a", 1), ("c", 1), ("a", 1), ("b", 1)], position: 5, in: recorder)
        #expect(
            try recorder.takeSegments().map { "\($0.schema.table.name)\($0.rowCount)" } == ["b1", "c1", "a3", "b1"])
    }

    @Test func `taking begins anew`() throws {
        let recorder = recorder()
        try record([("a", 1)], position: 5, in: recorder)
        #expect(try recorder.takeSegments().count == 1)
        #expect(try recorder.takeSegments().isEmpty)
        try record([("a", 1)], position: 6, in: recorder)
        #expect(try recorder.takeSegments().map(\.first.position.rawValue) == [6])
    }

    @Test func `nothing of a recorder that forgets is left, open or finished`() throws {
        let recorder = recorder(SegmentLimits(rowCount: 2))
        try record([("a", 5), ("b", 1)], position: 5, in: recorder)
        #expect(sink.draftCount == 4)
        recorder.discard()
        #expect(sink.draftCount == 0 && sink.files.isEmpty)
        #expect(try recorder.takeSegments().isEmpty && recorder.encodedByteCount == 0)
    }

    @Test func `forgetting touches nothing that was handed over`() throws {
        let recorder = recorder()
        try record([("a", 1)], position: 5, in: recorder)
        let segments = try recorder.takeSegments()
        recorder.discard()
        #expect(sink.draftCount == 1)
        #expect(try placed(segments[0]).count == segments[0].draft.byteCount)
    }

    @Test func `a segment whose end fails leaves nothing either`() throws {
        let recorder = recorder()
        try record([("a", 1), ("b", 1)], position: 5, in: recorder)
        sink.change { $0.writesUntilFull = 1 }
        #expect(faultCode { _ = try recorder.takeSegments() } == .diskFull)
        recorder.discard()
        #expect(sink.draftCount == 0)
    }

    @Test(arguments: [Codec.none, .gzip, .zstd])
    func `the same changes have the same digests`(codec: Codec) throws {
        let digests = try (0..<2).map { _ in
            let recorder = recorder(SegmentLimits(rowCount: 700), codec: codec)
            try record([("a", 1000), ("b", 300)], position: 5, padding: 200, in: recorder)
            return try recorder.takeSegments().map(\.digest)
        }
        #expect(digests[0].count == 3 && digests[0] == digests[1])
    }

    @Test func `ordinals are moved by the base`() throws {
        let recorder = recorder()
        try record([("a", 2)], position: 5, ordinalBase: 1 << 40, in: recorder)
        let segment = try recorder.takeSegments()[0]
        #expect(segment.first.ordinal == 1 << 40 + 1 && segment.last.ordinal == 1 << 40 + 2)
        #expect(String(decoding: try placed(segment), as: UTF8.self).contains("/0000010000000001\""))
    }

    @Test func `a segment without a record is a bug`() throws {
        let writer = try SegmentWriter<NDJSONEncoder, MemorySink>(
            schema: .scripted("t"), layout: RecordLayout(epoch: 1), compression: CompressionChoice(codec: .none),
            sink: sink)
        #expect(faultCode { _ = try writer.finish() } == .bug)
        writer.discard()
        #expect(sink.draftCount == 0)
    }

    // MARK: Recording

    private func recorder(
        _ limits: SegmentLimits = SegmentLimits(), codec: Codec = .none
    ) -> SegmentRecorder<NDJSONEncoder, MemorySink> {
        SegmentRecorder(
            layout: RecordLayout(epoch: 3), compression: CompressionChoice(codec: codec), limits: limits, sink: sink)
    }

    /// Records one transaction with runs of changes of tables.
    private func record(
        _ runs: [(table: String, rows: Int)], position: UInt64, operation: Changelog.Operation = .create,
        columns: Int = 1, padding: Int = 0, ordinalBase: UInt64 = 0,
        in recorder: SegmentRecorder<NDJSONEncoder, MemorySink>
    ) throws {
        var batch = ChangeBatch(byteLimit: 1 << 24)
        batch.begin(Transaction(position: Position(rawValue: position)))
        var ordinal: UInt64 = 0
        for run in runs {
            let index = batch.index(of: schema(run.table, columns))
            for _ in 0..<run.rows {
                ordinal += 1
                batch.beginChange(operation, schema: index, ordinal: ordinal)
                for _ in 0..<columns {
                    Array(("value \(ordinal)" + String(repeating: ".", count: padding)).utf8)
                        .withRawSpan { batch.append($0) }
                }
                batch.endChange()
            }
        }
        batch.end()
        for slice in batch.slices { try recorder.record(slice, of: batch, ordinalBase: ordinalBase) }
    }

    private func schema(_ table: String, _ columnCount: Int) -> TableSchema {
        TableSchema(
            table: TableName(namespace: nil, name: table),
            columns: (0..<columnCount).map { TableSchema.Column(name: "c\($0)", type: .text, sourceType: "text") },
            key: [])
    }

    private func placed(_ segment: FinishedSegment) throws -> [UInt8] {
        let path = "x/data/\(segment.draft.token)"
        try sink.place(segment.draft, at: path)
        return try #require(sink.files[path])
    }
}
