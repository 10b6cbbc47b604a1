// SPDX-License-Identifier: Apache-2.0

public import Bytes
public import Changelog

/// Turns the server's text of one column's values into the form of its ``ColumnType``. Made once for each column
/// of a schema; a value then costs one look at one byte before it is copied.
public struct ValueConverter: Sendable {
    /// What to do with a value. Without payload, so that asking for it counts no references.
    @usableFromInline
    enum Shape: UInt8, Sendable {
        /// The text is the value.
        case copy
        case boolean
        case binary
        case timestamp
        case timestampWithZone
        case list
        case vector
        case record
        case map
    }

    /// What the values mean.
    public let type: ColumnType
    @usableFromInline let shape: Shape
    /// Parts parted by this byte, for lists.
    let delimiter: UInt8
    /// The converters of the elements or of the fields.
    let parts: [ValueConverter]

    /// Prepares for values of one type.
    public init(for oid: UInt32, typeModifier: Int32, in dictionary: TypeDictionary) {
        self.init(for: oid, typeModifier: typeModifier, in: dictionary, path: [])
    }

    /// `path` holds the types around this one: a catalog that was read while it changed could lead in a circle,
    /// and what would contain itself counts as text.
    private init(for oid: UInt32, typeModifier: Int32, in dictionary: TypeDictionary, path: [UInt32]) {
        let (resolved, modifier) = dictionary.resolved(oid, typeModifier: typeModifier)
        guard let resolved, path.count < TypeDictionary.depthLimit, !path.contains(resolved.oid) else {
            self.init(type: .text, shape: .copy)
            return
        }
        func part(_ oid: UInt32, _ typeModifier: Int32) -> ValueConverter {
            ValueConverter(for: oid, typeModifier: typeModifier, in: dictionary, path: path + [resolved.oid])
        }
        switch resolved.kind {
        case .array(let element, let delimiter):
            self.init(listOf: part(element, modifier), shape: .list, delimiter: delimiter)
        case .spaceSeparatedArray(let element):
            self.init(listOf: part(element, modifier), shape: .vector, delimiter: UInt8(ascii: " "))
        case .composite(let attributes):
            self.init(attributes.map { ($0.name, part($0.typeOID, $0.typeModifier)) })
        case .base:
            self.init(type: dictionary.baseType(of: resolved.oid, modifier), shape: Shape(base: resolved.oid))
        case .enumeration: self.init(type: .enumeration, shape: .copy)
        case .hstore: self.init(type: .map, shape: .map)
        case .domain, .range, .multirange, .jsonCast, .pseudo: self.init(type: .text, shape: .copy)
        }
    }

    private init(type: ColumnType, shape: Shape, delimiter: UInt8 = UInt8(ascii: ","), parts: [ValueConverter] = []) {
        self.type = type
        self.shape = shape
        self.delimiter = delimiter
        self.parts = parts
    }

    private init(listOf element: ValueConverter, shape: Shape, delimiter: UInt8) {
        self.init(type: .list(element.type), shape: shape, delimiter: delimiter, parts: [element])
    }

    private init(_ fields: [(name: String, converter: ValueConverter)]) {
        let type = ColumnType.record(fields.map { ColumnType.Field(name: $0.name, type: $0.converter.type) })
        self.init(type: type, shape: .record, parts: fields.map(\.converter))
    }

    /// Appends the value whose text is `text` to the change that `batch` is at. When it throws, nothing was appended.
    @inlinable
    @inline(__always)
    public func convert(_ text: RawSpan, into batch: inout ChangeBatch) throws(WireFault) {
        let shape = shape
        switch shape {
        case .copy: batch.append(text)
        case .boolean, .binary, .timestamp, .timestampWithZone:
            // Captures the shape alone: capturing the converter would count references for every value.
            try batch.append { (output: inout ByteBuffer) throws(WireFault) in try shape.write(text, to: &output) }
        case .list, .vector, .record, .map:
            try batch.append { (output: inout ByteBuffer) throws(WireFault) in try write(text, to: &output) }
        }
    }

    /// Appends the value whose text is `text` to `output`; when it throws, a part may have been appended.
    @usableFromInline
    func write(_ text: RawSpan, to output: inout ByteBuffer) throws(WireFault) {
        switch shape {
        case .copy, .boolean, .binary, .timestamp, .timestampWithZone: try shape.write(text, to: &output)
        case .list: try writeList(text, to: &output)
        case .vector: try writeVector(text, to: &output)
        case .record: try writeRecord(text, to: &output)
        case .map: try output.append(hstore: text)
        }
    }

    /// Appends the text of a part as a nested value: a scalar token, or the tokens of a list, record or map.
    func writeNested(_ text: RawSpan, to output: inout ByteBuffer) throws(WireFault) {
        switch shape {
        case .copy: output.appendNestedScalar(text)
        case .list, .vector, .record, .map: try write(text, to: &output)
        case .boolean, .binary, .timestamp, .timestampWithZone:
            let start = output.beginNestedScalar()
            try shape.write(text, to: &output)
            output.endNestedScalar(start)
        }
    }
}

extension ValueConverter.Shape {
    /// Appends a value without parts; those with parts are copied as they are.
    @usableFromInline
    func write(_ text: RawSpan, to output: inout ByteBuffer) throws(WireFault) {
        switch self {
        case .boolean: try output.append(boolean: text)
        case .binary: try output.append(bytea: text)
        case .timestamp: try output.append(timestamp: text, zone: .absent)
        case .timestampWithZone: try output.append(timestamp: text, zone: .present)
        case .copy, .list, .vector, .record, .map: output.append(text)
        }
    }

    init(base oid: UInt32) {
        self =
            switch oid {
            case StockOID.bool: .boolean
            case StockOID.bytea: .binary
            case StockOID.timestamp: .timestamp
            case StockOID.timestamptz: .timestampWithZone
            default: .copy
            }
    }
}
