// SPDX-License-Identifier: Apache-2.0

import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The moments at which the power may go. Tests stop kedge at each of them and compare the export with the source.
public enum CrashPoint: String, CaseIterable, Sendable {
    // Beginning a new export, in order.
    case afterIntent
    case afterPublication
    case afterSlot
    case afterSnapshotImport
    case duringSnapshot
    case afterSnapshotRead
    // Publishing, in order.
    case duringSegment
    case afterSegmentWrite
    case afterSegmentSync
    case afterSegmentRename
    case afterFolderSync
    case afterAnchorWrite
    case afterAnchorLink
    case afterAnchorSync
    case afterCatalogRecord
    case beforeAcknowledge
    case afterAcknowledge
    // Making an anchor versions of Delta tables, in order.
    case afterDeltaWrite
    case afterDeltaLink
    case afterDeltaCommit
    case duringDeltaCheckpoint
    case afterDeltaCheckpoint
    case afterDeltaPointer
    case duringDeltaCleanup
    case afterDeltaTables
    case afterDeltaCut
    case duringDeltaRebuild
    // Spooling a transaction that memory does not hold.
    case duringSpool
    // Reading tables again whose rows changed without a change, in order.
    case afterTableSnapshotSlot
    case afterTableSnapshotReach
    case afterTableSnapshotRead
    case afterTableSnapshotAnchor
    // Being a replica, in order.
    case afterFullResync
    case duringReplicationPayload
    case afterReplicationPayload
    case afterGapAnchor
    case duringReplicationSpool

    /// What kedge is doing when it passes a point.
    public enum Occasion: Sendable {
        /// An export or a history begins.
        case beginning
        /// Segments and their anchor are published.
        case publishing
        /// An anchor becomes versions of Delta tables.
        case deltaTables
        /// A transaction goes to disk.
        case spooling
        /// Tables are read again in the middle of a history.
        case readingAgain
        /// A server is followed as a replica.
        case replicating
    }

    /// When the point is passed.
    public var occasion: Occasion {
        switch self {
        case .afterIntent, .afterPublication, .afterSlot, .afterSnapshotImport, .duringSnapshot, .afterSnapshotRead:
            .beginning
        case .duringSegment, .afterSegmentWrite, .afterSegmentSync, .afterSegmentRename, .afterFolderSync,
            .afterAnchorWrite, .afterAnchorLink, .afterAnchorSync, .afterCatalogRecord, .beforeAcknowledge,
            .afterAcknowledge:
            .publishing
        case .afterDeltaWrite, .afterDeltaLink, .afterDeltaCommit, .duringDeltaCheckpoint, .afterDeltaCheckpoint,
            .afterDeltaPointer, .duringDeltaCleanup, .afterDeltaTables, .afterDeltaCut, .duringDeltaRebuild:
            .deltaTables
        case .duringSpool: .spooling
        case .afterTableSnapshotSlot, .afterTableSnapshotReach, .afterTableSnapshotRead, .afterTableSnapshotAnchor:
            .readingAgain
        case .afterFullResync, .duringReplicationPayload, .afterReplicationPayload, .afterGapAnchor,
            .duringReplicationSpool:
            .replicating
        }
    }
}

/// Which crash point is armed, how many times it is passed unharmed, and what happens then. Nothing is armed
/// unless a test asks for it (`KEDGE_CRASH_AT`, see `docs/development.md`).
public final class CrashPlan: Sendable {
    /// What happens at the armed point.
    public enum Effect: Sendable {
        /// The process ends as if the power had gone: nothing is flushed, nothing is closed.
        case killProcess
        /// A fault is thrown: for unit tests.
        case throwFault
    }

    /// Nothing is armed.
    public static let none = CrashPlan(point: nil, passes: 0, effect: .throwFault)

    private let point: CrashPoint?
    private let effect: Effect
    private let passes: Atomic<Int>

    /// Arms `point`; it goes off when it is reached for the time after `passes` unharmed ones.
    public init(point: CrashPoint?, passes: Int = 0, effect: Effect) {
        self.point = point
        self.effect = effect
        self.passes = Atomic(passes)
    }

    /// Reads `name` or `name:passes`; nil when there is no such point.
    public convenience init?(parsing text: String, effect: Effect) {
        let parts = text.split(separator: ":", maxSplits: 1)
        guard let name = parts.first, let point = CrashPoint(rawValue: String(name)) else { return nil }
        guard let passes = parts.count == 2 ? Int(parts[1]) : 0, passes >= 0 else { return nil }
        self.init(point: point, passes: passes, effect: effect)
    }

    /// Says that `reached` is reached.
    public func reach(_ reached: CrashPoint) throws(Fault) {
        guard reached == point, passes.wrappingSubtract(1, ordering: .relaxed).oldValue == 0 else { return }
        switch effect {
        case .killProcess:
            kill(getpid(), SIGKILL)
            // SIGKILL is not delivered before the call returns on every kernel.
            while true { pause() }
        case .throwFault: throw Fault(.crashPoint, "crash point \(reached.rawValue)")
        }
    }
}
