// SPDX-License-Identifier: Apache-2.0

import Faults
import RedisState

/// Keys whose values are to be read: those that are named, then all of some databases.
struct KeyQueue {
    /// Some keys of one database.
    struct Portion {
        let database: Int
        let names: [[UInt8]]
        /// Whether somebody has named them, so that it matters when they are not there.
        let isNamed: Bool
    }

    private var named: [(database: Int, names: [[UInt8]])]
    private var taken = 0
    private var databases: [Int]
    private var cursor: [UInt8]?

    private static let portionCount = 512

    /// All keys of some databases.
    init(databases: [Int]) {
        named = []
        self.databases = databases.reversed()
    }

    /// What was touched; keys in the order of their names, so that nothing depends on how a set lies in memory.
    init(_ touched: TouchedKeys) {
        named = touched.names.sorted { $0.key > $1.key }.map { database, names in
            (database, names.sorted { $0.lexicographicallyPrecedes($1) })
        }
        databases = touched.databases.sorted(by: >)
    }

    /// The next keys; nil when there are no more.
    mutating func next(_ reader: inout StateReader) throws(Fault) -> Portion? {
        if let list = named.last {
            let end = min(taken + Self.portionCount, list.names.count)
            let portion = Portion(database: list.database, names: Array(list.names[taken..<end]), isNamed: true)
            taken = end
            if end == list.names.count {
                named.removeLast()
                taken = 0
            }
            return portion
        }
        guard let database = databases.last else { return nil }
        try reader.select(database)
        let (next, names) = try reader.scan(from: cursor ?? Array("0".utf8), count: Self.portionCount)
        if next == Array("0".utf8) {
            cursor = nil
            databases.removeLast()
        } else {
            cursor = next
        }
        return Portion(database: database, names: names, isNamed: false)
    }
}
