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
    /// Between transactions: those whose commit begins before this position are exported, later ones are not, and the
    /// run is complete up to exactly here. It must be where a record of the log ends that is no commit.
    case before(Position)
    /// At a moment of the source's clock: before the first transaction that committed after it.
    case time(Timestamp)
}
