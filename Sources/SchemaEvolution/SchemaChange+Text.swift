// SPDX-License-Identifier: Apache-2.0

public import Bytes
internal import Changelog

extension SchemaChange {
    /// The code of the notice by which an anchor tells of changes.
    public static let noticeCode = "schema.changed"

    /// What happened, for people: `column "a" was renamed to "b"`.
    public var sentence: String {
        switch self {
        case .columnAdded(let name, let isNullable):
            "column \"\(name)\" was added\(isNullable == false ? " (not null)" : "")"
        case .columnDropped(let name): "column \"\(name)\" was dropped"
        case .columnRenamed(let from, let to): "column \"\(from)\" was renamed to \"\(to)\""
        case .typeChanged(let column, _, _, let sourceFrom, let sourceTo):
            "the type of column \"\(column)\" was \(sourceFrom) and is \(sourceTo)"
        case .nullabilityChanged(let column, let isNullable):
            "column \"\(column)\" \(isNullable ? "may be null now" : "may no longer be null")"
        case .labelsChanged(let column, let added, let removed):
            "the labels of column \"\(column)\" changed"
                + (added.isEmpty ? "" : ", added: \(added.joined(separator: ", "))")
                + (removed.isEmpty ? "" : ", removed: \(removed.joined(separator: ", "))")
        case .keyChanged(let from, let to): "the key was \(Self.list(from)) and is \(Self.list(to))"
        }
    }

    private static func list(_ key: [String]) -> String { key.isEmpty ? "none" : "(\(key.joined(separator: ", ")))" }

    /// The change as `docs/format.md` writes it.
    public var json: JSON {
        switch self {
        case .columnAdded(let name, let isNullable):
            Self.object("column-added", ["column": .text(name)], nullable: isNullable)
        case .columnDropped(let name): Self.object("column-dropped", ["column": .text(name)])
        case .columnRenamed(let from, let to):
            Self.object("column-renamed", ["from": .text(from), "column": .text(to)])
        case .typeChanged(let column, let from, let to, let sourceFrom, let sourceTo):
            Self.object(
                "type-changed",
                [
                    "column": .text(column), "from": .text(from.description), "to": .text(to.description),
                    "sourceFrom": .text(sourceFrom), "sourceTo": .text(sourceTo),
                ])
        case .nullabilityChanged(let column, let isNullable):
            Self.object("nullability-changed", ["column": .text(column)], nullable: isNullable)
        case .labelsChanged(let column, let added, let removed):
            Self.object(
                "labels-changed",
                [
                    "column": .text(column), "added": .array(added.map(JSON.text)),
                    "removed": .array(removed.map(JSON.text)),
                ])
        case .keyChanged(let from, let to):
            Self.object("key-changed", ["from": .array(from.map(JSON.text)), "to": .array(to.map(JSON.text))])
        }
    }

    private static func object(_ kind: String, _ members: [String: JSON], nullable: Bool? = nil) -> JSON {
        var members = members
        members["change"] = .text(kind)
        members["nullable"] = nullable.map(JSON.bool)
        return .object(members)
    }
}
