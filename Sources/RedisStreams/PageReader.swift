// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import Faults
import Hiredis

/// Asks for pages of streams on a connection of its own: entries, and what the server says of the stream at that very
/// moment. While one page lies here the next may be on its way.
struct PageReader: ~Copyable {
    /// A page that was asked for.
    struct Request: Sendable {
        /// The stream, by its number.
        let stream: Int
        /// How many entries were asked for.
        let count: Int
        fileprivate let begun = ContinuousClock.now
        fileprivate var repliesLeft = 0
        fileprivate var refusal: RedisError?

        init(stream: Int, count: Int) {
            self.stream = stream
            self.count = count
        }
    }

    /// What a page is found to be before its entries are looked at.
    struct Finding: Sendable {
        let request: Request
        /// Nil where there is no stream.
        let look: StreamLook?
        /// How many entries it holds.
        let entryCount: Int
        /// The number of the first entry behind the point: 1 where the one at the point is there, else 0.
        let firstNew: Int
        /// The identifier of its last entry.
        let last: EntryID?
        /// The first entry behind the point.
        let firstWitness: Witness?
    }

    private var connection: RedisConnection
    private let place: StreamPlace
    /// The page that was asked for and has not come.
    private(set) var request: Request?

    init(_ connection: consuming RedisConnection, at place: StreamPlace) {
        self.connection = connection
        self.place = place
    }

    /// Asks for the entries of a stream from `point` on, that one included. One page may be asked for at a time.
    mutating func ask(_ request: Request, of stream: borrowing FollowedStream, from point: EntryID) throws(Fault) {
        guard self.request == nil else { throw Fault(.bug, "a page was asked for while another is on its way") }
        if stream.standing != .resident { try connection.enqueue(StreamCommand.asking) }
        try connection.enqueue(RedisCommand("MULTI"))
        try connection.enqueue(
            StreamCommand.page(of: stream.name.key, from: point, to: stream.bound, count: request.count))
        try connection.enqueue(StreamCommand.state(of: stream.name.key))
        try connection.enqueue(RedisCommand("EXEC"))
        try connection.flush()
        self.request = request
        self.request?.repliesLeft = connection.pendingCount
    }

    /// Waits for the page; false when it did not come before the deadline.
    mutating func receive(until deadline: ContinuousClock.Instant) throws(Fault) -> Bool {
        guard var request else { throw Fault(.bug, "a page is waited for that was not asked for") }
        let patience = max(deadline, .now)
        while request.repliesLeft > 0 {
            guard try connection.awaitReply(until: patience) else {
                guard request.begun.duration(to: .now) < connection.timeout else {
                    throw Fault(.redisUnreachable, "Redis at \(connection.peer) is silent")
                }
                self.request = request
                return false
            }
            request.repliesLeft -= 1
            if request.refusal == nil, connection.reply.kind == .error {
                request.refusal = RedisError(connection.reply.bytes)
            }
        }
        if let refusal = request.refusal, place == .alone || StreamRedirect(refusal) == nil {
            throw refusal.fault.adding("reading streams")
        }
        self.request = request
        return true
    }

    /// Where the stream is instead of the page that has come; nil when the page is one.
    mutating func takeRedirect() -> StreamRedirect? {
        guard let redirect = request?.refusal.flatMap({ StreamRedirect($0) }) else { return nil }
        request = nil
        return redirect
    }

    /// Takes the page that has come: what it is found to be, with the entry that `memory` knows looked for.
    mutating func take(_ memory: StreamMemory, of name: StreamName) throws(Fault) -> Finding {
        guard let request else { throw Fault(.bug, "a page is taken that has not come") }
        self.request = nil
        return try Self.find(connection, request, memory, name)
    }

    private static func find(
        _ connection: borrowing RedisConnection, _ request: Request, _ memory: StreamMemory, _ name: StreamName
    ) throws(Fault) -> Finding {
        let reply = connection.reply
        guard reply.kind == .array, reply.count == 2 else { throw StreamReading.nonsense("EXEC") }
        let entries = reply.element(0)
        guard let state = try StreamReading.state(reply.element(1), of: name) else {
            return Finding(request: request, look: nil, entryCount: 0, firstNew: 0, last: nil, firstWitness: nil)
        }
        guard entries.kind == .array else { throw StreamReading.nonsense("XRANGE") }
        var finding = StreamLook.WitnessFinding.absent
        var firstNew = 0
        if entries.count > 0 {
            let first = try EntryDecoder.id(of: entries.element(0))
            if first == memory.point { firstNew = 1 }
            if let witness = memory.witness, witness.id == first {
                finding = Witness(entries.element(0)) == witness ? .same : .other
            }
        }
        let isAtEnd = entries.count < request.count
        return Finding(
            request: request,
            look: StreamLook(
                state: state, witness: finding, unread: isAtEnd ? Int64(entries.count - firstNew) : nil),
            entryCount: entries.count, firstNew: firstNew,
            last: entries.count > 0 ? try EntryDecoder.id(of: entries.element(entries.count - 1)) : nil,
            firstWitness: entries.count > firstNew ? Witness(entries.element(firstNew)) : nil)
    }

    /// What was put into a batch.
    struct Progress: Sendable {
        /// The number of the entry that comes next.
        var next: Int
        /// The last that was put in.
        var last: Witness?
        /// How many bytes its values took.
        var byteCount = 0
    }

    /// Puts entries of the page, from number `first` on, into `batch` until it is full.
    func append(
        from first: Int, lane: Int, schema: Int, into batch: inout ChangeBatch
    ) throws(Fault) -> Progress {
        let entries = connection.reply.element(0)
        let before = batch.byteCount
        var next = first
        while next < entries.count, !batch.isFull {
            let entry = entries.element(next)
            let id = try EntryDecoder.id(of: entry)
            EntryDecoder.append(
                entry, at: id.position, ordinal: id.ordinal, lane: lane, schema: schema, into: &batch)
            next += 1
        }
        return Progress(
            next: next, last: next > first ? Witness(entries.element(next - 1)) : nil,
            byteCount: batch.byteCount - before)
    }
}
