// SPDX-License-Identifier: Apache-2.0

import Faults
public import RedisCluster
import Synchronization
import Threads

/// Asks now and then which shards a cluster has, on a thread of its own.
public final class TopologyWatch: Sendable {
    private let found: Mutex<(number: Int, topology: ClusterTopology)?>
    private let isOver = Atomic(false)
    private let thread: Mutex<WorkerThread<Void>?>

    /// Begins to ask; what cannot be answered is asked again.
    public init(every interval: Duration, _ read: @escaping @Sendable () -> ClusterTopology?) {
        found = Mutex(nil)
        thread = Mutex(nil)
        let worker = WorkerThread { [self] in
            var next = ContinuousClock.now + interval
            while !isOver.load(ordering: .relaxed) {
                pause(.milliseconds(50))
                guard .now >= next else { continue }
                if let topology = read() { found.withLock { $0 = (($0?.number ?? 0) + 1, topology) } }
                next = .now + interval
            }
        }
        thread.withLock { $0 = worker }
    }

    /// The newest answer, numbered from 1; nil before the first.
    public var newest: (number: Int, topology: ClusterTopology)? { found.withLock { $0 } }

    /// Asks no more.
    public func end() {
        isOver.store(true, ordering: .relaxed)
        thread.withLock { $0.take() }?.join()
    }
}
