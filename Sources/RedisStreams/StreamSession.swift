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
                .settingInvalid, "--streams reads from one server, and --source names a cluster or sentinels",
                hint: "name one server: redis://host:port")
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

/// The commands of the reader.
enum StreamCommand {
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
        if reply.kind == .error {
            let error = RedisError(reply.bytes)
            if error.kind == .other("WRONGTYPE") { throw wrongType(name) }
            if error.message.hasPrefix("ERR no such key") { return nil }
            throw error.fault.adding("asking for the state of stream \(name.text)")
        }
        guard let state = StreamState(reply) else { throw nonsense("XINFO STREAM") }
        return state
    }

    static func wrongType(_ name: StreamName) -> Fault {
        Fault(.redisStreamType, "\"\(name.text)\" is no stream")
    }

    static func nonsense(_ command: String) -> Fault {
        Fault(.redisProtocol, "the reply to \(command) is none that a server of Redis gives")
    }
}
