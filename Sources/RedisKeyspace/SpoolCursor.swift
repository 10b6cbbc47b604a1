// SPDX-License-Identifier: Apache-2.0

public import Bytes
import DurableFiles
public import Faults

/// The reading side of a ``ByteSpool``: bytes by their offset, for one thread.
public struct SpoolCursor: ~Copyable, Sendable {
    /// What reading came to.
    public enum Outcome: Sendable {
        /// So many bytes were appended.
        case bytes(Int)
        /// Nothing came before the deadline.
        case nothingYet
        /// Nothing follows.
        case end(ByteSpool.End)
    }

    private let spool: ByteSpool
    private var file: ReadableFile?
    private var fileNumber = -1

    init(_ spool: ByteSpool) {
        self.spool = spool
    }

    /// Appends at most `limit` bytes from `offset` on to `buffer`.
    public mutating func read(
        from offset: UInt64, limit: Int, into buffer: inout ByteBuffer, until deadline: ContinuousClock.Instant
    ) throws(Fault) -> Outcome {
        while true {
            switch spool.place(of: offset) {
            case .chunk(let chunk, let start):
                return .bytes(
                    chunk.withBytes { bytes in
                        let count = min(limit, bytes.byteCount - start)
                        buffer.append(bytes.extracting(start..<start + count))
                        return count
                    })
            case .file(let place, let start):
                return .bytes(try read(place, start, limit: limit, into: &buffer))
            case .tail:
                let count = spool.copyTail(from: offset, limit: limit, into: &buffer)
                // Nothing when the chunk was completed in between: it is elsewhere now.
                if count > 0 { return .bytes(count) }
            case .ahead:
                guard .now < deadline else { return .nothingYet }
                spool.wait(for: offset, until: deadline)
            case .end(let end): return .end(end)
            }
        }
    }

    /// Says that nothing before `offset` is read again.
    public func release(before offset: UInt64) throws(Fault) {
        try spool.release(before: offset)
    }

    /// Says that nothing is read again.
    public func abandon() {
        spool.abandon()
    }

    private mutating func read(
        _ place: SpoolState.FilePlace, _ start: Int, limit: Int, into buffer: inout ByteBuffer
    ) throws(Fault) -> Int {
        if place.file != fileNumber {
            file = try ReadableFile(spool.path(of: place.file))
            fileNumber = place.file
        }
        try file?.seek(to: place.offset + start)
        let count = min(limit, ByteSpool.chunkByteCount - start)
        guard try file?.readAll(count, into: &buffer) == true else {
            throw Fault(.fileRead, "cannot read \(spool.path(of: place.file))", detail: "the spool file ends early")
        }
        return count
    }
}
