// SPDX-License-Identifier: Apache-2.0

internal import Bytes
public import Changelog
public import Faults
internal import Synchronization

/// What a scripted source does, one step after the other.
public enum ScriptStep: Sendable {
    /// A transaction of `rows` inserts into `table`, which ends at `position`.
    case transaction(position: UInt64, table: String = "t", rows: Int)
    /// The source is complete up to here, with nothing in it.
    case keepalive(position: UInt64)
    /// Something happened at the source without a change.
    case notice(SourceNotice)
    /// The source has looked at its tables, and knows this now.
    case observation(String)
    /// Whether an anchor may stand at the end of the batch.
    case anchoring(AnchorWish)
    /// The source fails.
    case fault(Fault.Code)
    /// Runs something, such as asking for the end.
    case call(@Sendable () -> Void)
    /// The half of a transaction that never ends: `rows` inserts and then nothing more.
    case torn(position: UInt64, table: String = "t", rows: Int)
    /// The script is over and the target is reached; without this step the source waits for ever.
    case target
}

/// What was asked of a scripted source, from any thread.
public final class ScriptLog: Sendable {
    private struct State {
        var acknowledged: [Position] = []
        var keepAliveCount = 0
        var closeCount = 0
        var handedOver = 0
    }

    private let state = Mutex(State())

    /// Nothing was asked yet.
    public init() {}

    /// The positions that were acknowledged, in order.
    public var acknowledged: [Position] { state.withLock { $0.acknowledged } }
    /// How many times the source was to answer its side.
    public var keepAliveCount: Int { state.withLock { $0.keepAliveCount } }
    /// How many times the source was closed.
    public var closeCount: Int { state.withLock { $0.closeCount } }
    /// How many rows the source has handed over.
    public var handedOverRowCount: Int { state.withLock { $0.handedOver } }

    func acknowledge(_ position: Position) { state.withLock { $0.acknowledged.append(position) } }
    func keepAlive() { state.withLock { $0.keepAliveCount += 1 } }
    func close() { state.withLock { $0.closeCount += 1 } }
    func handOver(_ rowCount: Int) { state.withLock { $0.handedOver += rowCount } }
}

/// A source of changes that follows a script, and knows nothing of any server.
public struct ScriptedSource: ChangeSource, ~Copyable {
    /// What was asked of it.
    public let log: ScriptLog
    private var steps: ArraySlice<ScriptStep>
    private var row = 0
    private let schemas: [String: TableSchema]
    private let onAcknowledge: @Sendable (Position) -> Void

    /// Follows `steps` behind `start`, as a server would that is asked to go on there.
    public init(
        _ steps: [ScriptStep], after start: Position = .zero, log: ScriptLog = ScriptLog(),
        onAcknowledge: @escaping @Sendable (Position) -> Void = { _ in }
    ) {
        self.steps = steps.filter { $0.isBehind(start) }[...]
        self.log = log
        self.onAcknowledge = onAcknowledge
        schemas = Dictionary(
            steps.compactMap(\.table).map { ($0, TableSchema.scripted($0)) }, uniquingKeysWith: { first, _ in first })
    }

    /// Plays steps until the batch is full, the target is reached or nothing is left to play.
    public mutating func fill(
        _ batch: inout ChangeBatch, until deadline: ContinuousClock.Instant
    ) throws(Fault) -> FillOutcome {
        while let step = steps.first {
            switch step {
            case .transaction(let position, let table, let rows):
                guard play(position, table, rows, &batch) else { return .more }
                batch.end()
            case .torn(let position, let table, let rows):
                guard row < rows else { return rest(until: deadline) }
                guard play(position, table, rows, &batch) else { return .more }
                row = rows
                return .more
            case .keepalive(let position): batch.reached = Position(rawValue: position)
            case .notice(let notice): batch.notices.append(notice)
            case .observation(let text): batch.observation = Array(text.utf8)
            case .anchoring(let wish): batch.anchoring = wish
            case .fault(let code): throw Fault(code, "the script fails here")
            case .call(let body): body()
            case .target: return .targetReached
            }
            steps.removeFirst()
            row = 0
            // A point reached is told before anything else begins.
            if batch.isFull || batch.reached != nil || batch.observation != nil { return .more }
        }
        return batch.isEmpty ? rest(until: deadline) : .more
    }

    /// Counts.
    public mutating func keepAlive() throws(Fault) { log.keepAlive() }

    /// Notes the position.
    public mutating func acknowledge(_ position: Position) throws(Fault) {
        onAcknowledge(position)
        log.acknowledge(position)
    }

    /// Counts.
    public mutating func close() throws(Fault) { log.close() }

    /// Adds the rows that are left of a transaction; returns whether all of them are in.
    private mutating func play(_ position: UInt64, _ table: String, _ rows: Int, _ batch: inout ChangeBatch) -> Bool {
        batch.begin(Transaction(position: Position(rawValue: position), identifier: position, commitTime: nil))
        guard let schema = schemas[table] else { return true }
        while row < rows {
            guard !batch.isFull else { return false }
            row += 1
            append(row, of: position, schema: batch.index(of: schema), &batch)
            log.handOver(1)
        }
        return true
    }

    private func append(_ row: Int, of position: UInt64, schema: Int, _ batch: inout ChangeBatch) {
        batch.beginChange(.create, schema: schema, ordinal: UInt64(row))
        Array("\(position)".utf8).withRawSpan { batch.append($0) }
        Array("row \(row) of \(position)".utf8).withRawSpan { batch.append($0) }
        batch.endChange()
    }

    private func rest(until deadline: ContinuousClock.Instant) -> FillOutcome {
        while ContinuousClock.now < deadline { restBriefly() }
        return .more
    }
}

extension ScriptStep {
    var table: String? {
        switch self {
        case .transaction(_, let table, _), .torn(_, let table, _): table
        default: nil
        }
    }

    func isBehind(_ start: Position) -> Bool {
        switch self {
        case .transaction(let position, _, _), .torn(let position, _, _), .keepalive(let position):
            position > start.rawValue
        default: true
        }
    }
}

extension TableSchema {
    /// The schema of a scripted table.
    public static func scripted(_ name: String) -> TableSchema {
        TableSchema(
            table: TableName(namespace: "public", name: name),
            columns: [
                Column(name: "id", type: .integer(bits: 64), sourceType: "int8"),
                Column(name: "note", type: .text, sourceType: "text"),
            ], key: ["id"])
    }
}
