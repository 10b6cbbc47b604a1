// SPDX-License-Identifier: Apache-2.0

public import Bytes
public import Faults
public import RedisURI
public import Sockets

/// One connection to a Redis-like server, for commands and their replies in RESP2: one thread at a time.
///
/// Commands may be sent one behind the other before the first reply is read. A fault other than of a reply that is a
/// refusal ends the connection.
public struct RedisConnection: ~Copyable {
    private var transport: Transport
    private var reader: ReplyReader
    private var output = ByteBuffer(capacity: 1 << 10)
    private var input = ByteBuffer(capacity: readSize)
    /// How many commands wait for their reply.
    public private(set) var pendingCount = 0
    /// How long the server may be silent, and how long it may take nothing.
    public let timeout: Duration

    /// How much is read at once: the kernel seldom holds more.
    private static let readSize = 256 << 10

    /// Connects to an endpoint and says who we are: password, database and name. Where the server wants to know more, or
    /// something else, that is a fault.
    public static func connect(
        to endpoint: Endpoint, as address: RedisAddress, name: String = "kedge"
    ) throws(Fault) -> RedisConnection {
        try doing("connecting to Redis at \(endpoint)") { () throws(Fault) -> RedisConnection in
            let deadline = ContinuousClock.now + address.timeout
            let transport = try Transport.connect(to: endpoint, tls: address.tls, until: deadline)
            var connection = try RedisConnection(transport, timeout: address.timeout)
            try connection.greet(address, name: name)
            return connection
        }
    }

    /// Speaks over a transport to which nothing has been said.
    public init(_ transport: consuming Transport, timeout: Duration) throws(Fault) {
        self.transport = transport
        self.timeout = timeout
        reader = try ReplyReader()
    }

    /// Who is on the other side.
    public var peer: String { transport.peer }

    /// Puts a command behind those to be sent; ``flush()``, or waiting for a reply, sends them.
    public mutating func enqueue(_ command: borrowing RedisCommand) throws(Fault) {
        try command.format(into: &output)
        pendingCount += 1
    }

    /// Puts a command of words of text behind those to be sent.
    public mutating func enqueue(_ words: String...) throws(Fault) {
        try enqueue(RedisCommand(words: words))
    }

    /// Sends what was put up.
    public mutating func flush() throws(Fault) {
        guard !output.isEmpty else { return }
        try Self.write(output, over: &transport, until: .now + timeout)
        output.removeAll(keepingAtMost: 64 << 10)
    }

    /// Waits for the next reply; returns whether it came before the deadline. Then it is ``reply``, and when it did not
    /// come, nothing is lost: it can be waited for again.
    public mutating func awaitReply(until deadline: ContinuousClock.Instant) throws(Fault) -> Bool {
        try flush()
        while try !reader.advance() {
            guard try receive(until: deadline) else { return false }
        }
        pendingCount = max(0, pendingCount - 1)
        return true
    }

    /// Waits for the next reply for as long as the server may be silent; then it is ``reply``.
    public mutating func awaitReply() throws(Fault) {
        try flush()
        while try !reader.advance() {
            guard try receive(until: .now + timeout) else {
                throw Fault(.redisUnreachable, "Redis at \(peer) is silent", detail: "no bytes for \(timeout)")
            }
        }
        pendingCount = max(0, pendingCount - 1)
    }

    /// The reply that was waited for, in place; a null while it has not come.
    public var reply: ReplyView {
        @_lifetime(borrow self)
        borrowing get { reader.reply }
    }

    /// Sends a command and waits for the reply, a refusal among them.
    public mutating func run(_ command: borrowing RedisCommand) throws(Fault) -> Reply {
        guard pendingCount == 0 else { throw Fault(.bug, "a command behind others whose replies are not read") }
        try enqueue(command)
        try awaitReply()
        return Reply(reply)
    }

    /// Sends a command of words of text and waits for the reply, a refusal among them.
    public mutating func run(_ words: String...) throws(Fault) -> Reply {
        try run(RedisCommand(words: words))
    }

    /// Sends a command of words of bytes and waits for the reply, a refusal among them.
    public mutating func run(_ words: [[UInt8]]) throws(Fault) -> Reply {
        try run(RedisCommand(words: words))
    }

    /// Takes in what has come; returns false when nothing came before the deadline.
    private mutating func receive(until deadline: ContinuousClock.Instant) throws(Fault) -> Bool {
        input.removeAll()
        switch try transport.read(into: &input, upTo: Self.readSize, until: deadline) {
        case .bytes:
            try Self.feed(input, to: &reader)
            return true
        case .nothing: return false
        case .end:
            throw Fault(.redisUnreachable, "Redis at \(peer) closed the connection")
        }
    }

    /// Reads what a server has said before it closed the connection, without sending anything.
    mutating func readLastWords() throws(Fault) {
        while try !reader.advance() {
            guard try receive(until: .now + .seconds(1)) else { return }
        }
        try reply.check()
    }

    private static func write(
        _ bytes: borrowing ByteBuffer, over transport: inout Transport, until deadline: ContinuousClock.Instant
    ) throws(Fault) {
        try transport.write(bytes.bytes, until: deadline)
    }

    private static func feed(_ bytes: borrowing ByteBuffer, to reader: inout ReplyReader) throws(Fault) {
        try reader.feed(bytes.bytes)
    }

    /// The bare connection, for what is no request and no reply any more, and what has come over it and was not read.
    ///
    /// Leave before `PSYNC` is sent: bare newlines come before its answer, and hiredis takes them for nonsense.
    public consuming func detach() throws(Fault) -> DetachedLink {
        guard pendingCount == 0, output.isEmpty else {
            throw Fault(.bug, "a connection is left while replies are awaited")
        }
        var received = ByteBuffer(capacity: Self.readSize)
        reader.copyUnread(into: &received)
        return DetachedLink(transport: transport, received: received)
    }
}

/// A connection that hiredis has let go of.
public struct DetachedLink: ~Copyable, Sendable {
    /// The bare connection.
    public var transport: Transport
    /// What had come already.
    public var received: ByteBuffer

    init(transport: consuming Transport, received: consuming ByteBuffer) {
        self.transport = transport
        self.received = received
    }
}
