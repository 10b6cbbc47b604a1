// SPDX-License-Identifier: Apache-2.0

/// One node of a file's schema; the tree is flattened depth first (parquet.thrift, `SchemaElement`).
package struct SchemaElement: Hashable, Sendable {
    /// Its name.
    package var name: String
    /// How values are stored; nil for a group.
    package var type: PhysicalType?
    /// How many bytes a value has, where they have one length.
    package var typeLength: Int32?
    /// Whether it must be there; nil for the root.
    package var presence: Presence?
    /// How many nodes it has below itself.
    package var childCount: Int32?
    /// What it means.
    package var annotation: Annotation?

    /// Makes a node.
    package init(
        name: String, type: PhysicalType? = nil, typeLength: Int32? = nil, presence: Presence? = nil,
        childCount: Int32? = nil, annotation: Annotation? = nil
    ) {
        self.name = name
        self.type = type
        self.typeLength = typeLength
        self.presence = presence
        self.childCount = childCount
        self.annotation = annotation
    }

    func write(to writer: inout ThriftWriter) {
        if let type { writer.field(1, type.rawValue) }
        if let typeLength { writer.field(2, typeLength) }
        if let presence { writer.field(3, presence.rawValue) }
        writer.field(4, name)
        if let childCount { writer.field(5, childCount) }
        if let converted = annotation?.convertedType { writer.field(6, converted) }
        if case .decimal(let precision, let scale)? = annotation {
            writer.field(7, scale)
            writer.field(8, precision)
        }
        if let annotation { writer.structure(10) { annotation.write(to: &$0) } }
    }
}
