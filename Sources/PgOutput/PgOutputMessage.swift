// SPDX-License-Identifier: Apache-2.0

public import Bytes

/// One message of the output plugin, protocol version 1, seen in place: nothing is copied.
///
/// A message is checked as a whole when it is read; walking through its columns afterwards finds no surprise. The
/// messages of streamed and of prepared transactions, which the later versions add, are unknown here.
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
    /// Nothing to do: an abort of a streamed transaction, which a server may send although none was streamed.
    case ignored

    /// Reads one message; bytes left over are refused.
    @inlinable
    @_lifetime(copy bytes)
    public init(_ bytes: RawSpan) throws(WireFault) {
        var reader = ByteReader(bytes)
        let letter = try reader.readByte()
        guard let tag = PgOutputTag(rawValue: letter) else { throw WireFault(.unknownTag(letter), at: 0) }
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
        case .streamAbort:
            // Two transaction numbers; from version 4 on also a position and a time.
            _ = try reader.readBytes(reader.remaining > 8 ? 24 : 8)
            self = .ignored
        }
        try reader.expectEnd()
    }
}
