// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing
import Threads

@Suite struct WorkerThreadTests {
    @Test func `what the closure returns is what joining returns`() {
        let workers = (0..<8).map { number in WorkerThread { number * number } }
        #expect(workers.map { $0.join() } == (0..<8).map { $0 * $0 })
    }

    @Test func `a thread runs beside its maker`() {
        let gate = Atomic(false)
        let worker = WorkerThread {
            while !gate.load(ordering: .acquiring) { pause(.milliseconds(1)) }
            return "done"
        }
        gate.store(true, ordering: .releasing)
        #expect(worker.join() == "done")
    }

    @Test func `joining again returns the same`() {
        let worker = WorkerThread { 42 }
        #expect(worker.join() == 42 && worker.join() == 42)
    }

    @Test(arguments: [Duration.zero, .microseconds(200), .milliseconds(25)])
    func `a pause is at least as long as it was asked for`(duration: Duration) {
        let begun = ContinuousClock.now
        pause(duration)
        #expect(ContinuousClock.now - begun >= duration)
    }

    @Test func `there is a processor, and the clock shows this century`() {
        #expect(processorCount() >= 1)
        #expect((1_700_000_000_000_000..<4_102_444_800_000_000).contains(wallClockMicroseconds()))
    }
}
