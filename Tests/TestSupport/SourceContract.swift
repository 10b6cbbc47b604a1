// SPDX-License-Identifier: Apache-2.0

public import Changelog
internal import Faults
internal import Testing

/// What every source must do. `make` makes a source that goes on behind a position and reaches its target after the
/// same transactions each time, two or more of them, one with several changes.
public func checkSourceContract<S: ChangeSource & ~Copyable>(make: (Position) throws -> S) throws {
    let whole = try play(try make(.zero), byteLimit: 1 << 20)
    #expect(whole.transactions.count >= 2 && whole.changes.contains { $0.ordinal > 1 })
    try checkOrder(of: whole)
    // How large a batch is changes nothing of what is in them.
    #expect(try play(try make(.zero), byteLimit: 1) == whole)
    for (index, position) in whole.transactions.enumerated() {
        let rest = try play(try make(position), byteLimit: 1 << 20)
        #expect(rest.transactions == Array(whole.transactions[(index + 1)...]))
        #expect(rest.changes == whole.changes.filter { $0.position > position })
    }
    try checkThatRepeatedCallsAreHarmless(try make(.zero), target: whole.transactions[whole.transactions.count - 1])
}

/// What a source handed over.
private struct Playback: Equatable {
    struct Item: Equatable {
        let position: Position
        let ordinal: UInt64
        let operation: Changelog.Operation
        let table: TableName
    }

    var transactions: [Position] = []
    var changes: [Item] = []
    var reached = Position.zero
}

private func play<S: ChangeSource & ~Copyable>(_ source: consuming S, byteLimit: Int) throws -> Playback {
    var playback = Playback()
    var open: Position?
    var batch = ChangeBatch(byteLimit: byteLimit)
    let patience = ContinuousClock.now + .seconds(30)
    while ContinuousClock.now < patience {
        let deadline = ContinuousClock.now + .milliseconds(50)
        let outcome = try source.fill(&batch, until: deadline)
        #expect(ContinuousClock.now < deadline + .seconds(2), "a fill ends at its deadline")
        for slice in batch.slices {
            #expect(open == nil || open == slice.transaction.position, "an open transaction goes on first")
            open = slice.isComplete ? nil : slice.transaction.position
            if slice.isComplete { playback.transactions.append(slice.transaction.position) }
            for index in slice.changes { playback.changes.append(item(batch.change(at: index), slice, batch.schemas)) }
        }
        if let reached = batch.reached {
            #expect(open == nil && reached >= playback.reached, "a point reached never goes back")
            playback.reached = reached
        }
        batch.removeAll()
        if outcome == .targetReached {
            #expect(open == nil, "the target is no place inside a transaction")
            try source.close()
            playback.reached = .zero
            return playback
        }
    }
    Issue.record("the target was not reached")
    return playback
}

private func item(_ change: borrowing Change, _ slice: ChangeBatch.Slice, _ schemas: [TableSchema]) -> Playback.Item {
    Playback.Item(
        position: slice.transaction.position, ordinal: change.ordinal, operation: change.operation,
        table: schemas[change.schemaIndex].table)
}

private func checkOrder(of playback: Playback) throws {
    #expect(playback.transactions == playback.transactions.sorted())
    #expect(Set(playback.transactions).count == playback.transactions.count)
    for (left, right) in zip(playback.changes, playback.changes.dropFirst()) {
        #expect((left.position, left.ordinal) < (right.position, right.ordinal))
    }
}

private func checkThatRepeatedCallsAreHarmless<S: ChangeSource & ~Copyable>(
    _ source: consuming S, target: Position
) throws {
    var batch = ChangeBatch(byteLimit: 1 << 20)
    try source.keepAlive()
    while try source.fill(&batch, until: .now + .milliseconds(50)) == .more { batch.removeAll() }
    batch.removeAll()
    #expect(try source.fill(&batch, until: .now + .milliseconds(50)) == .targetReached)
    let sliceCount = batch.slices.count
    #expect(sliceCount == 0, "nothing follows the target")
    try source.keepAlive()
    try source.acknowledge(target)
    try source.acknowledge(target)
    try source.keepAlive()
    try source.close()
}
