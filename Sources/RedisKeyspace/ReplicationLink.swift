// SPDX-License-Identifier: Apache-2.0

import Bytes
public import Faults
import Hiredis
import Sockets
import Synchronization
import Threads

/// The connection of a replica that only listens: it is drained on a thread of its own into two spools, one for the
/// snapshot and one for the commands behind it, whatever becomes of them.
///
/// The source is told that somebody is there, on time, and nothing else: no port, no promise.
public final class ReplicationLink: Sendable {
    /// What is asked of the source.
    public enum Request: Sendable {
        /// All data, and all commands behind it.
        case full
        /// No data, but all commands from now on.
        case streamOnly
        /// All commands behind a point.
        case partial(ReplicationPoint)
    }

    /// What the source does.
    public enum Answer: Sendable, Equatable {
        /// It sends a snapshot as of an offset of a history.
        case snapshot(replicationID: String, offset: UInt64)
        /// It goes on behind the point, perhaps under another identifier.
        case goingOn(replicationID: String?)
    }

    /// What the source does.
    public let answer: Answer
    /// The snapshot; empty and complete where none comes.
    public let payload: ByteSpool
    /// The commands.
    public let commands: ByteSpool

    private let durable = Atomic<UInt64>(0)
    private let isClosing = Atomic(false)
    private let thread: Mutex<WorkerThread<Void>?>

    /// Introduces us, asks, and begins to drain the answer.
    public static func open(
        _ options: ReplicationOptions, _ request: Request
    ) throws(Fault) -> ReplicationLink {
        try doing("asking \(options.endpoint) for replication") { () throws(Fault) -> ReplicationLink in
            var handshake = try ReplicationHandshake(options)
            let answer = try handshake.ask(request)
            return ReplicationLink(options, request, answer, handshake.end())
        }
    }

    private init(
        _ options: ReplicationOptions, _ request: Request, _ answer: Answer, _ link: consuming DetachedLink
    ) {
        self.answer = answer
        if case .partial(let point) = request { durable.store(point.offset, ordering: .relaxed) }
        payload = ByteSpool(
            folder: options.spoolFolder, name: options.spoolPrefix + "payload", limits: options.limits,
            crash: options.crash)
        commands = ByteSpool(
            folder: options.spoolFolder, name: options.spoolPrefix + "commands", limits: options.limits,
            bell: options.bell, crash: options.crash)
        thread = Mutex(nil)
        let waiting = Mutex<DetachedLink?>(link)
        let body = LinkBody(options, payload: payload, commands: commands)
        let hasSnapshot = if case .snapshot = answer { true } else { false }
        thread.withLock {
            $0 = WorkerThread { [self] in
                guard let link = waiting.withLock({ $0.take() }) else { return }
                body.run(
                    link, hasSnapshot: hasSnapshot, durable: { self.durable.load(ordering: .relaxed) },
                    isClosing: { self.isClosing.load(ordering: .relaxed) })
            }
        }
    }

    /// Says how far everything is durable.
    public func acknowledge(_ offset: UInt64) {
        durable.store(offset, ordering: .relaxed)
    }

    /// Leaves the source.
    public func close() {
        isClosing.store(true, ordering: .relaxed)
        payload.abandon()
        commands.abandon()
        thread.withLock { $0.take() }?.join()
    }
}
