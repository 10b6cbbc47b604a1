// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import Faults
import LibPQ
import PgOutput
import Threads

/// One running logical replication stream: frames in, standby status out, in one loop that never blocks in a write
/// and never writes without reading.
///
/// The law of acknowledgement: `write` is what was received; `flush` is the last durable anchor, sent once each time
/// it moves, and 0 in between, which the server takes as *nothing new* and never waits for when it shuts down.
///
/// A server that is there answers: whenever it was silent for as long as a status waits, the status asks for an answer,
/// and silence beyond a limit is a connection that broke without a word.
struct ReplicationStream: ~Copyable {
    /// For how long nobody reads before the server is told that nobody does.
    private static let restLimit = Duration.milliseconds(200)

    private let connection: PQConnection
    private var window: ReceiveWindow
    private var lastReading = ContinuousClock.now
    private let statusInterval: Duration
    private let silenceLimit: Duration
    /// For how long the server was waited for since it was last heard. Time in which nobody listens does not count.
    private var silence = Duration.zero
    private var nextStatus: ContinuousClock.Instant
    private var outgoing = ByteBuffer(capacity: 64)
    private var isFlushed = true
    private var framesSinceLook = 0
    private var pace = ReadingPace()
    private var received: Position
    private var durable = Position.zero
    private var hasNewDurable = false

    /// Where a stream begins and what it carries.
    struct Request {
        let slot: String
        let from: Position
        let plugin: PluginOptions

        init(_ options: PostgresOptions, from position: Position, serverVersion: Int) throws(Fault) {
            slot = options.slot
            from = position
            plugin = try PluginOptions(
                options.streaming, publication: options.publication, messages: options.messages,
                serverVersion: serverVersion)
        }
    }

    /// Begins to stream. The connection must be a replication connection that has nothing else to do.
    static func begin(
        _ connection: consuming PQConnection, _ request: Request
    ) throws(Fault) -> ReplicationStream {
        let timeout = try connection.query(
            "select setting from pg_catalog.pg_settings where name = 'wal_sender_timeout'"
        ).scalar
        let milliseconds = timeout.flatMap { Int($0) } ?? 60_000
        let patience = ServerPatience(timeout: .milliseconds(milliseconds))
        let sql = """
            START_REPLICATION SLOT \(PQConnection.quoted(identifier: request.slot)) LOGICAL \
            \(PositionNotation.lsn.text(request.from)) (\(request.plugin.options.joined(separator: ", ")))
            """
        if case .failure(let error) = try connection.beginCopy(sql) {
            throw refusal(error, slot: request.slot).adding(
                "starting replication from \(PositionNotation.lsn.text(request.from))")
        }
        try connection.makeNonBlocking()
        return ReplicationStream(connection, from: request.from, patience)
    }

    private init(_ connection: consuming PQConnection, from position: Position, _ patience: ServerPatience) {
        window = connection.makeReceiveWindow()
        self.connection = connection
        statusInterval = patience.statusInterval
        silenceLimit = patience.silenceLimit
        received = position
        nextStatus = .now
    }

    /// What the server says when a slot cannot be streamed from.
    static func refusal(_ error: ServerError, slot: String) -> Fault {
        switch error.state {
        case "55006":
            Fault(
                .postgresSlotActive, "replication slot \"\(slot)\" is in use by another connection",
                detail: error.detail)
        case "42704" where error.message.contains("publication"):
            Fault(
                .postgresPublicationMissing, "the publication did not exist when the changes were made",
                detail: error.detail)
        case "42704":
            Fault(.postgresSlotMissing, "replication slot \"\(slot)\" is missing", detail: error.detail)
        case "55000":
            Fault(.postgresSlotInvalid, "replication slot \"\(slot)\" can no longer be read", detail: error.detail)
        default: error.fault
        }
    }

    /// The next frame, or nothing when none came before the deadline. Answers the server in the meantime.
    mutating func next(until deadline: ContinuousClock.Instant) throws(Fault) -> CopyFrame? {
        while true {
            framesSinceLook += 1
            if framesSinceLook >= 256 || hasNewDurable { try attend() }
            switch try connection.pollCopyFrame() {
            case .frame(let frame):
                silence = .zero
                return frame
            case .ended: throw ended()
            case .nothing: break
            }
            try attend()
            guard .now < deadline else { return nil }
            try listen(until: min(deadline, nextStatus))
        }
    }

    /// Waits for bytes, and counts the time in which none come.
    private mutating func listen(until deadline: ContinuousClock.Instant) throws(Fault) {
        window.open()
        let begun = ContinuousClock.now
        defer { lastReading = .now }
        if try connection.receive(&pace, for: isFlushed ? .reading : .readingAndWriting, until: deadline) {
            silence = .zero
            return
        }
        // No longer than was meant to be waited: a machine that was asleep heard nothing, but did not listen either.
        silence += min(begun.duration(to: .now), statusInterval)
        guard silence < silenceLimit else {
            throw Fault(
                .postgresUnreachable, "the server has not answered for \(silenceLimit.components.seconds) s",
                detail: "the connection stands, and nothing comes through it")
        }
    }

    /// Notes how far the server has sent; never goes back, though the server's own report may.
    mutating func note(received position: Position) {
        received = max(received, position)
    }

    /// Promises that everything up to `position` need never be sent again.
    mutating func acknowledge(_ position: Position) throws(Fault) {
        guard position > durable else { return }
        durable = position
        hasNewDurable = true
        try attend()
    }

    /// Sends what is due, without reading.
    mutating func attend() throws(Fault) {
        framesSinceLook = 0
        let now = ContinuousClock.now
        if lastReading.duration(to: now) > Self.restLimit { window.close() }
        if hasNewDurable || now >= nextStatus { try sendStatus(silence > .zero ? .requested : .none) }
        if !isFlushed { isFlushed = try connection.flush() }
    }

    /// Sends a status now, and asks the server for one of its own when `reply` says so.
    mutating func sendStatus(_ reply: StandbyStatus.Reply) throws(Fault) {
        let status = StandbyStatus(
            write: max(received, durable).rawValue, flush: hasNewDurable ? durable.rawValue : 0, apply: 0,
            clock: wallClockMicroseconds() - Timestamp.postgresEpoch, reply: reply)
        outgoing.removeAll()
        status.append(to: &outgoing)
        try connection.putCopyData(outgoing.bytes)
        isFlushed = try connection.flush()
        hasNewDurable = false
        nextStatus = .now + statusInterval
    }

    /// Ends the stream so that the server has read the last status before the connection closes; waits for that no
    /// longer than a few seconds, for the server may be in the middle of a large transaction.
    mutating func end() throws(Fault) {
        if hasNewDurable { try sendStatus(.none) }
        window.open()
        try connection.putCopyEnd()
        let deadline = ContinuousClock.now + .seconds(5)
        while .now < deadline {
            isFlushed = try connection.flush()
            switch try connection.pollCopyFrame() {
            case .ended: return
            case .frame: continue
            case .nothing: break
            }
            if connection.wait(for: isFlushed ? .reading : .readingAndWriting, until: deadline) {
                try connection.consumeInput()
            }
        }
    }

    private func ended() -> Fault {
        do throws(Fault) {
            try connection.endCopy()
        } catch {
            if let detail = error.detail, detail.contains("42704"), detail.contains("publication") {
                return Fault(
                    .postgresPublicationMissing, "the publication did not exist when the changes were made",
                    detail: detail)
            }
            return error.adding("reading the replication stream")
        }
        return Fault(.postgresUnreachable, "the server ended the replication stream")
    }
}

/// What follows from the time after which the server gives a silent client up (`wal_sender_timeout`).
struct ServerPatience {
    /// How often the server hears of kedge, at least.
    let statusInterval: Duration
    /// For how long kedge hears nothing before it takes the connection for broken.
    let silenceLimit: Duration

    /// A `timeout` of zero is none.
    init(timeout: Duration) {
        let timeout = timeout > .zero ? timeout : .seconds(60)
        statusInterval = max(.milliseconds(200), min(.seconds(10), timeout / 3))
        silenceLimit = max(.seconds(10), timeout * 2)
    }
}

extension Timestamp {
    /// Microseconds from 1970-01-01 to 2000-01-01, where PostgreSQL's clock begins.
    static let postgresEpoch: Int64 = 946_684_800_000_000

    /// The moment that PostgreSQL counts as `microseconds` after 2000-01-01; saturates at the ends of time.
    init(postgres microseconds: Int64) {
        let (sum, overflow) = microseconds.addingReportingOverflow(Self.postgresEpoch)
        self.init(microseconds: overflow ? .max : sum)
    }
}
