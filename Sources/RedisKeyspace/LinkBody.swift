// SPDX-License-Identifier: Apache-2.0

import Bytes
import Faults
import Hiredis
import Sockets

/// What the thread of a ``ReplicationLink`` does: drains, and says in time that it is there.
struct LinkBody: Sendable {
    private let options: ReplicationOptions
    private let payload: ByteSpool
    private let commands: ByteSpool
    private static let readByteCount = 256 << 10

    init(_ options: ReplicationOptions, payload: ByteSpool, commands: ByteSpool) {
        self.options = options
        self.payload = payload
        self.commands = commands
    }

    /// Works until the source, or we, have had enough.
    func run(
        _ link: consuming DetachedLink, hasSnapshot: Bool, durable: () -> UInt64, isClosing: () -> Bool
    ) {
        do throws(Fault) {
            if hasSnapshot { try drainPayload(&link, isClosing) }
            payload.finish(.complete)
            try drainCommands(&link, durable, isClosing)
            commands.finish(.complete)
        } catch {
            payload.finish(.failed(error))
            commands.finish(.failed(error))
        }
    }

    // MARK: The snapshot

    private func drainPayload(_ link: inout DetachedLink, _ isClosing: () -> Bool) throws(Fault) {
        var framing = try awaitFraming(&link, isClosing)
        var lastByte = ContinuousClock.now
        while !isClosing() {
            let (count, used) = framing.take(link.received.bytes)
            if try !pass(link.received, count, isClosing) { return }
            link.received.removeFirst(used)
            if framing.isWhole {
                try options.crash.reach(.afterReplicationPayload)
                return
            }
            if try receive(&link) { lastByte = .now }
            if lastByte.duration(to: .now) > options.silenceLimit {
                throw Fault(.redisUnreachable, "the server stopped sending its snapshot", detail: "timeout")
            }
        }
    }

    /// Passes on the first `count` bytes, waiting for room; false when nobody wants them.
    private func pass(_ received: borrowing ByteBuffer, _ count: Int, _ isClosing: () -> Bool) throws(Fault) -> Bool {
        guard count > 0 else { return true }
        let isTaken = try payload.append(waiting: received.bytes.extracting(0..<count)) {}
        try options.crash.reach(.duringReplicationPayload)
        return isTaken
    }

    /// The source may take its time; every second it writes a newline.
    private func awaitFraming(_ link: inout DetachedLink, _ isClosing: () -> Bool) throws(Fault) -> PayloadFraming {
        var lastByte = ContinuousClock.now
        while !isClosing() {
            if let line = ReplicationHandshake.takeLine(from: &link.received) { return try PayloadFraming(line) }
            if try receive(&link) { lastByte = .now }
            if lastByte.duration(to: .now) > options.silenceLimit {
                throw Fault(.redisUnreachable, "the server does not send its snapshot", detail: "timeout")
            }
        }
        throw Fault(.stopped, "the snapshot was not waited for")
    }

    // MARK: The commands

    private func drainCommands(
        _ link: inout DetachedLink, _ durable: () -> UInt64, _ isClosing: () -> Bool
    ) throws(Fault) {
        // The server sends commands once it has heard a word after its snapshot, and it hears none until it has noticed
        // that the snapshot is sent: what is said too early is said again soon, so that nothing piles up there.
        let began = ContinuousClock.now
        var pause = Duration.milliseconds(100)
        var next = began
        var isFlowing = false
        var lastByte = ContinuousClock.now
        while !isClosing() {
            if .now >= next {
                try acknowledge(&link, options.acknowledgement == .zero ? 0 : durable())
                next =
                    .now + (isFlowing ? options.acknowledgementInterval : min(pause, options.acknowledgementInterval))
                if .now > began + .seconds(1) { pause = .seconds(1) }
            }
            if !link.received.isEmpty {
                isFlowing = true
                lastByte = .now
                try pass(link.received)
                link.received.removeAll()
            }
            _ = try receive(&link)
            if lastByte.duration(to: .now) > options.silenceLimit {
                throw Fault(.redisUnreachable, "the server is silent", detail: "no bytes for \(options.silenceLimit)")
            }
        }
    }

    private func pass(_ received: borrowing ByteBuffer) throws(Fault) {
        guard case .full = try commands.append(received.bytes) else { return }
        throw Fault(
            .redisSpoolFull, "what waits for the destination has filled the spool",
            detail: "\(commands.waitingByteCount) bytes wait in \(options.spoolFolder)")
    }

    private func acknowledge(_ link: inout DetachedLink, _ offset: UInt64) throws(Fault) {
        var text = ByteBuffer()
        text.appendCommand(["REPLCONF", "ACK", String(offset)])
        try link.transport.write(text.bytes, until: .now + options.silenceLimit)
    }

    /// Takes in what has come; waits a moment for it, and returns whether something has.
    private func receive(_ link: inout DetachedLink) throws(Fault) -> Bool {
        switch try link.transport.read(
            into: &link.received, upTo: Self.readByteCount, until: .now + .milliseconds(100))
        {
        case .bytes: return true
        case .nothing: return false
        case .end: throw Fault(.redisUnreachable, "the server closed the replication link")
        }
    }
}
