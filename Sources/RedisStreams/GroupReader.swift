// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import Faults
import Hiredis

/// Reads as a consumer on a connection of its own: one question at a time, whose reply is handed over in place.
struct GroupReader: ~Copyable {
    /// What is asked for.
    enum Work: Sendable, Equatable {
        /// What is pending with us behind an identifier.
        case history(Int, behind: EntryID)
        /// What others have left lying, from an identifier on.
        case claim(Int, from: EntryID)
        /// What is new in all streams.
        case news

        /// The stream, where it is one.
        var stream: Int? {
            switch self {
            case .history(let stream, _), .claim(let stream, _): stream
            case .news: nil
            }
        }
    }

    /// The entries of one stream in the reply.
    struct List: Sendable {
        let stream: Int
        fileprivate let number: Int
    }

    /// What became of a list.
    struct Taken: Sendable {
        /// Entries that the export holds already.
        var duplicates: [EntryID] = []
        /// Entries that are not there any more.
        var lost: [EntryID] = []
        /// Whether the list is at its end.
        var isWhole = true
    }

    /// What a reply was, once it is handed over.
    struct Ending: Sendable {
        let work: Work
        var entryCount = 0
        /// The last entry of a history.
        var last: EntryID?
        /// The first entry of each stream.
        var firsts: [(stream: Int, id: EntryID)] = []
        /// Where a claim goes on.
        var next: EntryID?
        var lost: [EntryID] = []
        var hasNameless = false
    }

    private var connection: RedisConnection
    /// What was asked for.
    private(set) var work: Work?
    /// Whether a reply is being handed over.
    private(set) var isOpen = false
    private var askedAt = ContinuousClock.now
    private var list = 0
    private var entry = 0
    private var ending: Ending?
    /// How many entries are asked for.
    private var count = 100

    private static let patience = Duration.seconds(1)
    private static let pageByteCount = 1 << 20

    init(_ connection: consuming RedisConnection) {
        self.connection = connection
    }

    /// Asks for something of one stream.
    mutating func ask(_ work: Work, _ key: [UInt8], _ options: GroupOptions) throws(Fault) {
        switch work {
        case .history(_, let id): try send(GroupCommand.history(of: key, behind: id, count: count, options), work)
        case .claim(_, let id): try send(GroupCommand.claim(of: key, from: id, count: count, options), work)
        case .news: try askForNews(of: [key], waiting: true, options)
        }
    }

    /// Asks for what is new.
    mutating func askForNews(of keys: [[UInt8]], waiting: Bool, _ options: GroupOptions) throws(Fault) {
        try send(
            GroupCommand.news(of: keys, count: count, waiting: waiting ? Self.patience : nil, options), .news)
    }

    private mutating func send(_ command: borrowing RedisCommand, _ work: Work) throws(Fault) {
        try connection.enqueue(command)
        try connection.flush()
        self.work = work
        askedAt = .now
    }

    /// Waits for the reply; false when it did not come before the deadline.
    mutating func receive(until deadline: ContinuousClock.Instant) throws(Fault) -> Bool {
        guard let work else { throw Fault(.bug, "a reply is waited for that was not asked for") }
        guard try connection.awaitReply(until: max(deadline, .now)) else {
            guard askedAt.duration(to: .now) < connection.timeout + Self.patience else {
                throw Fault(.redisUnreachable, "Redis at \(connection.peer) is silent")
            }
            return false
        }
        if connection.reply.kind == .error { throw Self.fault(RedisError(connection.reply.bytes)) }
        isOpen = true
        list = 0
        entry = 0
        ending = Ending(work: work)
        if case .claim = work { try openClaim() }
        return true
    }

    private static func fault(_ error: RedisError) -> Fault {
        switch error.kind {
        case .other("NOGROUP"), .other("UNBLOCKED"):
            Fault(.redisGroupMissing, "a stream or its group is gone", detail: error.message)
        default: error.fault.adding("reading through a consumer group")
        }
    }

    private mutating func openClaim() throws(Fault) {
        let reply = try ClaimReply(connection.reply)
        ending?.next = reply.next
        ending?.lost = reply.lost
        ending?.hasNameless = reply.hasNameless
    }

    /// The next stream in the reply; nil at its end.
    mutating func nextList(_ numbers: [[UInt8]: Int]) throws(Fault) -> List? {
        guard let work, isOpen else { return nil }
        if case .claim(let stream, _) = work { return list == 0 ? List(stream: stream, number: 1) : nil }
        while list < connection.reply.count {
            let item = connection.reply.element(list)
            guard item.count == 2 else { throw StreamReading.nonsense("XREADGROUP") }
            if let stream = numbers[item.element(0).bytes.copiedBytes()] { return List(stream: stream, number: list) }
            list += 1
        }
        return nil
    }

    /// Hands the entries of a list over, until the batch is full.
    mutating func handOver(
        _ list: List, as place: (lane: Int, schema: Int), _ stream: inout GroupStream, _ ledger: inout GroupLedger,
        into batch: inout ChangeBatch
    ) throws(Fault) -> Taken {
        guard let work, var ending else { return Taken() }
        let before = (batch.byteCount, entry)
        let taken = try Self.handOver(
            connection, work, list, place, from: &entry, &ending, &stream, &ledger, into: &batch)
        if entry > before.1 {
            let size = max(1, (batch.byteCount - before.0) / (entry - before.1))
            count = max(1, min(Self.pageByteCount / size, 2000))
        }
        self.ending = ending
        if taken.isWhole {
            self.list += 1
            entry = 0
        }
        return taken
    }

    private static func handOver(
        _ connection: borrowing RedisConnection, _ work: Work, _ list: List, _ place: (lane: Int, schema: Int),
        from entry: inout Int, _ ending: inout Ending, _ stream: inout GroupStream, _ ledger: inout GroupLedger,
        into batch: inout ChangeBatch
    ) throws(Fault) -> Taken {
        var isClaim = false
        if case .claim = work { isClaim = true }
        let top = connection.reply
        let entries = isClaim ? top.element(1) : top.element(list.number).element(1)
        var taken = Taken()
        while entry < entries.count {
            guard !batch.isFull else {
                taken.isWhole = false
                return taken
            }
            let item = entries.element(entry)
            entry += 1
            guard let (id, isThere) = try GroupEntry.id(of: item) else { continue }
            if ending.firsts.last?.stream != list.stream { ending.firsts.append((list.stream, id)) }
            ending.entryCount += 1
            ending.last = id
            if ledger.isFlying(id, of: list.stream) { continue }
            if !isThere {
                taken.lost.append(id)
            } else if stream.taken.contains(id) {
                taken.duplicates.append(id)
            } else {
                stream.count += 1
                EntryDecoder.append(
                    item, at: Position(rawValue: stream.count), ordinal: 1, lane: place.lane,
                    schema: place.schema, into: &batch)
                stream.taken.insert(id)
                ledger.handOver(id, of: list.stream)
            }
        }
        return taken
    }

    /// Ends with the reply.
    mutating func close() throws(Fault) -> Ending {
        guard let ending else { throw Fault(.bug, "a reply is closed that was not opened") }
        work = nil
        isOpen = false
        self.ending = nil
        return ending
    }
}
