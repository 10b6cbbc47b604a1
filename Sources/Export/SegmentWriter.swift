// SPDX-License-Identifier: Apache-2.0

import Bytes
public import Changelog
public import Compression
public import Digests
public import Faults

/// How the bytes of segments are compressed.
public struct CompressionChoice: Hashable, Sendable {
    /// The codec.
    public let codec: Codec
    /// Its level; nil is the codec's own default.
    public let level: Int32?

    /// Makes a choice.
    public init(codec: Codec, level: Int32? = nil) {
        self.codec = codec
        self.level = level
    }
}

/// A segment whose bytes are durable, and all that an anchor will say of it.
public struct FinishedSegment: Sendable {
    /// Where its bytes wait.
    public let draft: SealedDraft
    /// Its columns.
    public let schema: TableSchema
    /// How many records it holds.
    public let rowCount: Int
    /// How many of each operation.
    public let changes: OperationCounts
    /// The key of its first record.
    public let first: SequenceKey
    /// The key of its last record.
    public let last: SequenceKey
    /// The digest of its bytes.
    public let digest: Digest
    /// The lane of its records, nil where the source has one history.
    public let lane: Lane?
    /// The schemas that its records speak of, beside its own: those of quarantined records, and of records that go on
    /// in a folder that is not called like their table.
    public let sources: [TableSchema]

    /// The table of the source, where the records go on in a folder that is called otherwise.
    public var origin: TableName? { schema.table.isQuarantine ? nil : sources.first?.table }
}

/// Writes one segment: changes in, a sealed draft out.
public final class SegmentWriter<Encoder: SegmentEncoder & ~Copyable, Target: Sink> {
    private let schema: TableSchema
    private let layout: RecordLayout
    private let lane: Lane?
    let draft: Target.Draft
    private let press: SegmentPress<Encoder, Target.Draft>

    /// How many records have been written.
    public private(set) var rowCount = 0
    private var changes = OperationCounts()
    private var first: SequenceKey?
    private var last: SequenceKey?
    private var sources: [TableSchema] = []

    /// Begins a segment of the table behind `schema`, in `lane` where the source has lanes.
    public init(
        schema: TableSchema, layout: RecordLayout, lane: Lane? = nil, compression: CompressionChoice, sink: Target
    ) throws(Fault) {
        self.schema = schema
        self.layout = layout
        self.lane = lane
        let compressor = try Compressor(compression.codec, level: compression.level)
        draft = try sink.beginDraft()
        press = SegmentPress(Encoder(schema: schema, layout: layout), compressor)
    }

    /// How many bytes the records have taken before compression, in steps of a chunk.
    public var encodedByteCount: Int { press.encodedByteCount }

    /// Appends changes of `run`, at least one and about a chunk of them; returns the index behind the last. `ordinalBase`
    /// is added to their ordinals.
    ///
    /// A run, not a change, is what crosses into the encoder, so that only its own code runs for each change.
    public func append(
        _ run: Range<Int>, of batch: borrowing ChangeBatch, in transaction: Transaction, ordinalBase: UInt64
    ) throws(Fault) -> Int {
        let end = try press.append(run, of: batch, in: transaction, ordinalBase: ordinalBase, to: draft)
        let appended = run.lowerBound..<end
        guard let lastIndex = appended.last else { throw Fault(.bug, "an encoder has taken nothing") }
        if first == nil { first = key(of: batch.ordinal(at: run.lowerBound) + ordinalBase, in: transaction) }
        last = key(of: batch.ordinal(at: lastIndex) + ordinalBase, in: transaction)
        rowCount += appended.count
        batch.count(appended, into: &changes)
        return end
    }

    private func key(of ordinal: UInt64, in transaction: Transaction) -> SequenceKey {
        SequenceKey(epoch: layout.epoch, position: transaction.position, ordinal: ordinal)
    }

    /// Tags the next change with the rules that it breaks.
    func tagNext(_ violations: [String]) {
        press.tagNext(violations)
    }

    /// Remembers a schema that the records speak of.
    func note(source: TableSchema) {
        if sources.last != source, !sources.contains(source) { sources.append(source) }
    }

    /// How many bytes of records wait in memory for the others that they are written with.
    public var heldByteCount: Int { press.heldByteCount }

    /// Writes what waits in memory.
    public func release() throws(Fault) {
        try press.release(to: draft)
    }

    /// Ends the segment and makes its bytes durable.
    public func finish() throws(Fault) -> FinishedSegment {
        let digest = try press.end(to: draft)
        guard let first, let last else { throw Fault(.bug, "a segment without a record was finished") }
        return FinishedSegment(
            draft: try draft.seal(), schema: schema, rowCount: rowCount, changes: changes, first: first, last: last,
            digest: digest, lane: lane, sources: sources)
    }

    /// Forgets the segment.
    public func discard() {
        draft.discard()
    }
}

/// Encoder, compressor and digest in a row.
///
/// A class, since the layout of a generic structure would be looked up with every run of changes.
final class SegmentPress<Encoder: SegmentEncoder & ~Copyable, Draft: SegmentDraft> {
    /// How many bytes go to the compressor and to the file at once.
    private static var chunkByteCount: Int { 128 << 10 }

    private var encoder: Encoder
    private var compressor: Compressor
    private var hash = SHA256()
    private var encoded = ByteBuffer(capacity: 2 * chunkByteCount)
    private var compressed = ByteBuffer(capacity: chunkByteCount)
    private(set) var encodedByteCount = 0

    init(_ encoder: consuming Encoder, _ compressor: consuming Compressor) {
        self.encoder = encoder
        self.compressor = compressor
    }

    func append(
        _ run: Range<Int>, of batch: borrowing ChangeBatch, in transaction: Transaction, ordinalBase: UInt64,
        to draft: Draft
    ) throws(Fault) -> Int {
        let end = try encoder.encode(
            run, of: batch, in: transaction, ordinalBase: ordinalBase, into: &encoded, until: Self.chunkByteCount)
        if encoded.count >= Self.chunkByteCount { try drain(to: draft) }
        return end
    }

    func tagNext(_ violations: [String]) {
        encoder.tagNext(violations)
    }

    /// How many bytes of records the encoder holds back.
    var heldByteCount: Int { encoder.heldByteCount }

    func release(to draft: Draft) throws(Fault) {
        try encoder.release(into: &encoded)
        try drain(to: draft)
    }

    func end(to draft: Draft) throws(Fault) -> Digest {
        try encoder.end(into: &encoded)
        try drain(to: draft)
        try compressor.end(into: &compressed)
        try write(to: draft)
        var ended = SHA256()
        swap(&ended, &hash)
        return ended.finalize()
    }

    private func drain(to draft: Draft) throws(Fault) {
        encodedByteCount += encoded.count
        // In pieces, since some encoders hand over many bytes at once.
        for start in stride(from: 0, to: encoded.count, by: 8 * Self.chunkByteCount) {
            let piece = start..<min(start + 8 * Self.chunkByteCount, encoded.count)
            try Self.compress(encoded, piece, with: &compressor, into: &compressed)
            if compressed.count >= Self.chunkByteCount { try write(to: draft) }
        }
        encoded.removeAll(keepingAtMost: 4 * Self.chunkByteCount)
    }

    private func write(to draft: Draft) throws(Fault) {
        guard !compressed.isEmpty else { return }
        try Self.write(compressed, to: draft, through: &hash)
        compressed.removeAll(keepingAtMost: 4 * Self.chunkByteCount)
    }
    // The buffers are lent as whole arguments: a span taken from one property would bar the others.

    private static func compress(
        _ input: borrowing ByteBuffer, _ piece: Range<Int>, with compressor: inout Compressor,
        into output: inout ByteBuffer
    ) throws(Fault) {
        try compressor.compress(input.bytes.extracting(piece), into: &output)
    }

    private static func write(
        _ input: borrowing ByteBuffer, to draft: Draft, through hash: inout SHA256
    ) throws(Fault) {
        hash.update(input.bytes)
        try draft.write(input.bytes)
    }
}
