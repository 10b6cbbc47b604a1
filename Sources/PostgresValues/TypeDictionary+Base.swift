// SPDX-License-Identifier: Apache-2.0

import Changelog

/// The numbers of the stock types that are more than text.
enum StockOID {
    static let bool: UInt32 = 16
    static let bytea: UInt32 = 17
    static let name: UInt32 = 19
    static let int8: UInt32 = 20
    static let int2: UInt32 = 21
    static let int4: UInt32 = 23
    static let text: UInt32 = 25
    static let json: UInt32 = 114
    static let float4: UInt32 = 700
    static let float8: UInt32 = 701
    static let bpchar: UInt32 = 1042
    static let varchar: UInt32 = 1043
    static let date: UInt32 = 1082
    static let time: UInt32 = 1083
    static let timestamp: UInt32 = 1114
    static let timestamptz: UInt32 = 1184
    static let interval: UInt32 = 1186
    static let timetz: UInt32 = 1266
    static let bit: UInt32 = 1560
    static let varbit: UInt32 = 1562
    static let numeric: UInt32 = 1700
    static let uuid: UInt32 = 2950
    static let jsonb: UInt32 = 3802
}

extension TypeDictionary {
    /// What values of a base type mean. The numbers are those that `row_to_json` prints as numbers: `oid`, `money`
    /// and `xid` are text.
    func baseType(of oid: UInt32, _ typeModifier: Int32) -> ColumnType {
        switch oid {
        case StockOID.bool: return .boolean
        case StockOID.int2: return .integer(bits: 16)
        case StockOID.int4: return .integer(bits: 32)
        case StockOID.int8: return .integer(bits: 64)
        case StockOID.float4: return .float(bits: 32)
        case StockOID.float8: return .float(bits: 64)
        case StockOID.numeric:
            let numeric = NumericModifier(typeModifier)
            return .decimal(precision: numeric?.precision, scale: numeric?.scale)
        case StockOID.json, StockOID.jsonb: return .json
        case StockOID.bytea: return .binary
        case StockOID.uuid: return .uuid
        case StockOID.date: return .date
        case StockOID.time: return .time
        case StockOID.timetz: return .timeWithZone
        case StockOID.timestamp: return .timestamp
        case StockOID.timestamptz: return .timestampWithZone
        case StockOID.interval: return .interval
        default: return .text
        }
    }

    /// What stands between the parentheses behind a type's name; `typeModifier` is not negative.
    func modifierText(of oid: UInt32, _ typeModifier: Int32) -> String {
        switch oid {
        case StockOID.numeric:
            return NumericModifier(typeModifier).map { "\($0.precision),\($0.scale)" } ?? "\(typeModifier)"
        case StockOID.bpchar, StockOID.varchar:
            return "\(typeModifier >= 4 ? typeModifier - 4 : typeModifier)"
        case StockOID.interval:
            // The upper half says which fields there are, 0x7fff for all; the lower how many digits of a second.
            let digits = typeModifier & 0xffff
            return typeModifier >> 16 == 0x7fff && digits != 0xffff ? "\(digits)" : "\(typeModifier)"
        default: return "\(typeModifier)"
        }
    }
}

/// Precision and scale, as the modifier of `numeric` holds them: 16 bits and 11 bits with a sign, plus 4.
private struct NumericModifier {
    let precision: Int
    let scale: Int

    init?(_ typeModifier: Int32) {
        guard typeModifier >= 4 else { return nil }
        let packed = Int(typeModifier) - 4
        precision = packed >> 16 & 0xffff
        scale = ((packed & 0x7ff) ^ 1024) - 1024
    }
}
