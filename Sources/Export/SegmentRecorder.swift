// SPDX-License-Identifier: Apache-2.0

public import Changelog
public import Faults

/// When a segment is full.
public struct SegmentLimits: Hashable, Sendable {
    /// How many bytes of records, before compression.
    public let byteCount: Int
    /// How many records.
    public let rowCount: Int
    /// How many segments may be open at once; beyond it the one used longest ago is finished.
    public let openCount: Int
    /// How many bytes all open segments together may hold back in memory, where the format holds bytes back.
    public let heldByteCount: Int

    /// Makes limits.
    public init(
        byteCount: Int = 128 << 20, rowCount: Int = 10_000_000, openCount: Int = 24, heldByteCount: Int = 64 << 20
    ) {
        self.byteCount = byteCount
        self.rowCount = rowCount
        self.openCount = openCount
        self.heldByteCount = heldByteCount
    }
}

/// What changes of one slice have in common.
struct RecordPlace {
    let transaction: Transaction
    let lane: Lane?
    let ordinalBase: UInt64
}

/// Sorts changes into segments, one open segment a table, and keeps the finished ones until an anchor takes them.
public final class SegmentRecorder<Encoder: SegmentEncoder & ~Copyable, Target: Sink> {
    private final class Open {
        let schema: TableSchema
        let lane: Lane?
        let writer: SegmentWriter<Encoder, Target>
        var lastUse: UInt64

        init(_ schema: TableSchema, _ lane: Lane?, _ writer: SegmentWriter<Encoder, Target>, lastUse: UInt64) {
            self.schema = schema
            self.lane = lane
            self.writer = writer
            self.lastUse = lastUse
        }
    }

    let layout: RecordLayout
    private let compression: CompressionChoice
    private let limits: SegmentLimits
    private let sink: Target
    /// Where the gate sends changes; nil without a gate.
    var routes: GateRoutes?
    /// What makes rows of quarantined records, by the table of the records.
    var presses: [TableName: QuarantinePress<Encoder>] = [:]
    /// Whether the gate has refused a change, so that what came before it can still be anchored.
    public internal(set) var hasRefused = false
    private var open: [TableName: Open] = [:]
    /// The one used last, which serves small transactions of one table without a look-up.
    private var current: Open?
    private var uses: UInt64 = 0
    /// How many changes are to be recorded before the next look at memory.
    private var changesToLook = lookInterval
    private var finished: [FinishedSegment] = []
    /// The drafts behind ``finished``, and of a segment whose end failed.
    private var ended: [Target.Draft] = []

    /// How many bytes of records have been recorded since the last ``takeSegments()``, in steps of a chunk.
    public var encodedByteCount: Int {
        finishedByteCount + open.values.reduce(0) { $0 + $1.writer.encodedByteCount }
    }
    private var finishedByteCount = 0

    /// Makes a recorder that has recorded nothing.
    public init(
        layout: RecordLayout, compression: CompressionChoice, limits: SegmentLimits, sink: Target,
        gate: (any RecordGate)? = nil
    ) {
        routes = gate.map { GateRoutes($0) }
        self.layout = layout
        self.compression = compression
        self.limits = limits
        self.sink = sink
    }

    /// Records the changes of one slice of `batch`; `ordinalBase` is added to their ordinals.
    public func record(
        _ slice: ChangeBatch.Slice, of batch: borrowing ChangeBatch, ordinalBase: UInt64 = 0
    ) throws(Fault) {
        let place = RecordPlace(
            transaction: slice.transaction, lane: slice.transaction.lane.map { batch.lanes[$0] },
            ordinalBase: ordinalBase)
        var index = slice.changes.lowerBound
        while index < slice.changes.upperBound {
            let schema = batch.schemas[batch.schemaIndex(at: index)]
            let rest = index..<slice.changes.upperBound
            if routes?.keep(schema) == false {
                index = try record(rest, of: batch, schema, at: place)
            } else {
                index = try append(rest, of: batch, under: schema, at: place)
            }
        }
    }

    /// Appends changes of the first run in `rest`, at least one, to the open segment of `schema`; returns the index
    /// behind the last. `violations` are what they are tagged with.
    func append(
        _ rest: Range<Int>, of batch: borrowing ChangeBatch, under schema: TableSchema, at place: RecordPlace,
        violations: [String] = [], source: TableSchema? = nil
    ) throws(Fault) -> Int {
        let index = rest.lowerBound
        let writer = try writer(for: schema, in: place.lane)
        let room = min(rest.count, limits.rowCount - writer.rowCount, changesToLook)
        let end = batch.endOfRun(from: index, before: index + room)
        if !violations.isEmpty { writer.tagNext(violations) }
        if let source { writer.note(source: source) }
        let next = try writer.append(
            index..<end, of: batch, in: place.transaction, ordinalBase: place.ordinalBase)
        changesToLook -= next - index
        if isFull(writer) { try finish(schema.table) }
        if changesToLook == 0 { try boundMemory() }
        return next
    }

    /// Looks from time to time at what the open segments hold back, and writes what is too much, the largest first.
    /// The moments depend on the changes alone, so that the same changes are the same files.
    private func boundMemory() throws(Fault) {
        changesToLook = Self.lookInterval
        var held = open.values.reduce(0) { $0 + $1.writer.heldByteCount }
        while held > limits.heldByteCount {
            let largest = open.min { lhs, rhs in
                (-lhs.value.writer.heldByteCount, lhs.key) < (-rhs.value.writer.heldByteCount, rhs.key)
            }
            guard let writer = largest?.value.writer, writer.heldByteCount > 0 else { return }
            held -= writer.heldByteCount
            try writer.release()
        }
    }

    /// After how many changes.
    private static var lookInterval: Int { 1024 }

    /// What the gate has noticed since this was asked last.
    public func takeNews() -> SchemaNews { routes?.gate.takeNews() ?? SchemaNews() }

    /// Finishes what is open and hands over all segments, in the order in which they were finished.
    public func takeSegments() throws(Fault) -> [FinishedSegment] {
        for table in open.keys.sorted() { try finish(table) }
        defer {
            finished = []
            ended = []
            finishedByteCount = 0
            changesToLook = Self.lookInterval
        }
        return finished
    }

    /// Forgets everything that was not handed over.
    public func discard() {
        for segment in open.values { segment.writer.discard() }
        for draft in ended { draft.discard() }
        open = [:]
        current = nil
        finished = []
        ended = []
        finishedByteCount = 0
        changesToLook = Self.lookInterval
    }

    private func isFull(_ writer: SegmentWriter<Encoder, Target>) -> Bool {
        writer.encodedByteCount >= limits.byteCount || writer.rowCount >= limits.rowCount
    }

    private func writer(
        for schema: TableSchema, in lane: Lane?
    ) throws(Fault) -> SegmentWriter<Encoder, Target> {
        if let current, current.schema === schema, current.lane == lane { return current.writer }
        uses += 1
        if let current = open[schema.table] {
            if current.schema == schema, current.lane == lane {
                current.lastUse = uses
                self.current = current
                return current.writer
            }
            try finish(schema.table)
        }
        if open.count >= limits.openCount, let oldest = open.min(by: { $0.value.lastUse < $1.value.lastUse }) {
            try finish(oldest.key)
        }
        let writer = try SegmentWriter<Encoder, Target>(
            schema: schema, layout: layout.inside(lane), lane: lane, compression: compression, sink: sink)
        let opened = Open(schema, lane, writer, lastUse: uses)
        open[schema.table] = opened
        current = opened
        return writer
    }

    private func finish(_ table: TableName) throws(Fault) {
        guard let segment = open.removeValue(forKey: table) else { return }
        if current?.writer === segment.writer { current = nil }
        ended.append(segment.writer.draft)
        finished.append(try segment.writer.finish())
        finishedByteCount += segment.writer.encodedByteCount
    }
}
