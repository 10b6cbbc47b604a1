// SPDX-License-Identifier: Apache-2.0

public import Changelog
public import Export

/// What a column of the source is in a file, as far as files with columns of one name must agree for one table of them
/// to be read: physical types, what they mean, and the nodes between.
public struct ColumnForm: Hashable, Sendable {
    private let elements: [SchemaElement]

    /// The form of columns of `type`.
    public init(_ type: ColumnType, _ columnar: ColumnarChoice) {
        let schema = TableSchema(
            table: TableName(namespace: nil, name: ""),
            columns: [TableSchema.Column(name: "", type: type, sourceType: "")], key: [])
        let shape = FileShape(schema, columnPrefix: "", profile: columnar.profile, widening: columnar.widening)
        elements = shape.columnElements.flatMap { Array(shape.elements[$0]) }
    }
}
