// SPDX-License-Identifier: Apache-2.0

/// What all changes of one transaction share.
public struct Transaction: Hashable, Sendable {
    /// Where the transaction ends; for the rows of a snapshot, where the snapshot was taken.
    public let position: Position
    /// The source's own number for it, when it has one.
    public let identifier: UInt64?
    /// When the source committed it, when it says so.
    public let commitTime: Timestamp?

    /// Whether the transaction is so large that exporting it may take long; what is whole before it is then anchored
    /// first, so that a stop in the middle of it gives up nothing else.
    public let isLarge: Bool

    /// The index of its lane in ``ChangeBatch/lanes``; nil where the source has one history.
    public let lane: Int?

    /// Makes a transaction.
    public init(
        position: Position, identifier: UInt64? = nil, commitTime: Timestamp? = nil, isLarge: Bool = false,
        lane: Int? = nil
    ) {
        self.position = position
        self.identifier = identifier
        self.commitTime = commitTime
        self.isLarge = isLarge
        self.lane = lane
    }
}
