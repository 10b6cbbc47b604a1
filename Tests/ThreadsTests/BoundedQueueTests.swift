// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing
import Threads

@Suite struct BoundedQueueTests {
    @Test func `elements come out in the order in which they went in`() {
        let queue = Post(costLimit: 100, capacity: 4)
        var taken: [Int] = []
        for round in 0..<5 {
            for number in 0..<3 { #expect(queue.put(3 * round + number)) }
            for _ in 0..<3 { taken.append(queue.number()) }
        }
        #expect(taken == Array(0..<15))
    }

    @Test func `a full queue leaves the element where it is until there is room`() {
        let queue = Post(costLimit: 10)
        #expect(queue.put(1, cost: 6))
        var waiting: Parcel? = Parcel(2, in: queue.alive)
        let isEarlyTaken = queue.queue.offer(&waiting, cost: 5, until: .now + .milliseconds(5))
        #expect(!isEarlyTaken)
        #expect(waiting.number == 2)
        #expect(queue.put(3, cost: 4))
        #expect(queue.number() == 1)
        let isTaken = queue.queue.offer(&waiting, cost: 5, until: .now)
        #expect(isTaken)
        #expect(waiting.number == -1)
        #expect(queue.number() == 3 && queue.number() == 2)
    }

    @Test func `the number of elements is bounded too`() {
        let queue = Post(costLimit: .max, capacity: 2)
        #expect(queue.put(1, cost: 0) && queue.put(2, cost: 0))
        #expect(!queue.put(3, cost: 0))
    }

    @Test func `one element larger than the bound passes, alone`() {
        let queue = Post(costLimit: 10)
        #expect(queue.put(1, cost: 1000))
        #expect(!queue.put(2, cost: 1))
        #expect(queue.number() == 1)
        #expect(queue.put(2, cost: 1))
        #expect(!queue.put(3, cost: 1000))
    }

    @Test func `an offer that waits goes in when room is made`() {
        let queue = Post(costLimit: 1)
        #expect(queue.put(1))
        let offering = WorkerThread { queue.put(2, until: .now + .seconds(30)) }
        pause(.milliseconds(20))
        #expect(queue.number() == 1)
        #expect(offering.join())
        #expect(queue.number() == 2)
    }

    @Test func `a wait for an element ends at its deadline`() {
        let queue = Post(costLimit: 1)
        let begun = ContinuousClock.now
        #expect(queue.number(until: begun + .milliseconds(30)) == -1)
        #expect(ContinuousClock.now - begun >= .milliseconds(30))
        #expect(!queue.isExhausted)
    }

    @Test func `a closed queue is drained and takes nothing in`() {
        let queue = Post(costLimit: 10)
        #expect(queue.put(1))
        queue.close()
        var late: Parcel? = Parcel(2, in: queue.alive)
        let isTaken = queue.queue.offer(&late, cost: 1, until: .now + .seconds(30))
        #expect(!isTaken)
        #expect(late.number == 2)
        #expect(!queue.isExhausted)
        #expect(queue.number(until: .now + .seconds(30)) == 1)
        #expect(queue.isExhausted)
        #expect(queue.number(until: .now + .seconds(30)) == -1)
    }

    @Test func `closing wakes those who wait`() {
        let queue = Post(costLimit: 1)
        let taking = WorkerThread { queue.number(until: .now + .seconds(60)) }
        pause(.milliseconds(20))
        queue.close()
        #expect(taking.join() == -1)
    }

    @Test func `elements left inside are released with the queue`() {
        let alive = Ledger()
        do {
            let queue = Post(costLimit: 10, capacity: 3, alive: alive)
            for number in 0..<3 { #expect(queue.put(number)) }
            #expect(queue.number() == 0)
            // The ring goes round: the slots in use are the last two and the first.
            #expect(queue.put(3))
            #expect(alive.count == 3)
        }
        #expect(alive.count == 0)
    }

    @Test func `two threads hand over everything, once and in order, within the bound`() {
        let queue = Post(costLimit: 8, capacity: 16)
        let alive = queue.alive
        let count = 20_000
        let sending = WorkerThread {
            for number in 0..<count {
                var parcel: Parcel? = Parcel(number, in: queue.alive)
                while !queue.queue.offer(&parcel, cost: 1 + number % 3, until: .now + .milliseconds(50)) {}
            }
            queue.close()
        }
        var expected = 0
        var most = 0
        while !queue.isExhausted {
            most = max(most, alive.count)
            if queue.number(until: .now + .milliseconds(50)) == expected { expected += 1 }
        }
        sending.join()
        #expect(expected == count)
        // Eight inside at the most, and one in the sender's hand.
        #expect(most <= 9)
        #expect(alive.count == 0)
    }
}

/// How many parcels there are.
private final class Ledger: Sendable {
    private let alive = Atomic(0)
    var count: Int { alive.load(ordering: .acquiring) }
    func add(_ change: Int) { alive.wrappingAdd(change, ordering: .acquiringAndReleasing) }
}

/// Something that has one owner at a time.
private struct Parcel: ~Copyable, Sendable {
    let number: Int
    private let ledger: Ledger

    init(_ number: Int, in ledger: Ledger) {
        self.number = number
        self.ledger = ledger
        ledger.add(1)
    }

    deinit { ledger.add(-1) }
}

extension Optional where Wrapped == Parcel, Wrapped: ~Copyable {
    /// The parcel's number, -1 when there is none.
    fileprivate var number: Int {
        switch self {
        case .some(let parcel): parcel.number
        case .none: -1
        }
    }
}

/// A queue of parcels, seen as numbers.
private struct Post: Sendable {
    let queue: BoundedQueue<Parcel>
    let alive: Ledger

    init(costLimit: Int, capacity: Int = 64, alive: Ledger = Ledger()) {
        queue = BoundedQueue(costLimit: costLimit, capacity: capacity)
        self.alive = alive
    }

    var isExhausted: Bool { queue.isExhausted }

    func close() { queue.close() }

    func put(_ number: Int, cost: Int = 1, until deadline: ContinuousClock.Instant = .now) -> Bool {
        var parcel: Parcel? = Parcel(number, in: alive)
        return queue.offer(&parcel, cost: cost, until: deadline)
    }

    func number(until deadline: ContinuousClock.Instant = .now) -> Int {
        queue.next(until: deadline).number
    }
}
