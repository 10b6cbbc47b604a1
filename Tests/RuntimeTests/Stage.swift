// SPDX-License-Identifier: Apache-2.0

import Anchors
import Changelog
import Compression
import Digests
import Export
import Faults
import NDJSONFormat
import Runtime
import Synchronization
import TestSupport
import Testing
import Threads

/// A sink, a chain and all that a pipeline needs to run between a scripted source and them.
struct Stage {
    typealias Parts = PipelineParts<NDJSONEncoder, MemorySink, MemoryAnchorStore>

    let sink: MemorySink
    let chain: MemoryAnchorStore
    let stop = StopSignal()
    let progress = Progress()
    let log = ScriptLog()
    let roomChanges = Ledger<Bool>()
    var policy = AnchorPolicy(transactionCount: 1)
    var limits = PipelineLimits(minimumFreeByteCount: 0)
    var segmentLimits = SegmentLimits()
    var crash = CrashPlan.none
    var source = SourceIdentity.example
    var gate: (any RecordGate)?

    /// A stage with an anchor that begins the history at `start`.
    init(
        _ trouble: SinkTrouble = SinkTrouble(), start: UInt64 = 100, crash: CrashPlan = .none
    ) throws {
        sink = MemorySink(trouble, crash: crash)
        let empty = MemoryAnchorStore()
        _ = try empty.append(.example(kind: .reset, from: Position(rawValue: start), to: Position(rawValue: start)))
        chain = MemoryAnchorStore(reopening: empty, crash: crash)
        self.crash = crash
    }

    /// A stage over a source with lanes, none of which has begun.
    init(clock: Void) throws {
        sink = MemorySink(SinkTrouble(), crash: .none)
        chain = MemoryAnchorStore()
        source = .exampleWithLanes
        let began = Anchor(
            number: 1, kind: .reset, export: Anchor.exampleExport, epoch: 1, source: source, from: .zero, to: .zero,
            transactions: 0, changes: OperationCounts(), segments: [], previous: nil, run: .example)
        _ = try chain.append(began)
    }

    /// The stage as the next run finds it, drafts and segments that no anchor names swept.
    init(after other: Stage) throws {
        sink = MemorySink(reopening: other.sink)
        chain = MemoryAnchorStore(reopening: other.chain)
        let anchored = Set(try chain.all().flatMap(\.segments).map(\.path))
        _ = try sink.sweep { anchored.contains($0) }
        policy = other.policy
        limits = other.limits
        segmentLimits = other.segmentLimits
    }

    var publisher: Publisher<MemorySink, MemoryAnchorStore> {
        let crash = crash
        return Publisher(
            identity: PublisherIdentity(exportID: Anchor.exampleExport, runID: "run", version: "0", source: source),
            sink: sink, chain: chain, archive: { schema throws(Fault) in schema.schemaID },
            observations: { bytes throws(Fault) in "observation \(String(decoding: bytes, as: UTF8.self))" },
            segmentExtension: "ndjson",
            clock: { Timestamp(microseconds: 0) },
            record: { _ throws(Fault) in try crash.reach(.afterCatalogRecord) })
    }

    var parts: Parts {
        let roomChanges = roomChanges
        return PipelineParts(
            encoder: NDJSONEncoder.self, sink: sink, publisher: publisher, layout: RecordLayout(epoch: 1),
            compression: CompressionChoice(codec: .none), segmentLimits: segmentLimits, policy: policy, limits: limits,
            progress: progress, stop: stop, crash: crash, gate: gate, roomChanged: { roomChanges.note($0) })
    }

    /// A source that goes on behind the last anchor.
    func source(
        _ steps: [ScriptStep], onAcknowledge: @escaping @Sendable (Position) -> Void = { _ in }
    ) throws -> ScriptedSource {
        ScriptedSource(steps, after: try last().to, log: log, onAcknowledge: onAcknowledge)
    }

    /// Runs a pipeline over `steps`.
    @discardableResult
    func run(
        _ steps: [ScriptStep], onAcknowledge: @escaping @Sendable (Position) -> Void = { _ in }
    ) throws -> PipelineEnd {
        var source = try source(steps, onAcknowledge: onAcknowledge)
        return try StreamPipeline(parts, after: try #require(try chain.latest())).run(&source)
    }

    func last() throws -> Anchor { try #require(try chain.latest()).anchor }

    /// The anchors behind the first, as `from..to`.
    func ranges() throws -> [String] {
        try chain.all().dropFirst().map { "\($0.from.rawValue)..\($0.to.rawValue)" }
    }

    /// The lines of all anchored segments of one table, in the order of the chain.
    func lines(of table: String = "public.t") throws -> [String] {
        try chain.all().flatMap(\.segments).filter { $0.table == table }.flatMap { segment in
            let bytes = try #require(sink.files[segment.path], "\(segment.path) is anchored and missing")
            #expect(Digest(of: bytes) == segment.sha256 && bytes.count == segment.bytes)
            let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
            #expect(lines.count == segment.rows)
            return lines
        }
    }

    /// What must hold after every run, however it ended.
    func checkChain(sourceLocation: SourceLocation = #_sourceLocation) throws {
        let anchors = try chain.all()
        for (left, right) in zip(anchors, anchors.dropFirst()) {
            #expect(left.to == right.from, "from joins to", sourceLocation: sourceLocation)
            #expect(right.to >= right.from, sourceLocation: sourceLocation)
        }
        for acknowledged in log.acknowledged {
            #expect(
                anchors.contains { $0.to == acknowledged }, "acknowledged is anchored", sourceLocation: sourceLocation)
        }
        #expect(log.acknowledged == log.acknowledged.sorted(), sourceLocation: sourceLocation)
    }
}

extension MemoryAnchorStore {
    func all() throws(Fault) -> [Anchor] {
        var result: [Anchor] = []
        for number in try numbers() {
            if let stored = try anchor(number) { result.append(stored.anchor) }
        }
        return result
    }
}

/// Notes of several threads.
final class Ledger<Note: Sendable>: Sendable {
    private let list = Mutex<[Note]>([])
    var notes: [Note] { list.withLock { $0 } }
    func note(_ note: Note) { list.withLock { $0.append(note) } }
}

/// A door that one thread holds shut for another.
final class Door: Sendable {
    private let isOpen = Atomic(false)
    func open() { isOpen.store(true, ordering: .releasing) }

    /// Waits until somebody opens, or gives up after some time so that a broken test ends.
    func pass() {
        let patience = ContinuousClock.now + .seconds(20)
        while !isOpen.load(ordering: .acquiring), .now < patience { pause(.milliseconds(1)) }
    }
}

/// The code of the fault that `body` throws; nil when it throws none.
func code(_ body: () throws -> Void) -> Fault.Code? { faultCode(body) }
