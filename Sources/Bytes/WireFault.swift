// SPDX-License-Identifier: Apache-2.0

/// Where and why bytes from a peer or a file stopped making sense. Allocates nothing.
public struct WireFault: Error, Equatable, Sendable {
    /// What was wrong at ``WireFault/offset``.
    public enum Kind: Equatable, Sendable {
        /// The bytes end before the value does.
        case truncated
        /// A zero-terminated string has no terminator.
        case unterminatedString
        /// The tag byte names no message or value that is known.
        case unknownTag(UInt8)
        /// A count or length is negative, or larger than what can follow.
        case invalidLength(Int)
        /// The bytes do not follow the grammar of the value.
        case malformed
        /// Bytes are left over after the value ended.
        case trailingBytes(Int)
    }

    /// What was wrong.
    public let kind: Kind
    /// Offset in bytes from the beginning of the value that was being read.
    public let offset: Int

    /// Makes a fault of one kind at one offset.
    @inlinable
    public init(_ kind: Kind, at offset: Int) {
        self.kind = kind
        self.offset = offset
    }
}

extension WireFault: CustomStringConvertible {
    /// One sentence without any of the bytes themselves.
    public var description: String {
        switch kind {
        case .truncated: "the bytes end early, at offset \(offset)"
        case .unterminatedString: "a string has no terminator, at offset \(offset)"
        case .unknownTag(let tag): "unknown tag 0x\(String(tag, radix: 16)), at offset \(offset)"
        case .invalidLength(let length): "impossible length \(length), at offset \(offset)"
        case .malformed: "malformed value, at offset \(offset)"
        case .trailingBytes(let count): "\(count) bytes too many, at offset \(offset)"
        }
    }
}
