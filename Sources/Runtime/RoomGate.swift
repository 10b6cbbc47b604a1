// SPDX-License-Identifier: Apache-2.0

import Export
import Faults
import Threads

/// Pauses reading while the sink is nearly full; looks at most once a second.
struct RoomGate {
    private let minimum: UInt64
    private var nextLook: ContinuousClock.Instant?
    private var wasOpen = true

    init(minimum: UInt64) {
        self.minimum = minimum
    }

    /// Whether there is room enough to go on reading.
    mutating func isOpen(_ sink: some Sink, changed: (Bool) -> Void) throws(Fault) -> Bool {
        let now = ContinuousClock.now
        if let nextLook, now < nextLook { return wasOpen }
        nextLook = now + .seconds(1)
        guard let free = try sink.freeByteCount() else { return true }
        let isOpen = free >= minimum
        if isOpen != wasOpen { changed(!isOpen) }
        wasOpen = isOpen
        return isOpen
    }
}
