// SPDX-License-Identifier: Apache-2.0

internal import Bytes
public import Changelog
internal import Digests
public import Faults

extension TableSchema {
    /// The canonical form: equal schemas have equal bytes, and only they.
    public var canonicalBytes: [UInt8] {
        JSON.object([
            "format": .number(1),
            "namespace": table.namespace.map(JSON.text) ?? .null,
            "name": .text(table.name),
            "key": .array(key.map(JSON.text)),
            "columns": .array(columns.map(\.json)),
        ]).bytes
    }

    /// What anchors call the schema: `sha256:` and the digest of its canonical form. Costs a pass over the schema.
    public var schemaID: String {
        "sha256:" + Digest(of: canonicalBytes).hexadecimal
    }

    /// Reads the canonical form back; `place` is what messages call it.
    public convenience init(canonicalBytes: [UInt8], place: String) throws(Fault) {
        guard let json = JSON(parsing: canonicalBytes) else { throw Fault(.exportBroken, "\(place) is not JSON") }
        let object = try JSONObject(json, place)
        try SealedJSON.expectFormat(object, place)
        var key: [String] = []
        for case .text(let name) in try object.array("key") { key.append(name) }
        var columns: [Column] = []
        for element in try object.array("columns") {
            let column = try JSONObject(element, "\(place).columns[\(columns.count)]")
            guard let type = ColumnType(try column.value("type")) else {
                throw Fault(.exportFormat, "\(place) has a column type that this version of kedge does not know")
            }
            columns.append(try Column(column, type: type))
        }
        let table = TableName(namespace: try object.optionalText("namespace"), name: try object.text("name"))
        self.init(table: table, columns: columns, key: key)
    }
}

extension TableSchema.Column {
    /// What the source does not tell is left out, so that the same columns keep their bytes.
    fileprivate var json: JSON {
        var members: [String: JSON] = ["name": .text(name), "source": .text(sourceType), "type": type.json]
        members["number"] = attributeNumber.map { .number(Int64($0)) }
        members["nullable"] = isNullable.map(JSON.bool)
        members["labels"] = labels.map { .array($0.map(JSON.text)) }
        return .object(members)
    }

    fileprivate init(_ object: JSONObject, type: ColumnType) throws(Fault) {
        var isNullable: Bool?
        if case .bool(let flag)? = object.optional("nullable") { isNullable = flag }
        var labels: [String]?
        if case .array(let elements)? = object.optional("labels") { labels = elements.compactMap(\.text) }
        self.init(
            name: try object.text("name"), type: type, sourceType: try object.text("source"),
            attributeNumber: object.optional("number") == nil ? nil : try object.count("number"),
            isNullable: isNullable, labels: labels)
    }
}

extension ColumnType {
    private static let plain: [ColumnType] = [
        .boolean, .integer(bits: 16), .integer(bits: 32), .integer(bits: 64), .float(bits: 32), .float(bits: 64),
        .decimal(precision: nil, scale: nil), .text, .enumeration, .uuid, .json, .binary, .bytes, .date, .time,
        .timeWithZone, .timestamp, .timestampWithZone, .interval, .map,
    ]

    /// A type without parts is its name, one with parts an object of one member.
    var json: JSON {
        switch self {
        case .list(let element): .object(["list": element.json])
        case .record(let fields):
            .object(["record": .array(fields.map { .object(["name": .text($0.name), "type": $0.type.json]) })])
        case .decimal(let precision, let scale) where precision != nil || scale != nil:
            .object(["decimal": .array([precision, scale].map { $0.map { .number(Int64($0)) } ?? .null })])
        default: .text(description)
        }
    }

    /// Nil for a type that is not known.
    init?(_ json: JSON) {
        switch json {
        case .text(let name):
            guard let type = Self.plain.first(where: { $0.description == name }) else { return nil }
            self = type
        case .object(let members):
            guard members.count == 1, let member = members.first else { return nil }
            self.init(name: member.key, parts: member.value)
        default: return nil
        }
    }

    private init?(name: String, parts: JSON) {
        switch (name, parts) {
        case ("list", let element):
            guard let type = ColumnType(element) else { return nil }
            self = .list(type)
        case ("record", .array(let elements)):
            let fields = elements.compactMap(Field.init)
            guard fields.count == elements.count else { return nil }
            self = .record(fields)
        case ("decimal", .array(let numbers)) where numbers.count == 2:
            self = .decimal(precision: numbers[0].integer, scale: numbers[1].integer)
        default: return nil
        }
    }
}

extension ColumnType.Field {
    fileprivate init?(_ json: JSON) {
        guard case .object(let members) = json, case .text(let name)? = members["name"],
            let type = members["type"].flatMap(ColumnType.init)
        else { return nil }
        self.init(name: name, type: type)
    }
}

extension JSON {
    fileprivate var integer: Int? {
        if case .number(let number) = self { Int(number) } else { nil }
    }
}
