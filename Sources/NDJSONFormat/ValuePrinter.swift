// SPDX-License-Identifier: Apache-2.0

public import Bytes
public import Changelog

/// Prints values of one type as records hold them (`docs/format.md`, Values); for formats that hold JSON inside.
public struct ValuePrinter: Sendable {
    private let form: ValueForm
    private let nested: NestedForm?

    /// Gets ready for values of `type`.
    public init(_ type: ColumnType) {
        form = ValueForm(type)
        nested = form.isNested ? NestedForm(type) : nil
    }

    /// Appends the JSON of a value in the form of its type.
    public func append(_ value: RawSpan, to output: inout ByteBuffer) throws(WireFault) {
        guard let nested else { return output.appendJSON(value, as: form) }
        try output.appendJSON(nested: value, as: nested)
    }

    /// `"name":`
    public static func label(_ name: String) -> [UInt8] {
        NDJSONFormat.label(name)
    }

    /// Appends `text` as a JSON string.
    public static func append(string text: RawSpan, to output: inout ByteBuffer) {
        output.appendJSON(string: text)
    }
}
