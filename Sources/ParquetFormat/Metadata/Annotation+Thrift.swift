// SPDX-License-Identifier: Apache-2.0

extension Annotation {
    /// The number of the older way to say it (`ConvertedType`); some readers know no other. Nil where there is none.
    var convertedType: Int32? {
        switch self {
        case .string: 0
        case .map: 1
        case .list: 3
        case .enumeration: 4
        case .decimal: 5
        case .date: 6
        case .time: 8
        // The format's own text asks for it without a zone, too.
        case .timestamp: 10
        case .integer(let bits): bits == 8 ? 15 : bits == 16 ? 16 : bits == 32 ? 17 : 18
        case .json: 19
        case .uuid: nil
        }
    }

    /// Writes the union `LogicalType`.
    func write(to writer: inout ThriftWriter) {
        switch self {
        case .string: writer.structure(1) { _ in }
        case .map: writer.structure(2) { _ in }
        case .list: writer.structure(3) { _ in }
        case .enumeration: writer.structure(4) { _ in }
        case .decimal(let precision, let scale):
            writer.structure(5) {
                $0.field(1, scale)
                $0.field(2, precision)
            }
        case .date: writer.structure(6) { _ in }
        case .time: writer.structure(7) { Self.writeUnit(isUTC: false, to: &$0) }
        case .timestamp(let isUTC): writer.structure(8) { Self.writeUnit(isUTC: isUTC, to: &$0) }
        case .integer(let bits):
            writer.structure(10) {
                $0.field(1, byte: UInt8(bits))
                $0.field(2, true)
            }
        case .json: writer.structure(12) { _ in }
        case .uuid: writer.structure(14) { _ in }
        }
    }

    /// The fields of `TimeType` and `TimestampType`, in microseconds.
    private static func writeUnit(isUTC: Bool, to writer: inout ThriftWriter) {
        writer.field(1, isUTC)
        writer.structure(2) { unit in unit.structure(2) { _ in } }
    }
}
