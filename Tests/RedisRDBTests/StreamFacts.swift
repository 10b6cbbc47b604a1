// SPDX-License-Identifier: Apache-2.0

import Bytes
import RedisRDB

/// What a stream says behind its entries, in the words of the expected outputs.
struct StreamFacts {
    private(set) var members: [String: DumpValue] = [:]
    private var groups: [[String: DumpValue]] = []
    private var consumers: [[String: DumpValue]] = []

    mutating func take(_ event: borrowing RDBEvent) {
        switch event {
        case .streamState(let state):
            members["length"] = .spelled(state.length)
            members["lastID"] = .spelled(state.lastID)
            members["groups"] = .array([])
        case .streamHistory(let history):
            members["entriesAdded"] = .spelled(history.entriesAdded)
            members["firstID"] = .spelled(history.firstID)
            members["maxDelEntryID"] = .spelled(history.maxDeletedID)
        case .streamGroup(let group):
            consumers = []
            groups.append([
                "name": .text(group.name.copiedBytes()), "lastid": .spelled(group.lastID),
                "entriesRead": .spelled(group.entriesRead ?? -1),
            ])
        case .pendingEntry(let id, let time, let count):
            groups[groups.count - 1].append(
                ["sent": .spelled(time), "id": .spelled(id), "count": .spelled(count)], to: "pending")
        case .streamConsumer(let consumer):
            consumers.append([
                "name": .text(consumer.name.copiedBytes()), "activeTime": .spelled(consumer.activeAt ?? -1),
                "seenTime": .spelled(consumer.seenAt),
            ])
        case .consumerPending(let id): consumers[consumers.count - 1].append(["id": .spelled(id)], to: "pending")
        default: break
        }
        if !consumers.isEmpty { groups[groups.count - 1]["consumers"] = .array(consumers.map { .object($0 + [:]) }) }
        members["groups"] = .array(groups.map { .object($0 + [:]) })
    }
}

extension DumpValue {
    static func spelled(_ value: some CustomStringConvertible) -> DumpValue { .text(Array(value.description.utf8)) }
}

extension Dictionary where Key == String, Value == DumpValue {
    mutating func append(_ object: [String: DumpValue], to name: String) {
        var elements: [DumpValue] = []
        if case .array(let before)? = self[name] { elements = before }
        self[name] = .array(elements + [.object(object + [:])])
    }

    static func + (left: Self, right: Self) -> [[UInt8]: DumpValue] {
        Dictionary<[UInt8], DumpValue>(
            uniqueKeysWithValues: left.merging(right) { _, new in new }.map { (Array($0.key.utf8), $0.value) })
    }
}
