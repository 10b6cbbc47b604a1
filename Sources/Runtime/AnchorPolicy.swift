// SPDX-License-Identifier: Apache-2.0

/// When the next anchor is due. A value that decides and does nothing.
public struct AnchorPolicy: Hashable, Sendable {
    /// The longest time for which changes wait for an anchor.
    public let interval: Duration
    /// How many transactions make an anchor due.
    public let transactionCount: Int
    /// How many bytes of records make an anchor due.
    public let byteCount: Int
    /// The longest time for which a move of the source that brought no changes waits for an anchor.
    public let idleInterval: Duration
    /// How far such a move may go before it is anchored.
    public let idleDistance: UInt64

    /// Makes a policy.
    public init(
        interval: Duration = .seconds(10), transactionCount: Int = 10_000, byteCount: Int = 64 << 20,
        idleInterval: Duration = .seconds(300), idleDistance: UInt64 = 16 << 20
    ) {
        self.interval = interval
        self.transactionCount = transactionCount
        self.byteCount = byteCount
        self.idleInterval = idleInterval
        self.idleDistance = idleDistance
    }

    /// Whether an anchor is due for changes that wait.
    func isDue(waiting: Duration, transactions: Int, bytes: Int) -> Bool {
        waiting >= interval || transactions >= transactionCount || bytes >= byteCount
    }

    /// Whether an anchor is due for a move without changes.
    func isIdleDue(waiting: Duration, distance: UInt64) -> Bool {
        distance > 0 && (waiting >= idleInterval || distance >= idleDistance)
    }
}
