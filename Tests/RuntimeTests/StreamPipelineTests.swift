// SPDX-License-Identifier: Apache-2.0

import Anchors
import Changelog
import Export
import Faults
import Runtime
import TestSupport
import Testing
import Threads

/// The whole walk, between a source that knows no server and a sink that knows no disk.
@Suite(.serialized) struct StreamPipelineTests {
    @Test func `the scripted source keeps the contract of sources`() throws {
        let steps: [ScriptStep] = [
            .transaction(position: 10, rows: 1), .keepalive(position: 15), .transaction(position: 20, rows: 50),
            .transaction(position: 30, table: "u", rows: 0), .keepalive(position: 40), .target,
        ]
        try checkSourceContract { ScriptedSource(steps, after: $0) }
    }

    @Test func `anchors stand at ends of transactions, join each other and are acknowledged`() throws {
        var stage = try Stage()
        stage.policy = AnchorPolicy(transactionCount: 2)
        let steps: [ScriptStep] = [110, 120, 130, 140, 150].map { .transaction(position: $0, rows: 3) } + [.target]
        #expect(try stage.run(steps) == .targetReached)
        #expect(try stage.ranges() == ["100..120", "120..140", "140..150"])
        #expect(try stage.lines().count == 15)
        #expect(stage.log.acknowledged.last?.rawValue == 150 && stage.log.closeCount == 1)
        try stage.checkChain()
    }

    @Test func `nothing is acknowledged before its anchor is in the store`() throws {
        let stage = try Stage()
        let chain = stage.chain
        let steps: [ScriptStep] = (11...60).map { .transaction(position: $0 * 10, rows: 20) } + [.target]
        try stage.run(steps) { position in
            #expect((try? chain.all())?.contains { $0.to == position } == true)
        }
        #expect(stage.log.acknowledged.last?.rawValue == 600)
        try stage.checkChain()
    }

    @Test func `a transaction larger than many batches has one anchor`() throws {
        var stage = try Stage()
        stage.limits = PipelineLimits(queueByteCount: 128 << 10, minimumFreeByteCount: 0)
        stage.policy = AnchorPolicy(interval: .zero, transactionCount: 1, byteCount: 1)
        let steps: [ScriptStep] = [
            .transaction(position: 200, rows: 20_000), .transaction(position: 210, rows: 1), .target,
        ]
        try stage.run(steps)
        #expect(try stage.ranges() == ["100..200", "200..210"])
        let keys = try stage.lines().map { $0.prefix(54) }
        #expect(keys.count == 20_001 && keys == keys.sorted() && Set(keys).count == keys.count)
    }

    @Test func `a refusal says where the last whole transaction before it ends, and anchors nothing of it`() throws {
        var stage = try Stage()
        stage.policy = AnchorPolicy(interval: .seconds(1000), transactionCount: 1000, byteCount: .max)
        stage.gate = RefusingGate(table: "u")
        let steps: [ScriptStep] = [
            .transaction(position: 110, rows: 3), .transaction(position: 120, rows: 3),
            .transaction(position: 130, table: "u", rows: 3), .target,
        ]
        var source = try stage.source(steps)
        let pipeline = StreamPipeline(stage.parts, after: try #require(try stage.chain.latest()))
        let fault = #expect(throws: Fault.self) { try pipeline.run(&source) }
        #expect(fault?.code == .verificationFailed && fault?.context.first?.contains("0001/0000000000000082") == true)
        #expect(pipeline.wholeBeforeRefusal?.rawValue == 120 && pipeline.last.anchor.to.rawValue == 100)
        #expect(stage.sink.draftCount == 0 && stage.sink.files.isEmpty)
        var other = try stage.source([.fault(.postgresUnreachable)])
        let broken = StreamPipeline(stage.parts, after: try #require(try stage.chain.latest()))
        #expect(code { _ = try broken.run(&other) } == .postgresUnreachable && broken.wholeBeforeRefusal == nil)
    }

    @Test func `a target publishes what waits`() throws {
        var stage = try Stage()
        stage.policy = AnchorPolicy(interval: .seconds(1000), transactionCount: 1000, byteCount: .max)
        try stage.run([.transaction(position: 110, rows: 1), .keepalive(position: 180), .target])
        #expect(try stage.ranges() == ["100..180"])
        #expect(try stage.lines().count == 1)
        #expect(stage.log.acknowledged.last?.rawValue == 180)
    }

    @Test func `a run without changes and without a move sets no anchor`() throws {
        let stage = try Stage()
        #expect(try stage.run([.target]) == .targetReached)
        #expect(try stage.ranges().isEmpty)
        #expect(stage.log.acknowledged.map(\.rawValue) == [100])
    }

    @Test func `what happened without a change reaches the chain though no change comes`() throws {
        let stage = try Stage()
        let notice = SourceNotice(code: "source.rewritten", table: "public.t", message: "was rewritten")
        #expect(try stage.run([.notice(notice), .observation("a"), .target]) == .targetReached)
        #expect(try stage.last().notices == [notice] && stage.last().tables == "observation a")
        try stage.checkChain()
        // Who goes on names what is known, and does not tell it twice.
        let next = try Stage(after: stage)
        try next.run([.transaction(position: 110, rows: 1), .target])
        #expect(try next.last().notices.isEmpty && next.last().tables == "observation a")
    }

    @Test func `waiting changes are anchored in their time though nothing follows`() throws {
        var stage = try Stage()
        stage.policy = AnchorPolicy(interval: .milliseconds(300), transactionCount: 1000, byteCount: .max)
        let (stop, chain) = (stage.stop, stage.chain)
        let waiting = WorkerThread {
            let patience = ContinuousClock.now + .seconds(20)
            while (try? chain.numbers().count) == 1, .now < patience { pause(.milliseconds(10)) }
            stop.request()
        }
        #expect(try stage.run([.transaction(position: 110, rows: 1)]) == .stopped)
        waiting.join()
        #expect(try stage.ranges() == ["100..110"])
    }

    @Test func `a stop between transactions publishes what is whole`() throws {
        var stage = try Stage()
        stage.policy = AnchorPolicy(interval: .seconds(1000), transactionCount: 1000, byteCount: .max)
        let stop = stage.stop
        #expect(try stage.run([.transaction(position: 110, rows: 2), .call { stop.request() }]) == .stopped)
        #expect(try stage.ranges() == ["100..110"])
        #expect(stage.log.acknowledged.last?.rawValue == 110 && stage.log.closeCount == 1)
    }

    @Test func `a stop waits for the end of the transaction in hand`() throws {
        let stage = try stageWithSmallQueue(grace: .seconds(20))
        let stop = stage.stop
        let steps: [ScriptStep] = [.transaction(position: 110, rows: 1), .call { stop.request() }]
        #expect(try stage.run(steps + [.transaction(position: 120, rows: 10_000)]) == .stopped)
        #expect(try stage.lines().count == 10_001)
        try stage.checkChain()
    }

    @Test func `a stop inside a transaction that does not end discards it and leaves the anchors whole`() throws {
        let stage = try stageWithSmallQueue(grace: .milliseconds(200))
        let stop = stage.stop
        let steps: [ScriptStep] = [
            .transaction(position: 110, rows: 1), .torn(position: 120, rows: 5000), .target,
        ]
        let stopping = WorkerThread {
            pause(.milliseconds(300))
            stop.request()
        }
        #expect(try stage.run(steps) == .stopped)
        stopping.join()
        #expect(try stage.ranges() == ["100..110"])
        #expect(try stage.lines().count == 1)
        #expect(stage.sink.draftCount == 0 && stage.log.acknowledged.last?.rawValue == 110)
        try stage.checkChain()
    }

    @Test(arguments: [0, 1, 5000])
    func `a fault of the source leaves no draft, and no anchor that it should not`(rows: Int) throws {
        var stage = try stageWithSmallQueue(grace: .zero)
        stage.policy = AnchorPolicy(interval: .seconds(1000), transactionCount: 1000, byteCount: .max)
        stage.segmentLimits = SegmentLimits(rowCount: 700)
        let steps: [ScriptStep] = [.transaction(position: 110, rows: rows), .fault(.postgresUnreachable), .target]
        #expect(code { try stage.run(steps) } == .postgresUnreachable)
        #expect(stage.sink.draftCount == 0 && stage.sink.files.isEmpty)
        #expect(try stage.ranges().isEmpty)
        #expect(stage.log.acknowledged.allSatisfy { $0.rawValue == 100 })
    }

    @Test(arguments: [0, 1, 4])
    func `a full disk stops the run with that fault and acknowledges nothing more`(writes: Int) throws {
        let stage = try Stage()
        stage.sink.change { $0.writesUntilFull = writes }
        let steps: [ScriptStep] = (11...400).map { .transaction(position: $0 * 10, rows: 50) } + [.target]
        #expect(code { try stage.run(steps) } == .diskFull)
        #expect(try stage.ranges().count == writes)
        #expect(stage.sink.draftCount == 0)
        #expect(stage.log.acknowledged.allSatisfy { $0.rawValue <= 100 + UInt64(10 * writes) })
        try stage.checkChain()
        let next = try Stage(after: stage)
        try next.run(steps)
        #expect(try next.lines().count == 390 * 50)
    }

    @Test func `the source is answered while the sink is slow`() throws {
        let door = Door()
        var trouble = SinkTrouble()
        trouble.whileSettling = { door.pass() }
        var stage = try Stage(trouble)
        stage.limits = PipelineLimits(queueByteCount: 128 << 10, minimumFreeByteCount: 0)
        let log = stage.log
        let watching = WorkerThread { () -> Int in
            let patience = ContinuousClock.now + .seconds(15)
            while log.keepAliveCount < 2, .now < patience { pause(.milliseconds(5)) }
            let count = log.keepAliveCount
            door.open()
            return count
        }
        try stage.run((11...300).map { .transaction(position: $0 * 10, rows: 100) } + [.target])
        #expect(watching.join() >= 2)
        #expect(try stage.last().to.rawValue == 3000)
    }

    @Test func `the source is answered while its last batches are written`() throws {
        let door = Door()
        var trouble = SinkTrouble()
        trouble.whileSettling = { door.pass() }
        let stage = try Stage(trouble)
        let log = stage.log
        let watching = WorkerThread { () -> Int in
            let patience = ContinuousClock.now + .seconds(5)
            while log.keepAliveCount < 2, .now < patience { pause(.milliseconds(5)) }
            let count = log.keepAliveCount
            door.open()
            return count
        }
        try stage.run([.transaction(position: 110, rows: 1), .target])
        #expect(watching.join() >= 2)
    }

    @Test func `a slow sink bounds what waits in memory`() throws {
        let door = Door()
        var trouble = SinkTrouble()
        trouble.whileSettling = { door.pass() }
        var stage = try Stage(trouble)
        stage.limits = PipelineLimits(queueByteCount: 256 << 10, minimumFreeByteCount: 0)
        let log = stage.log
        let watching = WorkerThread { () -> Int in
            pause(.milliseconds(700))
            let count = log.handedOverRowCount
            door.open()
            return count
        }
        try stage.run((11...1000).map { .transaction(position: $0 * 10, rows: 100) } + [.target])
        // A row takes about a hundred bytes of a batch; without a bound all rows would be out at once.
        #expect(watching.join() < 15_000)
        #expect(try stage.lines().count == 99_000)
    }

    @Test func `reading pauses while the sink has no room, and goes on`() throws {
        var trouble = SinkTrouble()
        trouble.freeByteCount = 99
        var stage = try Stage(trouble)
        stage.limits = PipelineLimits(minimumFreeByteCount: 100)
        let (sink, log) = (stage.sink, stage.log)
        let freeing = WorkerThread { () -> (Int, Int) in
            pause(.milliseconds(600))
            let seen = (log.handedOverRowCount, log.keepAliveCount)
            sink.change { $0.freeByteCount = 100 }
            return seen
        }
        try stage.run([.transaction(position: 110, rows: 1), .target])
        let seen = freeing.join()
        #expect(seen.0 == 0 && seen.1 > 0)
        #expect(stage.roomChanges.notes == [true, false])
        #expect(try stage.lines().count == 1)
    }

    @Test func `a stop while there is no room ends the run`() throws {
        var trouble = SinkTrouble()
        trouble.freeByteCount = 0
        var stage = try Stage(trouble)
        stage.limits = PipelineLimits(minimumFreeByteCount: 1)
        stage.stop.request()
        #expect(try stage.run([.transaction(position: 110, rows: 1)]) == .stopped)
        #expect(try stage.ranges().isEmpty)
    }

    @Test func `a stop waits for what completes what is held`() throws {
        let stage = try Stage()
        let stop = stage.stop
        let steps: [ScriptStep] = [
            .transaction(position: 110, rows: 1), .anchoring(.held), .call { stop.request() },
            .keepalive(position: 110),
            .transaction(position: 120, rows: 1), .anchoring(.wanted), .keepalive(position: 120),
            .transaction(position: 130, rows: 1),
        ]
        #expect(try stage.run(steps) == .stopped)
        #expect(try stage.last().to.rawValue == 120)
        #expect(try stage.lines().count == 2)
    }

    @Test func `progress counts rows, transactions and anchors`() throws {
        let stage = try Stage()
        try stage.run([.transaction(position: 110, rows: 3), .transaction(position: 120, rows: 0), .target])
        #expect(stage.progress.rowCount == 3 && stage.progress.transactionCount == 2)
        #expect(stage.progress.anchorCount == 2 && stage.progress.anchoredPosition.rawValue == 120)
    }

    private func stageWithSmallQueue(grace: Duration) throws -> Stage {
        var stage = try Stage()
        stage.limits = PipelineLimits(queueByteCount: 128 << 10, minimumFreeByteCount: 0, stopGrace: grace)
        return stage
    }
}

/// Refuses all changes of one table.
private struct RefusingGate: RecordGate {
    let table: String

    func verdict(on schema: TableSchema) throws(Fault) -> SchemaVerdict {
        guard schema.table.name != table else { throw Fault(.verificationFailed, "not this one") }
        return .keep
    }
}
