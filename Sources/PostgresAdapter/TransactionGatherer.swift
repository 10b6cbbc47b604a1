// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import DurableFiles
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
        /// Those whose commit record begins before this position.
        case before(Position)

        init(_ target: StopTarget) {
            switch target {
            case .time(let time): self = .time(time)
            case .before(let position): self = .before(position)
            case .none, .now, .position: self = .none
            }
        }

        /// Whether what was committed there and then, in microseconds since 2000-01-01, is wanted.
        func allows(_ lsn: UInt64, _ time: Int64) -> Bool {
            switch self {
            case .none: true
            case .time(let last): Timestamp(postgres: time) <= last
            case .before(let position): lsn < position.rawValue
            }
        }
    }

    private enum Phase: Equatable {
        /// Between transactions.
        case idle
        /// Between BEGIN and COMMIT.
        case gathering(BeginMessage)
        /// Between the beginning and the PREPARE of the transaction with this number.
        case preparing(UInt32)
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
    private var prepared: PreparedTransactions
    /// The newest description of each table, for what is kept must explain itself; empty unless something may be kept.
    private var descriptions: [UInt32: [UInt8]] = [:]
    private let keepsTwoPhase: Bool
    /// What became of a prepared transaction, behind the last message of the transaction that is read.
    private(set) var event: TwoPhaseEvent?

    /// Makes a gatherer that spools into `folder`, and keeps prepared transactions in `keep` unless that is nil.
    init(folder: String, keep: String?, limit: Limit, crash: CrashPlan) {
        self.folder = folder
        self.limit = limit
        self.crash = crash
        keepsTwoPhase = keep != nil
        prepared = PreparedTransactions(folder: keep ?? folder)
        buffer = TransactionBuffer(path: "\(folder)/transaction", crash: crash)
    }

    /// Whether no transaction is being gathered or read; streamed ones may be open.
    var isIdle: Bool { phase == .idle }

    /// How many bytes the messages of the whole transaction take.
    var byteCount: Int { buffer.byteCount }

    /// Takes one message of the output plugin. Everything up to `complete` was handed over before.
    mutating func take(_ payload: RawSpan, after complete: Position) throws(Fault) -> Event {
        if case .inBlock(let xid) = phase { return try take(payload, inBlockOf: xid) }
        switch PgOutputTag(peeking: payload) {
        case .begin, .commit, .streamStart, .streamCommit, .streamAbort, .streamStop:
            return try takeBoundary(payload)
        case .beginPrepare, .prepare, .streamPrepare, .commitPrepared, .rollbackPrepared:
            return try takeTwoPhase(payload, after: complete)
        case .message where phase == .idle:
            guard case .message(let message) = try StreamReading.message(payload) else { return .nothing }
            guard limit.allows(message.lsn, .min) else { return .beyondLimit }
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
            guard limit.allows(begin.finalLSN, begin.commitTime) else { return .beyondLimit }
            phase = .gathering(begin)
            return .nothing
        case (.commit(let commit), .gathering(let begin)):
            return read(transaction(commit, xid: begin.xid), .whole)
        case (.streamStart(let start), .idle):
            try begin(start)
            return .nothing
        case (.streamCommit(let commit), .idle):
            guard limit.allows(commit.commit.commitLSN, commit.commit.commitTime) else { return .beyondLimit }
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
        try turn(to: commit.xid)
        return read(transaction(commit.commit, xid: commit.xid), .streamed)
    }

    /// Puts the messages of a streamed transaction where they are read.
    private mutating func turn(to xid: UInt32) throws(Fault) {
        guard let transaction = streamed.removeValue(forKey: xid) else {
            throw Fault(.postgresProtocol, "transaction \(xid) ended and nothing of it had come")
        }
        swap(&buffer, &transaction.buffer)
        reading = transaction
    }

    // MARK: Prepared transactions

    private mutating func takeTwoPhase(_ payload: RawSpan, after complete: Position) throws(Fault) -> Event {
        switch (try StreamReading.message(payload), phase) {
        case (.beginPrepare(let begin), .idle):
            guard limit.allows(begin.lsn, begin.time) else { return .beyondLimit }
            phase = .preparing(begin.xid)
            return .nothing
        case (.prepare(let prepare), .preparing(let xid)) where prepare.xid == xid:
            return try keep(prepare, .whole, after: complete)
        case (.streamPrepare(let prepare), .idle):
            guard limit.allows(prepare.lsn, prepare.time) else { return .beyondLimit }
            try turn(to: prepare.xid)
            return try keep(prepare, .streamed, after: complete)
        case (.commitPrepared(let commit), .idle):
            guard limit.allows(commit.lsn, commit.time) else { return .beyondLimit }
            return try read(commit)
        case (.rollbackPrepared(let rollback), .idle):
            // It says where its record ends, and no other record ends within it.
            guard limit.allows(rollback.endLSN &- 1, rollback.time) else { return .beyondLimit }
            return read(rollback)
        default: throw Fault(.postgresProtocol, "the server prepared or ended a transaction out of order")
        }
    }

    /// Keeps a prepared transaction, and hands out the word of it. One that was prepared before everything that was
    /// handed over has its word only when it ends.
    private mutating func keep(
        _ prepare: PreparedMessage, _ context: MessageContext, after complete: Position
    ) throws(Fault) -> Event {
        phase = .reading(context)
        var file = try prepared.draft(of: prepare.xid)
        for description in descriptions.values { try Self.append(description, to: &file) }
        while try advance() { try Self.append(current, context, to: &file) }
        try file.keep(as: prepared.path(of: prepare.xid))
        try finish()
        // The descriptions that came with it hold for what follows, though its changes wait.
        for description in descriptions.values {
            try description.withRawSpan { (span) throws(Fault) in try buffer.append(span) }
        }
        let position = Position(rawValue: prepare.endLSN)
        guard position > complete else { return .nothing }
        event = TwoPhaseEvent(gid: prepare.gid.decodedString(), outcome: .prepared)
        return read(
            Transaction(
                position: position, identifier: UInt64(prepare.xid), commitTime: Timestamp(postgres: prepare.time)),
            .whole)
    }

    private mutating func read(_ commit: PreparedMessage) throws(Fault) -> Event {
        let gid = commit.gid.decodedString()
        let position = Position(rawValue: commit.endLSN)
        let path = prepared.path(of: commit.xid)
        buffer.read(from: try prepared.messages(of: commit.xid, gid: gid))
        prepared.settle(commit.xid, at: position)
        event = TwoPhaseEvent(gid: gid, outcome: .committed)
        let byteCount = try Files.byteCount(of: path) ?? 0
        return read(
            Transaction(
                position: position, identifier: UInt64(commit.xid), commitTime: Timestamp(postgres: commit.time),
                isLarge: byteCount > TransactionBuffer.memoryLimit),
            .whole)
    }

    private mutating func read(_ rollback: RollbackPreparedMessage) -> Event {
        let position = Position(rawValue: rollback.endLSN)
        prepared.settle(rollback.xid, at: position)
        event = TwoPhaseEvent(gid: rollback.gid.decodedString(), outcome: .rolledBack)
        return read(
            Transaction(
                position: position, identifier: UInt64(rollback.xid), commitTime: Timestamp(postgres: rollback.time)),
            .whole)
    }

    /// Appends a message as it looks in a transaction that is sent whole.
    private static func append(
        _ message: RawSpan, _ context: MessageContext, to file: inout SpoolFile
    ) throws(Fault) {
        guard context == .streamed, PgOutputTag(peeking: message)?.carriesTransaction == true, message.byteCount >= 5
        else { return try file.append(message) }
        var whole = ByteBuffer(capacity: message.byteCount)
        whole.append(message.extracting(first: 1))
        whole.append(message.extracting(droppingFirst: 5))
        try append(whole, to: &file)
    }

    private static func append(_ bytes: borrowing ByteBuffer, to file: inout SpoolFile) throws(Fault) {
        try file.append(bytes.bytes)
    }

    private static func append(_ bytes: [UInt8], to file: inout SpoolFile) throws(Fault) {
        try bytes.withRawSpan { (span) throws(Fault) in try file.append(span) }
    }

    /// Remembers a description as it looks in a transaction that is sent whole.
    private mutating func noteDescription() throws(Fault) {
        guard PgOutputTag(peeking: buffer.current) == .relation else { return }
        var bytes = buffer.current.copiedBytes()
        if context == .streamed { bytes.removeSubrange(1..<min(5, bytes.count)) }
        let relation = bytes.count < 5 ? 0 : bytes[1..<5].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        descriptions[relation] = bytes
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
            guard try !isAborted() else { continue }
            if keepsTwoPhase { try noteDescription() }
            return true
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
        event = nil
        phase = .idle
    }

    /// Says that everything up to `position` is durable.
    mutating func acknowledge(_ position: Position) throws(Fault) {
        try prepared.acknowledge(position)
    }

    /// Says which transactions are prepared at the source, which stood at `position` a moment before.
    mutating func settle(allBut pending: Set<UInt32>, at position: Position) throws(Fault) {
        try prepared.settle(allBut: pending, at: position)
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
