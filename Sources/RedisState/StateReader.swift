// SPDX-License-Identifier: Apache-2.0

import Bytes
public import Faults
import Hiredis
import RedisFacts
public import RedisURI

/// Reads values of keys over a connection of its own, each with the offset as of which it is exact.
///
/// It sends nothing that writes. Small values come in batches, each in one `MULTI` with `INFO replication`; a large one is
/// read by a ``LargeKey``.
public struct StateReader: ~Copyable {
    var connection: RedisConnection
    private var database: Int
    /// How expiry is asked for.
    private let asksAbsolutely: Bool
    /// Whether fields of a hash may expire, which only `DUMP` tells.
    public let hasFieldExpiry: Bool
    /// Of which version of Redis the server is, or says it resembles.
    public let version: String
    /// Whether it is no replica.
    public let isMaster: Bool

    /// How often a batch is read again because the clock has moved on while expiry was asked for.
    private static let clockTries = 200
    /// How many questions are sent before the first answer is read.
    static let pipelineDepth = 256

    /// Connects to the first endpoint of an address.
    public static func open(_ address: RedisAddress) throws(Fault) -> StateReader {
        guard let endpoint = address.endpoints.first else { throw Fault(.bug, "an address without an endpoint") }
        var connection = try RedisConnection.connect(to: endpoint, as: address, name: "kedge")
        let info = try doing("asking Redis for INFO") { () throws(Fault) -> ServerInfo in
            ServerInfo(try connection.run("INFO").orFault().text ?? "")
        }
        // A courtesy, where it is known: reads then leave no trace in the order of use.
        _ = try connection.run("CLIENT", "NO-TOUCH", "ON")
        let valkey = info["valkey_version"]?.split(separator: ".").first
        return StateReader(
            connection: connection, database: address.database,
            asksAbsolutely: try knowsExpireTime(&connection),
            hasFieldExpiry: info.isAtLeast(7, 4) || (valkey.flatMap { Int($0) } ?? 0) >= 9,
            version: info.version, isMaster: info.isMaster)
    }

    private static func knowsExpireTime(_ connection: inout RedisConnection) throws(Fault) -> Bool {
        guard case .error(let error) = try connection.run(["PEXPIRETIME", "kedge"].map { Array($0.utf8) }) else {
            return true
        }
        guard error.kind != .unknownCommand else { return false }
        throw error.fault.adding("asking when keys expire")
    }

    // MARK: The server

    /// As of which point the server is now.
    public mutating func stamp() throws(Fault) -> StateStamp {
        StateStamp(try connection.run("INFO", "replication").orFault().text ?? "")
    }

    /// The databases that hold keys, in order.
    public mutating func databases() throws(Fault) -> [Int] {
        let info = ServerInfo(try connection.run("INFO", "keyspace").orFault().text ?? "")
        return info.fields(beginningWith: "db").compactMap { Int($0.name) }.sorted()
    }

    /// Goes on in another database.
    public mutating func select(_ number: Int) throws(Fault) {
        guard number != database else { return }
        _ = try connection.run("SELECT", "\(number)").orFault()
        database = number
    }

    /// One step of a walk over all keys of the database; the walk begins at and ends with the cursor `0`.
    public mutating func scan(
        from cursor: [UInt8], count: Int
    ) throws(Fault) -> (next: [UInt8], names: [[UInt8]]) {
        let reply = try connection.run(["SCAN", "", "COUNT", "\(count)"].map { $0.isEmpty ? cursor : Array($0.utf8) })
        guard let parts = try reply.orFault().elements, parts.count == 2, case .bulk(let next) = parts[0],
            let names = parts[1].elements
        else { throw Self.nonsense("SCAN") }
        return (next, try names.map { name throws(Fault) in try Self.bytes(name, "SCAN") })
    }

    // MARK: Small keys

    /// How many bytes of memory keys take; nil of a key that is not there.
    public mutating func byteCounts(of names: ArraySlice<[UInt8]>) throws(Fault) -> [Int?] {
        var counts: [Int?] = []
        for start in stride(from: names.startIndex, to: names.endIndex, by: Self.pipelineDepth) {
            let part = names[start..<min(start + Self.pipelineDepth, names.endIndex)]
            for name in part { try connection.enqueue(Self.memoryUsage(name)) }
            for _ in part {
                try connection.awaitReply()
                let reply = try Reply(connection.reply).orFault()
                counts.append(reply == .null ? nil : Int(clamping: try Self.number(reply, "MEMORY USAGE")))
            }
        }
        return counts
    }

    private static func memoryUsage(_ name: [UInt8]) -> RedisCommand {
        var command = RedisCommand("MEMORY", "USAGE")
        name.withRawSpan { command.append($0) }
        return command
    }

    /// Reads keys whole, all as of one point.
    public mutating func dumps(of names: [[UInt8]]) throws(Fault) -> DumpedKeys {
        let question = asksAbsolutely ? ExpiryQuestion.absolute : .relative(tries: 1)
        for _ in 0..<Self.clockTries {
            let replies = try transaction { connection throws(Fault) in
                for name in names {
                    try connection.enqueue(RedisCommand("DUMP", of: name))
                    try question.enqueue(name, on: &connection)
                }
                try connection.enqueue("INFO", "replication")
                return names.count * (1 + question.replyCount) + 1
            }
            guard let replies else { throw Self.nonsense("EXEC") }
            if let keys = try Self.keys(names, replies, question) {
                return DumpedKeys(stamp: try Self.stamp(replies), keys: keys)
            }
        }
        throw Fault(.redisNotReady, "the clock of the server moves too fast to tell when keys expire")
    }

    /// What the replies say of keys; nil when of one it is unclear when it expires.
    private static func keys(
        _ names: [[UInt8]], _ replies: [Reply], _ question: ExpiryQuestion
    ) throws(Fault) -> [DumpedKey]? {
        var keys: [DumpedKey] = []
        keys.reserveCapacity(names.count)
        var index = 0
        for name in names {
            let dump = try replies[index].orFault()
            let answers = replies[(index + 1)...index + question.replyCount]
            index += 1 + question.replyCount
            guard dump != .null else {
                keys.append(DumpedKey(name: name, dump: nil, expiresAt: nil))
                continue
            }
            guard case .at(let time) = try question.answer(answers) else { return nil }
            keys.append(DumpedKey(name: name, dump: try bytes(dump, "DUMP"), expiresAt: time))
        }
        return keys
    }

    // MARK: Questions

    /// How expiry is asked for where there is one chance.
    var patientQuestion: ExpiryQuestion { asksAbsolutely ? .absolute : .relative(tries: 16) }

    /// Runs what `body` enqueues in one `MULTI` and returns the replies of `EXEC`; nil when a watched key has changed. `body`
    /// returns how many commands it has enqueued.
    mutating func transaction(
        _ body: (inout RedisConnection) throws(Fault) -> Int
    ) throws(Fault) -> [Reply]? {
        try connection.enqueue("MULTI")
        let count = try body(&connection)
        try connection.enqueue("EXEC")
        var refusal: RedisError?
        for _ in 0...count {
            try connection.awaitReply()
            if refusal == nil, connection.reply.kind == .error { refusal = RedisError(connection.reply.bytes) }
        }
        try connection.awaitReply()
        if let refusal { throw refusal.fault.adding("reading values") }
        let reply = try Reply(connection.reply).orFault()
        if reply == .null { return nil }
        guard let replies = reply.elements, replies.count == count else { throw Self.nonsense("EXEC") }
        return replies
    }

    /// The stamp of a transaction that ends with `INFO replication`.
    static func stamp(_ replies: [Reply]) throws(Fault) -> StateStamp {
        guard let text = try replies.last?.orFault().text else { throw nonsense("INFO") }
        return StateStamp(text)
    }

    static func number(_ reply: Reply, _ command: String) throws(Fault) -> Int64 {
        guard let number = try reply.orFault().integer else { throw nonsense(command) }
        return number
    }

    static func bytes(_ reply: Reply, _ command: String) throws(Fault) -> [UInt8] {
        guard case .bulk(let bytes) = try reply.orFault() else { throw nonsense(command) }
        return bytes
    }

    static func nonsense(_ command: String) -> Fault {
        Fault(.redisProtocol, "the answer to \(command) is none that Redis gives")
    }
}
