// SPDX-License-Identifier: Apache-2.0

internal import Anchors
internal import Bytes
internal import Changelog
internal import DurableFiles
internal import Faults

extension DeltaTable {
    /// How long a file that was removed is remembered at least, in milliseconds: longer than engines keep its bytes.
    private static let tombstoneAge: Int64 = 30 * 86_400_000
    /// How often the log is looked through for what is too old, in seconds.
    private static let cleanupInterval: Int64 = 3600

    /// Writes a checkpoint when enough commits lie behind the last one, and removes what is too old below one.
    mutating func checkpointIfDue() throws(Fault) {
        guard state.version - (state.checkpoint ?? -1) >= export.options.checkpointEvery else { return }
        try writeCheckpoint()
        noteCheckpoint()
        try cleanUp()
    }

    /// Replays the log for its files, which nobody remembers between checkpoints, and writes what they come to.
    private func writeCheckpoint() throws(Fault) {
        let whole = try DeltaState.replay(log, .files, upTo: state.version)
        let milliseconds = export.options.clock().microseconds / 1000
        let mayForget = whole.metaData?["configuration"]?["delta.deletedFileRetentionDuration"] == nil
        let draft = "\(export.folder.temporary)/delta-checkpoint-\(state.version).part"
        let pointer = try DeltaCheckpoint.write(
            whole, to: draft, horizon: mayForget ? milliseconds - Self.tombstoneAge : .min)
        try export.crash.reach(.duringDeltaCheckpoint)
        // Where others have written one of this version it says the same.
        _ = try Files.link(draft, to: log.checkpoint(state.version))
        try Files.remove(draft)
        try Files.synchronizeFolder(log.path)
        try export.crash.reach(.afterDeltaCheckpoint)
        try AtomicFile.replace(
            log.pointer, by: "\(export.folder.temporary)/delta-pointer-\(state.version).part", pointer.bytes)
        try export.crash.reach(.afterDeltaPointer)
    }

    /// Removes commits and checkpoints below the newest checkpoint that is old enough: what stood in the log that long
    /// ago can be read no more, what came later can.
    private mutating func cleanUp() throws(Fault) {
        let now = export.options.clock().microseconds / 1_000_000
        let retention = export.options.logRetention
        if let lastCleanup, now - lastCleanup < min(Self.cleanupInterval, retention) { return }
        lastCleanup = now
        let listing = try log.list()
        var keptFrom: Int?
        for (version, names) in listing.checkpoints.sorted(by: { $0.key > $1.key }) where keptFrom == nil {
            let written = try names.first.flatMap { name throws(Fault) in
                try Files.changeTime(of: "\(log.path)/\(name)")
            }
            if let written, written <= now - retention { keptFrom = version }
        }
        guard let keptFrom else { return }
        for (version, name) in listing.versioned where version < keptFrom {
            try Files.remove("\(log.path)/\(name)")
            try export.crash.reach(.duringDeltaCleanup)
        }
    }
}
