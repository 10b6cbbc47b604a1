// SPDX-License-Identifier: Apache-2.0

public import Changelog

/// What a contract that kedge drafts describes.
public enum ContractView: String, Sendable, CaseIterable {
    /// The records, of which `_cdc_seq` is the key: one row of the source has as many as it had changes.
    case changelog
    /// The latest state of each row, whose key is that of the source.
    case latest
}

extension ContractTable {
    /// What can be promised of a table of this schema, knowing nothing else; `source` is what the table is called, where
    /// its records are in a folder that is called otherwise.
    public init(drafting schema: TableSchema, as source: String? = nil) {
        self.init(
            name: schema.table.name, physicalName: source ?? schema.table.description,
            columns: schema.columns.map { column in
                ContractColumn(
                    name: column.name, logicalType: LogicalType(column.type), physicalType: column.sourceType.bare,
                    rules: Self.rules(of: column, isKey: schema.key.contains(column.name)))
            }, key: schema.key)
    }

    private static func rules(of column: TableSchema.Column, isKey: Bool) -> [ValueRule] {
        var rules: [ValueRule] = []
        if isKey || column.isNullable == false { rules.append(.required) }
        if let labels = column.labels { rules.append(.oneOf(labels)) }
        let type = PhysicalType(column.sourceType)
        if ["varchar", "bpchar"].contains(type.name), let length = type.arguments.first {
            rules.append(.maxLength(length))
        }
        if column.type == .uuid { rules.append(.format(.uuid)) }
        return rules
    }
}

extension String {
    /// Without the schema that every database has.
    fileprivate var bare: String { hasPrefix("pg_catalog.") ? String(dropFirst(11)) : self }
}
