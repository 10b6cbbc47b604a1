// SPDX-License-Identifier: Apache-2.0

public import Bytes
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
}

/// Writes one segment: changes in, a sealed draft out.
public final class SegmentWriter<Encoder: SegmentEncoder & ~Copyable, Target: Sink> {
    private let schema: TableSchema
    private let layout: RecordLayout
    private let draft: Target.Draft
    private var encoder: Encoder
    private var compressor: Compressor
    private var hash = SHA256()
    private var encoded = ByteBuffer(capacity: SegmentWriterChunk.byteCount * 2)
    private var compressed = ByteBuffer(capacity: SegmentWriterChunk.byteCount)

    /// How many bytes the records have taken before compression.
    public private(set) var encodedByteCount = 0
    /// How many records have been written.
    public private(set) var rowCount = 0
    private var changes = OperationCounts()
    private var first: SequenceKey?
    private var last: SequenceKey?

    /// Begins a segment of the table behind `schema`.
    public init(
        schema: TableSchema, layout: RecordLayout, compression: CompressionChoice, sink: Target
    ) throws(Fault) {
        self.schema = schema
        self.layout = layout
        encoder = Encoder(schema: schema, layout: layout)
        compressor = try Compressor(compression.codec, level: compression.level)
        draft = try sink.beginDraft()
    }

    /// Appends one change; `ordinal` is its place in the transaction, or in the whole of a snapshot.
    public func append(
        _ change: borrowing Change, of transaction: Transaction, ordinal: UInt64
    ) throws(Fault) {
        try encoder.encode(change, of: transaction, ordinal: ordinal, into: &encoded)
        let key = SequenceKey(epoch: layout.epoch, position: transaction.position, ordinal: ordinal)
        if first == nil { first = key }
        last = key
        rowCount += 1
        changes[change.operation] += 1
        if encoded.count >= SegmentWriterChunk.byteCount { try drain() }
    }

    /// Ends the segment and makes its bytes durable.
    public func finish() throws(Fault) -> FinishedSegment {
        try encoder.end(into: &encoded)
        try drain()
        try compressor.end(into: &compressed)
        try write()
        guard let first, let last else { throw Fault(.bug, "a segment without a record was finished") }
        let sealed = try draft.seal()
        return FinishedSegment(
            draft: sealed, schema: schema, rowCount: rowCount, changes: changes, first: first, last: last,
            digest: digest())
    }

    /// Forgets the segment.
    public func discard() {
        draft.discard()
    }

    private func digest() -> Digest {
        var ended = SHA256()
        swap(&ended, &hash)
        return ended.finalize()
    }

    private func drain() throws(Fault) {
        encodedByteCount += encoded.count
        try compressor.compress(encoded.bytes, into: &compressed)
        encoded.removeAll()
        if compressed.count >= SegmentWriterChunk.byteCount { try write() }
    }

    private func write() throws(Fault) {
        guard !compressed.isEmpty else { return }
        hash.update(compressed.bytes)
        try draft.write(compressed.bytes)
        compressed.removeAll()
    }
}

/// How many bytes go to the compressor and to the file at once.
enum SegmentWriterChunk {
    static let byteCount = 128 << 10
}
