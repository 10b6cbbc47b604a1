// SPDX-License-Identifier: Apache-2.0

import Bytes
public import Changelog
public import Faults

/// The commands that a server has replicated as a source of changes.
///
/// A bare command is a transaction, and so is everything from `MULTI` to `EXEC`; its position is the replication offset
/// at its end. What a link has drained is handed over even when the link is gone; then ``ending`` says why it is gone.
public struct KeyspaceSource: ChangeSource, ~Copyable {
    /// Where the commands come from.
    public let link: ReplicationLink
    private var window: SpoolWindow
    private var words = CommandWords()
    var recorder: CommandRecorder
    /// Looks for the end of the unit that begins at the next byte, while that is not known.
    private var scanner: UnitScanner?
    var unit: Unit?
    private var large: LargeCommand?
    /// What must be added to an offset within the spool to make it one of the history.
    private var base: UInt64
    private let target: Position?
    var complete: Position
    /// Reads the values of touched keys.
    var stage: StateStage
    let replicationID: String
    private var reported: Position
    private var news: [String: SourceIdentity.Fact]
    private var hasSelected = false
    private let lane: Lane?
    /// The place of the lane in the batch that is being filled.
    private var laneIndex: Int?
    /// What the anchor shall know of the lane, where there is one; told with the next batch.
    public var laneFacts: [String: SourceIdentity.Fact] = [:] {
        didSet { hasNewFacts = hasNewFacts || laneFacts != oldValue }
    }
    private var hasNewFacts = false
    /// Why the link ended although nobody asked for it; the source then says that its target is reached.
    public private(set) var ending: Fault?

    /// How large a command may be that is taken in whole, and a unit whose end is looked for in memory.
    private static let wholeByteCount = 1 << 20
    /// From how many bytes on a unit may take long.
    private static let largeUnitByteCount: UInt64 = 16 << 20

    /// A unit whose end is known.
    struct Unit {
        let position: Position
        /// The offset behind it within the spool.
        let end: UInt64
        let isLarge: Bool
    }

    /// Goes on behind `point`, where `link` does, up to a target; what has changed in who the source is since the anchor
    /// that `point` is from is among `news`. With `state` the values of touched keys are read, too. Of several servers
    /// each has its `lane`.
    public init(
        _ link: ReplicationLink, from point: ReplicationPoint, until target: Position?,
        news: [String: SourceIdentity.Fact] = [:], state: StateOptions? = nil, in lane: Lane? = nil,
        moves: SlotMoves? = nil
    ) {
        self.link = link
        self.target = target
        self.news = news
        self.lane = lane
        window = SpoolWindow(link.commands)
        recorder = CommandRecorder(
            database: point.database ?? 0, touched: state.map { _ in TouchedKeys() }, namespace: lane?.name,
            moves: moves)
        replicationID = point.replicationID
        stage = StateStage(state, at: point.offset)
        base = point.offset
        complete = Position(rawValue: point.offset)
        reported = complete
        link.acknowledge(point.offset)
    }

    /// Whether a unit has begun and is not whole in what was handed over.
    public var isInsideUnit: Bool { unit != nil }
    /// Up to where all units are handed over.
    public var position: Position { complete }

    /// Adds units while they fit, and parts of one that is larger than a batch.
    public mutating func fill(
        _ batch: inout ChangeBatch, until deadline: ContinuousClock.Instant
    ) throws(Fault) -> FillOutcome {
        recorder.begin(&batch)
        laneIndex = lane.map { batch.index(of: $0) }
        if let unit { begin(unit, in: &batch) }
        continueState(in: &batch)
        while !batch.isFull {
            if stage.isReading {
                if try stepState(into: &batch) { return finish(&batch, .more, .wanted) }
                if .now >= deadline { break }
                continue
            }
            if let unit {
                if try decode(unit, into: &batch, until: deadline) { continue }
                break
            }
            let isOver = ending != nil || target.map { complete >= $0 } ?? false
            if isHolding, isOver || isStateDue {
                try beginState(in: &batch)
                continue
            }
            if isOver { return finish(&batch, .targetReached) }
            if try !beginUnit(in: &batch, until: deadline), ending == nil, .now >= deadline { break }
        }
        return finish(&batch, .more)
    }

    /// The link answers by itself.
    public mutating func keepAlive() throws(Fault) {}

    /// Tells the link how far everything is durable.
    public mutating func acknowledge(_ position: Position) throws(Fault) {
        link.acknowledge(position.rawValue)
    }

    /// Leaves the source.
    public mutating func close() throws(Fault) {
        link.close()
    }

    /// What holds at the end of a batch is told there. Where a database was selected no anchor stands inside the batch,
    /// also when a unit is open at its end.
    private mutating func finish(
        _ batch: inout ChangeBatch, _ outcome: FillOutcome, _ anchoring: AnchorWish = .free
    ) -> FillOutcome {
        batch.anchoring = isHolding ? .held : anchoring
        if lane != nil { return finishLane(&batch, outcome) }
        if hasSelected { news["db"] = .number(Int64(recorder.database)) }
        hasSelected = false
        if !news.isEmpty {
            batch.facts = news
            news = [:]
        }
        if unit == nil, complete > reported {
            batch.reached = complete
            reported = complete
        }
        return outcome
    }

    private mutating func finishLane(_ batch: inout ChangeBatch, _ outcome: FillOutcome) -> FillOutcome {
        guard let lane, hasNewFacts || complete > reported else { return outcome }
        batch.marks.append(LaneMark(lane: lane, point: LanePoint(position: complete), facts: laneFacts))
        hasNewFacts = false
        reported = complete
        return outcome
    }

    // MARK: Units

    private func begin(_ unit: Unit, in batch: inout ChangeBatch) {
        batch.begin(Transaction(position: unit.position, isLarge: unit.isLarge, lane: laneIndex))
    }

    /// Finds the next unit and begins it, or takes a bare command in; false when its bytes have not come.
    private mutating func beginUnit(
        in batch: inout ChangeBatch, until deadline: ContinuousClock.Instant
    ) throws(Fault) -> Bool {
        if scanner != nil { return try findEnd(in: &batch, until: deadline) }
        skipNewlines()
        switch try find() {
        case .short:
            if window.count > Self.wholeByteCount { return beginScan() }
            return try grow(until: deadline)
        case .whole(let end):
            let name = name
            if name == .multi || end - window.at > Self.wholeByteCount { return beginScan() }
            try takeBare(name, end: end, into: &batch)
            return true
        }
    }

    private mutating func beginScan() -> Bool {
        scanner = UnitScanner(link.commands, from: window.offset)
        return true
    }

    private mutating func findEnd(
        in batch: inout ChangeBatch, until deadline: ContinuousClock.Instant
    ) throws(Fault) -> Bool {
        guard let end = try scanner?.find(until: deadline) else {
            if let end = scanner?.spoolEnd { noteEnd(end) }
            return false
        }
        scanner = nil
        let position = Position(rawValue: base + end.offset - end.newlineCount)
        let begun = Unit(
            position: position, end: end.offset,
            isLarge: end.offset - window.offset > Self.largeUnitByteCount)
        unit = begun
        recorder.beginUnit()
        begin(begun, in: &batch)
        return true
    }

    /// Decodes on; false when the batch is full, or bytes are awaited.
    private mutating func decode(
        _ unit: Unit, into batch: inout ChangeBatch, until deadline: ContinuousClock.Instant
    ) throws(Fault) -> Bool {
        while !batch.isFull {
            if large != nil {
                guard try decodeLarge(into: &batch, until: deadline) else { return false }
            }
            skipNewlines()
            if isStateFull {
                try beginState(in: &batch)
                return true
            }
            guard window.offset < unit.end else {
                batch.end()
                complete = unit.position
                stage.countTransaction()
                self.unit = nil
                return true
            }
            guard try decodeCommand(into: &batch, until: deadline) else { return false }
        }
        return false
    }

    private mutating func decodeCommand(
        into batch: inout ChangeBatch, until deadline: ContinuousClock.Instant
    ) throws(Fault) -> Bool {
        switch try find() {
        case .short:
            if window.count > Self.wholeByteCount { return try beginLarge() }
            return try grow(until: deadline)
        case .whole(let end):
            if end - window.at > Self.wholeByteCount { return try beginLarge() }
            let name = name
            if !(try takeHousekeeping(name, in: &batch)) { record(name, into: &batch) }
            window.skip(end - window.at)
            return true
        }
    }

    private mutating func beginLarge() throws(Fault) -> Bool {
        large = try CommandReading.translating { () throws(WireFault) in try LargeCommand(in: &window) }
        return true
    }

    // MARK: Commands

    private mutating func find() throws(Fault) -> CommandWords.Outcome {
        guard window.count > 0 else { return .short }
        do throws(WireFault) {
            return try Self.find(&words, in: window)
        } catch {
            throw CommandReading.fault(error)
        }
    }

    @inline(__always)
    private static func find(
        _ words: inout CommandWords, in window: borrowing SpoolWindow
    ) throws(WireFault) -> CommandWords.Outcome {
        let outcome = try words.find(in: window.buffer.bytes, from: window.at)
        if case .whole = outcome, words.mayBeWrapped(in: window.buffer.bytes, from: window.at) {
            words.unwrap(in: window.buffer.bytes)
        }
        return outcome
    }

    @inline(__always)
    private static func record(
        _ name: CommandName, _ words: borrowing CommandWords, in window: borrowing SpoolWindow,
        _ recorder: inout CommandRecorder, into batch: inout ChangeBatch
    ) {
        recorder.append(name, words, of: window.buffer.bytes, into: &batch)
    }

    private var name: CommandName { CommandName(window.buffer.bytes.extracting(words.places[0])) }

    /// A bare command is a unit of its own.
    private mutating func takeBare(_ name: CommandName, end: Int, into batch: inout ChangeBatch) throws(Fault) {
        let position = Position(rawValue: base + window.offset + UInt64(end - window.at))
        if try !takeHousekeeping(name, in: &batch) {
            batch.begin(Transaction(position: position, lane: laneIndex))
            recorder.beginUnit()
            record(name, into: &batch)
            stage.countTransaction()
            batch.end()
        }
        complete = position
        window.skip(end - window.at)
    }

    private mutating func record(_ name: CommandName, into batch: inout ChangeBatch) {
        if !words.envelopes.isEmpty { selectOfEnvelope(in: &batch) }
        Self.record(name, words, in: window, &recorder, into: &batch)
    }

    /// A wrapped command has its database beside it.
    private mutating func selectOfEnvelope(in batch: inout ChangeBatch) {
        guard let database = words.envelopes.database(in: window.buffer.bytes), database != recorder.database else {
            return
        }
        recorder.select(database, in: &batch)
        hasSelected = true
    }

    /// Takes in a command that has no record; false when it is none of those.
    private mutating func takeHousekeeping(_ name: CommandName, in batch: inout ChangeBatch) throws(Fault) -> Bool {
        switch name {
        case .ping, .replconf, .multi, .exec: return true
        case .select:
            guard words.count == 2,
                let database = Int(window.buffer.bytes.extracting(words.places[1]).decodedString()), database >= 0
            else { throw Fault(.redisProtocol, "a SELECT of the stream cannot be read") }
            recorder.select(database, in: &batch)
            hasSelected = true
            return true
        default: return false
        }
    }

    private mutating func decodeLarge(
        into batch: inout ChangeBatch, until deadline: ContinuousClock.Instant
    ) throws(Fault) -> Bool {
        guard var command = large.take() else { return true }
        while !batch.isFull {
            switch try step(&command, into: &batch) {
            case .goOn: continue
            case .end: return true
            case .short:
                guard try grow(until: deadline) else {
                    large = consume command
                    return false
                }
            }
        }
        large = consume command
        return false
    }

    private mutating func step(
        _ command: inout LargeCommand, into batch: inout ChangeBatch
    ) throws(Fault) -> LargeCommand.Step {
        do throws(WireFault) {
            return try command.step(in: &window, recorder: &recorder, into: &batch)
        } catch {
            throw CommandReading.fault(error)
        }
    }

    // MARK: Bytes

    @inline(__always)
    private mutating func skipNewlines() {
        while window.count > 0, window.buffer.bytes[window.at] == UInt8(ascii: "\n") {
            // It stands in the spool, and does not count.
            base &-= 1
            window.skip(1)
        }
    }

    private mutating func grow(until deadline: ContinuousClock.Instant) throws(Fault) -> Bool {
        try window.release()
        if try window.grow(until: deadline) { return true }
        if let end = window.end { noteEnd(end) }
        return false
    }

    private mutating func noteEnd(_ end: ByteSpool.End) {
        switch end {
        case .complete: ending = ending ?? Fault(.redisUnreachable, "the replication link has ended")
        case .failed(let fault): ending = ending ?? fault
        }
    }
}
