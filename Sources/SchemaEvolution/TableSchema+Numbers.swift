// SPDX-License-Identifier: Apache-2.0

public import Changelog

extension TableSchema {
    /// Whether every column has a number.
    public var tellsNumbers: Bool { columns.allSatisfy { $0.attributeNumber != nil } }

    /// The same with the numbers that an earlier schema tells of columns of which this one tells none.
    public func told(by earlier: TableSchema) -> TableSchema {
        guard !tellsNumbers else { return self }
        let known = Dictionary(
            earlier.columns.map { ($0.name, $0.attributeNumber) }, uniquingKeysWith: { first, _ in first })
        let taken = Set(columns.compactMap(\.attributeNumber))
        let columns = columns.map { column in
            guard column.attributeNumber == nil, let number = known[column.name] ?? nil, !taken.contains(number)
            else { return column }
            return Column(
                name: column.name, type: column.type, sourceType: column.sourceType, attributeNumber: number,
                isNullable: column.isNullable, labels: column.labels)
        }
        return TableSchema(table: table, columns: columns, key: key)
    }
}
