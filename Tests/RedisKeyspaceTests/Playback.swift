// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import Faults
import Testing

@testable import RedisKeyspace

/// What came of a link: the records of the snapshot, and those of the stream with their positions.
struct Playback: Equatable {
    var snapshot: [String] = []
    var stream: [String] = []
    var reached: UInt64 = 0
    var database: Int64?
    var ending: Fault.Code?

    /// Reads a link to the end of its snapshot, and on to an offset.
    static func read(_ link: ReplicationLink, from offset: UInt64, until target: UInt64, byteLimit: Int = 1 << 20)
        throws -> Playback
    {
        var playback = Playback()
        if case .snapshot = link.answer { try playback.readSnapshot(link, at: offset) }
        var source = KeyspaceSource(
            link, from: ReplicationPoint(replicationID: FakePrimary.replicationID, offset: offset, database: 0),
            until: Position(rawValue: target))
        try playback.read(&source, byteLimit: byteLimit)
        try source.close()
        return playback
    }

    private mutating func readSnapshot(_ link: ReplicationLink, at offset: UInt64) throws {
        let snapshot = KeyspaceSnapshot(at: Position(rawValue: offset), estimatedByteCount: 1, label: "test") {
            () throws(Fault) in PayloadInput(draining: link.payload) { false }
        }
        let reader = try snapshot.makeReader()
        try reader.begin(task: 0)
        var outcome = SnapshotFill.more
        while outcome == .more {
            var batch = ChangeBatch(byteLimit: 1 << 20)
            outcome = try reader.fill(&batch)
            self.snapshot += Self.lines(batch)
        }
    }

    mutating func read(_ source: inout KeyspaceSource, byteLimit: Int) throws {
        let patience = ContinuousClock.now + .seconds(10)
        var batch = ChangeBatch(byteLimit: byteLimit)
        var outcome = FillOutcome.more
        while outcome == .more, ContinuousClock.now < patience {
            batch.removeAll()
            outcome = try source.fill(&batch, until: .now + .milliseconds(50))
            stream += Self.lines(batch)
            if let reached = batch.reached { self.reached = reached.rawValue }
            if case .number(let number)? = batch.facts["db"] { database = number }
        }
        #expect(outcome == .targetReached)
        ending = source.ending?.code
    }

    /// `position/ordinal table op key …`, of each record.
    static func lines(_ batch: borrowing ChangeBatch) -> [String] {
        var lines: [String] = []
        for slice in batch.slices {
            for index in slice.changes { lines.append(line(batch.change(at: index), slice, batch.schemas)) }
        }
        return lines
    }

    private static func line(_ change: borrowing Change, _ slice: ChangeBatch.Slice, _ schemas: [TableSchema]) -> String
    {
        let schema = schemas[change.schemaIndex]
        var text = "\(slice.transaction.position.rawValue)/\(change.ordinal) \(schema.table) \(change.operation.letter)"
        for (index, column) in schema.columns.enumerated() {
            guard case .value(let value) = change.field(index) else { continue }
            text += " \(column.name)=\(self.text(value, column.type))"
        }
        return text
    }

    private static func text(_ value: RawSpan, _ type: ColumnType) -> String {
        switch type {
        case .list, .map: (try? nested(value)) ?? "?"
        default: value.byteCount > 100 ? "<\(value.byteCount)>" : value.decodedString()
        }
    }

    private static func nested(_ value: RawSpan) throws(WireFault) -> String {
        var reader = NestedReader(value)
        var text = ""
        while let token = try reader.next() {
            switch token {
            case .null: text += "-"
            case .scalar(let bytes):
                text += bytes.byteCount > 100 ? "<\(bytes.byteCount)> " : bytes.decodedString() + " "
            case .beginList, .beginRecord: text += "["
            case .beginMap: text += "{"
            case .end: text = String(text.reversed().drop { $0 == " " }.reversed()) + "]"
            }
        }
        return text
    }
}
