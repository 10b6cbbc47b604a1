// SPDX-License-Identifier: Apache-2.0

package import DurableFiles
package import Faults

/// A small file that appears whole, durable, and only if there is none of its name.
package enum AtomicFile {
    /// The moments at which tests interrupt it.
    package struct Moments {
        var afterWrite: CrashPoint?
        var afterLink: CrashPoint?
        var afterSync: CrashPoint?

        /// Names the moments; none is interrupted unless it is named.
        package init(afterWrite: CrashPoint? = nil, afterLink: CrashPoint? = nil, afterSync: CrashPoint? = nil) {
            self.afterWrite = afterWrite
            self.afterLink = afterLink
            self.afterSync = afterSync
        }
    }

    /// Puts `bytes` at `path` by way of `draft`, which must lie on the same file system and belong to one writer.
    package static func create(
        _ path: String, by draft: String, _ bytes: [UInt8], crash: CrashPlan = .none, moments: Moments = Moments()
    ) throws(Fault) -> Files.LinkOutcome {
        try write(bytes, to: draft)
        if let moment = moments.afterWrite { try crash.reach(moment) }
        let outcome = try Files.link(draft, to: path)
        if outcome == .linked, let moment = moments.afterLink { try crash.reach(moment) }
        try Files.remove(draft)
        // Also when the name was taken: what stands there may have been put by one who crashed before this.
        try Files.synchronizeFolder(Files.parent(of: path))
        if outcome == .linked, let moment = moments.afterSync { try crash.reach(moment) }
        return outcome
    }

    /// Puts `bytes` at `path` and replaces what stands there.
    package static func replace(_ path: String, by draft: String, _ bytes: [UInt8]) throws(Fault) {
        try write(bytes, to: draft)
        try Files.rename(draft, to: path)
        try Files.synchronizeFolder(Files.parent(of: path))
    }

    private static func write(_ bytes: [UInt8], to draft: String) throws(Fault) {
        try Files.remove(draft)
        var file = try DurableFile(creating: draft)
        try file.write(bytes)
        try file.synchronize()
    }
}
