// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import Faults
import PgOutput

/// Gathers the messages of the stream until it is known what becomes of their transactions, and hands out those that
/// committed, whole and in the order of their commits. Knows no socket and no clock.
///
/// A transaction may come between its BEGIN and its COMMIT, or, when the server streams it, in blocks between which
/// others come, long before anybody knows whether it will commit. What belongs to an aborted subtransaction is left
/// out when the transaction is read, so that its changes and their ordinals are the same whichever way it came.
struct TransactionGatherer: ~Copyable {
    /// What taking one message came to.
    enum Event: Equatable {
        /// More has to come.
        case nothing
        /// A transaction is whole: read its messages with ``advance()`` and ``current``, then call ``finish()``.
        case whole(Transaction)
        /// A transaction lies behind the limit; it is not taken.
        case beyondLimit
    }

    /// Which transactions are still wanted.
    enum Limit: Equatable {
        /// All.
        case none
        /// Those that were committed at this time or before.
        case time(Timestamp)

        func allows(_ commitTime: Timestamp) -> Bool {
            switch self {
            case .none: true
            case .time(let time): commitTime <= time
            }
        }
    }

    private enum Phase: Equatable {
        /// Between transactions.
        case idle
        /// Between BEGIN and COMMIT.
        case gathering(BeginMessage)
        /// In a block of a streamed transaction.
        case inBlock(UInt32)
        /// A transaction is whole and being read.
        case reading(MessageContext)
    }

    private let folder: String
    private let crash: CrashPlan
    private let limit: Limit
    private var phase = Phase.idle
    /// The messages of the transaction that is gathered, or read.
    private var buffer: TransactionBuffer
    private var streamed: [UInt32: StreamedTransaction] = [:]
    /// The streamed transaction that is being read; it holds the other buffer meanwhile.
    private var reading: StreamedTransaction?
    private var serial = 0

    /// Makes a gatherer that spools into `folder`.
    init(folder: String, limit: Limit, crash: CrashPlan) {
        self.folder = folder
        self.limit = limit
        self.crash = crash
        buffer = TransactionBuffer(path: "\(folder)/transaction", crash: crash)
    }

    /// Whether no transaction is being gathered or read; streamed ones may be open.
    var isIdle: Bool { phase == .idle }

    /// How many bytes the messages of the whole transaction take.
    var byteCount: Int { buffer.byteCount }

    /// Takes one message of the output plugin.
    mutating func take(_ payload: RawSpan) throws(Fault) -> Event {
        if case .inBlock(let xid) = phase { return try take(payload, inBlockOf: xid) }
        switch PgOutputTag(peeking: payload) {
        case .begin, .commit, .streamStart, .streamCommit, .streamAbort, .streamStop:
            return try takeBoundary(payload)
        case .message where phase == .idle:
            guard case .message(let message) = try StreamReading.message(payload) else { return .nothing }
            try buffer.append(payload)
            return read(Transaction(position: Position(rawValue: message.lsn)), .whole)
        default:
            try buffer.append(payload)
            return .nothing
        }
    }

    private mutating func takeBoundary(_ payload: RawSpan) throws(Fault) -> Event {
        switch (try StreamReading.message(payload), phase) {
        case (.begin(let begin), .idle):
            guard limit.allows(Timestamp(postgres: begin.commitTime)) else { return .beyondLimit }
            phase = .gathering(begin)
            return .nothing
        case (.commit(let commit), .gathering(let begin)):
            return read(transaction(commit, xid: begin.xid), .whole)
        case (.streamStart(let start), .idle):
            try begin(start)
            return .nothing
        case (.streamCommit(let commit), .idle):
            guard limit.allows(Timestamp(postgres: commit.commit.commitTime)) else { return .beyondLimit }
            return try read(commit)
        case (.streamAbort(let abort), _):
            try note(abort)
            return .nothing
        default: throw Fault(.postgresProtocol, "the server began or ended a transaction out of order")
        }
    }

    // MARK: Streamed transactions

    private mutating func take(_ payload: RawSpan, inBlockOf xid: UInt32) throws(Fault) -> Event {
        guard PgOutputTag(peeking: payload) != .streamStop else {
            phase = .idle
            return .nothing
        }
        try streamed[xid]?.buffer.append(payload)
        return .nothing
    }

    private mutating func begin(_ start: StreamStartMessage) throws(Fault) {
        if streamed[start.xid] == nil {
            guard start.isFirst else {
                throw Fault(.postgresProtocol, "a block of transaction \(start.xid) came without the first")
            }
            serial += 1
            streamed[start.xid] = StreamedTransaction(path: "\(folder)/streamed-\(serial)", crash: crash)
        }
        phase = .inBlock(start.xid)
    }

    /// A server may send the abort of a transaction of which it has streamed nothing.
    private mutating func note(_ abort: StreamAbortMessage) throws(Fault) {
        guard let transaction = streamed[abort.xid] else { return }
        guard abort.subxid == abort.xid else {
            transaction.aborted.insert(abort.subxid)
            return
        }
        streamed[abort.xid] = nil
        try transaction.buffer.removeAll()
    }

    private mutating func read(_ commit: StreamCommitMessage) throws(Fault) -> Event {
        guard let transaction = streamed.removeValue(forKey: commit.xid) else {
            throw Fault(.postgresProtocol, "transaction \(commit.xid) committed and nothing of it had come")
        }
        swap(&buffer, &transaction.buffer)
        reading = transaction
        return read(self.transaction(commit.commit, xid: commit.xid), .streamed)
    }

    // MARK: Reading

    private func transaction(_ commit: CommitMessage, xid: UInt32) -> Transaction {
        Transaction(
            position: Position(rawValue: commit.endLSN), identifier: UInt64(xid),
            commitTime: Timestamp(postgres: commit.commitTime), isLarge: buffer.isSpooled)
    }

    private mutating func read(_ transaction: Transaction, _ context: MessageContext) -> Event {
        phase = .reading(context)
        return .whole(transaction)
    }

    /// Where the messages of the whole transaction stand.
    var context: MessageContext {
        if case .reading(let context) = phase { context } else { .whole }
    }

    /// Moves on to the next message that counts; returns false when there is none left.
    mutating func advance() throws(Fault) -> Bool {
        while try buffer.advance() {
            if try !isAborted() { return true }
        }
        return false
    }

    /// Descriptions of tables hold whatever became of the subtransaction that they came with: what follows relies on
    /// them, and the server sends others when they no longer do.
    private func isAborted() throws(Fault) -> Bool {
        guard let reading, !reading.aborted.isEmpty, let tag = PgOutputTag(peeking: buffer.current),
            tag.carriesTransaction, !tag.isDescription
        else { return false }
        return reading.aborted.contains(
            try StreamReading.translating { () throws(WireFault) in
                var reader = ByteReader(buffer.current)
                _ = try reader.readByte()
                return try reader.readInteger()
            })
    }

    /// The message that ``advance()`` moved to.
    var current: RawSpan {
        @_lifetime(borrow self)
        borrowing get { buffer.current }
    }

    /// Forgets the transaction that was read.
    mutating func finish() throws(Fault) {
        try buffer.removeAll()
        if let reading = reading.take() { swap(&buffer, &reading.buffer) }
        phase = .idle
    }

    /// Forgets everything.
    mutating func removeAll() throws(Fault) {
        try finish()
        for transaction in streamed.values { try transaction.buffer.removeAll() }
        streamed = [:]
    }
}

/// A transaction that the server sends while it still runs.
private final class StreamedTransaction {
    /// How many bytes of one stay in memory: there may be many at a time.
    static let memoryLimit = 256 << 10

    var buffer: TransactionBuffer
    /// The subtransactions that were rolled back.
    var aborted: Set<UInt32> = []

    init(path: String, crash: CrashPlan) {
        buffer = TransactionBuffer(path: path, memoryLimit: Self.memoryLimit, crash: crash)
    }
}
