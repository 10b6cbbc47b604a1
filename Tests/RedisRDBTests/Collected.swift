// SPDX-License-Identifier: Apache-2.0

import Bytes
import RedisRDB

/// A value of a dump, whatever it was read from.
indirect enum DumpValue: Equatable {
    case text([UInt8])
    case array([DumpValue])
    case object([[UInt8]: DumpValue])
}

/// Everything that a dump holds, in memory.
struct Collected {
    struct Key {
        let name: [UInt8]
        let type: RDBValueType
        let encoding: UInt8
        let expiresAt: Int64?
        var database: UInt64
        var value = DumpValue.array([])
        /// The items in order: elements and members by themselves, pairs as two.
        var items: [[UInt8]] = []
        var entries: [(StreamEntryID, [[UInt8]])] = []
        var stream = StreamFacts()
        /// Where the key ends.
        var end: UInt64 = 0
    }

    var auxiliary: [[UInt8]: DumpValue] = [:]
    var functions: [[UInt8]] = []
    var slots: [[UInt64]] = []
    var keys: [Key] = []
    private var database: UInt64 = 0
    private var pieces: [UInt8] = []

    init(_ bytes: [UInt8], limits: RDBLimits = RDBLimits()) throws(RDBFault) {
        var collected = Collected()
        try walk(bytes, limits: limits, { collected.take($0) }, after: { collected.note($0) })
        self = collected
    }

    private init() {}

    private mutating func note(_ offset: UInt64) {
        if !keys.isEmpty, keys[keys.count - 1].end == 1 { keys[keys.count - 1].end = offset }
    }

    private mutating func take(_ event: borrowing RDBEvent) {
        let last = keys.count - 1
        switch event {
        case .auxiliary(let name, let value): auxiliary[name.copiedBytes()] = .text(value.copiedBytes())
        case .functionLibrary(let source): functions.append(source.copiedBytes())
        case .slotInfo(let slot, let keys, let expiring): slots.append([slot, keys, expiring])
        case .selectDatabase(let number): database = number
        case .beginKey(let key):
            keys.append(
                Key(
                    name: key.name.copiedBytes(), type: key.type, encoding: key.encoding, expiresAt: key.expiresAt,
                    database: database))
        case .string(let bytes), .element(let bytes), .member(let bytes): keys[last].items.append(bytes.copiedBytes())
        case .scoredMember(let one, let two), .field(let one, let two, _):
            keys[last].items += [one.copiedBytes(), two.copiedBytes()]
        case .piece(_, let bytes, let isLast):
            pieces += bytes.copiedBytes()
            if isLast {
                keys[last].items.append(pieces)
                pieces = []
            }
        case .endItem(let score, _):
            if let score { keys[last].items.append(score.copiedBytes()) }
        case .streamEntry(let id, _): keys[last].entries.append((id, []))
        case .streamField(let name, let value):
            keys[last].entries[keys[last].entries.count - 1].1 += [name.copiedBytes(), value.copiedBytes()]
        case .moduleValue(let module, let count):
            let text = "<Content of Module '\(module.name)'. Occupies a serialized size of \(count) bytes>"
            keys[last].items.append(Array(text.utf8))
        case .streamState, .streamHistory, .streamGroup, .pendingEntry, .streamConsumer, .consumerPending:
            keys[last].stream.take(event)
        case .endKey:
            keys[last].value = Self.value(of: keys[last])
            keys[last].end = 1
        default: break
        }
    }

    private static func value(of key: Key) -> DumpValue {
        switch key.type {
        case .string, .module: return .text(key.items.first ?? [])
        case .list, .set: return .array(key.items.map(DumpValue.text))
        case .sortedSet, .hash: return .object(pairs(key.items))
        case .stream:
            let entries = key.entries.map { id, fields in
                DumpValue.object(["id": .spelled(id), "items": .object(pairs(fields))] + [:])
            }
            return .object(["entries": .array(entries)] + key.stream.members)
        }
    }

    private static func pairs(_ items: [[UInt8]]) -> [[UInt8]: DumpValue] {
        var pairs: [[UInt8]: DumpValue] = [:]
        for index in stride(from: 0, to: items.count - 1, by: 2) { pairs[items[index]] = .text(items[index + 1]) }
        return pairs
    }
}
