// SPDX-License-Identifier: Apache-2.0

public import Changelog
public import Faults
public import RedisState
public import RedisURI
import Synchronization

/// All keys of a server, read one after the other by `SCAN`: each is exact as of its stamp, all together as of no point.
public final class KeyspaceScan: SnapshotSource {
    /// Reads all databases.
    public typealias Reader = KeyspaceScanReader

    /// What is known of a pass at its end.
    public struct Report: Sendable {
        /// As of which point the server was then.
        public let last: StateStamp
        /// How many keys changed whenever they were read.
        public let unsettledCount: Int
    }

    /// As of which point the server was when the pass began.
    public let first: StateStamp
    /// Of which version of Redis the server is, or says it resembles.
    public let version: String
    private let address: RedisAddress
    private let isMaster: Bool
    private let found: Mutex<Report>

    /// Looks where the server stands.
    public init(_ address: RedisAddress) throws(Fault) {
        self.address = address
        var reader = try StateReader.open(address)
        first = try reader.stamp()
        version = reader.version
        isMaster = reader.isMaster
        found = Mutex(Report(last: first, unsettledCount: 0))
    }

    /// Where the pass stands in the export: where the server was when it began.
    public var position: Position { Position(rawValue: first.offset ?? 0) }

    /// One walk.
    public var tasks: [SnapshotTask] {
        [SnapshotTask(table: KeyspaceSchema.name(0), estimatedByteCount: 1, label: "all keys of the server")]
    }

    /// What the pass has come to; of a pass that has ended.
    public var report: Report { found.withLock { $0 } }

    /// Who the source of a pass is, as its anchor records it.
    public func identity(_ report: Report?) -> SourceIdentity {
        var facts: [String: SourceIdentity.Fact] = [
            "mode": .text("scan"), "serverVersion": .text(version), "role": .text(isMaster ? "master" : "replica"),
            "stamps": .text(first.motion.rawValue),
        ]
        if let id = first.replicationID { facts["replid"] = .text(id) }
        if let offset = first.offset { facts["asOfFirst"] = .number(Int64(clamping: offset)) }
        if let offset = report?.last.offset { facts["asOfLast"] = .number(Int64(clamping: offset)) }
        if let report { facts["unsettled"] = .number(Int64(report.unsettledCount)) }
        return SourceIdentity(kind: "redis", facts: facts, notation: .decimal)
    }

    /// A walk from the beginning.
    public func makeReader() throws(Fault) -> KeyspaceScanReader {
        KeyspaceScanReader(try StateReader.open(address), position: position) { [self] report in
            found.withLock { $0 = Report(last: report.last, unsettledCount: report.unsettledCount) }
        }
    }
}

/// Walks over all databases.
public final class KeyspaceScanReader: SnapshotReader {
    private var reader: StateReader?
    private var recorder: StateRecorder?
    private let transaction: Transaction
    private let learned: (KeyspaceScan.Report) -> Void

    init(_ reader: consuming StateReader, position: Position, learned: @escaping (KeyspaceScan.Report) -> Void) {
        self.reader = consume reader
        transaction = Transaction(position: position)
        self.learned = learned
    }

    /// There is one task.
    public func begin(task index: Int) throws(Fault) {
        guard var reader = reader.take() else { throw Fault(.bug, "a pass is begun twice") }
        let databases = try reader.databases()
        recorder = StateRecorder(reader, KeyQueue(databases: databases))
    }

    /// Adds keys until `batch` is full, or for a while.
    public func fill(_ batch: inout ChangeBatch) throws(Fault) -> SnapshotFill {
        guard var recorder = recorder.take() else { throw Fault(.bug, "a pass is read on after its end") }
        batch.begin(transaction)
        recorder.rows.begin(&batch)
        let deadline = ContinuousClock.now + .seconds(1)
        while !batch.isFull, .now < deadline {
            guard try recorder.step(into: &batch) else {
                batch.end()
                let last = try recorder.serverStamp()
                learned(KeyspaceScan.Report(last: last, unsettledCount: recorder.unsettledCount))
                return .taskEnded
            }
        }
        self.recorder = consume recorder
        return .more
    }

    /// Nothing is held.
    public func close() throws(Fault) {}
}
