// SPDX-License-Identifier: Apache-2.0

import Anchors
import Changelog
import Compression
import Export
import NDJSONFormat
import TestSupport
import Testing

@testable import Runtime

/// The exporting half alone, with a clock that stands still.
@Suite struct ExporterTests {
    private let now = ContinuousClock.now

    @Test func `nothing is anchored before it is due`() throws {
        let stage = try stage(AnchorPolicy(interval: .seconds(10), transactionCount: 3, byteCount: .max))
        let exporter = try exporter(stage)
        #expect(
            try take([.transaction(position: 110, rows: 1), .transaction(position: 120, rows: 1)], exporter) == nil)
        #expect(try exporter.publishIfDue(now: now + .milliseconds(9999)) == nil)
        #expect(try take([.transaction(position: 130, rows: 1)], exporter)?.to.rawValue == 130)
        #expect(try stage.last().transactions == 3)
    }

    @Test func `changes wait no longer than the interval, from the first of them on`() throws {
        let stage = try stage(AnchorPolicy(interval: .seconds(10), transactionCount: 9, byteCount: .max))
        let exporter = try exporter(stage)
        _ = try take([.transaction(position: 110, rows: 1)], exporter, at: now + .seconds(100))
        #expect(try exporter.publishIfDue(now: now + .seconds(109)) == nil)
        #expect(try exporter.publishIfDue(now: now + .seconds(110))?.anchor.to.rawValue == 110)
    }

    @Test func `bytes make an anchor due`() throws {
        let stage = try stage(AnchorPolicy(interval: .seconds(100), transactionCount: 9, byteCount: 100 << 10))
        let exporter = try exporter(stage)
        #expect(try take([.transaction(position: 110, rows: 100)], exporter) == nil)
        #expect(try take([.transaction(position: 120, rows: 3000)], exporter)?.to.rawValue == 120)
    }

    @Test func `an open transaction is never anchored, and not what it is mixed with`() throws {
        let stage = try stage(AnchorPolicy(interval: .seconds(10), transactionCount: 2, byteCount: .max))
        let exporter = try exporter(stage)
        let steps: [ScriptStep] = [.transaction(position: 105, rows: 1), .torn(position: 110, rows: 5)]
        #expect(try take(steps, exporter) == nil)
        #expect(try exporter.publishIfDue(now: now + .seconds(1000)) == nil)
        #expect(try exporter.end(now: now + .seconds(1000)) == nil)
        #expect(try stage.ranges().isEmpty && stage.sink.draftCount == 0 && stage.sink.files.isEmpty)
    }

    @Test func `a move without changes is anchored by distance, by time and at the end`() throws {
        let policy = AnchorPolicy(idleInterval: .seconds(60), idleDistance: 1000)
        let stage = try stage(policy)
        let exporter = try exporter(stage)
        #expect(try take([.keepalive(position: 1099)], exporter) == nil)
        #expect(try take([.keepalive(position: 1100)], exporter)?.to.rawValue == 1100)
        #expect(try take([.keepalive(position: 1200)], exporter) == nil)
        #expect(try exporter.publishIfDue(now: now + .seconds(59)) == nil)
        #expect(try exporter.publishIfDue(now: now + .seconds(60))?.anchor.to.rawValue == 1200)
        #expect(try exporter.end(now: now) == nil)
        #expect(try take([.keepalive(position: 1201)], exporter) == nil)
        #expect(try exporter.end(now: now)?.anchor.to.rawValue == 1201)
        #expect(try stage.ranges() == ["100..1100", "1100..1200", "1200..1201"])
        #expect(try stage.last().segments.isEmpty && stage.last().transactions == 0)
    }

    @Test func `a point reached never takes an anchor back`() throws {
        let stage = try stage(AnchorPolicy(transactionCount: 1))
        let exporter = try exporter(stage)
        #expect(try take([.transaction(position: 110, rows: 1)], exporter)?.to.rawValue == 110)
        #expect(try take([.keepalive(position: 105)], exporter) == nil)
        #expect(try exporter.end(now: now) == nil)
    }

    @Test func `an anchor tells of its transactions, changes and segments`() throws {
        let stage = try stage(AnchorPolicy(transactionCount: 3))
        let steps: [ScriptStep] = [
            .transaction(position: 110, rows: 2), .transaction(position: 120, table: "u", rows: 1),
            .transaction(position: 130, rows: 0),
        ]
        let anchor = try #require(try take(steps, try exporter(stage)))
        #expect(anchor.kind == .changes && anchor.transactions == 3 && anchor.changes[.create] == 3)
        #expect(anchor.segments.map(\.table) == ["public.t", "public.u"])
        #expect(anchor.segments.map(\.rows) == [2, 1])
        #expect(anchor.segments[0].path == "public.t/data/0001-000000000000006e-000000000000006e-0000.ndjson")
        #expect(anchor.segments[0].schema == TableSchema.scripted("t").schemaID)
        #expect(Set(anchor.segments.map(\.path)) == stage.sink.settledPaths)
    }

    @Test func `segments of one table are numbered within their anchor`() throws {
        var stage = try stage(AnchorPolicy(transactionCount: 1))
        stage.segmentLimits = SegmentLimits(rowCount: 2)
        let anchor = try #require(try take([.transaction(position: 110, rows: 5)], try exporter(stage)))
        #expect(anchor.segments.map { $0.path.suffix(11) } == ["0000.ndjson", "0001.ndjson", "0002.ndjson"])
        #expect(try stage.lines().count == 5)
    }

    @Test func `a table of transactions tells what belongs together, and counts as no change`() throws {
        let stage = try stage(AnchorPolicy(transactionCount: 3))
        let exporter = try exporter(stage, .on)
        let steps: [ScriptStep] = [
            .transaction(position: 110, rows: 2), .transaction(position: 120, table: "u", rows: 1),
            .transaction(position: 130, rows: 0),
        ]
        let anchor = try #require(try take(steps, exporter))
        #expect(anchor.transactions == 3 && anchor.changes.total == 3)
        #expect(anchor.segments.map(\.table) == ["transactions", "public.t", "public.u"])
        let lines = try stage.lines(of: "transactions")
        let heads = ["000000000000006e", "0000000000000078"].map { "{\"_cdc_seq\":\"0001/\($0)/0000000000000000\"" }
        #expect(zip(lines, heads).allSatisfy { $0.hasPrefix($1) } && lines.count == 2)
        #expect(lines[0].contains(#""_cdc_op":"c""#) && lines[0].hasSuffix(#""changes":2,"tables":{"public.t":"2"}}"#))
        #expect(lines[1].hasSuffix(#""changes":1,"tables":{"public.u":"1"}}"#))
    }

    // MARK: What waits for more

    @Test func `what is held is not anchored, however long it waits, and at once when it is complete`() throws {
        let stage = try stage(AnchorPolicy(interval: .seconds(10), transactionCount: 1, byteCount: .max))
        let exporter = try exporter(stage)
        #expect(try take([.transaction(position: 110, rows: 1), .anchoring(.held)], exporter) == nil)
        #expect(try take([.transaction(position: 120, rows: 1), .anchoring(.held)], exporter) == nil)
        #expect(try exporter.publishIfDue(now: now + .seconds(1000)) == nil)
        let steps: [ScriptStep] = [
            .transaction(position: 130, rows: 1), .transaction(position: 140, rows: 1), .anchoring(.wanted),
        ]
        #expect(try take(steps, exporter)?.to.rawValue == 140)
        #expect(try stage.ranges() == ["100..140"] && stage.last().transactions == 4)
        #expect(try take([.transaction(position: 150, rows: 1)], exporter)?.to.rawValue == 150)
    }

    @Test func `an anchor that is wanted does not wait for its time`() throws {
        let stage = try stage(AnchorPolicy(interval: .seconds(1000), transactionCount: 100, byteCount: .max))
        let exporter = try exporter(stage)
        #expect(try take([.transaction(position: 110, rows: 1), .anchoring(.wanted)], exporter)?.to.rawValue == 110)
        #expect(try take([.anchoring(.wanted)], exporter) == nil)
    }

    @Test func `what is still held at the end is forgotten`() throws {
        let stage = try stage(AnchorPolicy(transactionCount: 1))
        let exporter = try exporter(stage)
        #expect(try take([.transaction(position: 110, rows: 1)], exporter)?.to.rawValue == 110)
        #expect(try take([.transaction(position: 120, rows: 1), .anchoring(.held)], exporter) == nil)
        #expect(try exporter.end(now: now) == nil)
        #expect(try stage.ranges() == ["100..110"] && stage.sink.draftCount == 0)
    }

    // MARK: What happened without a change

    private let notice = SourceNotice(code: "source.rewritten", table: "public.t", message: "was rewritten")

    @Test func `a notice is anchored at once, with no change and with those that wait`() throws {
        let stage = try stage(AnchorPolicy(interval: .seconds(1000), transactionCount: 100, byteCount: .max))
        let exporter = try exporter(stage)
        let alone = try #require(try take([.notice(notice)], exporter))
        #expect(alone.notices == [notice] && alone.from == alone.to && alone.segments.isEmpty)
        let mixed = try #require(
            try take([.transaction(position: 110, rows: 1), .notice(notice), .notice(notice)], exporter))
        #expect(mixed.notices == [notice, notice] && mixed.to.rawValue == 110 && mixed.transactions == 1)
        #expect(try exporter.end(now: now) == nil)
    }

    @Test func `a notice in the middle of a transaction waits for its end`() throws {
        let stage = try stage(AnchorPolicy(transactionCount: 100))
        let exporter = try exporter(stage)
        #expect(try take([.notice(notice), .torn(position: 110, rows: 2)], exporter) == nil)
        #expect(try exporter.publishIfDue(now: now + .seconds(1000)) == nil)
        #expect(try take([.transaction(position: 110, rows: 2)], exporter)?.notices == [notice])
    }

    @Test func `an observation goes with the next anchor, and every later one names it until there is another`() throws
    {
        let stage = try stage(AnchorPolicy(transactionCount: 1))
        let exporter = try exporter(stage)
        #expect(try take([.transaction(position: 110, rows: 1)], exporter)?.tables == nil)
        #expect(try take([.observation("a")], exporter) == nil)
        #expect(try exporter.end(now: now) == nil)
        #expect(try take([.transaction(position: 120, rows: 1)], exporter)?.tables == "observation a")
        #expect(try take([.transaction(position: 130, rows: 1)], exporter)?.tables == "observation a")
        #expect(try take([.observation("b")], exporter) == nil)
        #expect(try take([.transaction(position: 140, rows: 1)], exporter)?.tables == "observation b")
    }

    // MARK: Helpers

    private func stage(_ policy: AnchorPolicy) throws -> Stage {
        var stage = try Stage()
        stage.policy = policy
        return stage
    }

    private func exporter(
        _ stage: Stage, _ transactions: TransactionsChoice = .off
    ) throws -> Exporter<NDJSONEncoder, MemorySink, MemoryAnchorStore> {
        let recorder = SegmentRecorder<NDJSONEncoder, MemorySink>(
            layout: stage.parts.layout, compression: stage.parts.compression, limits: stage.segmentLimits,
            sink: stage.sink)
        return Exporter(
            recorder: recorder, publisher: stage.publisher, policy: stage.policy, progress: stage.progress,
            transactions: transactions, after: try #require(try stage.chain.latest()), now: now)
    }

    /// Lets the exporter take one batch with all of `steps`.
    private func take(
        _ steps: [ScriptStep], _ exporter: Exporter<NDJSONEncoder, MemorySink, MemoryAnchorStore>,
        at time: ContinuousClock.Instant? = nil
    ) throws -> Anchor? {
        var source = ScriptedSource(steps)
        var batch = ChangeBatch(byteLimit: 1 << 24)
        _ = try source.fill(&batch, until: .now)
        return try exporter.take(batch, now: time ?? now)?.anchor
    }
}
