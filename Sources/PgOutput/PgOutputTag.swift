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
    /// `A`: a streamed transaction was aborted.
    case streamAbort = 0x41

    /// The tag of `payload`, or nil when it is empty or of an unknown kind.
    @inlinable
    public init?(peeking payload: RawSpan) {
        guard payload.byteCount > 0 else { return nil }
        self.init(rawValue: payload[0])
    }
}
