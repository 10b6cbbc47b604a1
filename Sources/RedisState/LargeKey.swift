// SPDX-License-Identifier: Apache-2.0

import Bytes
public import Faults
public import Hiredis

/// The type of a value that is read in pieces.
public enum LargeType: String, Sendable {
    /// Bytes.
    case string
    /// Elements in order.
    case list
    /// Members.
    case set
    /// Members with scores.
    case sortedSet = "zset"
    /// Fields with values.
    case hash
    /// Entries with identifiers.
    case stream
}

/// What is known of a large value before its pieces.
public struct LargeValue: Sendable {
    /// Its type; nil when it is of a module, and cannot be read in pieces.
    public let type: LargeType?
    /// How many bytes or items it has.
    public let count: Int
    /// When its key expires, in milliseconds since 1970.
    public let expiresAt: Int64?
}

/// What is told of a large value behind its pieces.
public struct LargeEnd: Sendable {
    /// As of which point all of it is exact.
    public let stamp: StateStamp
    /// How many items the value has, as the server counts; a string is one.
    public let count: Int
    /// What a stream knows of itself, by the names of `XINFO STREAM`.
    public let stream: [String: Reply]
    /// What it knows of its groups, by the names of `XINFO GROUPS`.
    public let groups: [[String: Reply]]
}

/// One large value on its way, in pieces of some 256 KiB.
///
/// The key is watched from before its first piece. The transaction that tells the stamp is refused by the server when the
/// key has changed since; otherwise all pieces are as of that stamp.
public struct LargeKey: Sendable {
    /// A piece, or what there is in its place.
    public enum Step: Sendable {
        /// The next bytes of a string; whether they are its last.
        case bytes([UInt8], isLast: Bool)
        /// The next items: an element, a member, a member with its score, a field with its value, an entry with its fields.
        case items([[[UInt8]]])
        /// All pieces are right.
        case end(LargeEnd)
        /// The key has changed: no piece may be used.
        case torn
    }

    /// The name of the key.
    public let name: [UInt8]
    private let memoryByteCount: Int
    private var value = LargeValue(type: nil, count: 0, expiresAt: nil)
    private var offset = 0
    private var cursor = Array("0".utf8)
    private var isOver = false

    private static let pieceByteCount = 256 << 10

    /// A key that takes so many bytes of memory.
    public init(_ name: [UInt8], memoryByteCount: Int) {
        self.name = name
        self.memoryByteCount = memoryByteCount
    }

    // MARK: Before the pieces

    /// Begins: what is known of the value; nil when there is no such key, or its expiry is unclear. Then it is not watched.
    public mutating func begin(_ reader: inout StateReader) throws(Fault) -> LargeValue? {
        offset = 0
        cursor = Array("0".utf8)
        isOver = false
        _ = try reader.connection.run(RedisCommand("WATCH", of: name)).orFault()
        let type = try reader.connection.run(RedisCommand("TYPE", of: name)).orFault().text ?? ""
        guard let expiry = try expiry(&reader), type != "none" else {
            try leave(&reader)
            return nil
        }
        value = LargeValue(
            type: LargeType(rawValue: type), count: try count(LargeType(rawValue: type), &reader), expiresAt: expiry)
        if value.type == nil { try leave(&reader) }
        return value
    }

    /// Gives up.
    public func leave(_ reader: inout StateReader) throws(Fault) {
        _ = try reader.connection.run("UNWATCH").orFault()
    }

    private func expiry(_ reader: inout StateReader) throws(Fault) -> Int64?? {
        let question = reader.patientQuestion
        try question.enqueue(name, on: &reader.connection)
        var replies: [Reply] = []
        for _ in 0..<question.replyCount {
            try reader.connection.awaitReply()
            replies.append(Reply(reader.connection.reply))
        }
        guard case .at(let time) = try question.answer(replies[...]) else { return nil }
        return .some(time)
    }

    private func count(_ type: LargeType?, _ reader: inout StateReader) throws(Fault) -> Int {
        let command: String? =
            switch type {
            case .string: "STRLEN"
            case .list: "LLEN"
            case .set: "SCARD"
            case .sortedSet: "ZCARD"
            case .hash: "HLEN"
            case .stream, nil: nil
            }
        guard let command else { return 0 }
        return Int(clamping: try StateReader.number(reader.connection.run(RedisCommand(command, of: name)), command))
    }

    // MARK: Pieces

    /// The next piece.
    public mutating func next(_ reader: inout StateReader) throws(Fault) -> Step {
        guard !isOver else { return try end(&reader) }
        switch value.type {
        case .string: return try nextBytes(&reader)
        case .list: return try nextElements(&reader)
        case .set: return try nextOfScan("SSCAN", width: 1, &reader)
        case .sortedSet: return try nextOfScan("ZSCAN", width: 2, &reader)
        case .hash: return try nextOfScan("HSCAN", width: 2, &reader)
        case .stream: return try nextEntries(&reader)
        case nil: throw Fault(.bug, "a value is read in pieces that has none")
        }
    }

    /// How many items make a piece, as far as their size can be guessed.
    private var itemCount: Int {
        let each = max(1, memoryByteCount / max(1, value.count))
        return max(1, min(10_000, Self.pieceByteCount / each))
    }

    private mutating func nextBytes(_ reader: inout StateReader) throws(Fault) -> Step {
        let end = min(value.count, offset + Self.pieceByteCount)
        let bytes = try StateReader.bytes(
            reader.connection.run(RedisCommand("GETRANGE", of: name, "\(offset)", "\(end - 1)")), "GETRANGE")
        offset = end
        isOver = offset >= value.count
        return .bytes(bytes, isLast: isOver)
    }

    private mutating func nextElements(_ reader: inout StateReader) throws(Fault) -> Step {
        let last = offset + itemCount - 1
        let reply = try reader.connection.run(RedisCommand("LRANGE", of: name, "\(offset)", "\(last)")).orFault()
        offset = last + 1
        isOver = offset >= value.count
        guard let elements = reply.elements else { throw StateReader.nonsense("LRANGE") }
        return .items(try elements.map { element throws(Fault) in [try StateReader.bytes(element, "LRANGE")] })
    }

    private mutating func nextOfScan(
        _ command: String, width: Int, _ reader: inout StateReader
    ) throws(Fault) -> Step {
        var words = RedisCommand(command, of: name)
        cursor.withRawSpan { words.append($0) }
        words.append("COUNT")
        words.append("\(itemCount)")
        guard let parts = try reader.connection.run(words).orFault().elements, parts.count == 2,
            let words = parts[1].elements, words.count % width == 0
        else { throw StateReader.nonsense(command) }
        cursor = try StateReader.bytes(parts[0], command)
        isOver = cursor == Array("0".utf8)
        return .items(
            try stride(from: 0, to: words.count, by: width).map { start throws(Fault) in
                try words[start..<start + width].map { word throws(Fault) in try StateReader.bytes(word, command) }
            })
    }

    /// Entries have no size by which many can be told from few: each piece goes by the one before.
    private mutating func nextEntries(_ reader: inout StateReader) throws(Fault) -> Step {
        let isFirst = cursor == Array("0".utf8)
        var command = RedisCommand("XRANGE", of: name)
        command.append(isFirst ? "-" : "(" + String(decoding: cursor, as: UTF8.self))
        command.append("+")
        command.append("COUNT")
        let count = isFirst ? 16 : max(1, offset)
        command.append("\(count)")
        guard let entries = try reader.connection.run(command).orFault().elements else {
            throw StateReader.nonsense("XRANGE")
        }
        let items = try entries.map { entry throws(Fault) in try Self.entry(entry) }
        if let last = items.last?.first { cursor = last }
        let byteCount = items.reduce(1) { $0 + $1.reduce(0) { $0 + $1.count } }
        offset = min(10_000, max(1, items.count * Self.pieceByteCount / byteCount))
        isOver = items.count < count
        return .items(items)
    }

    private static func entry(_ reply: Reply) throws(Fault) -> [[UInt8]] {
        guard let parts = reply.elements, parts.count == 2, let words = parts[1].elements else {
            throw StateReader.nonsense("XRANGE")
        }
        return try ([parts[0]] + words).map { word throws(Fault) in try StateReader.bytes(word, "XRANGE") }
    }

    // MARK: Behind the pieces

    private mutating func end(_ reader: inout StateReader) throws(Fault) -> Step {
        let isStream = value.type == .stream
        let replies = try reader.transaction { [name] connection throws(Fault) in
            if isStream {
                try connection.enqueue(Self.question("STREAM", name))
                try connection.enqueue(Self.question("GROUPS", name))
            }
            try connection.enqueue("INFO", "replication")
            return isStream ? 3 : 1
        }
        guard let replies else { return .torn }
        let stamp = try StateReader.stamp(replies)
        guard isStream else {
            return .end(LargeEnd(stamp: stamp, count: value.type == .string ? 1 : value.count, stream: [:], groups: []))
        }
        let stream = Self.fields(try replies[0].orFault())
        return .end(
            LargeEnd(
                stamp: stamp, count: Int(clamping: stream["length"]?.integer ?? 0), stream: stream,
                groups: (try replies[1].orFault().elements ?? []).map(Self.fields)))
    }

    private static func question(_ what: String, _ name: [UInt8]) -> RedisCommand {
        var command = RedisCommand("XINFO", what)
        name.withRawSpan { command.append($0) }
        return command
    }

    private static func fields(_ reply: Reply) -> [String: Reply] {
        let words = reply.elements ?? []
        var fields: [String: Reply] = [:]
        for index in stride(from: 0, to: words.count - 1, by: 2) { fields[words[index].text ?? ""] = words[index + 1] }
        return fields
    }
}
