// SPDX-License-Identifier: Apache-2.0

import Foundation
import Hiredis

/// The value of a key, however it was come by.
enum KeyValue: Equatable {
    case string([UInt8])
    case list([[UInt8]])
    case set(Set<[UInt8]>)
    /// Scores as text that reads back the same.
    case sortedSet([[UInt8]: String])
    case hash([[UInt8]: [UInt8]])
    case stream(StreamValue)

    /// Entries in order, and what the stream knows of itself.
    struct StreamValue: Equatable {
        var entries: [[[UInt8]]] = []
        var lastID = "0-0"
        var groups: [[UInt8]: String] = [:]
    }

    /// A value of a type without anything in it.
    static func empty(_ type: String) -> KeyValue? {
        switch type {
        case "string": .string([])
        case "list": .list([])
        case "set": .set([])
        case "zset": .sortedSet([:])
        case "hash": .hash([:])
        case "stream": .stream(StreamValue())
        default: nil
        }
    }

    /// Whether a server would do away with the key.
    var isEmpty: Bool {
        switch self {
        case .string, .stream: false
        case .list(let elements): elements.isEmpty
        case .set(let members): members.isEmpty
        case .sortedSet(let members): members.isEmpty
        case .hash(let fields): fields.isEmpty
        }
    }

    /// Adds items in the form of `items` of a record.
    mutating func add(_ items: [[[UInt8]]]) {
        switch self {
        case .string: return
        case .list(var elements):
            self = .string([])
            elements += items.map { $0[0] }
            self = .list(elements)
        case .set(var members):
            self = .string([])
            for item in items { members.insert(item[0]) }
            self = .set(members)
        case .sortedSet(var members):
            self = .string([])
            for item in items { members[item[0]] = Self.score(item[1]) }
            self = .sortedSet(members)
        case .hash(var fields):
            self = .string([])
            for item in items { fields[item[0]] = item[1] }
            self = .hash(fields)
        case .stream(var stream):
            self = .string([])
            stream.entries += items
            if let last = stream.entries.last?.first { stream.lastID = String(decoding: last, as: UTF8.self) }
            self = .stream(stream)
        }
    }

    /// Takes items away by their first words.
    mutating func remove(_ names: [[UInt8]]) {
        switch self {
        case .string, .list: return
        case .set(let members): self = .set(members.subtracting(names))
        case .sortedSet(let members): self = .sortedSet(members.filter { !names.contains($0.key) })
        case .hash(let fields): self = .hash(fields.filter { !names.contains($0.key) })
        case .stream(var stream):
            stream.entries.removeAll { names.contains($0[0]) }
            self = .stream(stream)
        }
    }

    /// One text for each number.
    static func score(_ text: [UInt8]) -> String { "\(Double(String(decoding: text, as: UTF8.self)) ?? .nan)" }

    /// A few words, for whoever has to find out what differs.
    var summary: String { String(String(describing: self).prefix(300)) }
}

/// A key with its value and when it expires.
struct KeyState: Equatable {
    var value: KeyValue
    var expiresAt: Int?
}

/// Which key.
struct KeyPlace: Hashable, CustomStringConvertible {
    let database: Int
    let name: [UInt8]

    var description: String { "db\(database) \(String(decoding: name, as: UTF8.self))" }
}

extension RedisServer {
    /// All keys of the first databases by plain reads. Whoever compares writes nothing meanwhile.
    func values() throws -> [KeyPlace: KeyState] {
        var found: [KeyPlace: KeyState] = [:]
        for database in 0..<16 {
            var connection = try connect(database: database)
            for name in (try connection.run("KEYS", "*").elements ?? []).compactMap(Self.bytes) {
                guard let value = try Self.value(name, &connection) else { continue }
                found[KeyPlace(database: database, name: name)] = KeyState(
                    value: value, expiresAt: try Self.expiry(name, &connection))
            }
        }
        return found
    }

    private static func expiry(_ name: [UInt8], _ connection: inout RedisConnection) throws -> Int? {
        for _ in 0..<100 {
            let before = try clock(&connection)
            guard let rest = try connection.run([Array("PTTL".utf8), name]).integer, rest >= 0 else { return nil }
            if try clock(&connection) == before { return before + Int(rest) }
        }
        throw TestFailure("the clock does not stand still")
    }

    private static func clock(_ connection: inout RedisConnection) throws -> Int {
        let parts = (try connection.run("TIME").elements ?? []).compactMap(\.text).compactMap { Int($0) }
        return parts[0] * 1000 + parts[1] / 1000
    }

    private static func value(_ name: [UInt8], _ connection: inout RedisConnection) throws -> KeyValue? {
        func ask(_ words: Any...) throws -> Reply {
            try connection.run(words.map { $0 as? [UInt8] ?? Array("\($0)".utf8) }).orFault()
        }
        switch try ask("TYPE", name).text {
        case "string": return bytes(try ask("GET", name)).map { .string($0) }
        case "list": return .list(list(try ask("LRANGE", name, 0, -1)))
        case "set": return .set(Set(list(try ask("SMEMBERS", name))))
        case "zset":
            return .sortedSet(pairs(list(try ask("ZRANGE", name, 0, -1, "WITHSCORES"))).mapValues(KeyValue.score))
        case "hash": return .hash(pairs(list(try ask("HGETALL", name))))
        case "stream":
            let entries = (try ask("XRANGE", name, "-", "+").elements ?? []).map { entry in
                list(.array([entry.elements?[0] ?? .null])) + list(entry.elements?[1] ?? .null)
            }
            let info = pairs((try ask("XINFO", "STREAM", name).elements ?? []).map { Array(($0.text ?? "").utf8) })
            var groups: [[UInt8]: String] = [:]
            for group in try ask("XINFO", "GROUPS", name).elements ?? [] {
                let words = group.elements ?? []
                for index in stride(from: 0, to: words.count, by: 2) where words[index].text == "last-delivered-id" {
                    groups[bytes(words[1]) ?? []] = words[index + 1].text
                }
            }
            let last = String(decoding: info[Array("last-generated-id".utf8)] ?? [], as: UTF8.self)
            return .stream(KeyValue.StreamValue(entries: entries, lastID: last, groups: groups))
        default: return nil
        }
    }

    private static func bytes(_ reply: Reply) -> [UInt8]? { if case .bulk(let bytes) = reply { bytes } else { nil } }

    private static func list(_ reply: Reply) -> [[UInt8]] { (reply.elements ?? []).compactMap(bytes) }

    private static func pairs(_ words: [[UInt8]]) -> [[UInt8]: [UInt8]] {
        var pairs: [[UInt8]: [UInt8]] = [:]
        for index in stride(from: 0, to: words.count - 1, by: 2) { pairs[words[index]] = words[index + 1] }
        return pairs
    }
}
