// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import Changelog
internal import ParquetFormat
internal import ParquetReading

/// What an `add` says of the values of its file, so that readers may pass over it.
///
/// Said of the first columns only, as Delta's own writers do; and of no type whose order engines take differently:
/// floats, for some hold NaN for the greatest, and decimals of more digits than every reader of JSON keeps.
struct DeltaStatistics {
    /// Of how many columns something is said.
    static let columnLimit = 32
    /// How many digits of a decimal every reader of JSON keeps.
    private static let digitLimit = 15

    private let statistics: SegmentStatistics

    init(_ statistics: SegmentStatistics) {
        self.statistics = statistics
    }

    /// The JSON text of the columns of `schema`.
    func text(of schema: DeltaSchema) -> String {
        let names = Set(schema.fields.map(\.name))
        var (least, greatest, nulls): ([String], [String], [String]) = ([], [], [])
        for column in statistics.columns.prefix(Self.columnLimit) where names.contains(column.name) {
            let label = Self.quoted(column.name) + ":"
            nulls.append(label + String(column.nullCount))
            guard let low = column.least, let high = column.greatest, let lowText = Self.text(low, column.form),
                let highText = Self.text(high, column.form)
            else { continue }
            least.append(label + lowText)
            greatest.append(label + highText)
        }
        return "{\"numRecords\":\(statistics.rowCount),\"minValues\":{\(least.joined(separator: ","))},"
            + "\"maxValues\":{\(greatest.joined(separator: ","))},\"nullCount\":{\(nulls.joined(separator: ","))}}"
    }

    /// A bound as JSON; nil where nothing is said.
    private static func text(_ bytes: [UInt8], _ form: LeafForm) -> String? {
        switch form.intake {
        case .int16, .int32, .int64: return String(bytes.littleEndianInteger)
        case .decimal32, .decimal64:
            return form.precision <= digitLimit ? decimal(bytes.littleEndianInteger, form.scale) : nil
        case .text, .recordJSON: return String(validating: bytes, as: UTF8.self).map(quoted)
        case .date:
            let day = Timestamp(microseconds: bytes.littleEndianInteger &* 86_400_000_000).description
            return "\"\(day.prefix(10))\""
        case .timestampUTC: return "\"\(Timestamp(microseconds: bytes.littleEndianInteger))\""
        case .timestamp: return "\"\(Timestamp(microseconds: bytes.littleEndianInteger).description.dropLast())\""
        case .boolean, .float32, .float32Widened, .float64, .decimal128, .decimal256, .hexadecimal, .bytes, .time,
            .uuid:
            return nil
        }
    }

    private static func decimal(_ value: Int64, _ scale: Int) -> String {
        var text = ByteBuffer(capacity: 32)
        text.append(number: value, as: .decimal(precision: nil, scale: scale))
        return text.bytes.decodedString()
    }

    private static func quoted(_ text: String) -> String {
        String(decoding: JSON.text(text).bytes, as: UTF8.self)
    }
}
