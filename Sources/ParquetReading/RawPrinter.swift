// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import Changelog
internal import Faults
internal import NDJSONFormat
internal import ParquetFormat

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
