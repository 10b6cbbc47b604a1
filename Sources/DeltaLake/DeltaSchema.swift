// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import Changelog
internal import Export
internal import Faults
internal import ParquetFormat

/// The columns of a Delta table: those of every segment that it holds, joined by their names.
struct DeltaSchema: Hashable, Sendable {
    /// One column, as the log has it; what kedge does not know of it is kept.
    struct Field: Hashable, Sendable {
        let name: String
        var type: JSON
        var json: JSON {
            guard case .object(var members) = whole else { return whole }
            members["type"] = type
            return .object(members)
        }
        private let whole: JSON

        init(name: String, type: JSON) {
            self.name = name
            self.type = type
            whole = .object([
                "name": .text(name), "type": type, "nullable": .bool(true), "metadata": .object([:]),
            ])
        }

        init?(_ json: JSON) {
            guard let name = json["name"]?.text, let type = json["type"] else { return nil }
            self.name = name
            self.type = type
            whole = json
        }
    }

    private(set) var fields: [Field]
    /// Columns of the files that no type of Delta can say; the table is without them.
    private(set) var leftOut: [String] = []

    /// The columns of files of `schema`. Two names that differ in the case of their letters alone are refused.
    init(
        _ schema: TableSchema, columnPrefix: String, profile: ColumnarProfile, widening: ColumnarWidening = .none
    ) throws(Fault) {
        let shape = FileShape(schema, columnPrefix: columnPrefix, profile: profile, widening: widening)
        fields = [
            Field(name: columnPrefix + "seq", type: .text("string")),
            Field(name: columnPrefix + "op", type: .text("string")),
            Field(name: columnPrefix + "xid", type: .text("long")),
            Field(name: columnPrefix + "commit_ts", type: .text("timestamp")),
        ]
        for (column, node) in zip(schema.columns, shape.columns) {
            if let type = DeltaType.of(node, shape) {
                fields.append(Field(name: column.name, type: type))
            } else {
                leftOut.append(column.name)
            }
        }
        fields.append(Field(name: columnPrefix + "unset", type: DeltaType.list(of: .text("string"))))
        fields.append(Field(name: columnPrefix + "old", type: .text("string")))
        fields.append(Field(name: columnPrefix + "raw", type: DeltaType.textMap))
        try requireDistinctNames(of: schema.table.description)
    }

    /// Reads what `metaData` of a log says; nil when it cannot be read.
    init?(schemaString: String) {
        guard let json = JSON(parsing: Array(schemaString.utf8), otherNumbers: .asText),
            let elements = json["fields"]?.elements
        else { return nil }
        let fields = elements.compactMap(Field.init)
        guard fields.count == elements.count else { return nil }
        self.fields = fields
    }

    /// What `metaData` says.
    var schemaString: String {
        let json = JSON.object(["type": .text("struct"), "fields": .array(fields.map(\.json))])
        return String(decoding: json.bytes, as: UTF8.self)
    }

    /// Whether a column holds moments without a zone, which needs a newer protocol.
    var needsTimestampWithoutZone: Bool { fields.contains { DeltaType.mentions("timestamp_ntz", $0.type) } }

    /// The columns of both: those of `newer` that are not here yet come behind. A column whose type has become another
    /// is refused, unless one of the two types holds all values of the other.
    func joined(with newer: DeltaSchema, of table: String) throws(Fault) -> DeltaSchema {
        var result = self
        for field in newer.fields {
            guard let index = result.fields.firstIndex(where: { $0.name == field.name }) else {
                result.fields.append(field)
                continue
            }
            let known = result.fields[index].type
            guard let type = DeltaType.joined(known, field.type) else {
                throw Fault(
                    .deltaSchema,
                    "the column \(field.name) of \(table) was \(DeltaType.text(known)) and is \(DeltaType.text(field.type)): "
                        + "one Delta table cannot hold both",
                    hint: "export the table under another name or into another export, or go on with --delta off")
            }
            result.fields[index].type = type
        }
        result.leftOut = newer.leftOut
        try result.requireDistinctNames(of: table)
        return result
    }

    private func requireDistinctNames(of table: String) throws(Fault) {
        var known: [String: String] = [:]
        for field in fields {
            guard let other = known.updateValue(field.name, forKey: field.name.lowercased()) else { continue }
            throw Fault(
                .deltaSchema,
                "the columns \(other) and \(field.name) of \(table) are one name for a Delta table, which does not tell "
                    + "capital letters from small ones",
                hint: "rename one of them, leave the table out with --exclude-tables, or go on with --delta off")
        }
    }
}

/// Types of Delta, as they stand in a schema.
enum DeltaType {
    static let textMap = JSON.object([
        "type": .text("map"), "keyType": .text("string"), "valueType": .text("string"),
        "valueContainsNull": .bool(true),
    ])

    static func list(of element: JSON) -> JSON {
        .object(["type": .text("array"), "elementType": element, "containsNull": .bool(true)])
    }

    /// The type of the values of a node; nil where Delta has none.
    static func of(_ node: Node, _ shape: FileShape) -> JSON? {
        switch node.kind {
        case .leaf(let leaf): return of(shape.leaves[leaf]).map(JSON.text)
        case .list(let element): return of(element, shape).map(list)
        case .map: return textMap
        case .interval:
            return structure([
                ("months", .text("integer")), ("days", .text("integer")), ("micros", .text("long")),
            ])
        case .structure(let nodes):
            let types = nodes.map { of($0, shape) }
            let known = types.compactMap { $0 }
            guard known.count == nodes.count, Set(node.names.map { $0.lowercased() }).count == nodes.count else {
                return nil
            }
            return structure(Array(zip(node.names, known)))
        }
    }

    private static func structure(_ fields: [(String, JSON)]) -> JSON {
        .object([
            "type": .text("struct"),
            "fields": .array(fields.map { DeltaSchema.Field(name: $0.0, type: $0.1).json }),
        ])
    }

    private static func of(_ form: LeafForm) -> String? {
        switch (form.type, form.annotation) {
        case (.boolean, _): "boolean"
        case (_, .decimal(let precision, let scale)?): precision <= 38 ? "decimal(\(precision),\(scale))" : nil
        case (_, .date?): "date"
        case (_, .timestamp(let isUTC)?): isUTC ? "timestamp" : "timestamp_ntz"
        case (_, .time?), (_, .uuid?), (.fixedByteArray, _): nil
        case (.int32, .integer(let bits)?): bits <= 16 ? "short" : "integer"
        case (.int32, _): "integer"
        case (.int64, _): "long"
        case (.float, _): "float"
        case (.double, _): "double"
        case (.byteArray, nil): "binary"
        case (.byteArray, _): "string"
        }
    }

    /// The type that holds the values of both; nil where none does.
    static func joined(_ lhs: JSON, _ rhs: JSON) -> JSON? {
        if lhs == rhs { return lhs }
        guard let left = lhs.text, let right = rhs.text else { return nil }
        for ladder in [["byte", "short", "integer", "long"], ["float", "double"]] {
            if let low = ladder.firstIndex(of: left), let high = ladder.firstIndex(of: right) {
                return .text(ladder[max(low, high)])
            }
        }
        guard let first = decimal(left), let second = decimal(right), first.scale == second.scale else { return nil }
        return .text("decimal(\(max(first.precision, second.precision)),\(first.scale))")
    }

    private static func decimal(_ text: String) -> (precision: Int, scale: Int)? {
        guard text.hasPrefix("decimal("), text.hasSuffix(")") else { return nil }
        let parts = text.dropFirst(8).dropLast().split(separator: ",").compactMap { Int($0) }
        return parts.count == 2 ? (parts[0], parts[1]) : nil
    }

    static func mentions(_ name: String, _ type: JSON) -> Bool {
        switch type {
        case .text(let text): text == name
        case .array(let elements): elements.contains { mentions(name, $0) }
        case .object(let members):
            ["type", "elementType", "keyType", "valueType", "fields"].contains { key in
                members[key].map { mentions(name, $0) } ?? false
            }
        default: false
        }
    }

    /// The type as people read it.
    static func text(_ type: JSON) -> String {
        type.text ?? type["type"]?.text ?? String(decoding: type.bytes, as: UTF8.self)
    }
}
