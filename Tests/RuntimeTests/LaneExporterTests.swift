// SPDX-License-Identifier: Apache-2.0

import Anchors
import Bytes
import Changelog
import Compression
import Export
import NDJSONFormat
import TestSupport
import Testing

@testable import Runtime

/// The exporting half over batches of a source with lanes.
@Suite struct LaneExporterTests {
    private let now = ContinuousClock.now
    private let orders = Lane(name: "orders", epoch: 1, notation: .entry, start: .zero)
    private let events = Lane(name: "events", epoch: 1, notation: .entry, start: point(50, 0))

    @Test func `one anchor holds how far every lane reaches, and counts the transactions of all`() throws {
        let (stage, exporter) = try begin()
        _ = try exporter.take(
            batch([(orders, 10, 0), (events, 60, 3), (orders, 10, 1)], [mark(orders, 10, 1), mark(events, 60, 3)]),
            now: now)
        let anchor = try stage.last()
        #expect(anchor.from.rawValue == 0 && anchor.to.rawValue == 3 && anchor.transactions == 3)
        #expect(anchor.lanes.map(\.lane.name) == ["events", "orders"])
        #expect(anchor.lanes.map(\.from) == [point(50, 0), .zero])
        #expect(anchor.lanes.map(\.to) == [point(60, 3), point(10, 1)])
        #expect(anchor.segments.map(\.lane) == ["events", "orders"])
        #expect(
            anchor.segments.map(\.path) == [
                "events/data/0001-000000000000003c0000000000000003-000000000000003c0000000000000003-0000.ndjson",
                "orders/data/0001-000000000000000a0000000000000000-000000000000000a0000000000000001-0000.ndjson",
            ])
        #expect(
            try stage.lines(of: "orders") == [
                #"{"_cdc_seq":"0001/000000000000000a/0000000000000000","_cdc_op":"c","id":"10-0"}"#,
                #"{"_cdc_seq":"0001/000000000000000a/0000000000000001","_cdc_op":"c","id":"10-1"}"#,
            ])
    }

    @Test func `anchors inside one millisecond publish under different names`() throws {
        let (stage, exporter) = try begin()
        _ = try exporter.take(batch([(orders, 10, 0)], [mark(orders, 10, 0)]), now: now)
        _ = try exporter.take(batch([(orders, 10, 1)], [mark(orders, 10, 1)]), now: now)
        let paths = try stage.chain.all().flatMap(\.segments).map(\.path)
        #expect(Set(paths).count == 2)
        #expect(try stage.last().lanes.map(\.from) == [point(10, 0)])
    }

    @Test func `a lane that did not move stays in the anchor`() throws {
        let (stage, exporter) = try begin()
        _ = try exporter.take(batch([(orders, 10, 0)], [mark(orders, 10, 0, ["added": .number(1)])]), now: now)
        _ = try exporter.take(batch([(events, 60, 0)], [mark(events, 60, 0)]), now: now)
        let still = try #require(try stage.last().lanes.last)
        #expect(still.lane == orders && still.from == point(10, 0) && still.to == point(10, 0))
        #expect(still.facts == ["added": .number(1)])
    }

    @Test func `a gap is an anchor of its own behind what waits`() throws {
        let (stage, exporter) = try begin(AnchorPolicy(transactionCount: 100))
        _ = try exporter.take(batch([(orders, 10, 0)], [mark(orders, 10, 0)]), now: now)
        var broken = ChangeBatch(byteLimit: 1000)
        broken.laneBreak = LaneBreak(
            kind: .gap(missing: 7), mark: mark(orders, 90, .max), reason: "entries were trimmed")
        _ = try exporter.take(broken, now: now)
        let anchors = try stage.chain.all().suffix(2)
        #expect(anchors.map(\.kind) == [.changes, .gap])
        let gap = try #require(anchors.last)
        #expect(gap.missing == 7 && gap.reason == "orders: entries were trimmed" && gap.segments.isEmpty)
        #expect(gap.from.rawValue == 1 && gap.to.rawValue == 1 && gap.transactions == 0)
        #expect(gap.lanes.map(\.from) == [point(10, 0)] && gap.lanes.map(\.to) == [point(90, .max)])
    }

    @Test func `a lane that begins anew counts on in its own epoch`() throws {
        let (stage, exporter) = try begin()
        _ = try exporter.take(batch([(orders, 10, 0)], [mark(orders, 10, 0)]), now: now)
        let again = Lane(name: "orders", epoch: 2, notation: .entry, start: .zero)
        var broken = ChangeBatch(byteLimit: 1000)
        broken.laneBreak = LaneBreak(kind: .reset, mark: LaneMark(lane: again, point: .zero), reason: "made again")
        _ = try exporter.take(broken, now: now)
        #expect(try stage.last().kind == .reset && stage.last().epoch == 1)
        _ = try exporter.take(batch([(again, 5, 0)], [mark(again, 5, 0)]), now: now)
        let anchor = try stage.last()
        #expect(
            anchor.kind == .changes && anchor.lanes.map(\.from) == [.zero] && anchor.lanes.map(\.to) == [point(5, 0)])
        #expect(anchor.segments.map(\.seqMin.epoch) == [2])
    }

    @Test func `an offset that moves without records is anchored by distance`() throws {
        let shard = Lane(name: "s1", epoch: 1, notation: .offset, start: point(100, 0))
        let (stage, exporter) = try begin(AnchorPolicy(idleInterval: .seconds(60), idleDistance: 1000))
        _ = try exporter.take(batch([], [mark(shard, 100, 0)]), now: now)
        #expect(try exporter.publishIfDue(now: now + .seconds(60)) != nil)
        _ = try exporter.take(batch([], [mark(shard, 1099, 0)]), now: now + .seconds(60))
        #expect(try stage.last().lanes.map(\.to) == [point(100, 0)])
        _ = try exporter.take(batch([], [mark(shard, 1100, 0)]), now: now + .seconds(60))
        #expect(try stage.last().lanes.map(\.to) == [point(1100, 0)] && stage.last().transactions == 0)
    }

    @Test func `another fact of a lane of offsets is anchored, though it did not move`() throws {
        let shard = Lane(name: "s1", epoch: 1, notation: .offset, start: point(100, 0))
        let (stage, exporter) = try begin(AnchorPolicy(idleInterval: .seconds(60)))
        _ = try exporter.take(batch([], [mark(shard, 100, 0, ["replid": .text("a")])]), now: now)
        #expect(try exporter.publishIfDue(now: now + .seconds(60)) != nil)
        _ = try exporter.take(batch([], [mark(shard, 100, 0, ["replid": .text("a")])]), now: now + .seconds(60))
        #expect(try exporter.end(now: now + .seconds(200)) == nil)
        _ = try exporter.take(batch([], [mark(shard, 100, 0, ["replid": .text("b")])]), now: now + .seconds(60))
        #expect(try exporter.end(now: now + .seconds(61)) != nil)
        #expect(try stage.last().lanes.first?.facts == ["replid": .text("b")])
    }

    @Test func `what marks say holds at the end of their batch, not inside it`() throws {
        let (stage, exporter) = try begin(AnchorPolicy(transactionCount: 1))
        _ = try exporter.take(
            batch([(orders, 10, 0), (orders, 11, 0), (orders, 12, 0)], [mark(orders, 12, 0)]), now: now)
        #expect(try stage.chain.all().count == 2)
        #expect(try stage.last().transactions == 3)
    }

    @Test func `what changes in who the source is stands in every later anchor`() throws {
        let (stage, exporter) = try begin()
        var first = batch([(orders, 10, 0)], [mark(orders, 10, 0)])
        first.facts = ["replid": .text("aa")]
        _ = try exporter.take(first, now: now)
        _ = try exporter.take(batch([(orders, 11, 0)], [mark(orders, 11, 0)]), now: now)
        #expect(try stage.last().source.text("replid") == "aa")
    }

    // MARK: Parts

    private func begin(
        _ policy: AnchorPolicy = AnchorPolicy(transactionCount: 1)
    ) throws -> (Stage, Exporter<NDJSONEncoder, MemorySink, MemoryAnchorStore>) {
        let stage = try Stage(clock: ())
        let exporter = Exporter(
            recorder: SegmentRecorder<NDJSONEncoder, MemorySink>(
                layout: RecordLayout(epoch: 1), compression: CompressionChoice(codec: .none), limits: SegmentLimits(),
                sink: stage.sink),
            publisher: stage.publisher, policy: policy, progress: stage.progress,
            after: try #require(try stage.chain.latest()), now: now)
        return (stage, exporter)
    }

    private func batch(_ entries: [(lane: Lane, ms: UInt64, seq: UInt64)], _ marks: [LaneMark]) -> ChangeBatch {
        var batch = ChangeBatch(byteLimit: 1 << 20)
        for entry in entries {
            let lane = batch.index(of: entry.lane)
            let schema = batch.index(
                of: TableSchema(
                    table: TableName(namespace: nil, name: entry.lane.name),
                    columns: [TableSchema.Column(name: "id", type: .text, sourceType: "id")], key: ["id"]))
            batch.begin(Transaction(position: Position(rawValue: entry.ms), lane: lane))
            batch.beginChange(.create, schema: schema, ordinal: entry.seq)
            Array("\(entry.ms)-\(entry.seq)".utf8).withRawSpan { batch.append($0) }
            batch.endChange()
            batch.end()
        }
        batch.marks = marks
        return batch
    }

    private func mark(
        _ lane: Lane, _ position: UInt64, _ ordinal: UInt64, _ facts: [String: SourceIdentity.Fact] = [:]
    ) -> LaneMark {
        LaneMark(lane: lane, point: point(position, ordinal), facts: facts)
    }
}

private func point(_ position: UInt64, _ ordinal: UInt64) -> LanePoint {
    LanePoint(position: Position(rawValue: position), ordinal: ordinal)
}
