// SPDX-License-Identifier: Apache-2.0

public import Changelog

/// The types that are known: all stock types, and those that were looked up in the server's catalog.
public struct TypeDictionary: Sendable {
    /// How deep types may lie in each other before the rest counts as text.
    static let depthLimit = 32

    private static let stock = parse(stockTable)
    private var added: [UInt32: PostgresType] = [:]

    /// Knows the stock types.
    public init() {}

    /// Adds a type, or replaces what was known of it.
    public mutating func insert(_ type: PostgresType) {
        added[type.oid] = type
    }

    /// What is known of a type, or nil.
    public func type(_ oid: UInt32) -> PostgresType? {
        added[oid] ?? TypeDictionary.stock[oid]
    }

    /// Whether nothing is known of a type.
    public func missing(_ oid: UInt32) -> Bool {
        type(oid) == nil
    }

    /// The types that `oid` is made of, itself included, of which nothing is known.
    public func missingParts(of oid: UInt32) -> Set<UInt32> {
        var seen: Set<UInt32> = []
        var result: Set<UInt32> = []
        var open = [oid]
        while let next = open.popLast() {
            guard seen.insert(next).inserted else { continue }
            guard let type = type(next) else {
                result.insert(next)
                continue
            }
            open += type.kind.parts
        }
        return result
    }

    /// What values of a type mean. Domains count as what they rest on, unknown types as text.
    public func columnType(of oid: UInt32, typeModifier: Int32) -> ColumnType {
        ValueConverter(for: oid, typeModifier: typeModifier, in: self).type
    }

    /// The type's own name with its modifier, for people: `pg_catalog.numeric(12,2)`, `pg_catalog.int4[]`.
    public func sourceTypeName(of oid: UInt32, typeModifier: Int32) -> String {
        guard let type = type(oid) else { return "oid:\(oid)" }
        if case .array(let element, _) = type.kind, element != oid, isBaseLike(element) {
            return sourceTypeName(of: element, typeModifier: typeModifier) + "[]"
        }
        guard typeModifier >= 0 else { return type.name }
        return type.name + "(" + modifierText(of: oid, typeModifier) + ")"
    }

    /// The type under all domains, with its modifier.
    func resolved(_ oid: UInt32, typeModifier: Int32) -> (type: PostgresType?, typeModifier: Int32) {
        var oid = oid
        var modifier = typeModifier
        for _ in 0..<TypeDictionary.depthLimit {
            guard let type = type(oid) else { return (nil, -1) }
            guard case .domain(let base, let own) = type.kind else { return (type, modifier) }
            oid = base
            modifier = own
        }
        return (nil, -1)
    }

    private func isBaseLike(_ oid: UInt32) -> Bool {
        if case .array? = type(oid)?.kind { false } else { true }
    }

    private static func parse(_ table: String) -> [UInt32: PostgresType] {
        var types: [UInt32: PostgresType] = [:]
        for line in table.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count >= 3, let oid = UInt32(words[0]) else { continue }
            let kind = kind(words[2], Array(words[3...]))
            types[oid] = PostgresType(oid: oid, name: "pg_catalog." + words[1], kind: kind)
        }
        return types
    }

    private static func kind(_ word: Substring, _ rest: [Substring]) -> PostgresType.Kind {
        let element = rest.first.flatMap { UInt32($0) } ?? 0
        return switch word {
        case "array": .array(element: element, delimiter: rest.last?.utf8.first ?? UInt8(ascii: ","))
        case "vector": .spaceSeparatedArray(element: element)
        case "range": .range
        case "multirange": .multirange
        case "pseudo": .pseudo
        default: .base
        }
    }
}

extension PostgresType.Kind {
    /// The numbers of the types that this one is made of.
    fileprivate var parts: [UInt32] {
        switch self {
        case .array(let element, _), .spaceSeparatedArray(let element): [element]
        case .composite(let attributes): attributes.map(\.typeOID)
        case .domain(let base, _): [base]
        default: []
        }
    }
}
