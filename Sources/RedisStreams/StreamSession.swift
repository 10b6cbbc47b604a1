// SPDX-License-Identifier: Apache-2.0

import Bytes
import Faults
import Hiredis
import RedisFacts
import RedisURI

/// Questions to a server, one at a time, each answered before the next.
struct StreamSession: ~Copyable {
    private var connection: RedisConnection

    /// Connects.
    static func open(_ options: StreamOptions) throws(Fault) -> StreamSession {
        StreamSession(connection: try connect(options))
    }

    /// A connection of its own.
    static func connect(_ options: StreamOptions) throws(Fault) -> RedisConnection {
        guard options.address.topology == .single, let endpoint = options.address.endpoints.first else {
            throw Fault(
                .bug, "streams are read from one server, and the address names several")
        }
        return try RedisConnection.connect(to: endpoint, as: options.address, name: options.clientName)
    }

    /// What the server says of itself.
    mutating func info() throws(Fault) -> ServerInfo { try ServerInfo.read(&connection) }

    /// The server's clock, in milliseconds since 1970.
    mutating func clock() throws(Fault) -> UInt64 {
        let reply = try connection.run("TIME").orFault()
        guard let parts = reply.elements, parts.count == 2, let seconds = parts[0].text.flatMap({ UInt64($0) }),
            let microseconds = parts[1].text.flatMap({ UInt64($0) }), seconds < 1 << 40
        else { throw StreamReading.nonsense("TIME") }
        return seconds * 1000 + microseconds / 1000
    }

    /// What the server says of streams, in the order of `keys`; nil of a key that is not there.
    mutating func states(of keys: [[UInt8]]) throws(Fault) -> [StreamState?] {
        var states: [StreamState?] = []
        for start in stride(from: 0, to: keys.count, by: 256) {
            let part = keys[start..<min(start + 256, keys.count)]
            for key in part { try connection.enqueue(StreamCommand.state(of: key)) }
            for key in part {
                try connection.awaitReply()
                states.append(try StreamReading.state(connection.reply, of: StreamName(key: key)))
            }
        }
        return states
    }

    /// What a node of a cluster says of streams, in the order of `keys`; when it is `asking`, of those too whose slot is
    /// only being brought to it. Of these it says that nothing is there until they have arrived.
    mutating func answers(of keys: [[UInt8]], asking: Bool) throws(Fault) -> [StreamAnswer] {
        var answers: [StreamAnswer] = []
        for start in stride(from: 0, to: keys.count, by: 256) {
            let part = keys[start..<min(start + 256, keys.count)]
            for key in part {
                if asking { try connection.enqueue(StreamCommand.asking) }
                try connection.enqueue(StreamCommand.state(of: key))
            }
            for key in part {
                if asking {
                    try connection.awaitReply()
                    try connection.reply.check()
                }
                try connection.awaitReply()
                answers.append(try StreamReading.answer(connection.reply, of: StreamName(key: key)))
            }
        }
        return answers
    }

    /// One step of a search for keys of streams.
    mutating func scan(_ search: [UInt8], from cursor: [UInt8]) throws(Fault) -> (cursor: [UInt8], keys: [[UInt8]]) {
        let reply = try connection.run(
            [
                Array("SCAN".utf8), cursor, Array("MATCH".utf8), search, Array("COUNT".utf8), Array("1000".utf8),
                Array("TYPE".utf8), Array("stream".utf8),
            ]
        ).orFault()
        guard let parts = reply.elements, parts.count == 2, case .bulk(let next) = parts[0],
            let elements = parts[1].elements
        else { throw StreamReading.nonsense("SCAN") }
        let keys = elements.compactMap { element -> [UInt8]? in
            if case .bulk(let key) = element { key } else { nil }
        }
        return (next, keys)
    }

    /// Runs any command.
    mutating func run(_ command: borrowing RedisCommand) throws(Fault) -> Reply { try connection.run(command) }

    /// Runs any command.
    mutating func run(_ words: [[UInt8]]) throws(Fault) -> Reply { try connection.run(words) }
}

/// What a server says when it is asked for a stream.
enum StreamAnswer: Sendable {
    /// It is there.
    case state(StreamState)
    /// There is nothing under its key.
    case absent
    /// Another node of the cluster has it.
    case elsewhere(StreamRedirect)
}

/// Where a node of a cluster says that a key is.
struct StreamRedirect: Sendable, Hashable {
    /// The node; nil when it says only that it is not itself.
    let endpoint: Endpoint?
    /// Whether the slot is that node's, and not only being brought to it.
    let isSettled: Bool

    /// Nil when the refusal is another.
    init?(_ error: RedisError) {
        switch error.kind {
        case .moved(_, let endpoint): (self.endpoint, isSettled) = (endpoint, true)
        case .ask(_, let endpoint): (self.endpoint, isSettled) = (endpoint, false)
        default: return nil
        }
    }
}

/// The commands of the reader.
enum StreamCommand {
    /// The next command, or transaction, may be about a slot that is only being brought to the node.
    static var asking: RedisCommand { RedisCommand("ASKING") }

    static func state(of key: [UInt8]) -> RedisCommand {
        var command = RedisCommand("XINFO", "STREAM")
        key.withRawSpan { command.append($0) }
        return command
    }

    /// Entries from `first` to `last`, both of them included.
    static func page(of key: [UInt8], from first: EntryID, to last: EntryID?, count: Int) -> RedisCommand {
        var command = RedisCommand("XRANGE")
        key.withRawSpan { command.append($0) }
        command.append(first.text)
        command.append(last?.text ?? "+")
        command.append("COUNT")
        command.append(UInt64(count))
        return command
    }
}

/// What replies mean, and what is wrong with them.
enum StreamReading {
    /// The state of a stream; nil when there is nothing under its key, or something else.
    static func state(_ reply: ReplyView, of name: StreamName) throws(Fault) -> StreamState? {
        switch try answer(reply, of: name) {
        case .state(let state): state
        case .absent: nil
        case .elsewhere: throw RedisError(reply.bytes).fault.adding("asking for the state of stream \(name.text)")
        }
    }

    /// What a reply says of a stream.
    static func answer(_ reply: ReplyView, of name: StreamName) throws(Fault) -> StreamAnswer {
        if reply.kind == .error {
            let error = RedisError(reply.bytes)
            if error.kind == .other("WRONGTYPE") { throw wrongType(name) }
            if error.message.hasPrefix("ERR no such key") { return .absent }
            if let redirect = StreamRedirect(error) { return .elsewhere(redirect) }
            throw error.fault.adding("asking for the state of stream \(name.text)")
        }
        guard let state = StreamState(reply) else { throw nonsense("XINFO STREAM") }
        return .state(state)
    }

    static func wrongType(_ name: StreamName) -> Fault {
        Fault(.redisStreamType, "\"\(name.text)\" is no stream")
    }

    static func collision(_ name: StreamName) -> Fault {
        Fault(.redisStreamName, "two streams would both be called \(name.text) in the export")
    }

    static func nonsense(_ command: String) -> Fault {
        Fault(.redisProtocol, "the reply to \(command) is none that a server of Redis gives")
    }
}
