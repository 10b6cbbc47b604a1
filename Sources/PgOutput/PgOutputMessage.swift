// SPDX-License-Identifier: Apache-2.0

public import Bytes

/// Where a message stands, which the message itself does not say.
public enum MessageContext: Sendable, Equatable {
    /// In a transaction that is sent whole, or outside of any.
    case whole
    /// In a block of a streamed transaction, where changes carry the number of their own (sub)transaction.
    case streamed
}

/// One message of the output plugin, protocol versions 1 to 4, seen in place: nothing is copied.
///
/// A message is checked as a whole when it is read; walking through its columns afterwards finds no surprise.
public enum PgOutputMessage: ~Escapable {
    /// `B`: a transaction begins.
    case begin(BeginMessage)
    /// `C`: the transaction committed.
    case commit(CommitMessage)
    /// `O`: the transaction came from elsewhere.
    case origin(OriginMessage)
    /// `R`: the columns of a relation.
    case relation(Relation)
    /// `Y`: the name of a type.
    case type(TypeMessage)
    /// `I`: a row was inserted.
    case insert(InsertMessage)
    /// `U`: a row was updated.
    case update(UpdateMessage)
    /// `D`: a row was deleted.
    case delete(DeleteMessage)
    /// `T`: relations were emptied.
    case truncate(TruncateMessage)
    /// `M`: a logical message.
    case message(LogicalMessage)
    /// `S`: a block of a streamed transaction begins.
    case streamStart(StreamStartMessage)
    /// `E`: the block ends.
    case streamStop
    /// `c`: a streamed transaction committed.
    case streamCommit(StreamCommitMessage)
    /// `A`: a streamed transaction, or a part of it, was aborted. A server may send it although none was streamed.
    case streamAbort(StreamAbortMessage)
    /// `b`: a transaction that was prepared begins.
    case beginPrepare(PreparedMessage)
    /// `P`: it was prepared.
    case prepare(PreparedMessage)
    /// `K`: a prepared transaction committed.
    case commitPrepared(PreparedMessage)
    /// `r`: a prepared transaction was rolled back.
    case rollbackPrepared(RollbackPreparedMessage)
    /// `p`: a streamed transaction was prepared.
    case streamPrepare(PreparedMessage)

    /// Reads one message; bytes left over are refused.
    @inlinable
    @_lifetime(copy bytes)
    public init(_ bytes: RawSpan, in context: MessageContext = .whole) throws(WireFault) {
        var reader = ByteReader(bytes)
        let letter = try reader.readByte()
        guard let tag = PgOutputTag(rawValue: letter) else { throw WireFault(.unknownTag(letter), at: 0) }
        if context == .streamed, tag.carriesTransaction { _ = try reader.readInteger(UInt32.self) }
        try self.init(tag, reading: &reader)
        try reader.expectEnd()
    }

    @inlinable
    @_lifetime(copy reader)
    init(_ tag: PgOutputTag, reading reader: inout ByteReader) throws(WireFault) {
        switch tag {
        case .begin: self = .begin(try BeginMessage(reading: &reader))
        case .commit: self = .commit(try CommitMessage(reading: &reader))
        case .origin: self = .origin(try OriginMessage(reading: &reader))
        case .relation: self = .relation(try Relation(reading: &reader))
        case .type: self = .type(try TypeMessage(reading: &reader))
        case .insert: self = .insert(try InsertMessage(reading: &reader))
        case .update: self = .update(try UpdateMessage(reading: &reader))
        case .delete: self = .delete(try DeleteMessage(reading: &reader))
        case .truncate: self = .truncate(try TruncateMessage(reading: &reader))
        case .message: self = .message(try LogicalMessage(reading: &reader))
        case .streamStart: self = .streamStart(try StreamStartMessage(reading: &reader))
        case .streamStop: self = .streamStop
        case .streamCommit: self = .streamCommit(try StreamCommitMessage(reading: &reader))
        case .streamAbort: self = .streamAbort(try StreamAbortMessage(reading: &reader))
        case .beginPrepare: self = .beginPrepare(try PreparedMessage(reading: &reader, hasFlags: false))
        case .prepare: self = .prepare(try PreparedMessage(reading: &reader, hasFlags: true))
        case .commitPrepared: self = .commitPrepared(try PreparedMessage(reading: &reader, hasFlags: true))
        case .rollbackPrepared: self = .rollbackPrepared(try RollbackPreparedMessage(reading: &reader))
        case .streamPrepare: self = .streamPrepare(try PreparedMessage(reading: &reader, hasFlags: true))
        }
    }
}
