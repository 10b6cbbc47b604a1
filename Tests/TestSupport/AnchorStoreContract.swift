// SPDX-License-Identifier: Apache-2.0

public import Anchors
internal import Changelog
public import Faults
internal import Synchronization
internal import Testing

/// What every anchor store must do; `make` makes an empty one.
public func checkAnchorStoreContract(make: () throws -> any AnchorStore) throws {
    try checkThatAnchorsAreKept(in: try make())
    try checkThatNothingIsOverwritten(in: try make())
    try checkThatGapsAreRefused(in: try make())
    try checkThatOneOfManyWins(in: try make())
}

/// The code of the fault that `body` throws, nil when it throws none.
public func faultCode(_ body: () throws -> Void) -> Fault.Code? {
    do { try body() } catch { return (error as? Fault)?.code ?? .unexpected }
    return nil
}

private func checkThatAnchorsAreKept(in store: any AnchorStore) throws {
    #expect(try store.numbers() == [])
    #expect(try store.latest() == nil)
    #expect(try store.anchor(1) == nil)
    var stored: [StoredAnchor] = []
    for _ in 0..<3 { stored.append(try store.append(.example(after: stored.last))) }
    #expect(try store.numbers() == [1, 2, 3])
    #expect(try store.latest() == stored[2])
    for (index, anchor) in stored.enumerated() { #expect(try store.anchor(index + 1) == anchor) }
    #expect(try store.anchor(4) == nil)
}

private func checkThatNothingIsOverwritten(in store: any AnchorStore) throws {
    let first = try store.append(.example())
    let second = try store.append(.example(after: first))
    #expect(faultCode { _ = try store.append(.example()) } == .exportOverwrite)
    #expect(faultCode { _ = try store.append(.example(after: first)) } == .exportOverwrite)
    #expect(try store.anchor(1) == first)
    #expect(try store.latest() == second)
}

private func checkThatGapsAreRefused(in store: any AnchorStore) throws {
    let elsewhere = MemoryAnchorStore()
    let first = try elsewhere.append(.example(to: .zero))
    let second = try elsewhere.append(.example(after: first))
    #expect(faultCode { _ = try store.append(second.anchor) } != nil)
    _ = try store.append(.example())
    #expect(faultCode { _ = try store.append(.example(after: second)) } != nil)
    // Anchor 2 of another chain does not follow this chain's anchor 1.
    #expect(faultCode { _ = try store.append(second.anchor) } != nil)
    #expect(try store.numbers() == [1])
}

private func checkThatOneOfManyWins(in store: any AnchorStore) throws {
    let first = try store.append(.example())
    let winners = Mutex<[StoredAnchor]>([])
    let losers = Mutex<[Fault.Code]>([])
    inParallel(8) { index in
        let run = RunStamp(id: "run \(index)", kedge: "0", publishedAt: RunStamp.example.publishedAt)
        do throws(Fault) {
            let stored = try store.append(.example(after: first, run: run))
            winners.withLock { $0.append(stored) }
        } catch {
            losers.withLock { $0.append(error.code) }
        }
    }
    let winner = winners.withLock { $0 }
    #expect(winner.count == 1)
    #expect(losers.withLock { $0 } == Array(repeating: .exportOverwrite, count: 7))
    #expect(try store.latest() == winner.first)
}
