// SPDX-License-Identifier: Apache-2.0

/// Where and why the bytes of an RDB payload stopped making sense. Allocates nothing.
public struct RDBFault: Error, Equatable, Sendable {
    /// A form of the payload, for saying what was malformed.
    public enum Part: String, Sendable {
        /// A length or count.
        case length
        /// A string that is stored as an integer or in another special way.
        case string
        /// A string compressed with LZF.
        case compression
        /// The score of a member of a sorted set.
        case score
        /// A ziplist.
        case ziplist
        /// A listpack.
        case listpack
        /// An intset.
        case intset
        /// A zipmap.
        case zipmap
        /// A node of a quicklist.
        case quicklist
        /// A stream, its groups or consumers.
        case stream
        /// The value of a module.
        case module
        /// The time at which a field expires.
        case expiry = "field expiry"
    }

    /// What was wrong at ``RDBFault/offset``.
    public enum Kind: Equatable, Sendable {
        /// The bytes end before the payload does.
        case truncated
        /// The payload does not begin with one of the two known words and a version.
        case notRDB
        /// The version is one that is not read here.
        case unknownVersion(RDBHeader)
        /// The byte is neither a type nor an opcode in a payload of this version.
        case unknownType(UInt8, in: RDBHeader)
        /// The type or opcode was used before a release only, and no released server reads it.
        case prereleaseType(UInt8)
        /// The bytes do not follow the grammar of a part.
        case malformed(Part)
        /// Something that has to be held whole is larger than the bound.
        case tooLarge(byteCount: UInt64, bound: Int)
        /// The checksum at the end is another than that of the bytes.
        case checksum(stored: UInt64, computed: UInt64)
    }

    /// What was wrong.
    public let kind: Kind
    /// Offset in bytes from the beginning of the payload.
    public let offset: UInt64

    /// Makes a fault of one kind at one offset.
    public init(_ kind: Kind, at offset: UInt64) {
        self.kind = kind
        self.offset = offset
    }
}

extension RDBFault: CustomStringConvertible {
    /// One sentence without any of the keys or values.
    public var description: String {
        switch kind {
        case .truncated: "the bytes end early, at offset \(offset)"
        case .notRDB: "no RDB payload: it does not begin with REDIS or VALKEY and a version"
        case .unknownVersion(let header): "\(header) is an unknown version of RDB"
        case .unknownType(let type, let header): "unknown type or opcode \(type) in \(header), at offset \(offset)"
        case .prereleaseType(let type): "type or opcode \(type) was never released, at offset \(offset)"
        case .malformed(let part): "malformed \(part.rawValue), at offset \(offset)"
        case .tooLarge(let byteCount, let bound):
            "\(byteCount) bytes that have to be held whole, more than \(bound), at offset \(offset)"
        case .checksum(let stored, let computed):
            "the checksum is \(String(stored, radix: 16)) and should be \(String(computed, radix: 16)), at offset \(offset)"
        }
    }
}

/// Why a payload could not be read on: its source failed, or its bytes make no sense.
public enum RDBReadError<Failure: Error>: Error {
    /// The input failed; nothing is known to be wrong with the bytes.
    case input(Failure)
    /// The bytes make no sense.
    case bytes(RDBFault)
}

extension RDBReadError: Equatable where Failure: Equatable {}
