// SPDX-License-Identifier: Apache-2.0

import Bytes
import Faults
import Hiredis
import Sockets

/// The words between a new replica and its source, up to the answer to `PSYNC`.
///
/// Only capabilities that leave the form of the stream alone are announced.
struct ReplicationHandshake: ~Copyable {
    private let options: ReplicationOptions
    private var connection: RedisConnection?
    private var link: DetachedLink?

    init(_ options: ReplicationOptions) throws(Fault) {
        self.options = options
        var connection = try RedisConnection.connect(to: options.endpoint, as: options.address)
        try Self.expectOK(connection.run("REPLCONF", "capa", "eof", "capa", "psync2"))
        if let version = options.announcedVersion {
            // Servers that do not know the word have no use for it.
            _ = try connection.run("REPLCONF", "version", version)
        }
        self.connection = consume connection
    }

    /// Asks for replication and reads what comes of it.
    mutating func ask(_ request: ReplicationLink.Request) throws(Fault) -> ReplicationLink.Answer {
        guard var connection = connection.take() else { throw Fault(.bug, "replication is asked for twice") }
        if case .streamOnly = request { try askForNoData(&connection) }
        var link = try connection.detach()
        var text = ByteBuffer()
        switch request {
        case .full, .streamOnly: text.appendCommand(["PSYNC", "?", "-1"])
        case .partial(let point): text.appendCommand(["PSYNC", point.replicationID, String(point.offset + 1)])
        }
        try Self.write(text, over: &link)
        let line = try Self.readLine(&link, patience: options.silenceLimit)
        self.link = consume link
        return try ReplicationLink.Answer(line)
    }

    /// The connection, and what has come over it behind the answer.
    consuming func end() -> DetachedLink {
        guard let link = link.take() else { preconditionFailure("replication was asked for before") }
        return link
    }

    private func askForNoData(_ connection: inout RedisConnection) throws(Fault) {
        guard case .error(let error) = try connection.run("REPLCONF", "rdb-filter-only", "") else { return }
        throw Fault(
            .redisReplicationVersion, "the server cannot begin a stream without sending its data",
            detail: error.message)
    }

    private static func expectOK(_ reply: Reply) throws(Fault) {
        guard case .error(let error) = reply else { return }
        if case .unknownCommand = error.kind { throw noReplication(error.message) }
        throw error.fault
    }

    private static func write(_ bytes: borrowing ByteBuffer, over link: inout DetachedLink) throws(Fault) {
        try link.transport.write(bytes.bytes, until: .now + .seconds(10))
    }

    /// Reads one line; newlines before it say that the source is busy.
    private static func readLine(_ link: inout DetachedLink, patience: Duration) throws(Fault) -> String {
        while true {
            if let line = takeLine(from: &link.received) { return line }
            guard link.received.count < 1 << 16 else {
                throw Fault(.redisProtocol, "the answer to PSYNC has no end")
            }
            switch try link.transport.read(into: &link.received, upTo: 64 << 10, until: .now + patience) {
            case .bytes: continue
            case .nothing: throw Fault(.redisUnreachable, "the server does not answer PSYNC", detail: "timeout")
            case .end: throw Fault(.redisUnreachable, "the server closed the connection instead of answering PSYNC")
            }
        }
    }

    static func noReplication(_ detail: String) -> Fault {
        Fault(.redisNoReplication, "the server has no replication for others", detail: detail)
    }

    /// Takes the first line out of `received`, without what ends it; nil while it is not whole.
    static func takeLine(from received: inout ByteBuffer) -> String? {
        var start = 0
        let count = received.count
        while start < count, received.bytes[start] == UInt8(ascii: "\n") { start += 1 }
        var end = start
        while end < count, received.bytes[end] != UInt8(ascii: "\n") { end += 1 }
        guard end < count else { return nil }
        let line = received.bytes.extracting(start..<end).decodedString()
        received.removeFirst(end + 1)
        return line.hasSuffix("\r") ? String(line.dropLast()) : line
    }
}

extension ReplicationLink.Answer {
    /// Reads the answer to `PSYNC`.
    init(_ line: String) throws(Fault) {
        let words = line.split(separator: " ").map(String.init)
        switch words.first {
        case "+FULLRESYNC":
            guard words.count == 3, words[1].utf8.count == 40, let offset = UInt64(words[2]) else {
                throw Fault(.redisProtocol, "the answer to PSYNC cannot be read")
            }
            self = .snapshot(replicationID: words[1], offset: offset)
        case "+CONTINUE":
            guard words.count < 2 || words[1].utf8.count == 40 else {
                throw Fault(.redisProtocol, "the answer to PSYNC cannot be read")
            }
            self = .goingOn(replicationID: words.count > 1 ? words[1] : nil)
        case let word? where word.hasPrefix("-"): throw Self.refusal(line)
        default: throw Fault(.redisProtocol, "the answer to PSYNC cannot be read")
        }
    }

    private static func refusal(_ line: String) -> Fault {
        var text = ByteBuffer()
        text.append(text: String(line.dropFirst()))
        let error = RedisError(text.bytes)
        if case .unknownCommand = error.kind { return ReplicationHandshake.noReplication(error.message) }
        return error.fault
    }
}

extension ByteBuffer {
    /// Appends a command as the protocol writes it.
    mutating func appendCommand(_ words: [String]) {
        append(UInt8(ascii: "*"))
        appendDecimal(UInt64(words.count))
        append("\r\n")
        for word in words {
            append(UInt8(ascii: "$"))
            appendDecimal(UInt64(word.utf8.count))
            append("\r\n")
            append(text: word)
            append("\r\n")
        }
    }
}
