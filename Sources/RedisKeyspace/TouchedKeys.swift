// SPDX-License-Identifier: Apache-2.0

import Bytes
import RedisState

/// The keys whose values the stream does not tell, since their values were read last.
struct TouchedKeys {
    /// Up to how many keys are remembered, and bytes of their names.
    struct Limits: Sendable {
        var count = 65_536
        var byteCount = 16 << 20
    }

    private let limits: Limits
    private(set) var names: [Int: Set<[UInt8]>] = [:]
    /// Databases of which any key may have another value.
    private(set) var databases: Set<Int> = []
    private var count = 0
    private var byteCount = 0

    init(limits: Limits = Limits()) {
        self.limits = limits
    }

    var isEmpty: Bool { count == 0 && databases.isEmpty }

    /// Whether no more should be added before the values are read.
    var isFull: Bool { count >= limits.count || byteCount >= limits.byteCount }

    /// Remembers a key.
    mutating func insert(_ name: RawSpan, in database: Int) {
        guard names[database, default: []].insert(name.copiedBytes()).inserted else { return }
        count += 1
        byteCount += name.byteCount
    }

    /// Remembers that any key of a database may have another value.
    mutating func insert(all database: Int) {
        databases.insert(database)
    }

    /// Hands over what is remembered, and forgets it.
    mutating func take() -> TouchedKeys {
        defer { self = TouchedKeys(limits: limits) }
        return self
    }
}

extension TouchedKeys {
    private static let database = CommandName("DB")
    private static let move = CommandName("MOVE")
    private static let copy = CommandName("COPY")
    private static let swap = CommandName("SWAPDB")

    /// Remembers what a command touches besides the keys of its records: keys of other databases, keys whose values its
    /// records leave to the reader, and keys that only its words name.
    mutating func insert(
        _ name: CommandName, _ trait: CommandTrait, _ words: borrowing CommandWords, of bytes: RawSpan, in database: Int
    ) {
        switch trait.touches {
        case .keys: return
        case .destination:
            guard let target = Self.destination(name, words, of: bytes) else { return }
            let key = name == Self.copy ? 2 : 1
            guard key < words.count else { return }
            insert(bytes.extracting(words.places[key]), in: target)
        case .first: if words.count > 1 { insert(bytes.extracting(words.places[1]), in: database) }
        case .numbered:
            guard words.count > 2, let count = Self.number(2, words, of: bytes), count > 0 else { return }
            for index in 3..<max(3, min(words.count, 3 + min(count, words.count))) {
                insert(bytes.extracting(words.places[index]), in: database)
            }
        case .databases:
            for index in 1..<max(1, words.count) {
                if let number = Self.number(index, words, of: bytes) { insert(all: number) }
            }
        }
    }

    /// The database that a key goes to.
    private static func destination(
        _ name: CommandName, _ words: borrowing CommandWords, of bytes: RawSpan
    ) -> Int? {
        if name == move { return number(2, words, of: bytes) }
        for index in 3..<max(3, words.count) where CommandName(bytes.extracting(words.places[index])) == database {
            return number(index + 1, words, of: bytes)
        }
        return nil
    }

    private static func number(_ index: Int, _ words: borrowing CommandWords, of bytes: RawSpan) -> Int? {
        guard index < words.count, words.places[index].count < 10 else { return nil }
        return Int(bytes.extracting(words.places[index]).decodedString()).flatMap { $0 >= 0 ? $0 : nil }
    }
}
