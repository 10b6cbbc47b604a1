// SPDX-License-Identifier: Apache-2.0

public import Changelog
public import Faults
internal import Yams

/// A drafted contract as YAML of the Open Data Contract Standard 3.1.0. The same schemas are the same bytes.
public struct ContractText {
    /// The document.
    public let text: String

    /// Writes a contract that promises what `schemas` say.
    public init(
        id: String, version: String, schemas: [TableSchema], view: ContractView, columnPrefix: String,
        compatibility: CompatibilityMode, onViolation: ViolationPolicy
    ) throws(Fault) {
        let draft = Draft(columnPrefix: columnPrefix, view: view)
        let document = Node.members([
            ("apiVersion", .word("v3.1.0")), ("kind", .word("DataContract")), ("id", .text(id)), ("name", .text(id)),
            ("version", .text(version)), ("status", .word("active")),
            ("description", .members([("purpose", .text(draft.purpose))])),
            (
                "customProperties",
                .list([
                    Draft.property("kedgeCompatibility", .word(compatibility.rawValue)),
                    Draft.property("kedgeOnViolation", .word(onViolation.rawValue)),
                ])
            ),
            ("schema", .list(schemas.sorted { $0.table < $1.table }.map(draft.table))),
        ])
        do {
            text = try Yams.serialize(node: document, width: -1, allowUnicode: true)
        } catch {
            throw Fault(.bug, "a contract cannot be written", detail: "\(error)")
        }
    }
}

/// Makes the parts of a contract.
private struct Draft {
    let columnPrefix: String
    let view: ContractView

    var purpose: String {
        switch view {
        case .changelog:
            "Every change of the tables below, in order. A row of the source has one record for each of its changes."
        case .latest: "The latest state of the tables below, a row for each key."
        }
    }

    static func property(_ name: String, _ value: Node) -> Node {
        .members([("property", .word(name)), ("value", value)])
    }

    func table(_ schema: TableSchema) -> Node {
        let table = ContractTable(drafting: schema)
        var members: [(String, Node)] = [
            ("name", .text(table.name)), ("physicalName", .text(table.sourceName)),
            ("physicalType", .word(view == .changelog ? "changelog" : "table")), ("logicalType", .word("object")),
        ]
        var properties = zip(table.columns, schema.columns).map { column($0, $1.type, schema.key) }
        if view == .changelog {
            members.append(
                ("customProperties", .list([Self.property("kedgeKey", .list(schema.key.map(Node.text), .flow))])))
            properties = head + properties
        }
        members.append(("properties", .list(properties)))
        return .members(members)
    }

    /// The columns by which every record begins.
    private var head: [Node] {
        [
            .members([
                ("name", .text(columnPrefix + "seq")),
                ("description", .text("The order of all records, and their key.")), ("logicalType", .word("string")),
                ("required", .yes), ("unique", .yes), ("primaryKey", .yes), ("primaryKeyPosition", .word("1")),
            ]),
            .members([
                ("name", .text(columnPrefix + "op")), ("description", .text("What the change did.")),
                ("logicalType", .word("string")), ("required", .yes),
                ("quality", Self.quality(["r", "c", "u", "d", "t", "m"])),
            ]),
        ]
    }

    private func column(_ column: ContractColumn, _ type: ColumnType, _ key: [String]) -> Node {
        var members: [(String, Node)] = [("name", .text(column.name))]
        if let logical = column.logicalType { members.append(("logicalType", .word(logical.rawValue))) }
        if let physical = column.physicalType { members.append(("physicalType", .text(physical))) }
        if column.isRequired { members.append(("required", .yes)) }
        if view == .latest, let place = key.firstIndex(of: column.name) {
            members += [("primaryKey", .yes), ("primaryKeyPosition", .word(String(place + 1)))]
        }
        let options = column.rules.compactMap { rule -> (String, Node)? in
            switch rule {
            case .maxLength(let count): ("maxLength", .word(String(count)))
            case .format(let format): ("format", .word(format.rawValue))
            default: nil
            }
        }
        if !options.isEmpty { members.append(("logicalTypeOptions", .members(options))) }
        if case .list(let element) = type { members.append(("items", Self.items(element))) }
        for case .oneOf(let values) in column.rules { members.append(("quality", Self.quality(values))) }
        return .members(members)
    }

    private static func items(_ element: ColumnType) -> Node {
        var members: [(String, Node)] = [
            ("logicalType", .word(LogicalType(element).rawValue)), ("physicalType", .text(element.description)),
        ]
        if case .list(let inner) = element { members.append(("items", items(inner))) }
        return .members(members)
    }

    private static func quality(_ values: [String]) -> Node {
        .list([
            .members([
                ("type", .word("library")), ("metric", .word("invalidValues")), ("mustBe", .word("0")),
                ("arguments", .members([("validValues", .list(values.map(Node.text), .flow))])),
            ])
        ])
    }
}

extension Node {
    /// Text that others have chosen: in quotes where it could be taken for anything else.
    fileprivate static func text(_ text: String) -> Node {
        Node(text).tag == Tag(.str) ? Node(text) : Node(text, .implicit, .doubleQuoted)
    }
    /// A word or number of the standard's.
    fileprivate static func word(_ word: String) -> Node { Node(word) }
    fileprivate static var yes: Node { Node("true") }

    fileprivate static func list(_ items: [Node], _ style: Node.Sequence.Style = .any) -> Node {
        .sequence(Node.Sequence(items, .implicit, items.isEmpty ? .flow : style))
    }

    fileprivate static func members(_ members: [(String, Node)]) -> Node {
        .mapping(Node.Mapping(members.map { (Node($0.0), $0.1) }))
    }
}
