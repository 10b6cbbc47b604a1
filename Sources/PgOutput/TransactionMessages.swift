// SPDX-License-Identifier: Apache-2.0

public import Bytes

/// `B`: a transaction begins.
public struct BeginMessage: Equatable, Sendable {
    /// Where its commit record begins.
    public let finalLSN: UInt64
    /// When it committed, in microseconds since 2000-01-01.
    public let commitTime: Int64
    /// The number of the top-level transaction.
    public let xid: UInt32

    @inlinable
    init(reading reader: inout ByteReader) throws(WireFault) {
        finalLSN = try reader.readInteger()
        commitTime = try reader.readInteger()
        xid = try reader.readInteger()
    }
}

/// `C`: the transaction committed.
public struct CommitMessage: Equatable, Sendable {
    /// Where its commit record begins.
    public let commitLSN: UInt64
    /// Where its commit record ends: the position from which to go on.
    public let endLSN: UInt64
    /// When it committed, in microseconds since 2000-01-01.
    public let commitTime: Int64

    @inlinable
    init(reading reader: inout ByteReader) throws(WireFault) {
        let start = reader.offset
        guard try reader.readByte() == 0 else { throw WireFault(.malformed, at: start) }
        commitLSN = try reader.readInteger()
        endLSN = try reader.readInteger()
        commitTime = try reader.readInteger()
    }
}

/// `O`: the transaction was replicated from elsewhere, seen in place.
public struct OriginMessage: ~Escapable {
    /// Where it committed there.
    public let commitLSN: UInt64
    /// The name of that place.
    public let name: RawSpan

    @usableFromInline
    @_lifetime(copy reader)
    init(reading reader: inout ByteReader) throws(WireFault) {
        commitLSN = try reader.readInteger()
        name = try reader.readCString()
    }
}

/// `M`: a logical message, seen in place.
public struct LogicalMessage: ~Escapable {
    /// Whether it belongs to a transaction.
    public let isTransactional: Bool
    /// Where it stands in the log.
    public let lsn: UInt64
    /// The prefix that its writer gave it.
    public let prefix: RawSpan
    /// What its writer wrote: any bytes.
    public let content: RawSpan

    @usableFromInline
    @_lifetime(copy reader)
    init(reading reader: inout ByteReader) throws(WireFault) {
        isTransactional = try reader.readByte() & 1 != 0
        lsn = try reader.readInteger()
        prefix = try reader.readCString()
        content = try reader.readBytes(try reader.readCount(Int32.self))
    }
}
