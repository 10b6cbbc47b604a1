// SPDX-License-Identifier: Apache-2.0

public import Changelog
public import Faults

/// The snapshots of several shards, each as of an offset of its own.
public struct ClusterSnapshot: SnapshotSource {
    /// Reads one shard after the other.
    public typealias Reader = ClusterSnapshotReader

    private let shards: [KeyspaceSnapshot]

    /// Takes the shards in this order.
    public init(_ shards: [KeyspaceSnapshot]) {
        self.shards = shards
    }

    /// There is none that counts for all shards.
    public var position: Position { .zero }
    /// One for each shard.
    public var tasks: [SnapshotTask] { shards.flatMap(\.tasks) }

    /// A reader that has not begun.
    public func makeReader() throws(Fault) -> ClusterSnapshotReader { ClusterSnapshotReader(shards) }
}

/// Reads the keys of one shard after the other.
public final class ClusterSnapshotReader: SnapshotReader {
    private let shards: [KeyspaceSnapshot]
    private var reader: KeyspaceSnapshotReader?

    init(_ shards: [KeyspaceSnapshot]) {
        self.shards = shards
    }

    /// Begins with the shard of this number.
    public func begin(task index: Int) throws(Fault) {
        reader = try shards[index].makeReader()
    }

    /// Adds keys until `batch` is full.
    public func fill(_ batch: inout ChangeBatch) throws(Fault) -> SnapshotFill {
        guard let reader else { throw Fault(.bug, "a snapshot is read before it is begun") }
        return try reader.fill(&batch)
    }

    /// Nothing is held.
    public func close() throws(Fault) {}
}
