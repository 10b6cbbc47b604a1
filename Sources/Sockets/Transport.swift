// SPDX-License-Identifier: Apache-2.0

public import Bytes
public import Faults
public import RedisURI

/// A stream of bytes to a server and back, secured or not: no call blocks beyond its deadline.
///
/// After a fault, and after ``Arrival/end``, it is of no further use.
public struct Transport: ~Copyable, Sendable {
    private let socket: Socket
    private var session: TLSSession?
    /// On the way between the socket and the session.
    private var ciphertext = ByteBuffer()
    /// Who is on the other side, as messages name it.
    public let peer: String

    /// Connects to an endpoint, and with `tls` makes sure who answers there before anything is said.
    public static func connect(
        to endpoint: Endpoint, tls: TLSSettings? = nil, until deadline: ContinuousClock.Instant
    ) throws(Fault) -> Transport {
        let socket = try Socket.connect(to: endpoint, until: deadline)
        var transport = Transport(socket: socket, peer: endpoint.description)
        if let tls { try transport.secure(endpoint, tls, until: deadline) }
        return transport
    }

    /// Takes over a connected socket, which is closed with it.
    public init(adopting descriptor: Int32, peer: String) {
        self.init(socket: Socket(adopting: descriptor), peer: peer)
    }

    private init(socket: consuming Socket, peer: String) {
        self.socket = socket
        self.peer = peer
    }

    /// The number of the socket, for those who wait for several.
    public var descriptor: Int32 { socket.descriptor }

    /// Whether the server has proved who it is, and nobody else reads what is said.
    public var isSecured: Bool {
        switch session {
        case .some: true
        case .none: false
        }
    }

    /// Whether bytes that have left the socket may still have to be read: then nobody waits for the socket.
    public var hasPendingBytes: Bool {
        switch session {
        case .some(let session): session.hasPendingBytes
        case .none: false
        }
    }

    /// Waits until there may be something to read, or room to write, or until the deadline; returns whether there is.
    public func wait(for interest: Interest = .reading, until deadline: ContinuousClock.Instant) -> Bool {
        hasPendingBytes && interest != .writing || socket.wait(for: interest, until: deadline)
    }

    /// Appends what has arrived, up to about `limit` bytes, without waiting.
    public mutating func read(into buffer: inout ByteBuffer, upTo limit: Int) throws(Fault) -> Arrival {
        guard isSecured else { return try socket.receive(into: &buffer, upTo: limit) }
        return try readSecured(into: &buffer, upTo: limit)
    }

    /// Appends what has arrived; where nothing has, waits for it until the deadline.
    public mutating func read(
        into buffer: inout ByteBuffer, upTo limit: Int, until deadline: ContinuousClock.Instant
    ) throws(Fault) -> Arrival {
        while true {
            let arrival = try read(into: &buffer, upTo: limit)
            guard arrival == .nothing else { return arrival }
            guard wait(for: .reading, until: deadline) else { return .nothing }
        }
    }

    /// Sends all of `bytes`.
    public mutating func write(_ bytes: RawSpan, until deadline: ContinuousClock.Instant) throws(Fault) {
        guard isSecured else { return try socket.sendAll(bytes, until: deadline) }
        try session?.encrypt(bytes)
        try sendSecured(until: deadline)
    }
}

// MARK: TLS

extension Transport {
    private mutating func secure(
        _ endpoint: Endpoint, _ settings: TLSSettings, until deadline: ContinuousClock.Instant
    ) throws(Fault) {
        session = try TLSSession.make(settings, endpoint: endpoint)
        while true {
            let isDone = try session?.shakeHands() ?? true
            try sendSecured(until: deadline)
            if isDone { return }
            try awaitHandshake(until: deadline)
        }
    }

    private mutating func awaitHandshake(until deadline: ContinuousClock.Instant) throws(Fault) {
        guard socket.wait(for: .reading, until: deadline) else {
            throw Fault(
                .redisUnreachable, "\(peer) does not answer the TLS handshake", detail: "timeout",
                hint: "check that the port speaks TLS")
        }
        switch try takeCiphertext() {
        case .end:
            throw Fault(
                .redisTLS, "\(peer) closed the connection during the TLS handshake",
                hint: "check that the port speaks TLS")
        case .bytes, .nothing: return
        }
    }

    private mutating func readSecured(into buffer: inout ByteBuffer, upTo limit: Int) throws(Fault) -> Arrival {
        while true {
            let arrival = try session?.decrypt(into: &buffer, upTo: limit) ?? .end
            // The session may answer by itself, to a change of keys for example.
            if session?.hasOutput == true { try sendSecured(until: .now + .seconds(10)) }
            guard arrival == .nothing else { return arrival }
            switch try takeCiphertext() {
            case .bytes: continue
            case .nothing: return .nothing
            case .end: return .end
            }
        }
    }

    /// Moves what the socket has into the session.
    private mutating func takeCiphertext() throws(Fault) -> Arrival {
        ciphertext.removeAll()
        let arrival = try socket.receive(into: &ciphertext, upTo: Self.ciphertextSize)
        Self.feed(ciphertext, to: &session)
        return arrival
    }

    private static func feed(_ ciphertext: borrowing ByteBuffer, to session: inout TLSSession?) {
        session?.feed(ciphertext.bytes)
    }

    private mutating func sendSecured(until deadline: ContinuousClock.Instant) throws(Fault) {
        ciphertext.removeAll(keepingAtMost: 2 * Self.ciphertextSize)
        session?.takeOutput(into: &ciphertext)
        try Self.send(ciphertext, over: socket, until: deadline)
    }

    private static func send(
        _ ciphertext: borrowing ByteBuffer, over socket: borrowing Socket, until deadline: ContinuousClock.Instant
    ) throws(Fault) {
        try socket.sendAll(ciphertext.bytes, until: deadline)
    }

    /// How much is taken from the socket at once.
    private static let ciphertextSize = 128 << 10
}

extension Socket {
    /// Sends all of `bytes`, waiting for room where there is none.
    func sendAll(_ bytes: RawSpan, until deadline: ContinuousClock.Instant) throws(Fault) {
        var offset = 0
        while offset < bytes.byteCount {
            let count = try send(bytes, from: offset)
            offset += count
            guard count == 0 else { continue }
            guard wait(for: .writing, until: deadline) else {
                throw Fault(.redisUnreachable, "the server takes nothing any more", detail: "timeout")
            }
        }
    }
}
