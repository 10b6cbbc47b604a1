// SPDX-License-Identifier: Apache-2.0

internal import Bytes
package import Changelog
internal import NDJSONFormat

/// What `_cdc_raw` holds of a value: its text; of a value with parts, the JSON that records hold; and where that would
/// not be all of it, `base64:` and the value in the form of its type.
package struct RawValue: Sendable {
    /// What stands before values that are not text.
    package static let mark: StaticString = "base64:"

    private let printer: ValuePrinter
    private let isNested: Bool
    private let holdsBytes: Bool

    /// Prepares for the values of a column of this type.
    package init(_ type: ColumnType) {
        printer = ValuePrinter(type)
        isNested = type.hasParts
        holdsBytes = type.holdsBytes
    }

    func append(_ value: RawSpan, to output: inout ByteBuffer) throws(WireFault) {
        if isNested, holdsBytes || value.isNestedText { return try printer.append(value, to: &output) }
        let markLength = Self.mark.utf8CodeUnitCount
        let isMarked = value.byteCount >= markLength && value.extracting(0..<markLength).isEqual(to: Self.mark)
        guard isNested || isMarked || !value.isUTF8 else { return output.append(value) }
        output.append(Self.mark)
        output.appendBase64(value)
    }
}

extension ColumnType {
    /// Whether values are runs of tokens.
    package var hasParts: Bool {
        switch self {
        case .list, .record, .map: true
        default: false
        }
    }

    /// Whether bytes of any kind lie in it, which JSON spells out.
    fileprivate var holdsBytes: Bool {
        switch self {
        case .bytes: true
        case .list(let element): element.holdsBytes
        case .record(let fields): fields.contains { $0.type.holdsBytes }
        default: false
        }
    }
}
