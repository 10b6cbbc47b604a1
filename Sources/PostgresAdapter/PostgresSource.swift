// SPDX-License-Identifier: Apache-2.0

import Bytes
public import Changelog
import DurableFiles
public import Faults
import LibPQ
import PgOutput
import PostgresValues

/// A replication slot as a source of changes.
///
/// It pulls frames, gathers them until the commit of their transaction is known, for only the commit says where the
/// transaction ends, and then decodes them into batches.
public struct PostgresSource: ChangeSource, ~Copyable {
    private let options: PostgresOptions
    private var stream: ReplicationStream
    private var spool: SpoolReader?
    private var spoolFile: SpoolFile?
    private var gatherer: TransactionGatherer
    private var decoder: ChangeDecoder
    /// The transaction whose messages are being decoded.
    private var decoding: Transaction?
    private var spooledFrame = ByteBuffer(capacity: 64 << 10)
    private var target: Position?
    private let targetTime: Timestamp?
    /// Nothing behind this position is handed over.
    private var barrier: Position?
    private var hasReachedTarget = false
    /// Up to where everything was handed over.
    private var complete: Position
    private var reportedComplete: Position
    private var nextQuestion: ContinuousClock.Instant
    private var watch: TableWatch?
    /// Tables that were described again as they were, and of which the catalog has not been asked since.
    private var again: Set<UInt32> = []
    private var nextQuestionOfCatalog = ContinuousClock.now
    /// The shortest time between two questions about such tables.
    private static let catalogRest = Duration.seconds(5)

    /// Goes on with a running stream; `spooled` holds the frames that were taken from it before.
    init(
        _ options: PostgresOptions, plan: PostgresPlan, stream: consuming ReplicationStream,
        spooled: consuming SpoolFile?, from: Position, until target: StopTarget
    ) throws(Fault) {
        self.options = options
        decoder = ChangeDecoder(
            relations: RelationCache(
                selection: options.selection,
                keys: Dictionary(plan.tables.map { ($0.oid, $0.key) }, uniquingKeysWith: { first, _ in first }),
                types: plan.types),
            toast: options.toast)
        switch target {
        case .none: (self.target, targetTime) = (nil, nil)
        case .now: (self.target, targetTime) = (plan.facts.position, nil)
        case .position(let position): (self.target, targetTime) = (position, nil)
        case .time(let time): (self.target, targetTime) = (nil, time)
        case .before(let position): (self.target, targetTime) = (position, nil)
        }
        complete = from
        reportedComplete = from
        nextQuestion = .now
        gatherer = TransactionGatherer(
            folder: options.spoolFolder, keep: options.streaming.keepsTwoPhase ? options.preparedFolder : nil,
            limit: TransactionGatherer.Limit(target), crash: options.crash)
        self.stream = stream
        spoolFile = spooled
        spool = try spoolFile?.makeReader()
        decoder.learn(
            Dictionary(plan.tables.map { ($0.oid, TableFacts($0)) }, uniquingKeysWith: { first, _ in first }),
            before: try options.knownTables.map(TableFacts.all) ?? [:])
        if options.streaming.keepsTwoPhase {
            let (pending, position) = try SlotControl.preparedTransactions(options)
            try gatherer.settle(allBut: pending, at: position)
        }
        if case .before(let position) = target { barrier = position } else { watch = try TableWatch(options) }
    }

    /// Adds whole transactions while they fit, and parts of one that is larger than a batch.
    public mutating func fill(
        _ batch: inout ChangeBatch, until deadline: ContinuousClock.Instant
    ) throws(Fault) -> FillOutcome {
        decoder.beginBatch()
        try look(.whenDue, into: &batch)
        if let decoding { batch.begin(decoding) }
        while true {
            if let decoding {
                guard try decode(decoding, into: &batch) else { return .more }
            }
            if hasReachedTarget || hasPassedTarget {
                try look(.atTheEnd, into: &batch)
                report(into: &batch)
                return .targetReached
            }
            guard try takeFrame(until: deadline) else {
                report(into: &batch)
                return .more
            }
            if let decoding {
                // A small transaction is not torn: it goes whole into the next batch.
                if batch.byteCount > 0, batch.byteCount + gatherer.byteCount > batch.byteLimit { return .more }
                batch.begin(decoding)
            }
            if batch.isFull { return .more }
        }
    }

    /// Answers the server without reading.
    public mutating func keepAlive() throws(Fault) {
        try stream.attend()
    }

    /// Moves the slot, once the server gets to read it.
    public mutating func acknowledge(_ position: Position) throws(Fault) {
        try stream.acknowledge(position)
        try gatherer.acknowledge(position)
    }

    /// Ends the stream and forgets what is spooled.
    public mutating func close() throws(Fault) {
        try stream.end()
        try gatherer.removeAll()
        try removeSpool()
    }

    // MARK: Frames

    /// Takes in one frame, from the spool while there is one, then from the server; false when none came in time.
    private mutating func takeFrame(until deadline: ContinuousClock.Instant) throws(Fault) -> Bool {
        if spool != nil {
            if try takeSpooledFrame() { return true }
            try removeSpool()
        }
        let patience = isWaitingForTarget ? min(deadline, nextQuestion) : deadline
        guard let frame = try stream.next(until: patience) else {
            guard isWaitingForTarget, .now < deadline else { return false }
            try ask()
            return true
        }
        try take(frame.bytes)
        return true
    }

    private mutating func takeSpooledFrame() throws(Fault) -> Bool {
        // The buffer is taken out while its bytes are looked at, for they are looked at by `self`.
        var frame = ByteBuffer(capacity: 0)
        swap(&frame, &spooledFrame)
        defer { swap(&frame, &spooledFrame) }
        frame.removeAll()
        guard try spool?.next(into: &frame) ?? false else { return false }
        try take(frame.bytes)
        return true
    }

    /// Nothing comes and the target is not reached: the server is asked where it stands, now and then.
    private mutating func ask() throws(Fault) {
        guard .now >= nextQuestion else { return }
        try stream.sendStatus(.requested)
        nextQuestion = .now + .milliseconds(100)
    }

    private mutating func take(_ bytes: RawSpan) throws(Fault) {
        switch try StreamReading.frame(bytes) {
        case .keepalive(let keepalive): try take(keepalive)
        case .data(let data):
            stream.note(received: Position(rawValue: max(data.startLSN, data.endLSN)))
            try take(message: data.payload)
        }
    }

    private mutating func take(_ keepalive: ReplicationMessage.Keepalive) throws(Fault) {
        let position = Position(rawValue: keepalive.serverPosition)
        stream.note(received: position)
        if gatherer.isIdle { complete = max(complete, min(position, barrier ?? position)) }
        if let targetTime, target == nil, Timestamp(postgres: keepalive.clock) > targetTime {
            target = try ServerFacts.currentPosition(options)
        }
        if keepalive.replyRequested { try stream.sendStatus(.none) }
    }

    private mutating func take(message payload: RawSpan) throws(Fault) {
        switch try gatherer.take(payload, after: complete) {
        case .nothing: return
        case .whole(let transaction):
            decoder.beginTransaction()
            decoding = transaction
        case .beyondLimit:
            // Everything before the limit has been handed over.
            complete = max(complete, barrier ?? complete)
            hasReachedTarget = true
        }
    }

    private mutating func removeSpool() throws(Fault) {
        spool = nil
        guard let file = spoolFile.take() else { return }
        try file.remove()
    }

    // MARK: Decoding

    /// Decodes the gathered messages; returns whether all of them are in the batch.
    private mutating func decode(_ transaction: Transaction, into batch: inout ChangeBatch) throws(Fault) -> Bool {
        while !batch.isFull {
            guard try gatherer.advance() else {
                if let event = gatherer.event { decoder.append(event, into: &batch) }
                batch.end()
                try gatherer.finish()
                decoding = nil
                complete = max(complete, transaction.position)
                return true
            }
            try decodeMessage(into: &batch)
        }
        return false
    }

    private mutating func decodeMessage(into batch: inout ChangeBatch) throws(Fault) {
        switch try StreamReading.translating({ () throws(WireFault) in
            try decoder.decode(gatherer.current, in: gatherer.context, into: &batch)
        }) {
        case .done: return
        case .newShape(let table):
            watch?.noteNewShape()
            options.report(PostgresNotice(.debug, "the stream describes \(table)"))
        case .toastUnknown(let table, let column):
            throw Fault(
                .postgresToastUnknown,
                "an update of \(table) does not carry column \"\(column)\", whose value did not change")
        case .needsTypes(let types):
            try learn(types)
            try decodeMessage(into: &batch)
        case .needsFacts(let table):
            learn(of: [table])
            try decodeMessage(into: &batch)
        case .describedAgain(let table):
            again.insert(table)
            if .now >= nextQuestionOfCatalog { askCatalog() }
        }
    }

    /// Asks about the tables that were described again as they were: a column may allow nulls now, or none any more, or
    /// be another of the same name.
    private mutating func askCatalog() {
        let tables = Array(again)
        again = []
        nextQuestionOfCatalog = .now + Self.catalogRest
        learn(of: tables)
    }

    /// Asks what the catalog says of tables beside what the stream does. Nothing else hangs on the answer, for what columns
    /// they have only the stream says: where there is none, the next look asks again.
    private mutating func learn(of tables: [UInt32]) {
        do throws(Fault) {
            let catalog = try Session.open(options, for: .catalog)
            decoder.learn(try CatalogReader.facts(of: tables, catalog))
        } catch {
            options.report(PostgresNotice(.debug, "the catalog did not answer: \(error.message)"))
        }
    }

    /// Looks up types that came into being after the run began. Only what a type *is* is asked, never which columns
    /// a table has: that the stream itself says.
    private mutating func learn(_ oids: [UInt32]) throws(Fault) {
        var types = decoder.types
        let catalog = try Session.open(options, for: .catalog)
        try TypeCatalog.load(oids, into: &types, catalog)
        decoder.learn(types, asked: oids)
    }

    // MARK: The tables

    /// The tables that have to be read again before this history can go on; nil when there are none. While there are
    /// some the source says that its target is reached.
    public var staleTables: StaleTables? { watch?.stale }

    /// Looks whether rows changed without a change.
    private mutating func look(_ moment: TableWatch.Moment, into batch: inout ChangeBatch) throws(Fault) {
        if !again.isEmpty, .now >= nextQuestionOfCatalog { askCatalog() }
        if let facts = try watch?.look(moment, for: decoder.describedTables, into: &batch) { decoder.learn(facts) }
        if watch?.stale != nil { hasReachedTarget = true }
    }

    // MARK: The target

    private var isWaitingForTarget: Bool {
        guard gatherer.isIdle, let target else { return false }
        return complete < target
    }

    private var hasPassedTarget: Bool {
        guard gatherer.isIdle, let target else { return false }
        return complete >= target
    }

    /// Tells how far the source is complete, when that has changed.
    private mutating func report(into batch: inout ChangeBatch) {
        guard complete > reportedComplete, gatherer.isIdle else { return }
        batch.reached = complete
        reportedComplete = complete
    }
}

/// The one place where what is wrong with bytes becomes what an operator sees.
enum StreamReading {
    @_lifetime(copy bytes)
    static func frame(_ bytes: RawSpan) throws(Fault) -> ReplicationMessage {
        do throws(WireFault) {
            return try ReplicationMessage(bytes)
        } catch {
            throw fault(error)
        }
    }

    @_lifetime(copy bytes)
    static func message(_ bytes: RawSpan) throws(Fault) -> PgOutputMessage {
        do throws(WireFault) {
            return try PgOutputMessage(bytes)
        } catch {
            throw fault(error)
        }
    }

    static func translating<R>(_ body: () throws(WireFault) -> R) throws(Fault) -> R {
        do throws(WireFault) {
            return try body()
        } catch {
            throw fault(error)
        }
    }

    private static func fault(_ error: WireFault) -> Fault {
        Fault(.postgresProtocol, "a message of the replication stream cannot be read", detail: error.description)
    }
}
