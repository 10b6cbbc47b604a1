// SPDX-License-Identifier: Apache-2.0

import Bytes
import Faults
import Hiredis
import Threads

/// Waits on a connection of its own until an entry is added to one of many streams.
///
/// One server is asked for all streams at once and holds its answer back. A node of a cluster answers for one slot at a
/// time, so it is asked for each stream, again and again.
struct StreamBell: ~Copyable {
    private var connection: RedisConnection
    private let place: StreamPlace
    private var waitingSince: ContinuousClock.Instant?
    /// The streams that were asked for one by one and not answered for, the next one first.
    private var asked: [[UInt8]] = []
    private var rung: [[UInt8]] = []
    private var nextQuestions = ContinuousClock.now

    /// How long the server holds a question without an answer.
    private static let patience = Duration.seconds(1)

    init(_ connection: consuming RedisConnection, at place: StreamPlace) {
        self.connection = connection
        self.place = place
    }

    /// What rang.
    enum Ring: Sendable, Equatable {
        /// Nothing before the deadline.
        case nothing
        /// Entries were added to the streams under these keys.
        case keys([[UInt8]])
        /// Something is otherwise than it was: everything has to be looked at.
        case all
    }

    /// Whether the next wait begins with a question; until then it does not matter which streams it is for.
    var asksNext: Bool { waitingSince == nil && .now >= nextQuestions }

    /// Waits until an entry is added behind one of `points`, or the deadline comes.
    mutating func wait(
        for points: [(key: [UInt8], point: EntryID)], until deadline: ContinuousClock.Instant
    ) throws(Fault) -> Ring {
        guard place == .alone else { return try waitInTurn(for: points, until: deadline) }
        if waitingSince == nil {
            try connection.enqueue(Self.question(points, patience: Self.patience))
            waitingSince = .now
        }
        guard try awaitReply(until: deadline, patience: Self.patience) else { return .nothing }
        waitingSince = nil
        return try Self.ring(connection.reply)
    }

    private mutating func awaitReply(
        until deadline: ContinuousClock.Instant, patience: Duration
    ) throws(Fault) -> Bool {
        if try connection.awaitReply(until: deadline) { return true }
        if let waitingSince, waitingSince.duration(to: .now) > patience + connection.timeout {
            throw Fault(.redisUnreachable, "Redis at \(connection.peer) is silent")
        }
        return false
    }

    private static func question(
        _ points: some Sequence<(key: [UInt8], point: EntryID)>, patience: Duration?
    ) -> RedisCommand {
        var command = RedisCommand("XREAD", "COUNT", "1")
        if let patience {
            command.append("BLOCK")
            command.append(UInt64(patience / .milliseconds(1)))
        }
        command.append("STREAMS")
        for (key, _) in points { key.withRawSpan { command.append($0) } }
        for (_, point) in points { command.append(point.text) }
        return command
    }

    private static func ring(_ reply: ReplyView) throws(Fault) -> Ring {
        if reply.kind == .error {
            let error = RedisError(reply.bytes)
            switch error.kind {
            case .other: return .all
            default: throw error.fault.adding("waiting for entries with XREAD")
            }
        }
        guard reply.kind == .array else { return .nothing }
        var keys: [[UInt8]] = []
        for index in 0..<reply.count {
            let stream = reply.element(index)
            if stream.count == 2 { keys.append(stream.element(0).bytes.copiedBytes()) }
        }
        return .keys(keys)
    }

    // MARK: One by one

    /// How long nothing is asked behind answers to `count` questions: a node is asked for five thousand streams a second
    /// at most, and for each of them ten times a second.
    private static func rest(behind count: Int) -> Duration { max(.milliseconds(100), .microseconds(200) * count) }

    private mutating func waitInTurn(
        for points: [(key: [UInt8], point: EntryID)], until deadline: ContinuousClock.Instant
    ) throws(Fault) -> Ring {
        if waitingSince == nil {
            pause(max(.zero, min(deadline, nextQuestions) - .now))
            guard .now >= nextQuestions else { return .nothing }
            for point in points {
                try connection.enqueue(Self.question(CollectionOfOne(point), patience: nil))
            }
            asked = points.map(\.key).reversed()
            waitingSince = .now
        }
        while let key = asked.last {
            guard try awaitReply(until: max(deadline, .now), patience: .zero) else { return .nothing }
            asked.removeLast()
            if try Self.isRung(by: connection.reply) { rung.append(key) }
        }
        waitingSince = nil
        nextQuestions = .now + Self.rest(behind: points.count)
        defer { rung = [] }
        return rung.isEmpty ? .nothing : .keys(rung)
    }

    /// Whether a stream has to be looked at: something was added, or it is not here, or no stream.
    private static func isRung(by reply: ReplyView) throws(Fault) -> Bool {
        guard reply.kind == .error else { return reply.kind == .array }
        let error = RedisError(reply.bytes)
        if case .other = error.kind { return true }
        guard StreamRedirect(error) != nil else { throw error.fault.adding("waiting for entries with XREAD") }
        return true
    }
}
