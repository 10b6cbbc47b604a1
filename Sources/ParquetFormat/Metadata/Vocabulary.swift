// SPDX-License-Identifier: Apache-2.0

package import Compression

/// How values of a leaf are stored (parquet.thrift, `Type`).
package enum PhysicalType: Int32, Sendable {
    /// One bit.
    case boolean = 0
    /// 32 bits.
    case int32 = 1
    /// 64 bits.
    case int64 = 2
    /// A binary floating-point number of 32 bits.
    case float = 4
    /// A binary floating-point number of 64 bits.
    case double = 5
    /// Bytes of any length.
    case byteArray = 6
    /// Bytes of one length.
    case fixedByteArray = 7
}

/// How the values of a page are encoded (parquet.thrift, `Encoding`).
package enum Encoding: Int32, Sendable {
    /// One value after the other.
    case plain = 0
    /// Runs and packed bits: levels.
    case hybrid = 3
    /// Differences, packed.
    case deltaBinaryPacked = 5
    /// Lengths as differences, then the bytes.
    case deltaLengthByteArray = 6
    /// Lengths of shared prefixes, then what differs.
    case deltaByteArray = 7
    /// Indices into a dictionary, as runs and packed bits.
    case dictionary = 8

    /// Nil for an encoding that is not known here; the older number of the dictionary's is.
    package init?(number: Int32) {
        self.init(rawValue: number == 2 ? 8 : number)
    }
}

/// Whether a field must be there (parquet.thrift, `FieldRepetitionType`).
package enum Presence: Int32, Sendable {
    /// Always.
    case required = 0
    /// Null at times.
    case optional = 1
    /// Any number of times.
    case repeated = 2
}

/// What a field means beyond how it is stored (parquet.thrift, `LogicalType` and `ConvertedType`).
package enum Annotation: Hashable, Sendable {
    /// UTF-8.
    case string
    /// One of a set of labels, UTF-8.
    case enumeration
    /// A JSON text.
    case json
    /// An exact decimal number.
    case decimal(precision: Int32, scale: Int32)
    /// Days since 1970-01-01.
    case date
    /// Microseconds since midnight.
    case time
    /// Microseconds since 1970-01-01, in UTC or of no zone.
    case timestamp(isUTC: Bool)
    /// A signed integer of fewer bits than its storage may have.
    case integer(bits: Int)
    /// A universally unique identifier.
    case uuid
    /// A group that is a list.
    case list
    /// A group that is a map.
    case map
}

extension PageCodec {
    /// The number of the codec (parquet.thrift, `CompressionCodec`).
    package var number: Int32 {
        switch self {
        case .none: 0
        case .snappy: 1
        case .gzip: 2
        case .zstd: 6
        }
    }

    /// Nil for a codec that is not known here.
    package init?(number: Int32) {
        guard let codec = Self.allCases.first(where: { $0.number == number }) else { return nil }
        self = codec
    }
}
