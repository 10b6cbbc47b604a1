// SPDX-License-Identifier: Apache-2.0

/// What the values of a column mean, and in which form they stand in a ``ChangeBatch``.
///
/// | case | form of the bytes |
/// | --- | --- |
/// | `boolean` | `t` or `f` |
/// | `integer` | decimal digits, `-` before negative ones |
/// | `float` | shortest decimal form that reads back the same, `NaN`, `Infinity`, `-Infinity` |
/// | `decimal` | decimal digits, `.`; `NaN`, `Infinity`, `-Infinity` |
/// | `text`, `uuid`, `interval`, `time`, `timeWithZone`, `enumeration` | UTF-8 as the source prints it |
/// | `date` | `2024-01-02`, ` BC` behind years before 1; `infinity`, `-infinity` |
/// | `timestamp` | `2024-01-02T03:04:05.678901`, else as `date` |
/// | `timestampWithZone` | the same with `+00:00` before a ` BC`; always UTC |
/// | `binary` | lower-case hexadecimal digits, two a byte |
/// | `bytes` | the bytes themselves |
/// | `json` | the JSON text as the source printed it |
/// | `list`, `record`, `map` | nested, as ``NestedValue`` says |
public indirect enum ColumnType: Hashable, Sendable {
    /// True or false.
    case boolean
    /// A signed integer of 16, 32 or 64 bits.
    case integer(bits: Int)
    /// A binary floating-point number of 32 or 64 bits.
    case float(bits: Int)
    /// An exact decimal number; without a precision, of any length.
    case decimal(precision: Int?, scale: Int?)
    /// Any text. Also the fallback for a type of which nothing is known.
    case text
    /// One of a set of labels.
    case enumeration
    /// A universally unique identifier in its usual form.
    case uuid
    /// A JSON document.
    case json
    /// Bytes, in the form in which the source prints them.
    case binary
    /// Bytes of which most are text: printed as text where they are UTF-8.
    case bytes
    /// A day.
    case date
    /// A time of day.
    case time
    /// A time of day with an offset.
    case timeWithZone
    /// A day and time without a zone.
    case timestamp
    /// A moment.
    case timestampWithZone
    /// A span of time.
    case interval
    /// Values of one type in order; a list inside a list is a further dimension of the same type.
    case list(ColumnType)
    /// A value for each field.
    case record([Field])
    /// Text keys with text values or nulls.
    case map

    /// One field of a record.
    public struct Field: Hashable, Sendable {
        /// The field's name.
        public let name: String
        /// The type of its values.
        public let type: ColumnType

        /// Makes a field.
        public init(name: String, type: ColumnType) {
            self.name = name
            self.type = type
        }
    }
}

extension ColumnType: CustomStringConvertible {
    /// A short name: `int64`, `decimal(12,2)`, `list<text>`, `record<a: int32, b: text>`.
    public var description: String {
        switch self {
        case .boolean: "boolean"
        case .integer(let bits): "int\(bits)"
        case .float(let bits): "float\(bits)"
        case .decimal(let precision?, let scale): "decimal(\(precision),\(scale ?? 0))"
        case .decimal: "decimal"
        case .text: "text"
        case .enumeration: "enum"
        case .uuid: "uuid"
        case .json: "json"
        case .binary: "binary"
        case .bytes: "bytes"
        case .date: "date"
        case .time: "time"
        case .timeWithZone: "timetz"
        case .timestamp: "timestamp"
        case .timestampWithZone: "timestamptz"
        case .interval: "interval"
        case .list(let element): "list<\(element)>"
        case .record(let fields): "record<\(fields.map { "\($0.name): \($0.type)" }.joined(separator: ", "))>"
        case .map: "map"
        }
    }
}
