// SPDX-License-Identifier: Apache-2.0

package import Bytes

/// A run of rows, one chunk for each leaf (parquet.thrift, `RowGroup`).
package struct RowGroupMetadata: Hashable, Sendable {
    /// The chunks in the order of the leaves.
    package var chunks: [ChunkMetadata]
    /// How many rows.
    package var rowCount: Int64
    /// Whether its rows come in the order of their keys, which are in the first leaf.
    var isSorted = true

    func write(number: Int, to writer: inout ThriftWriter) {
        writer.list(1, of: .structure, chunks) { writer, chunk in writer.element { chunk.write(to: &$0) } }
        writer.field(2, chunks.reduce(0) { $0 + $1.byteCount })
        writer.field(3, rowCount)
        if isSorted {
            writer.list(4, of: .structure, [0]) { writer, _ in
                writer.element {
                    $0.field(1, Int32(0))
                    $0.field(2, false)
                    $0.field(3, false)
                }
            }
        }
        if let first = chunks.first { writer.field(5, first.start) }
        writer.field(6, chunks.reduce(0) { $0 + $1.compressedByteCount })
        if number <= Int(Int16.max) { writer.field(7, int16: Int16(number)) }
    }

    init(chunks: [ChunkMetadata], rowCount: Int64) {
        self.chunks = chunks
        self.rowCount = rowCount
    }

    init(reading reader: inout ThriftReader) throws(WireFault) {
        var chunks: [ChunkMetadata] = []
        var rowCount: Int64?
        while let field = try reader.nextField() {
            switch field.id {
            case 1:
                for _ in 0..<(try reader.count(field, of: .structure)) {
                    let outer = try reader.enter()
                    chunks.append(try ChunkMetadata(reading: &reader))
                    reader.leave(outer)
                }
            case 3: rowCount = try reader.int64(field)
            default: try reader.skip(field)
            }
        }
        guard let rowCount, rowCount >= 0 else { throw WireFault(.malformed, at: reader.offset) }
        self.init(chunks: chunks, rowCount: rowCount)
    }
}

/// The footer (parquet.thrift, `FileMetaData`).
package struct FileMetadata: Hashable, Sendable {
    /// The four bytes at both ends of a file.
    package static let magic = Array("PAR1".utf8)

    /// The schema, flattened; the first node is the root.
    package var schema: [SchemaElement]
    /// How many rows.
    package var rowCount: Int64
    /// The row groups in order.
    package var rowGroups: [RowGroupMetadata]
    /// What else the file says of itself, in order.
    package var properties: [(name: String, value: String)] = []
    /// Who wrote it.
    package var createdBy: String

    func write(leafCount: Int, to writer: inout ThriftWriter) {
        // The second version knows the encodings by differences.
        writer.field(1, Int32(2))
        writer.list(2, of: .structure, schema) { writer, node in writer.element { node.write(to: &$0) } }
        writer.field(3, rowCount)
        writer.list(4, of: .structure, Array(rowGroups.enumerated())) { writer, group in
            writer.element { group.element.write(number: group.offset, to: &$0) }
        }
        writer.list(5, of: .structure, properties) { writer, property in
            writer.element {
                $0.field(1, property.name)
                $0.field(2, property.value)
            }
        }
        writer.field(6, createdBy)
        // Without it readers may not believe the bounds.
        writer.list(7, of: .structure, Array(0..<leafCount)) { writer, _ in
            writer.element { order in order.structure(1) { _ in } }
        }
        writer.end()
    }
}

extension FileMetadata {
    /// Equal footers say the same.
    package static func == (lhs: FileMetadata, rhs: FileMetadata) -> Bool {
        lhs.schema == rhs.schema && lhs.rowCount == rhs.rowCount && lhs.rowGroups == rhs.rowGroups
            && lhs.createdBy == rhs.createdBy && lhs.properties.elementsEqual(rhs.properties, by: ==)
    }

    /// Feeds what tells most.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(rowCount)
        hasher.combine(rowGroups)
    }

    /// Reads a footer, without the annotations of its schema.
    package init(_ bytes: RawSpan) throws(WireFault) {
        var reader = ThriftReader(bytes)
        var rowCount: Int64?
        self.init(schema: [], rowCount: 0, rowGroups: [], createdBy: "")
        while let field = try reader.nextField() {
            switch field.id {
            case 2: schema = try Self.list(&reader, field, SchemaElement.init(reading:))
            case 3: rowCount = try reader.int64(field)
            case 4: rowGroups = try Self.list(&reader, field, RowGroupMetadata.init(reading:))
            case 5: properties = try Self.list(&reader, field, Self.property)
            case 6: createdBy = try reader.text(field)
            default: try reader.skip(field)
            }
        }
        guard let rowCount, rowCount >= 0 else { throw WireFault(.malformed, at: reader.offset) }
        self.rowCount = rowCount
    }

    private static func list<Item>(
        _ reader: inout ThriftReader, _ field: ThriftReader.Field,
        _ read: (inout ThriftReader) throws(WireFault) -> Item
    ) throws(WireFault) -> [Item] {
        var items: [Item] = []
        for _ in 0..<(try reader.count(field, of: .structure)) {
            let outer = try reader.enter()
            items.append(try read(&reader))
            reader.leave(outer)
        }
        return items
    }

    private static func property(_ reader: inout ThriftReader) throws(WireFault) -> (name: String, value: String) {
        var (name, value) = ("", "")
        while let field = try reader.nextField() {
            switch field.id {
            case 1: name = try reader.text(field)
            case 2: value = try reader.text(field)
            default: try reader.skip(field)
            }
        }
        return (name, value)
    }
}

extension SchemaElement {
    fileprivate init(reading reader: inout ThriftReader) throws(WireFault) {
        var numbers = [Int32?](repeating: nil, count: 6)
        var name = ""
        while let field = try reader.nextField() {
            switch field.id {
            case 1, 2, 3, 5: numbers[Int(field.id)] = try reader.int32(field)
            case 4: name = try reader.text(field)
            default: try reader.skip(field)
            }
        }
        self.init(
            name: name, type: numbers[1].flatMap(PhysicalType.init), typeLength: numbers[2],
            presence: numbers[3].flatMap(Presence.init), childCount: numbers[5])
    }
}
