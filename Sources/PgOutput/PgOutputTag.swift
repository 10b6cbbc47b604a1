// SPDX-License-Identifier: Apache-2.0

public import Bytes

/// The first byte of a message of pgoutput: what kind it is, known without decoding it.
public enum PgOutputTag: UInt8, Sendable, CaseIterable {
    /// `B`: a transaction begins.
    case begin = 0x42
    /// `C`: the transaction committed.
    case commit = 0x43
    /// `O`: the transaction came from elsewhere.
    case origin = 0x4f
    /// `R`: the columns of a relation.
    case relation = 0x52
    /// `Y`: the name of a type.
    case type = 0x59
    /// `I`: a row was inserted.
    case insert = 0x49
    /// `U`: a row was updated.
    case update = 0x55
    /// `D`: a row was deleted.
    case delete = 0x44
    /// `T`: relations were emptied.
    case truncate = 0x54
    /// `M`: a logical message.
    case message = 0x4d
    /// `S`: a block of a streamed transaction begins (version 2).
    case streamStart = 0x53
    /// `E`: the block ends.
    case streamStop = 0x45
    /// `c`: a streamed transaction committed.
    case streamCommit = 0x63
    /// `A`: a streamed transaction, or a part of it, was aborted.
    case streamAbort = 0x41
    /// `b`: a transaction that was prepared begins (version 3).
    case beginPrepare = 0x62
    /// `P`: it was prepared.
    case prepare = 0x50
    /// `K`: a prepared transaction committed.
    case commitPrepared = 0x4b
    /// `r`: a prepared transaction was rolled back.
    case rollbackPrepared = 0x72
    /// `p`: a streamed transaction was prepared.
    case streamPrepare = 0x70

    /// The tag of `payload`, or nil when it is empty or of an unknown kind.
    @inlinable
    public init?(peeking payload: RawSpan) {
        guard payload.byteCount > 0 else { return nil }
        self.init(rawValue: payload[0])
    }

    /// Whether a message of this kind carries the number of its (sub)transaction inside a block of a streamed one.
    @inlinable
    public var carriesTransaction: Bool {
        switch self {
        case .relation, .type, .insert, .update, .delete, .truncate, .message: true
        default: false
        }
    }

    /// Whether a message of this kind describes tables or types and so holds for all that follows, whatever becomes of
    /// the (sub)transaction that it came with.
    @inlinable
    public var isDescription: Bool { self == .relation || self == .type }
}
