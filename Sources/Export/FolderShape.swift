// SPDX-License-Identifier: Apache-2.0

public import Changelog

/// What a column is in the files of one format, as far as files of one folder must agree to be read as one table.
public typealias ColumnFormOf = @Sendable (ColumnType) -> AnyHashable

/// The columns of all files in one folder together: a union by name, for who reads the folder as one table goes by
/// names.
struct FolderShape {
    private struct Known {
        let form: AnyHashable
        let sourceType: String
    }

    private let form: ColumnFormOf
    private var columns: [String: Known] = [:]
    /// The key of the newest schema that has one.
    private var key: [String] = []

    init(form: @escaping ColumnFormOf) {
        self.form = form
    }

    /// Adds the columns of files that are in the folder, or are about to be.
    mutating func add(_ schema: TableSchema) {
        for column in schema.columns where columns[column.name] == nil {
            columns[column.name] = Known(form: form(column.type), sourceType: column.sourceType)
        }
        if !schema.key.isEmpty { key = schema.key }
    }

    /// Why records of `schema` cannot go into the folder, in sentences for people; empty when they can.
    func obstacles(to schema: TableSchema) -> [String] {
        var obstacles: [String] = []
        for column in schema.columns {
            guard let known = columns[column.name], known.form != AnyHashable(form(column.type)) else { continue }
            obstacles.append("column \"\(column.name)\" was \(known.sourceType) and is \(column.sourceType)")
        }
        if !key.isEmpty, Set(key) != Set(schema.key) {
            let new = schema.key.isEmpty ? "is none" : "is (\(schema.key.joined(separator: ", ")))"
            obstacles.append("the key was (\(key.joined(separator: ", "))) and \(new)")
        }
        return obstacles
    }
}
