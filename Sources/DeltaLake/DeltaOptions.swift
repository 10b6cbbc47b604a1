// SPDX-License-Identifier: Apache-2.0

public import Changelog

/// What the operator says about Delta tables.
public struct DeltaOptions: Sendable {
    /// After how many commits a checkpoint is written.
    public var checkpointEvery: Int
    /// How old commits are, in seconds, before they are removed below a checkpoint.
    public var logRetention: Int64
    /// What time it is.
    public var clock: @Sendable () -> Timestamp

    /// Makes options.
    public init(
        checkpointEvery: Int = 100, logRetention: Int64 = 30 * 86400, clock: @escaping @Sendable () -> Timestamp
    ) {
        self.checkpointEvery = checkpointEvery
        self.logRetention = logRetention
        self.clock = clock
    }
}
