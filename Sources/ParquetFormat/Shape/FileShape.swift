// SPDX-License-Identifier: Apache-2.0

package import Changelog
package import Export

/// What the columns of one table are in a file: kedge's own, the table's, and the leaves that all of them consist of.
package struct FileShape: Sendable {
    /// The leaves of kedge's own columns.
    package enum Own {
        /// `_cdc_seq`
        package static let sequence = 0
        /// `_cdc_op`
        package static let operation = 1
        /// `_cdc_xid`
        package static let transaction = 2
        /// `_cdc_commit_ts`
        package static let commitTime = 3
        static let count = 4
    }

    /// What is known of each leaf.
    package private(set) var leaves: [LeafForm] = []
    /// For each leaf, the names from the root to it.
    package private(set) var paths: [[String]] = []
    /// The schema of the file, flattened.
    package private(set) var elements: [SchemaElement] = []
    /// Where the columns of the table stand among the elements.
    package private(set) var columnElements: [Range<Int>] = []
    /// The columns of the table.
    package private(set) var columns: [Node] = []
    /// `_cdc_unset`: a list of text.
    package private(set) var unset: Int = 0
    /// `_cdc_old`: JSON.
    package private(set) var old: Int = 0
    /// `_cdc_raw`: the keys of a map; its values are the next leaf.
    package private(set) var raw: Int = 0
    /// `_cdc_violations`: a list of text, nil when the file has no such column.
    package private(set) var violations: Int?

    private let profile: ColumnarProfile
    private var widening = ColumnarWidening.none

    /// Shapes a table.
    package init(
        _ schema: TableSchema, columnPrefix: String, profile: ColumnarProfile, widening: ColumnarWidening = .none,
        violations column: ViolationColumn = .absent
    ) {
        self.profile = profile
        self.widening = widening
        let text = LeafForm(.text, .byteArray, .string)
        elements = [
            SchemaElement(name: "schema", childCount: Int32(schema.columns.count) + (column == .present ? 8 : 7))
        ]
        addLeaf(text, columnPrefix + "seq", Place(presence: .required))
        addLeaf(text, columnPrefix + "op", Place(presence: .required))
        addLeaf(LeafForm(.int64, .int64, width: 8, .integer(bits: 64)), columnPrefix + "xid", Place())
        let moment = LeafForm(.timestampUTC, .int64, width: 8, .timestamp(isUTC: true))
        addLeaf(moment, columnPrefix + "commit_ts", Place())
        for column in schema.columns {
            let first = elements.count
            columns.append(addNode(column.type, column.name, Place()))
            columnElements.append(first..<elements.count)
        }
        unset = leaves.count
        _ = addNode(.list(.text), columnPrefix + "unset", Place())
        old = leaves.count
        addLeaf(text, columnPrefix + "old", Place())
        raw = leaves.count
        _ = addNode(.map, columnPrefix + "raw", Place())
        guard column == .present else { return }
        violations = leaves.count
        _ = addNode(.list(.text), columnPrefix + "violations", Place())
    }

    /// Shapes columns alone, without those that kedge adds to records.
    package init(columns: [TableSchema.Column], profile: ColumnarProfile) {
        self.profile = profile
        elements = [SchemaElement(name: "schema", childCount: Int32(columns.count))]
        for column in columns { self.columns.append(addNode(column.type, column.name, Place())) }
    }

    /// The shape that others made, from the pieces that ``ForeignShape`` has found.
    init(
        leaves: [LeafForm], paths: [[String]], elements: [SchemaElement], columns: [Node], profile: ColumnarProfile
    ) {
        self.leaves = leaves
        self.paths = paths
        self.elements = elements
        self.columns = columns
        self.profile = profile
    }

    /// Where a node is to be put.
    private struct Place {
        var path: [String] = []
        var definition: UInt8 = 0
        var repetition: UInt8 = 0
        var presence = Presence.optional

        /// The level at which what stands here is there.
        var present: UInt8 { presence == .required ? definition : definition + 1 }

        func inside(_ name: String, isRepeated: Bool = false) -> Place {
            Place(
                path: path + [name], definition: isRepeated ? definition + 1 : present,
                repetition: isRepeated ? repetition + 1 : repetition)
        }
    }

    private mutating func addNode(_ type: ColumnType, _ name: String, _ place: Place) -> Node {
        let first = leaves.count
        let kind: Node.Kind
        var (names, repetition) = ([String](), place.repetition)
        if let form = LeafForm(type, profile, widening) {
            addLeaf(form, name, place)
            kind = .leaf(first)
        } else {
            switch type {
            case .list(let element) where place.path.count < Self.depthLimit:
                kind = .list(addList(of: element, name, place))
                repetition += 1
            case .record(let fields) where place.path.count < Self.depthLimit && !fields.isEmpty:
                names = fields.map(\.name)
                addGroup(name, place, childCount: fields.count)
                kind = .structure(fields.map { addNode($0.type, $0.name, place.inside(name)) })
            case .map:
                addMap(name, place)
                kind = .map
                repetition += 1
            case .interval:
                addInterval(name, place)
                kind = .interval
            default:
                // Types this deep, and records of nothing, are printed.
                addLeaf(LeafForm(.recordJSON, .byteArray, .string), name, place)
                kind = .leaf(first)
            }
        }
        return Node(
            kind, leaves: first..<leaves.count, definition: place.present, repetition: repetition, type: type,
            names: names)
    }

    /// Beyond it types lie in the file as text.
    private static let depthLimit = 24

    private mutating func addList(of element: ColumnType, _ name: String, _ place: Place) -> Node {
        addGroup(name, place, childCount: 1, .list)
        let inside = place.inside(name)
        elements.append(SchemaElement(name: "list", presence: .repeated, childCount: 1))
        return addNode(element, "element", inside.inside("list", isRepeated: true))
    }

    private mutating func addMap(_ name: String, _ place: Place) {
        addGroup(name, place, childCount: 1, .map)
        elements.append(SchemaElement(name: "key_value", presence: .repeated, childCount: 2))
        var inside = place.inside(name).inside("key_value", isRepeated: true)
        let text = LeafForm(.text, .byteArray, .string)
        inside.presence = .required
        addLeaf(text, "key", inside)
        inside.presence = .optional
        addLeaf(text, "value", inside)
    }

    private mutating func addInterval(_ name: String, _ place: Place) {
        addGroup(name, place, childCount: 3)
        var inside = place.inside(name)
        inside.presence = .required
        addLeaf(LeafForm(.int32, .int32, width: 4, .integer(bits: 32)), "months", inside)
        addLeaf(LeafForm(.int32, .int32, width: 4, .integer(bits: 32)), "days", inside)
        addLeaf(LeafForm(.int64, .int64, width: 8, .integer(bits: 64)), "micros", inside)
    }

    private mutating func addGroup(_ name: String, _ place: Place, childCount: Int, _ annotation: Annotation? = nil) {
        elements.append(
            SchemaElement(
                name: name, presence: place.presence, childCount: Int32(childCount), annotation: annotation))
    }

    private mutating func addLeaf(_ form: LeafForm, _ name: String, _ place: Place) {
        var form = form
        form.maxDefinition = place.present
        form.maxRepetition = place.repetition
        leaves.append(form)
        paths.append(place.path + [name])
        elements.append(
            SchemaElement(
                name: name, type: form.type, typeLength: form.type == .fixedByteArray ? Int32(form.width) : nil,
                presence: place.presence, annotation: form.annotation))
    }
}
