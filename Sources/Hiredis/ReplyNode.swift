// SPDX-License-Identifier: Apache-2.0

/// What a reply, or an element of one, is.
@frozen
public enum ReplyKind: UInt8, Sendable, BitwiseCopyable {
    /// A word of success, such as `OK`.
    case status
    /// A refusal.
    case error
    /// A number.
    case integer
    /// Bytes.
    case bulk
    /// Nothing.
    case null
    /// Elements.
    case array
}

/// One reply or element: sixteen bytes, with its bytes and its elements elsewhere.
@usableFromInline
@frozen
struct ReplyNode: BitwiseCopyable {
    /// Where the bytes begin, the number of the first element, or the integer itself.
    @usableFromInline var place: Int
    /// How many bytes or elements.
    @usableFromInline var count: UInt32
    @usableFromInline var kind: ReplyKind

    init(_ kind: ReplyKind, place: Int, count: UInt32) {
        self.place = place
        self.count = count
        self.kind = kind
    }
}
