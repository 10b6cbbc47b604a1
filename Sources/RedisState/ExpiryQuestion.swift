// SPDX-License-Identifier: Apache-2.0

import Bytes
import Faults
import Hiredis

/// How a server is asked when a key expires, as an absolute time.
///
/// From 7.0 on `PEXPIRETIME` tells it. Before, only how long it still is can be asked for: the server's clock is read
/// before and after, and the answer counts when both readings are of the same millisecond.
enum ExpiryQuestion: Sendable {
    case absolute
    /// So many times, until one counts.
    case relative(tries: Int)

    /// What was answered.
    enum Answer: Equatable {
        /// At this time; never, when nil.
        case at(Int64?)
        /// The clock has moved on each time.
        case unclear
    }

    /// How many replies come.
    var replyCount: Int {
        switch self {
        case .absolute: 1
        case .relative(let tries): 2 * tries + 1
        }
    }

    /// Puts the question.
    func enqueue(_ key: [UInt8], on connection: inout RedisConnection) throws(Fault) {
        switch self {
        case .absolute: try connection.enqueue(RedisCommand("PEXPIRETIME", of: key))
        case .relative(let tries):
            for _ in 0..<tries {
                try connection.enqueue("TIME")
                try connection.enqueue(RedisCommand("PTTL", of: key))
            }
            try connection.enqueue("TIME")
        }
    }

    /// Reads the answer from its replies.
    func answer(_ replies: ArraySlice<Reply>) throws(Fault) -> Answer {
        guard replies.count == replyCount, let first = replies.first else { throw StateReader.nonsense("the expiry") }
        guard case .relative(let tries) = self else {
            let time = try StateReader.number(first, "PEXPIRETIME")
            return .at(time < 0 ? nil : time)
        }
        let start = replies.startIndex
        for index in 0..<tries {
            let rest = try StateReader.number(replies[start + 2 * index + 1], "PTTL")
            guard rest >= 0 else { return .at(nil) }
            let before = try Self.clock(replies[start + 2 * index])
            let after = try Self.clock(replies[start + 2 * index + 2])
            guard before == after else { continue }
            let (time, isBeyond) = before.addingReportingOverflow(rest)
            return .at(isBeyond ? .max : time)
        }
        return .unclear
    }

    private static func clock(_ reply: Reply) throws(Fault) -> Int64 {
        guard let parts = try reply.orFault().elements, parts.count == 2,
            let seconds = parts[0].text.flatMap({ Int64($0) }), let micros = parts[1].text.flatMap({ Int64($0) }),
            seconds >= 0, seconds < 1 << 40
        else { throw StateReader.nonsense("TIME") }
        return seconds * 1000 + micros / 1000
    }
}

extension RedisCommand {
    /// A command about one key.
    init(_ name: String, of key: [UInt8], _ more: String...) {
        self.init(name)
        key.withRawSpan { append($0) }
        for word in more { append(word) }
    }
}
