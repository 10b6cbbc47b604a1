// SPDX-License-Identifier: Apache-2.0

public import Changelog

/// A drafted contract as YAML of the Open Data Contract Standard 3.1.0. The same schemas are the same bytes.
public struct ContractText {
    /// The lines, each with its end.
    public private(set) var text = ""
    private let columnPrefix: String
    private let view: ContractView

    /// Writes a contract that promises what `schemas` say.
    public init(
        id: String, version: String, schemas: [TableSchema], view: ContractView, columnPrefix: String,
        compatibility: CompatibilityMode, onViolation: ViolationPolicy
    ) {
        self.columnPrefix = columnPrefix
        self.view = view
        line(0, "apiVersion: v3.1.0")
        line(0, "kind: DataContract")
        line(0, "id: \(Self.scalar(id))")
        line(0, "name: \(Self.scalar(id))")
        line(0, "version: \(Self.scalar(version))")
        line(0, "status: active")
        line(0, "description:")
        line(2, "purpose: \(Self.scalar(Self.purpose[view] ?? ""))")
        line(0, "customProperties:")
        custom(2, "kedgeCompatibility", compatibility.rawValue)
        custom(2, "kedgeOnViolation", onViolation.rawValue)
        line(0, schemas.isEmpty ? "schema: []" : "schema:")
        for schema in schemas.sorted(by: { $0.table < $1.table }) { write(schema) }
    }

    private static let purpose: [ContractView: String] = [
        .changelog:
            "Every change of the tables below, in order. A row of the source has one record for each of its changes.",
        .latest: "The latest state of the tables below, a row for each key.",
    ]

    private mutating func write(_ schema: TableSchema) {
        let table = ContractTable(drafting: schema)
        line(2, "- name: \(Self.scalar(table.name))")
        line(4, "physicalName: \(Self.scalar(table.sourceName))")
        line(4, "physicalType: \(view == .changelog ? "changelog" : "table")")
        line(4, "logicalType: object")
        if view == .changelog {
            line(4, "customProperties:")
            line(6, "- property: kedgeKey")
            line(8, "value: [\(schema.key.map(Self.scalar).joined(separator: ", "))]")
        }
        guard view == .changelog || !table.columns.isEmpty else { return line(4, "properties: []") }
        line(4, "properties:")
        if view == .changelog { writeHead() }
        for (column, source) in zip(table.columns, schema.columns) { write(column, source.type, schema.key) }
    }

    /// The columns by which every record begins.
    private mutating func writeHead() {
        line(6, "- name: \(Self.scalar(columnPrefix + "seq"))")
        line(8, "description: The order of all records, and their key.")
        line(8, "logicalType: string")
        line(8, "required: true")
        line(8, "unique: true")
        line(8, "primaryKey: true")
        line(8, "primaryKeyPosition: 1")
        line(6, "- name: \(Self.scalar(columnPrefix + "op"))")
        line(8, "description: What the change did.")
        line(8, "logicalType: string")
        line(8, "required: true")
        quality(["r", "c", "u", "d", "t", "m"])
    }

    private mutating func write(_ column: ContractColumn, _ type: ColumnType, _ key: [String]) {
        line(6, "- name: \(Self.scalar(column.name))")
        if let logical = column.logicalType { line(8, "logicalType: \(logical.rawValue)") }
        if let physical = column.physicalType { line(8, "physicalType: \(Self.scalar(physical))") }
        if column.isRequired { line(8, "required: true") }
        if view == .latest, let place = key.firstIndex(of: column.name) {
            line(8, "primaryKey: true")
            line(8, "primaryKeyPosition: \(place + 1)")
        }
        writeOptions(column)
        if case .list(let element) = type { writeItems(element, 8) }
        for case .oneOf(let values) in column.rules { quality(values) }
    }

    private mutating func writeOptions(_ column: ContractColumn) {
        var options: [String] = []
        for rule in column.rules {
            switch rule {
            case .maxLength(let count): options.append("maxLength: \(count)")
            case .format(let format): options.append("format: \(format.rawValue)")
            default: continue
            }
        }
        guard !options.isEmpty else { return }
        line(8, "logicalTypeOptions:")
        for option in options { line(10, option) }
    }

    private mutating func writeItems(_ element: ColumnType, _ indent: Int) {
        line(indent, "items:")
        line(indent + 2, "logicalType: \(LogicalType(element).rawValue)")
        line(indent + 2, "physicalType: \(Self.scalar(element.description))")
        if case .list(let inner) = element { writeItems(inner, indent + 2) }
    }

    private mutating func quality(_ values: [String]) {
        line(8, "quality:")
        line(10, "- type: library")
        line(12, "metric: invalidValues")
        line(12, "mustBe: 0")
        line(12, "arguments:")
        line(14, "validValues: [\(values.map(Self.scalar).joined(separator: ", "))]")
    }

    private mutating func custom(_ indent: Int, _ property: String, _ value: String) {
        line(indent, "- property: \(property)")
        line(indent + 2, "value: \(Self.scalar(value))")
    }

    private mutating func line(_ indent: Int, _ content: String) {
        text += String(repeating: " ", count: indent) + content + "\n"
    }

    /// A text as YAML holds it: bare where nothing can be taken for anything else, in quotes where it can.
    static func scalar(_ text: String) -> String {
        let isPlain =
            text.utf8.allSatisfy { 0x61...0x7a ~= $0 | 0x20 || 0x30...0x39 ~= $0 || $0 == 0x5f || $0 == 0x2e }
            && text.utf8.first.map { 0x61...0x7a ~= $0 | 0x20 || $0 == 0x5f } == true
            && !["true", "false", "yes", "no", "on", "off", "null", "y", "n"].contains(text.lowercased())
        guard !isPlain else { return text }
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case "\r": quoted += "\\r"
            case _
            where scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
                || [0x2028, 0x2029, 0xfeff].contains(scalar.value):
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
