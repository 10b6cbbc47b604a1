// SPDX-License-Identifier: Apache-2.0

internal import Changelog
internal import Export

/// How a leaf takes in values of the source.
package enum Intake: UInt8, Sendable {
    case boolean
    case int16
    case int32
    case int64
    case float32
    /// A float of 32 bits, stored as one of 64.
    case float32Widened
    case float64
    /// A decimal number of at most 9 digits.
    case decimal32
    /// A decimal number of at most 18 digits.
    case decimal64
    /// A decimal number of at most 38 digits, as bytes.
    case decimal128
    /// A decimal number of at most 76 digits, as bytes.
    case decimal256
    /// Text that must be UTF-8.
    case text
    /// Hexadecimal digits.
    case hexadecimal
    /// Bytes as they are.
    case bytes
    case date
    case time
    case timestamp
    case timestampUTC
    case uuid
    /// A record of the source, printed as JSON.
    case recordJSON
}

extension Intake {
    /// Whether the numbers of a column of `type`, as a batch has them, are the numbers of the leaf.
    func takesNumbers(of type: ColumnType) -> Bool {
        switch (self, type) {
        case (.int16, .integer), (.int32, .integer), (.int64, .integer), (.float32, .float(bits: 32)),
            (.float64, .float(bits: 64)), (.decimal32, .decimal), (.decimal64, .decimal), (.date, .date),
            (.timestamp, .timestamp), (.timestampUTC, .timestampWithZone):
            true
        default: false
        }
    }
}

/// How values of a leaf compare.
package enum ValueOrder: UInt8, Sendable {
    /// False before true; one byte each.
    case boolean
    case signed32
    case signed64
    case float32
    case float64
    /// Bytes of any length, unsigned.
    case bytes
    /// Bytes of one length, unsigned.
    case fixedBytes
    /// Two's complement, the highest byte first.
    case signedBytes
}

/// What is known of a leaf where its values are handled.
package struct LeafForm: Hashable, Sendable {
    /// How it takes in values.
    package let intake: Intake
    /// How values are stored.
    package let type: PhysicalType
    /// How many bytes a value has; 0 where they have any length.
    package let width: Int
    /// What values mean beyond how they are stored.
    package let annotation: Annotation?
    /// The definition level of an entry that is a value.
    package internal(set) var maxDefinition: UInt8 = 0
    /// How many lists it lies in.
    package internal(set) var maxRepetition: UInt8 = 0

    init(_ intake: Intake, _ type: PhysicalType, width: Int = 0, _ annotation: Annotation? = nil) {
        self.intake = intake
        self.type = type
        self.width = width
        self.annotation = annotation
    }

    /// How values compare.
    package var order: ValueOrder {
        switch type {
        case .boolean: .boolean
        case .int32: .signed32
        case .int64: .signed64
        case .float: .float32
        case .double: .float64
        case .byteArray: .bytes
        case .fixedByteArray: if case .decimal? = annotation { .signedBytes } else { .fixedBytes }
        }
    }

    /// How many digits stand behind the point.
    package var scale: Int { if case .decimal(_, let scale)? = annotation { Int(scale) } else { 0 } }
    /// How many digits a decimal number has.
    package var precision: Int { if case .decimal(let precision, _)? = annotation { Int(precision) } else { 0 } }
}

extension LeafForm {
    /// The form of scalar values of `type`; nil for types with parts.
    init?(_ type: ColumnType, _ profile: ColumnarProfile, _ widening: ColumnarWidening = .none) {
        let isRich = profile == .rich
        let type = widening == .eager ? Self.widened(type) : type
        let text = LeafForm(.text, .byteArray, .string)
        switch type {
        case .boolean: self.init(.boolean, .boolean, width: 1)
        case .integer(let bits) where bits <= 16: self.init(.int16, .int32, width: 4, .integer(bits: 16))
        case .integer(let bits) where bits <= 32: self.init(.int32, .int32, width: 4, .integer(bits: 32))
        case .integer: self.init(.int64, .int64, width: 8, .integer(bits: 64))
        case .float(let bits) where bits <= 32:
            self =
                widening == .eager
                ? LeafForm(.float32Widened, .double, width: 8) : LeafForm(.float32, .float, width: 4)
        case .float: self.init(.float64, .double, width: 8)
        case .decimal(let precision?, let scale): self = .decimal(precision, scale ?? 0, profile) ?? text
        case .decimal, .text, .timeWithZone: self = text
        case .interval: if isRich { return nil } else { self = text }
        case .enumeration: self.init(.text, .byteArray, isRich ? .enumeration : .string)
        case .json: self.init(.text, .byteArray, isRich ? .json : .string)
        case .uuid: if isRich { self.init(.uuid, .fixedByteArray, width: 16, .uuid) } else { self = text }
        case .binary: self.init(.hexadecimal, .byteArray)
        case .bytes: if isRich { self.init(.bytes, .byteArray) } else { self = text }
        case .date: self.init(.date, .int32, width: 4, .date)
        case .time: if isRich { self.init(.time, .int64, width: 8, .time) } else { self = text }
        case .timestamp: self.init(.timestamp, .int64, width: 8, .timestamp(isUTC: false))
        case .timestampWithZone: self.init(.timestampUTC, .int64, width: 8, .timestamp(isUTC: true))
        case .record: if isRich { return nil } else { self.init(.recordJSON, .byteArray, .string) }
        case .list, .map: return nil
        }
    }

    /// The widest type of the same kind that the portable profile has as a number.
    private static func widened(_ type: ColumnType) -> ColumnType {
        switch type {
        case .integer: .integer(bits: 64)
        case .decimal(let precision?, let scale) where precision <= 38 && (0...precision).contains(scale ?? 0):
            .decimal(precision: 38, scale: scale)
        default: type
        }
    }

    /// Nil where the profile, or the format, has no decimal number of that kind.
    private static func decimal(_ precision: Int, _ scale: Int, _ profile: ColumnarProfile) -> LeafForm? {
        var (digits, scale) = (precision, scale)
        if profile == .rich {
            // Digits cut before the point, and zeros behind it, count for the format.
            if scale < 0 { (digits, scale) = (precision - scale, 0) }
            digits = max(digits, scale)
        }
        guard (0...digits).contains(scale), (1...(profile == .rich ? 76 : 38)).contains(digits) else { return nil }
        let annotation = Annotation.decimal(precision: Int32(digits), scale: Int32(scale))
        switch digits {
        case ...9: return LeafForm(.decimal32, .int32, width: 4, annotation)
        case ...18: return LeafForm(.decimal64, .int64, width: 8, annotation)
        case ...38: return LeafForm(.decimal128, .fixedByteArray, width: byteCount(digits), annotation)
        default: return LeafForm(.decimal256, .fixedByteArray, width: byteCount(digits), annotation)
        }
    }

    /// How many bytes hold every number of `digits` digits in two's complement.
    private static func byteCount(_ digits: Int) -> Int {
        // A digit takes log2(10) bits, a little less than 3.3219281.
        let bits = digits * 33_219_281 / 10_000_000 + 2
        return (bits + 7) / 8
    }
}
