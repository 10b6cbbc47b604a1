// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import Changelog
internal import Faults
internal import NDJSONFormat
internal import ParquetFormat

/// The texts around the values of a record.
struct RecordLabels: Sendable {
    /// `{"_cdc_seq":"`
    let sequence: [UInt8]
    /// `","_cdc_op":"`
    let operation: [UInt8]
    /// `,"_cdc_xid":`
    let transaction: [UInt8]
    /// `,"_cdc_commit_ts":`
    let commitTime: [UInt8]
    /// `,"_cdc_unset":`
    let unset: [UInt8]
    /// `,"_cdc_old":`
    let old: [UInt8]
    /// `,"_cdc_violations":`
    let violations: [UInt8]
    /// `,"name":` of each column.
    let columns: [[UInt8]]

    init(_ prefix: String, _ schema: TableSchema) {
        func text(_ before: String, _ name: String, _ after: String = "") -> [UInt8] {
            Array(before.utf8) + ValuePrinter.label(name) + Array(after.utf8)
        }
        sequence = text("{", prefix + "seq", "\"")
        operation = text("\",", prefix + "op", "\"")
        transaction = text(",", prefix + "xid")
        commitTime = text(",", prefix + "commit_ts")
        unset = text(",", prefix + "unset")
        old = text(",", prefix + "old")
        violations = text(",", prefix + "violations")
        columns = schema.columns.map { text(",", $0.name) }
    }
}

/// Prints what `_cdc_raw` holds of a column.
struct RawPrinter: Sendable {
    private let printer: ValuePrinter
    private let hasParts: Bool

    init(_ type: ColumnType) {
        printer = ValuePrinter(type)
        hasParts = type.hasParts
    }

    /// Appends the JSON of the value whose raw form is `text`.
    func append(_ text: [UInt8], to output: inout ByteBuffer) throws(WireFault) {
        let mark = RawValue.mark.utf8CodeUnitCount
        let isMarked = text.withRawSpan { $0.byteCount >= mark && $0.extracting(0..<mark).isEqual(to: RawValue.mark) }
        guard isMarked else {
            if hasParts { return output.append(contentsOf: text) }
            return try text.withRawSpan { (span) throws(WireFault) in try printer.append(span, to: &output) }
        }
        guard let bytes = Array(text[mark...]).base64Decoded else { throw WireFault(.malformed, at: mark) }
        try bytes.withRawSpan { (span) throws(WireFault) in try printer.append(span, to: &output) }
    }
}

extension [UInt8] {
    /// The bytes that Base64 with padding means (RFC 4648, section 4); nil when it means none.
    var base64Decoded: [UInt8]? {
        guard count % 4 == 0 else { return nil }
        let padding = reversed().prefix { $0 == UInt8(ascii: "=") }.count
        guard padding <= 2 else { return nil }
        var (decoded, bits, filled) = ([UInt8](), UInt32(0), 0)
        for byte in dropLast(padding) {
            guard let value = byte.base64Value else { return nil }
            bits = bits << 6 | value
            filled += 6
            guard filled >= 8 else { continue }
            filled -= 8
            decoded.append(UInt8(truncatingIfNeeded: bits >> UInt32(filled)))
        }
        return decoded
    }
}

extension UInt8 {
    fileprivate var base64Value: UInt32? {
        switch self {
        case 0x41...0x5a: UInt32(self) - 0x41
        case 0x61...0x7a: UInt32(self) - 0x61 + 26
        case 0x30...0x39: UInt32(self) - 0x30 + 52
        case 0x2b: 62
        case 0x2f: 63
        default: nil
        }
    }
}
