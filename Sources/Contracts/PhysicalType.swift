// SPDX-License-Identifier: Apache-2.0

/// A source's name of a type, so that its spellings are one: `character varying(20)` and `pg_catalog.varchar(20)`.
struct PhysicalType: Hashable {
    /// The name in its shortest usual spelling.
    let name: String
    /// What stands in its parentheses.
    let arguments: [Int]

    init(_ text: String) {
        var text = text.lowercased()[...]
        var arguments: [Int] = []
        if let open = text.firstIndex(of: "("), let close = text[open...].firstIndex(of: ")") {
            arguments = text[text.index(after: open)..<close].split(separator: ",").compactMap {
                Int($0.filter { $0 != " " })
            }
            text = text[..<open] + text[text.index(after: close)...]
        }
        let words = text.split(separator: " ").joined(separator: " ")
        let bare = words.hasPrefix("pg_catalog.") ? String(words.dropFirst(11)) : words
        let suffix = bare.hasSuffix("[]") ? "[]" : ""
        let element = String(bare.dropLast(suffix.count))
        name = (Self.aliases[element] ?? element) + suffix
        self.arguments = arguments
    }

    private static let aliases = [
        "smallint": "int2", "integer": "int4", "int": "int4", "bigint": "int8", "real": "float4",
        "double precision": "float8", "double": "float8", "decimal": "numeric", "character varying": "varchar",
        "character": "bpchar", "char": "bpchar", "boolean": "bool", "timestamp without time zone": "timestamp",
        "timestamp with time zone": "timestamptz", "time without time zone": "time", "time with time zone": "timetz",
    ]

    /// Whether every value of this is a value of `other`, and reads the same.
    func widens(to other: PhysicalType) -> Bool {
        if let from = Self.widths[name], let to = Self.widths[other.name] { return from.0 == to.0 && from.1 < to.1 }
        guard name == "numeric", other.name == "numeric", arguments.count == 2, other.arguments.count == 2 else {
            return false
        }
        return arguments[1] == other.arguments[1] && arguments[0] < other.arguments[0]
    }

    private static let widths: [String: (String, Int)] = [
        "int2": ("int", 16), "int4": ("int", 32), "int8": ("int", 64), "float4": ("float", 32), "float8": ("float", 64),
    ]

    /// Whether both are text whose length alone differs: `varchar(10)`, `varchar(20)`, `text`.
    func isTextLike(_ other: PhysicalType) -> Bool {
        let texts = ["varchar", "text"]
        return texts.contains(name) && texts.contains(other.name)
    }
}
