// SPDX-License-Identifier: Apache-2.0

import Bytes
public import Changelog
public import Faults
internal import RedisRDB
import Synchronization

/// All keys as they were at one offset, read from one RDB payload by one reader.
///
/// It has ended well only when the payload is whole, its checksum right, and what carried it ended exactly there.
public final class KeyspaceSnapshot: SnapshotSource {
    /// Reads the payload.
    public typealias Reader = KeyspaceSnapshotReader

    /// The offset at which the keys were like this.
    public let position: Position
    private let estimatedByteCount: Int
    private let label: String
    private let lane: Lane?
    private let makeInput: @Sendable () throws(Fault) -> PayloadInput
    private let origin = Mutex<ReplicationOrigin?>(nil)

    /// A snapshot as of `position`, of a shard's lane where there are several; `label` is what a person calls the
    /// payload.
    public init(
        at position: Position, in lane: Lane? = nil, estimatedByteCount: Int, label: String,
        input: @escaping @Sendable () throws(Fault) -> PayloadInput
    ) {
        self.position = position
        self.estimatedByteCount = estimatedByteCount
        self.label = label
        self.lane = lane
        makeInput = input
    }

    /// The payload is one piece, whatever databases are in it.
    public var tasks: [SnapshotTask] {
        [
            SnapshotTask(
                table: KeyspaceSchema.name(0, in: lane?.name), estimatedByteCount: estimatedByteCount, label: label)
        ]
    }

    /// From where the stream of commands goes on, as the payload said; nil before it was read.
    public var streamStart: ReplicationPoint? {
        origin.withLock { $0.map(ReplicationPoint.init) }
    }

    /// A reader from the beginning.
    public func makeReader() throws(Fault) -> KeyspaceSnapshotReader {
        KeyspaceSnapshotReader(try makeInput(), position: position, lane: lane) { [self] found in
            origin.withLock { $0 = found }
        }
    }
}

/// Reads the keys of one payload.
public final class KeyspaceSnapshotReader: SnapshotReader {
    private var reader: RDBReader<PayloadInput>?
    private var recorder: SnapshotRecorder
    private let position: Position
    private let lane: Lane?
    private let learned: (ReplicationOrigin?) -> Void

    init(
        _ input: consuming PayloadInput, position: Position, lane: Lane?,
        learned: @escaping (ReplicationOrigin?) -> Void
    ) {
        reader = RDBReader(input)
        recorder = SnapshotRecorder(namespace: lane?.name)
        self.position = position
        self.lane = lane
        self.learned = learned
    }

    /// There is one task.
    public func begin(task index: Int) throws(Fault) {}

    /// Adds keys until `batch` is full.
    public func fill(_ batch: inout ChangeBatch) throws(Fault) -> SnapshotFill {
        guard var reader = reader.take() else { throw Fault(.bug, "a snapshot is read on after its end") }
        batch.begin(Transaction(position: position, lane: lane.map { batch.index(of: $0) }))
        recorder.begin(&batch)
        do throws(RDBReadError<Fault>) {
            while !batch.isFull {
                guard try take(&reader, into: &batch) else {
                    batch.end()
                    try finish(&reader)
                    return .taskEnded
                }
            }
        } catch {
            throw Self.fault(error)
        }
        self.reader = consume reader
        return .more
    }

    /// Nothing is held.
    public func close() throws(Fault) {}

    @inline(__always)
    private func take(
        _ reader: inout RDBReader<PayloadInput>, into batch: inout ChangeBatch
    ) throws(RDBReadError<Fault>) -> Bool {
        guard let event = try reader.next() else { return false }
        recorder.take(event, into: &batch)
        return true
    }

    /// Nothing may be left over behind the payload.
    private func finish(_ reader: inout RDBReader<PayloadInput>) throws(RDBReadError<Fault>) {
        learned(recorder.replicationOrigin)
        var rest = reader.unread.byteCount
        if rest == 0 {
            var beyond = ByteBuffer()
            do throws(Fault) { try reader.input.read(into: &beyond, limit: 1) } catch { throw .input(error) }
            rest = beyond.count
        }
        if rest > 0 { throw .input(Fault(.redisPayload, "bytes follow the end of the snapshot")) }
    }

    static func fault(_ error: RDBReadError<Fault>) -> Fault {
        switch error {
        case .input(let fault): fault
        case .bytes(let fault):
            Fault(.redisPayload, "the snapshot of the server cannot be read", detail: fault.description)
        }
    }
}

extension ReplicationPoint {
    /// The point that a payload says it stands at.
    init(_ origin: ReplicationOrigin) {
        self.init(
            replicationID: origin.replicationID, offset: UInt64(clamping: origin.offset), database: origin.database)
    }
}
