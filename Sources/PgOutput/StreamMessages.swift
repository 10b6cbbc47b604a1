// SPDX-License-Identifier: Apache-2.0

public import Bytes

/// `S`: a block of a transaction that is sent while it still runs (protocol version 2).
public struct StreamStartMessage: Equatable, Sendable {
    /// The number of the top-level transaction.
    public let xid: UInt32
    /// Whether nothing of the transaction was sent before.
    public let isFirst: Bool

    @inlinable
    init(reading reader: inout ByteReader) throws(WireFault) {
        xid = try reader.readInteger()
        let start = reader.offset
        switch try reader.readByte() {
        case 0: isFirst = false
        case 1: isFirst = true
        default: throw WireFault(.malformed, at: start)
        }
    }
}

/// `c`: a streamed transaction committed.
public struct StreamCommitMessage: Equatable, Sendable {
    /// The number of the top-level transaction.
    public let xid: UInt32
    /// Where and when.
    public let commit: CommitMessage

    @inlinable
    init(reading reader: inout ByteReader) throws(WireFault) {
        xid = try reader.readInteger()
        commit = try CommitMessage(reading: &reader)
    }
}

/// `A`: a streamed transaction, or a subtransaction of it, was aborted.
public struct StreamAbortMessage: Equatable, Sendable {
    /// The number of the top-level transaction.
    public let xid: UInt32
    /// The number of what was aborted; the same for the whole transaction.
    public let subxid: UInt32

    @inlinable
    init(reading reader: inout ByteReader) throws(WireFault) {
        xid = try reader.readInteger()
        subxid = try reader.readInteger()
        // With parallel streaming (version 4) also where and when.
        if reader.remaining > 0 { _ = try reader.readBytes(16) }
    }
}

/// `b`, `P`, `K`, `p`: what became of a transaction that was prepared (protocol version 3), seen in place.
public struct PreparedMessage: ~Escapable {
    /// Where the record of the prepare, or of the commit, begins.
    public let lsn: UInt64
    /// Where it ends.
    public let endLSN: UInt64
    /// When, in microseconds since 2000-01-01.
    public let time: Int64
    /// The number of the top-level transaction.
    public let xid: UInt32
    /// The global identifier that the transaction was prepared under.
    public let gid: RawSpan

    @usableFromInline
    @_lifetime(copy reader)
    init(reading reader: inout ByteReader, hasFlags: Bool) throws(WireFault) {
        if hasFlags { try reader.expectNoFlags() }
        lsn = try reader.readInteger()
        endLSN = try reader.readInteger()
        time = try reader.readInteger()
        xid = try reader.readInteger()
        gid = try reader.readCString()
    }
}

/// `r`: a prepared transaction was rolled back, seen in place.
public struct RollbackPreparedMessage: ~Escapable {
    /// Where the record of its prepare ends.
    public let prepareEndLSN: UInt64
    /// Where the record of its rollback ends.
    public let endLSN: UInt64
    /// When it was prepared, in microseconds since 2000-01-01.
    public let prepareTime: Int64
    /// When it was rolled back, in microseconds since 2000-01-01.
    public let time: Int64
    /// The number of the top-level transaction.
    public let xid: UInt32
    /// The global identifier that the transaction was prepared under.
    public let gid: RawSpan

    @usableFromInline
    @_lifetime(copy reader)
    init(reading reader: inout ByteReader) throws(WireFault) {
        try reader.expectNoFlags()
        prepareEndLSN = try reader.readInteger()
        endLSN = try reader.readInteger()
        prepareTime = try reader.readInteger()
        time = try reader.readInteger()
        xid = try reader.readInteger()
        gid = try reader.readCString()
    }
}

extension ByteReader {
    /// No flag is in use yet; one that comes to be means something that is not known here.
    @_lifetime(self: copy self)
    mutating func expectNoFlags() throws(WireFault) {
        let start = offset
        guard try readByte() == 0 else { throw WireFault(.malformed, at: start) }
    }
}
