// SPDX-License-Identifier: Apache-2.0

import Bytes
import Faults
import Hiredis

/// Waits on a connection of its own until an entry is added to one of many streams.
struct StreamBell: ~Copyable {
    private var connection: RedisConnection
    private var waitingSince: ContinuousClock.Instant?

    /// How long the server holds a question without an answer.
    private static let patience = Duration.seconds(1)

    init(_ connection: consuming RedisConnection) {
        self.connection = connection
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

    /// Waits until an entry is added behind one of `points`, or the deadline comes.
    mutating func wait(
        for points: [(key: [UInt8], point: EntryID)], until deadline: ContinuousClock.Instant
    ) throws(Fault) -> Ring {
        if waitingSince == nil {
            try connection.enqueue(Self.question(points))
            waitingSince = .now
        }
        guard try connection.awaitReply(until: deadline) else {
            if let waitingSince, waitingSince.duration(to: .now) > Self.patience + connection.timeout {
                throw Fault(.redisUnreachable, "Redis at \(connection.peer) is silent")
            }
            return .nothing
        }
        waitingSince = nil
        return try Self.ring(connection.reply)
    }

    private static func question(_ points: [(key: [UInt8], point: EntryID)]) -> RedisCommand {
        let milliseconds = Int(patience / .milliseconds(1))
        var command = RedisCommand("XREAD", "COUNT", "1", "BLOCK", "\(milliseconds)", "STREAMS")
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
}
