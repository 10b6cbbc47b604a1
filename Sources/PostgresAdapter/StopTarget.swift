// SPDX-License-Identifier: Apache-2.0

public import Changelog

/// Where a run ends by itself.
public enum StopTarget: Sendable, Hashable {
    /// Nowhere: it follows the source.
    case none
    /// At where the server's log ended when the run began.
    case now
    /// At a position: transactions that end at or before it are exported.
    case position(Position)
    /// At a moment of the source's clock: before the first transaction that committed after it.
    case time(Timestamp)
}
