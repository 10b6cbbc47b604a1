// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import Faults
import Hiredis

/// What `XAUTOCLAIM` hands out.
struct ClaimReply: Sendable, Equatable {
    /// Where the next call goes on; nil after the last.
    let next: EntryID?
    /// How many entries it handed out.
    let entryCount: Int
    /// The entries that were trimmed while they were pending, from Redis 7.0 on; the server has forgotten them.
    let lost: [EntryID]
    /// Whether entries among them are not there any more, and which is not said: before Redis 7.0.
    let hasNameless: Bool

    /// Reads the reply: where to go on, the entries, and from 7.0 on those that are gone.
    init(_ reply: ReplyView) throws(Fault) {
        guard reply.count >= 2, let next = EntryID(reading: reply.element(0).bytes) else {
            throw StreamReading.nonsense("XAUTOCLAIM")
        }
        self.next = next == .zero ? nil : next
        let entries = reply.element(1)
        entryCount = entries.count
        var hasNameless = false
        for index in 0..<entries.count where entries.element(index).kind != .array { hasNameless = true }
        self.hasNameless = hasNameless
        var lost: [EntryID] = []
        if reply.count >= 3 {
            let gone = reply.element(2)
            for index in 0..<gone.count {
                if let id = EntryID(reading: gone.element(index).bytes) { lost.append(id) }
            }
        }
        self.lost = lost
    }
}

/// One entry of what a group hands out.
enum GroupEntry {
    /// Its identifier, and whether it is there: an entry that was trimmed while it was pending has no fields. Nil for
    /// one without a name.
    static func id(of entry: ReplyView) throws(Fault) -> (id: EntryID, isThere: Bool)? {
        guard entry.kind == .array else { return nil }
        guard entry.count == 2, let id = EntryID(reading: entry.element(0).bytes) else {
            throw StreamReading.nonsense("XREADGROUP")
        }
        return (id, entry.element(1).kind == .array)
    }
}

/// The commands of a consumer.
enum GroupCommand {
    /// What is pending with us already, behind `id`.
    static func history(
        of key: [UInt8], behind id: EntryID, count: Int, _ options: GroupOptions
    ) -> RedisCommand {
        var command = reading(count: count, options)
        command.append("STREAMS")
        key.withRawSpan { command.append($0) }
        command.append(id.text)
        return command
    }

    /// What is new in streams, waited for when there is none.
    static func news(
        of keys: [[UInt8]], count: Int, waiting: Duration?, _ options: GroupOptions
    ) -> RedisCommand {
        var command = reading(count: count, options)
        if let waiting {
            command.append("BLOCK")
            command.append(UInt64(waiting / .milliseconds(1)))
        }
        command.append("STREAMS")
        for key in keys { key.withRawSpan { command.append($0) } }
        for _ in keys { command.append(">") }
        return command
    }

    /// What others have left lying.
    static func claim(of key: [UInt8], from id: EntryID, count: Int, _ options: GroupOptions) -> RedisCommand {
        var command = RedisCommand("XAUTOCLAIM")
        key.withRawSpan { command.append($0) }
        for word in [options.group, options.consumer] { command.append(word) }
        command.append(UInt64(options.minimumIdle / .milliseconds(1)))
        command.append(id.text)
        command.append("COUNT")
        command.append(UInt64(count))
        return command
    }

    /// These are durable.
    static func acknowledgement(of key: [UInt8], _ ids: ArraySlice<EntryID>, _ options: GroupOptions) -> RedisCommand {
        var command = RedisCommand("XACK")
        key.withRawSpan { command.append($0) }
        command.append(options.group)
        for id in ids { command.append(id.text) }
        return command
    }

    private static func reading(count: Int, _ options: GroupOptions) -> RedisCommand {
        RedisCommand("XREADGROUP", "GROUP", options.group, options.consumer, "COUNT", "\(count)")
    }
}
