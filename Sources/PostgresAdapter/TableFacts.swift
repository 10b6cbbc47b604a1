// SPDX-License-Identifier: Apache-2.0

import Faults

/// What the catalog says of one table's columns and the stream does not, as of the moment when it was read.
struct TableFacts: Equatable {
    /// One column.
    struct Column: Equatable {
        /// Its number, which no other column of the table ever gets.
        let number: Int
        /// The column as the stream would describe it.
        let shape: StreamedColumn
        /// Whether it allows nulls; nil when that is not known.
        let isNullable: Bool?
        /// The labels of an enumeration.
        let labels: [String]?
    }

    /// The columns in the order of their numbers.
    let columns: [Column]
    /// The columns that identify a row, in the order of the index.
    let key: [String]

    /// The columns that the stream describes as `shapes`, one by one; nil when the catalog has no such run of columns.
    /// Columns that are not published are passed over.
    func columns(of shapes: [StreamedColumn]) -> [Column]? {
        let names = Set(shapes.map(\.name))
        let candidates = columns.filter { names.contains($0.shape.name) }
        return candidates.map(\.shape) == shapes ? candidates : nil
    }
}

/// One column as the stream describes it.
struct StreamedColumn: Equatable {
    let name: String
    let typeOID: UInt32
    let typeModifier: Int32
}

extension TableFacts {
    /// What a plan knows of a table.
    init(_ table: TableDescription) {
        self.init(table.columns, key: table.key)
    }

    init(_ columns: [TableDescription.Column], key: [String]) {
        self.columns = columns.compactMap { column in
            guard let number = column.number else { return nil }
            return Column(
                number: number,
                shape: StreamedColumn(
                    name: column.name, typeOID: column.typeOID, typeModifier: column.typeModifier),
                isNullable: column.isNullable, labels: column.labels)
        }
        self.key = key
    }

    /// What an anchor's tables file has kept of all tables.
    static func all(bytes: [UInt8]) throws(Fault) -> [UInt32: TableFacts] {
        var facts: [UInt32: TableFacts] = [:]
        for (oid, table) in try TableFingerprints(bytes: bytes).tables {
            if let oid = UInt32(exactly: oid) { facts[oid] = TableFacts(table) }
        }
        return facts
    }

    /// What an earlier look at the catalog has kept: of facts the numbers alone.
    private init(_ fingerprint: TableFingerprint) {
        columns = fingerprint.columns.compactMap { column in
            guard let type = UInt32(exactly: column.type), let modifier = Int32(exactly: column.modifier) else {
                return nil
            }
            return Column(
                number: Int(column.number),
                shape: StreamedColumn(name: column.name, typeOID: type, typeModifier: modifier), isNullable: nil,
                labels: nil)
        }
        key = []
    }
}

/// What is known of the tables beside what the stream says, at two moments: the newest look at the catalog, and one
/// before the place in the stream that is read.
///
/// The catalog may be newer than the stream. Facts are joined to a description only where the catalog has the very
/// columns that the stream describes; where it has not, a column takes its number from whichever moment knows it by
/// name and type, and nothing else.
struct CatalogMemory {
    /// Whether there is a catalog to ask.
    var isConsulted = false
    private var now: [UInt32: TableFacts] = [:]
    private var before: [UInt32: TableFacts] = [:]
    /// The descriptions that the catalog did not have when it was asked.
    private var asked: [UInt32: [StreamedColumn]] = [:]

    /// Takes in what was true before the stream that comes.
    mutating func remember(_ facts: [UInt32: TableFacts]) {
        before.merge(facts) { _, new in new }
    }

    /// Takes in what the catalog says now; what it said until now was true before.
    mutating func learn(_ facts: [UInt32: TableFacts]) {
        for (oid, facts) in facts {
            if let known = now[oid] { before[oid] = known }
            now[oid] = facts
        }
    }

    /// Says that the catalog was asked for a table that the stream describes so.
    mutating func note(asked shapes: [StreamedColumn], of oid: UInt32) {
        asked[oid] = shapes
    }

    /// Whether the catalog should be asked again before a table is described so.
    func lacks(_ shapes: [StreamedColumn], of oid: UInt32) -> Bool {
        isConsulted && now[oid]?.columns(of: shapes) == nil && asked[oid] != shapes
    }

    /// The key that the catalog has; nil when it was not asked.
    func key(of oid: UInt32) -> [String]? { now[oid]?.key }

    /// What is known of each column; nothing of those that cannot be told.
    func facts(of shapes: [StreamedColumn], in oid: UInt32) -> [TableFacts.Column?] {
        if let columns = now[oid]?.columns(of: shapes) ?? before[oid]?.columns(of: shapes) { return columns }
        let candidates = shapes.map { shape -> TableFacts.Column? in
            let found = [before[oid], now[oid]].compactMap { facts in
                facts?.columns.first { $0.shape == shape }
            }
            guard let first = found.first, found.allSatisfy({ $0.number == first.number }) else { return nil }
            return TableFacts.Column(number: first.number, shape: shape, isNullable: nil, labels: nil)
        }
        // The stream describes columns in the order of their numbers: what stands out of it was guessed wrong.
        let numbers = candidates.compactMap { $0?.number }
        return numbers == Array(Set(numbers)).sorted() ? candidates : shapes.map { _ in nil }
    }
}
