// SPDX-License-Identifier: Apache-2.0

public import Anchors
public import Changelog
public import Export
public import Faults
import Synchronization
import Threads

/// Exports a snapshot on several threads and publishes all of it under one anchor.
///
/// The ordinal of a row is the number of its task in the high bits and its place in the task in the low
/// ``SnapshotExport/ordinalBits``, so that it does not depend on which thread read what when.
public final class SnapshotExport<
    Source: SnapshotSource, Encoder: SegmentEncoder & ~Copyable, Target: Sink, Chain: AnchorStore
>: Sendable {
    private let source: Source
    private let parts: PipelineParts<Encoder, Target, Chain>
    private let state: Mutex<State>

    private struct State {
        var nextTask = 0
        var segments: [Int: [FinishedSegment]] = [:]
        var fault: Fault?
    }

    /// Makes an export of what `source` sees.
    public init(_ source: Source, parts: PipelineParts<Encoder, Target, Chain>) {
        self.source = source
        self.parts = parts
        state = Mutex(State())
    }

    /// Reads all tasks on `jobs` threads; returns their segments in task order. Nothing is published yet.
    public func read(jobs: Int) throws(Fault) -> [FinishedSegment] {
        let tasks = source.tasks
        parts.progress.beginSnapshot(estimatedByteCount: tasks.reduce(0) { $0 + $1.estimatedByteCount })
        defer { parts.progress.endSnapshot() }
        let workers = (0..<max(1, min(jobs, tasks.count))).map { _ in
            WorkerThread { [self] in work() }
        }
        for worker in workers { worker.join() }
        let (fault, segments) = state.withLock { ($0.fault, $0.segments) }
        if let fault { throw fault }
        try parts.crash.reach(.afterSnapshotRead)
        return segments.sorted { $0.key < $1.key }.flatMap(\.value)
    }

    private func work() {
        do throws(Fault) {
            let reader = try source.makeReader()
            var batch = ChangeBatch(byteLimit: parts.limits.batchByteCount)
            while let task = nextTask() {
                let segments = try export(task, with: reader, through: &batch)
                state.withLock { $0.segments[task] = segments }
            }
            try reader.close()
        } catch {
            state.withLock { $0.fault = $0.fault ?? error }
        }
    }

    private func nextTask() -> Int? {
        state.withLock { state in
            guard state.fault == nil, state.nextTask < source.tasks.count else { return nil }
            defer { state.nextTask += 1 }
            return state.nextTask
        }
    }

    private func export(
        _ task: Int, with reader: Source.Reader, through batch: inout ChangeBatch
    ) throws(Fault) -> [FinishedSegment] {
        let recorder = SegmentRecorder<Encoder, Target>(
            layout: parts.layout, compression: parts.compression, limits: parts.segmentLimits, sink: parts.sink,
            gate: parts.gate)
        do throws(Fault) {
            try reader.begin(task: task)
            var gate = RoomGate(minimum: parts.limits.minimumFreeByteCount)
            var outcome = SnapshotFill.more
            while outcome == .more {
                if parts.stop.isRequested { throw Fault(.stopped, "the snapshot was stopped before its end") }
                if state.withLock({ $0.fault != nil }) { break }
                while try !gate.isOpen(parts.sink, changed: parts.roomChanged), !parts.stop.isRequested {
                    pause(.milliseconds(200))
                }
                batch.removeAll()
                outcome = try reader.fill(&batch)
                for slice in batch.slices {
                    try recorder.record(slice, of: batch, ordinalBase: UInt64(task) << ordinalBits)
                }
                parts.progress.count(rows: batch.count, bytes: batch.byteCount)
                try parts.crash.reach(.duringSnapshot)
            }
            parts.progress.countSnapshot(estimatedByteCount: source.tasks[task].estimatedByteCount)
            return try recorder.takeSegments()
        } catch {
            recorder.discard()
            throw error.adding("reading \(source.tasks[task].label)")
        }
    }
}

/// How many bits of a snapshot row's ordinal count the rows of one task.
public let ordinalBits: UInt64 = 40
