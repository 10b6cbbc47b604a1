// SPDX-License-Identifier: Apache-2.0

import Anchors
import Bytes
import Changelog
import Compression
import Export
import Faults
import NDJSONFormat
import Synchronization
import TestSupport
import Testing

@Suite struct RecordGateTests {
    private let sink = MemorySink()

    @Test func `what the gate keeps is the same files as without a gate`() throws {
        let plain = recorder(nil)
        let gated = recorder(ScriptedGate { _ in .keep })
        for recorder in [plain, gated] {
            try record([("a", [1, 2, 3]), ("b", [4]), ("a", [5])], position: 5, in: recorder)
        }
        let digests = try [plain, gated].map { try $0.takeSegments().map(\.digest) }
        #expect(digests[0].count == 2 && digests[0] == digests[1])
    }

    @Test func `the gate is asked once a schema, and again when a table's schema has changed`() throws {
        let gate = ScriptedGate { _ in .keep }
        let recorder = recorder(gate)
        for _ in 0..<3 { try record([("a", [1]), ("b", [2]), ("a", [3])], position: 5, in: recorder) }
        #expect(gate.asked == ["a1", "b1"])
        try record([("a", [1])], position: 6, columns: 2, in: recorder)
        try record([("a", [1])], position: 7, in: recorder)
        #expect(gate.asked == ["a1", "b1", "a2", "a1"])
    }

    @Test func `a redirected table's changes lie in another folder under its name`() throws {
        let other = TableName(namespace: nil, name: "a__v2")
        let recorder = recorder(ScriptedGate { $0.table.name == "a" ? .redirect(to: other) : .keep })
        try record([("a", [1, 2]), ("b", [3])], position: 5, in: recorder)
        let segments = try recorder.takeSegments()
        #expect(segments.map(\.schema.table.name) == ["a__v2", "b"])
        #expect(try lines(segments[0]).count == 2 && segments[0].schema.columns.count == 1)
    }

    @Test func `a quarantined schema's records lie whole in the sibling, under their keys`() throws {
        let recorder = recorder(
            ScriptedGate { _ in .quarantine(Violation(rule: "schema", reason: "no \"such\" column")) })
        try record([("a", [1, 2])], position: 5, operation: .delete, in: recorder)
        let segment = try #require(try recorder.takeSegments().first)
        #expect(segment.schema == .quarantine(of: schema("a", 1).table) && segment.schema.table.name == "a__quarantine")
        #expect(segment.sources == [schema("a", 1)])
        #expect(segment.rowCount == 2 && segment.changes[.delete] == 2)
        let seq = "0003/0000000000000005/0000000000000001"
        #expect(
            try lines(segment)[0]
                == #"{"_cdc_seq":"\#(seq)","_cdc_op":"d","reason":"no \"such\" column","rule":"schema","#
                + #""schema":"\#(schema("a", 1).schemaID)","record":{"_cdc_seq":"\#(seq)","_cdc_op":"d","c0":"value 1"}}"#
        )
    }

    @Test func `each change goes where its judge says, in order, and is tagged where it says`() throws {
        let judge = ScriptedJudge { value in
            switch value % 4 {
            case 1: .quarantine(Violation(rule: "r", reason: "odd"))
            case 2: .tag(["x", "y"])
            default: .keep
            }
        }
        let recorder = recorder(ScriptedGate { _ in .judge(judge) }, violations: .present)
        try record([("a", Array(0..<3000))], position: 5, in: recorder)
        let segments = try recorder.takeSegments().sorted { $0.schema.table < $1.schema.table }
        #expect(segments.map(\.rowCount) == [2250, 750])
        #expect(judge.asked == Array(0..<3000), "each is asked about once")
        let kept = try lines(segments[0])
        #expect(kept[0].hasSuffix(#""c0":"value 0"}"#))
        #expect(kept[1].hasSuffix(#""c0":"value 2","_cdc_violations":["x","y"]}"#))
        #expect(kept[2].hasSuffix(#""c0":"value 3"}"#))
        #expect(kept == kept.sorted() && segments[0].first.ordinal == 1 && segments[0].last.ordinal == 3000)
        #expect(try lines(segments[1]).count == 750 && segments[1].first.ordinal == 2)
    }

    @Test func `the same changes in other batches are the same files`() throws {
        let digests = try [1, 7, 100].map { size in
            let judge = ScriptedJudge { $0 % 3 == 0 ? .quarantine(Violation(rule: "r", reason: "third")) : .keep }
            let recorder = recorder(ScriptedGate { _ in .judge(judge) }, SegmentLimits(rowCount: 40))
            for start in stride(from: 0, to: 100, by: size) {
                try record(
                    [("a", Array(start..<min(start + size, 100)))], position: 5, firstOrdinal: start, in: recorder)
            }
            return try recorder.takeSegments().sorted { $0.first.ordinal < $1.first.ordinal }.map(\.digest)
        }
        #expect(digests[0].count == 3 && digests[0] == digests[1] && digests[1] == digests[2])
    }

    @Test func `what carries no row is not judged`() throws {
        let judge = ScriptedJudge { _ in .quarantine(Violation(rule: "r", reason: "never")) }
        let recorder = recorder(ScriptedGate { _ in .judge(judge) })
        try record([("a", [1])], position: 5, operation: .truncate, in: recorder)
        #expect(judge.asked.isEmpty)
        #expect(try recorder.takeSegments().map(\.schema.table.name) == ["a"])
    }

    @Test func `a refusal names the change and is told from other faults`() throws {
        let judge = ScriptedJudge { value throws(Fault) in
            if value == 7 { throw Fault(.bug, "refused") }
            return .keep
        }
        let recorder = recorder(ScriptedGate { _ in .judge(judge) })
        let fault = #expect(throws: Fault.self) { try record([("a", Array(0..<9))], position: 5, in: recorder) }
        #expect(fault?.context == ["recording the change 0003/0000000000000005/0000000000000008"])
        #expect(recorder.hasRefused)
        recorder.discard()
        #expect(sink.draftCount == 0)
        let full = self.recorder(ScriptedGate { _ in .keep })
        sink.change { $0.writesUntilFull = 0 }
        try record([("a", [1])], position: 5, in: full)
        #expect(faultCode { _ = try full.takeSegments() } == .diskFull && !full.hasRefused)
    }

    @Test func `a table that is called like a quarantine is refused while there is a gate`() throws {
        let gated = recorder(ScriptedGate { _ in .keep })
        #expect(faultCode { try record([("a__quarantine", [1])], position: 5, in: gated) } == .tableReserved)
        try record([("a__quarantine", [1])], position: 5, in: recorder(nil))
    }

    @Test func `of several gates the first that does not keep decides, and all are asked`() throws {
        let last = ScriptedGate { _ in .redirect(to: TableName(namespace: nil, name: "z")) }
        let gates = RecordGates([
            ScriptedGate { _ in .keep },
            ScriptedGate { $0.table.name == "a" ? .quarantine(Violation(rule: "r", reason: "a")) : .keep }, last,
        ])
        let recorder = recorder(gates)
        try record([("a", [1]), ("b", [2])], position: 5, in: recorder)
        #expect(try recorder.takeSegments().map(\.schema.table.name) == ["a__quarantine", "z"])
        #expect(last.asked == ["a1", "b1"])
    }

    @Test func `behind a gate that redirects, a later one judges each change`() throws {
        let other = TableName(namespace: nil, name: "a__v2")
        let rule = Violation(rule: "r", reason: "it is 2")
        let gates = RecordGates([
            ScriptedGate { _ in .redirect(to: other) },
            ScriptedGate { _ in
                .judge(ScriptedJudge { $0 == 2 ? .quarantine(rule) : $0 == 3 ? .tag(["r"]) : .keep })
            },
        ])
        let recorder = recorder(gates)
        try record([("a", [1, 2, 3, 4])], position: 5, in: recorder)
        let segments = try recorder.takeSegments().sorted { $0.schema.table < $1.schema.table }
        #expect(segments.map(\.schema.table.name) == ["a__quarantine", "a__v2"])
        #expect(segments.map(\.sources) == [[schema("a", 1)], [schema("a", 1)]])
        #expect(segments.map { $0.origin?.name } == [nil, "a"])
        #expect(segments.map(\.rowCount) == [1, 3])
        #expect(try lines(segments[1])[1].contains(#""_cdc_violations":["r"]"#))
    }

    @Test func `quarantined records of a lane lie in its epoch, and the lane finds their folder`() throws {
        let lane = Lane(name: "s", epoch: 9, notation: .offset, start: LanePoint(position: .zero))
        let recorder = recorder(ScriptedGate { _ in .quarantine(Violation(rule: "r", reason: "x")) })
        var batch = ChangeBatch(byteLimit: 1 << 16)
        batch.begin(Transaction(position: Position(rawValue: 5), lane: batch.index(of: lane)))
        append([1], of: schema("s", 1), .create, firstOrdinal: 0, to: &batch)
        batch.end()
        for slice in batch.slices { try recorder.record(slice, of: batch) }
        let segment = try #require(try recorder.takeSegments().first)
        #expect(segment.first.epoch == 9 && segment.lane == lane)
        #expect(try lines(segment)[0].contains(#""record":{"_cdc_seq":"0009/"#))
    }

    // MARK: Recording

    private func recorder(
        _ gate: (any RecordGate)?, _ limits: SegmentLimits = SegmentLimits(), violations: ViolationColumn = .absent
    ) -> SegmentRecorder<NDJSONEncoder, MemorySink> {
        SegmentRecorder(
            layout: RecordLayout(epoch: 3, violations: violations), compression: CompressionChoice(codec: .none),
            limits: limits, sink: sink, gate: gate)
    }

    private func record(
        _ runs: [(table: String, values: [Int])], position: UInt64, operation: Changelog.Operation = .create,
        columns: Int = 1, firstOrdinal: Int = 0, in recorder: SegmentRecorder<NDJSONEncoder, MemorySink>
    ) throws {
        var batch = ChangeBatch(byteLimit: 1 << 24)
        batch.begin(Transaction(position: Position(rawValue: position)))
        var ordinal = firstOrdinal
        for run in runs {
            append(run.values, of: schema(run.table, columns), operation, firstOrdinal: ordinal, to: &batch)
            ordinal += run.values.count
        }
        batch.end()
        for slice in batch.slices { try recorder.record(slice, of: batch) }
    }

    private func append(
        _ values: [Int], of schema: TableSchema, _ operation: Changelog.Operation, firstOrdinal: Int,
        to batch: inout ChangeBatch
    ) {
        let index = batch.index(of: schema)
        for (place, value) in values.enumerated() {
            batch.beginChange(operation, schema: index, ordinal: UInt64(firstOrdinal + place + 1))
            for _ in schema.columns { Array("value \(value)".utf8).withRawSpan { batch.append($0) } }
            batch.endChange()
        }
    }

    private func schema(_ table: String, _ columnCount: Int) -> TableSchema {
        TableSchema(
            table: TableName(namespace: nil, name: table),
            columns: (0..<columnCount).map { TableSchema.Column(name: "c\($0)", type: .text, sourceType: "text") },
            key: [])
    }

    private func lines(_ segment: FinishedSegment) throws -> [String] {
        let path = "x/data/\(segment.draft.token)"
        try sink.place(segment.draft, at: path)
        return String(decoding: try #require(sink.files[path]), as: UTF8.self).split(separator: "\n").map(String.init)
    }
}

/// A gate that says what a closure says, and remembers what it was asked: `a2`, table a with two columns.
private final class ScriptedGate: RecordGate {
    private let decide: @Sendable (TableSchema) -> SchemaVerdict
    private let questions = Mutex<[String]>([])
    var asked: [String] { questions.withLock { $0 } }

    init(_ decide: @escaping @Sendable (TableSchema) -> SchemaVerdict) {
        self.decide = decide
    }

    func verdict(on schema: TableSchema) throws(Fault) -> SchemaVerdict {
        questions.withLock { $0.append("\(schema.table.name)\(schema.columns.count)") }
        return decide(schema)
    }
}

/// A judge that is given the number behind `value `.
private final class ScriptedJudge: ChangeJudge, @unchecked Sendable {
    private let decide: (Int) throws(Fault) -> ChangeVerdict
    private(set) var asked: [Int] = []

    init(_ decide: @escaping (Int) throws(Fault) -> ChangeVerdict) {
        self.decide = decide
    }

    func verdict(on change: borrowing Change) throws(Fault) -> ChangeVerdict {
        var value = -1
        if case .value(let bytes) = change.field(0) {
            value = Int(String(decoding: bytes.copiedBytes().dropFirst(6), as: UTF8.self)) ?? -1
        }
        asked.append(value)
        return try decide(value)
    }
}
