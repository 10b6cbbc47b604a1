// SPDX-License-Identifier: Apache-2.0

package import Bytes
internal import Changelog
internal import Export

/// Finds the shape of a file that others wrote in the schema of its footer: groups, lists and maps of the values that
/// kedge itself writes.
package struct ForeignShape {
    private let elements: [SchemaElement]
    private var next = 0
    private var leaves: [LeafForm] = []
    private var paths: [[String]] = []
    private var columns: [Node] = []

    private static let depthLimit = 64

    /// The shape that `elements`, flattened depth first, describe.
    package static func shape(of elements: [SchemaElement]) throws(WireFault) -> (shape: FileShape, names: [String]) {
        var finder = ForeignShape(elements: elements)
        let root = try finder.take()
        var names: [String] = []
        for _ in 0..<(root.childCount ?? 0) {
            guard finder.next < elements.count else { throw WireFault(.malformed, at: finder.next) }
            names.append(elements[finder.next].name)
            finder.columns.append(try finder.node(definition: 0, repetition: 0, path: []))
        }
        let shape = FileShape(
            leaves: finder.leaves, paths: finder.paths, elements: elements, columns: finder.columns, profile: .rich)
        return (shape, names)
    }

    private init(elements: [SchemaElement]) {
        self.elements = elements
    }

    private mutating func take() throws(WireFault) -> SchemaElement {
        guard next < elements.count else { throw WireFault(.malformed, at: next) }
        next += 1
        return elements[next - 1]
    }

    private mutating func node(definition: UInt8, repetition: UInt8, path: [String]) throws(WireFault) -> Node {
        let element = try take()
        guard path.count < Self.depthLimit, element.presence != .repeated else {
            throw WireFault(.malformed, at: next)
        }
        let path = path + [element.name]
        let present = element.presence == .required ? definition : definition + 1
        let first = leaves.count
        guard let childCount = element.childCount, childCount > 0 else {
            try addLeaf(element, present, repetition, path)
            return Node(
                .leaf(first), leaves: first..<first + 1, definition: present, repetition: repetition,
                type: try Self.type(element, at: next))
        }
        if childCount == 1, next < elements.count, elements[next].presence == .repeated {
            return try repeated(definition: present, repetition: repetition, path: path)
        }
        var (fields, names): ([Node], [String]) = ([], [])
        for _ in 0..<childCount {
            guard next < elements.count else { throw WireFault(.malformed, at: next) }
            names.append(elements[next].name)
            fields.append(try node(definition: present, repetition: repetition, path: path))
        }
        return Node(
            .structure(fields), leaves: first..<leaves.count, definition: present, repetition: repetition,
            type: .record(zip(names, fields).map { ColumnType.Field(name: $0, type: $1.type) }), names: names)
    }

    /// A list, whose repeated group holds one node, or a map of texts, whose repeated group holds two leaves.
    private mutating func repeated(definition: UInt8, repetition: UInt8, path: [String]) throws(WireFault) -> Node {
        let group = try take()
        let first = leaves.count
        var inside: [Node] = []
        for _ in 0..<(group.childCount ?? 0) {
            inside.append(
                try node(definition: definition + 1, repetition: repetition + 1, path: path + [group.name]))
        }
        let kind: (Node.Kind, ColumnType)
        switch inside.count {
        case 1: kind = (.list(inside[0]), .list(inside[0].type))
        case 2 where inside.allSatisfy { $0.type == .text }: kind = (.map, .map)
        default: throw WireFault(.malformed, at: next)
        }
        return Node(
            kind.0, leaves: first..<leaves.count, definition: definition, repetition: repetition + 1, type: kind.1)
    }

    private mutating func addLeaf(
        _ element: SchemaElement, _ definition: UInt8, _ repetition: UInt8, _ path: [String]
    ) throws(WireFault) {
        guard var form = LeafForm(try Self.type(element, at: next), .rich) else {
            throw WireFault(.malformed, at: next)
        }
        form.maxDefinition = definition
        form.maxRepetition = repetition
        leaves.append(form)
        paths.append(path)
    }

    /// What the values of a leaf are, by how they are stored.
    private static func type(_ element: SchemaElement, at place: Int) throws(WireFault) -> ColumnType {
        switch element.type {
        case .boolean: .boolean
        case .int32: .integer(bits: 32)
        case .int64: .integer(bits: 64)
        case .float: .float(bits: 32)
        case .double: .float(bits: 64)
        case .byteArray: .text
        case .fixedByteArray, nil: throw WireFault(.malformed, at: place)
        }
    }
}
