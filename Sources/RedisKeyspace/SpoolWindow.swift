// SPDX-License-Identifier: Apache-2.0

import Bytes
import Faults

/// A stretch of a spool in memory, and the place in it that is looked at.
struct SpoolWindow: ~Copyable {
    private var cursor: SpoolCursor
    private static let readByteCount = 256 << 10
    /// The bytes; those before ``at`` are done with.
    private(set) var buffer = ByteBuffer(capacity: 2 * readByteCount)
    /// The offset of the first byte of the buffer within the spool.
    private var base: UInt64
    /// The next byte.
    private(set) var at = 0
    /// Why nothing comes any more.
    private(set) var end: ByteSpool.End?

    /// Begins at an offset of a spool.
    init(_ spool: ByteSpool, from offset: UInt64 = 0) {
        cursor = spool.makeCursor()
        base = offset
    }

    /// The offset of the next byte within the spool.
    var offset: UInt64 { base + UInt64(at) }
    /// How many bytes are there from the next on.
    var count: Int { buffer.count - at }

    /// Goes on by `length` bytes, which need not be there yet.
    @inline(__always)
    mutating func skip(_ length: Int) {
        guard at + length > buffer.count else {
            at += length
            return
        }
        base += UInt64(at + length)
        at = 0
        buffer.removeAll()
    }

    /// Brings more bytes in; false when none came before the deadline, or none will.
    mutating func grow(until deadline: ContinuousClock.Instant) throws(Fault) -> Bool {
        if at > 0 {
            buffer.removeFirst(at)
            base += UInt64(at)
            at = 0
        }
        if buffer.isEmpty { buffer.removeAll(keepingAtMost: 2 * Self.readByteCount) }
        switch try cursor.read(
            from: base + UInt64(buffer.count), limit: Self.readByteCount, into: &buffer, until: deadline)
        {
        case .bytes: return true
        case .nothingYet: return false
        case .end(let end):
            self.end = end
            return false
        }
    }

    /// Says that nothing before the next byte is read again, by this window or any other.
    func release() throws(Fault) {
        try cursor.release(before: offset)
    }

    /// Says that nothing is read again.
    func abandon() {
        cursor.abandon()
    }
}
