// SPDX-License-Identifier: Apache-2.0

import Anchors
import Bytes
import Changelog
import Export
import Faults
import Runtime
import TestSupport
import Testing

@Suite struct SnapshotExportTests {
    @Test(arguments: [2, 4, 16])
    func `several readers make the same bytes as one`(jobs: Int) throws {
        let alone = try exported(jobs: 1)
        let together = try exported(jobs: jobs)
        #expect(alone.sink.files.count == 60)
        #expect(alone.sink.files == together.sink.files)
        #expect(try alone.last().segments == together.last().segments)
    }

    @Test func `ordinals go on from task to task in the order of the tasks`() throws {
        let stage = try exported(jobs: 4)
        for table in ["public.t0", "public.t1", "public.t2"] {
            let keys = try stage.lines(of: table).map { String($0.dropFirst(13).prefix(SequenceKey.textLength)) }
            let read = keys.compactMap(SequenceKey.init)
            #expect(read.count == 1000 && read == read.sorted() && Set(read).count == read.count)
            #expect(read.allSatisfy { $0.position.rawValue == 77 && $0.epoch == 1 })
        }
    }

    @Test func `no more readers are made than there are tasks`() throws {
        let source = ScriptedSnapshot(taskCount: 2, rows: 1)
        _ = try SnapshotExport(source, parts: try Stage().parts).read(jobs: 8)
        #expect(source.readers.notes.count == 2 && source.closed.notes.count == 2)
    }

    @Test func `a fault of one reader ends the others and names the piece`() throws {
        let stage = try Stage()
        let source = ScriptedSnapshot(taskCount: 30, rows: 3000, failing: 3)
        let fault = #expect(throws: Fault.self) { try SnapshotExport(source, parts: stage.parts).read(jobs: 4) }
        #expect(fault?.code == .postgresSnapshotRewritten && fault?.context == ["reading piece 3"])
        #expect(source.begun.notes.count < 30)
        #expect(stage.sink.files.isEmpty && stage.progress.snapshotFraction == nil)
    }

    @Test func `a stop ends the reading and publishes nothing`() throws {
        let stage = try Stage()
        stage.stop.request()
        let source = ScriptedSnapshot(taskCount: 3, rows: 10)
        #expect(code { _ = try SnapshotExport(source, parts: stage.parts).read(jobs: 2) } == .stopped)
        #expect(stage.sink.draftCount == 0)
    }

    @Test(arguments: [CrashPoint.duringSnapshot, .afterSnapshotRead, .duringSegment])
    func `a crash while reading sets no anchor`(point: CrashPoint) throws {
        let stage = try Stage(crash: CrashPlan(point: point, effect: .throwFault))
        let source = ScriptedSnapshot(taskCount: 3, rows: 10)
        #expect(code { _ = try SnapshotExport(source, parts: stage.parts).read(jobs: 2) } == .crashPoint)
        #expect(try stage.ranges().isEmpty && stage.sink.files.isEmpty)
    }

    @Test func `nothing to read is nothing to publish`() throws {
        let source = ScriptedSnapshot(taskCount: 0, rows: 0)
        #expect(try SnapshotExport(source, parts: try Stage().parts).read(jobs: 4).isEmpty)
    }

    /// A snapshot of three tables in thirty pieces, exported and published.
    private func exported(jobs: Int) throws -> Stage {
        var stage = try Stage()
        stage.segmentLimits = SegmentLimits(rowCount: 99)
        let source = ScriptedSnapshot(taskCount: 30, rows: 100)
        var publication = Publication(kind: .snapshot, from: source.position, to: source.position)
        publication.segments = try SnapshotExport(source, parts: stage.parts).read(jobs: jobs)
        _ = try stage.publisher.publish(publication, epoch: 1, after: try stage.chain.latest())
        return stage
    }
}

/// A snapshot of three tables whose pieces are made up.
final class ScriptedSnapshot: SnapshotSource {
    let position = Position(rawValue: 77)
    let tasks: [SnapshotTask]
    let rows: Int
    let failing: Int?
    let readers = Ledger<Int>()
    let begun = Ledger<Int>()
    let closed = Ledger<Int>()

    init(taskCount: Int, rows: Int, failing: Int? = nil) {
        tasks = (0..<taskCount).map { index in
            SnapshotTask(
                table: TableSchema.scripted("t\(index * 3 / max(1, taskCount))").table, estimatedByteCount: 10,
                label: "piece \(index)")
        }
        self.rows = rows
        self.failing = failing
    }

    func makeReader() throws(Fault) -> ScriptedSnapshotReader {
        readers.note(0)
        return ScriptedSnapshotReader(self)
    }
}

final class ScriptedSnapshotReader: SnapshotReader {
    private let source: ScriptedSnapshot
    private var task = 0
    private var row = 0
    private var schema = TableSchema.scripted("")

    init(_ source: ScriptedSnapshot) {
        self.source = source
    }

    func begin(task index: Int) throws(Fault) {
        source.begun.note(index)
        task = index
        row = 0
        schema = .scripted(source.tasks[index].table.name)
    }

    func fill(_ batch: inout ChangeBatch) throws(Fault) -> SnapshotFill {
        if task == source.failing { throw Fault(.postgresSnapshotRewritten, "the script fails here") }
        batch.begin(Transaction(position: source.position))
        while row < source.rows {
            guard !batch.isFull else { return .more }
            row += 1
            batch.beginChange(.read, schema: batch.index(of: schema), ordinal: UInt64(row))
            for text in ["\(task * source.rows + row)", "row"] { Array(text.utf8).withRawSpan { batch.append($0) } }
            batch.endChange()
        }
        batch.end()
        return .taskEnded
    }

    func close() throws(Fault) { source.closed.note(0) }
}
