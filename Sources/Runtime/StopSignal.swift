// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Says that a run should come to its end; set once, read anywhere.
public final class StopSignal: Sendable {
    private let flag = Atomic(false)

    /// Nobody has asked yet.
    public init() {}

    /// Whether somebody has asked for the end.
    public var isRequested: Bool { flag.load(ordering: .acquiring) }

    /// Asks for the end.
    public func request() { flag.store(true, ordering: .releasing) }
}
