// SPDX-License-Identifier: Apache-2.0

/// Moves owned elements from one thread to another, never holding more than a bound in bytes.
///
/// One element is always taken in, however large, so that a value bigger than the bound still passes.
@safe
public final class BoundedQueue<Element: ~Copyable & Sendable>: Sendable {
    private let monitor = Monitor()
    private let state: State

    /// What the monitor guards.
    @safe
    private final class State: @unchecked Sendable {
        // SAFETY: every access is inside `monitor.locked`.
        var slots: UnsafeMutablePointer<Element>
        var costs: [Int]
        var head = 0
        var count = 0
        var cost = 0
        var isClosed = false

        init(capacity: Int) {
            unsafe slots = .allocate(capacity: capacity)
            costs = Array(repeating: 0, count: capacity)
        }

        deinit {
            for index in 0..<count {
                // SAFETY: exactly the `count` slots from `head` on are initialized.
                unsafe (slots + (head + index) % costs.count).deinitialize(count: 1)
            }
            unsafe slots.deallocate()
        }
    }

    private let costLimit: Int

    /// Makes a queue for at most `capacity` elements that together cost at most `costLimit`.
    public init(costLimit: Int, capacity: Int = 64) {
        self.costLimit = costLimit
        state = State(capacity: capacity)
    }

    /// Takes `element` in when there is room before `deadline`; otherwise leaves it where it is and returns false.
    /// A closed queue takes nothing in.
    public func offer(
        _ element: inout Element?, cost: Int, until deadline: ContinuousClock.Instant
    ) -> Bool {
        monitor.locked {
            while !state.isClosed && !hasRoom(for: cost) {
                guard .now < deadline else { return false }
                monitor.wait(until: deadline)
            }
            guard !state.isClosed, let taken = element.take() else { return false }
            let index = (state.head + state.count) % state.costs.count
            // SAFETY: the slot behind the last is not initialized, for `count` is below the capacity.
            unsafe (state.slots + index).initialize(to: taken)
            state.costs[index] = cost
            state.count += 1
            state.cost += cost
            monitor.wakeAll()
            return true
        }
    }

    /// The next element, or nil when none came before `deadline` or the queue is closed and empty.
    public func next(until deadline: ContinuousClock.Instant) -> Element? {
        monitor.locked {
            while state.count == 0 && !state.isClosed {
                guard .now < deadline else { return nil }
                monitor.wait(until: deadline)
            }
            guard state.count > 0 else { return nil }
            // SAFETY: the slot at `head` is initialized, for `count` is above zero.
            let element = unsafe (state.slots + state.head).move()
            state.cost -= state.costs[state.head]
            state.head = (state.head + 1) % state.costs.count
            state.count -= 1
            monitor.wakeAll()
            return element
        }
    }

    /// Whether nothing more can come out.
    public var isExhausted: Bool {
        monitor.locked { state.isClosed && state.count == 0 }
    }

    /// Takes nothing in from now on; what is inside still comes out.
    public func close() {
        monitor.locked {
            state.isClosed = true
            monitor.wakeAll()
        }
    }

    private func hasRoom(for cost: Int) -> Bool {
        state.count < state.costs.count && (state.count == 0 || state.cost + cost <= costLimit)
    }
}
