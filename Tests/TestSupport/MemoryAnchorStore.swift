// SPDX-License-Identifier: Apache-2.0

public import Anchors
internal import Digests
public import Faults
internal import Synchronization

/// Anchors in memory, by the same law as anchors on disk.
public final class MemoryAnchorStore: AnchorStore {
    private let anchors = Mutex<[StoredAnchor]>([])
    private let crash: CrashPlan

    /// An empty store, which ends at the crash points of a store.
    public init(crash: CrashPlan = .none) {
        self.crash = crash
    }

    /// A store with the same anchors, as the next run finds it.
    public convenience init(reopening other: MemoryAnchorStore, crash: CrashPlan = .none) {
        self.init(crash: crash)
        let found = other.anchors.withLock { $0 }
        anchors.withLock { $0 = found }
    }

    /// The numbers of all anchors, ascending.
    public func numbers() throws(Fault) -> [Int] {
        anchors.withLock { $0.map(\.anchor.number) }
    }

    /// One anchor; nil when there is none of this number.
    public func anchor(_ number: Int) throws(Fault) -> StoredAnchor? {
        anchors.withLock { $0.first { $0.anchor.number == number } }
    }

    /// Commits `anchor`, unless its number is taken.
    public func append(_ anchor: Anchor) throws(Fault) -> StoredAnchor {
        try crash.reach(.afterAnchorWrite)
        let stored = try anchors.withLock { (anchors) throws(Fault) in
            guard anchors.allSatisfy({ $0.anchor.number != anchor.number }) else { throw .anchorTaken(anchor.number) }
            try checkSuccession(of: anchor, after: anchors.last)
            let stored = StoredAnchor(anchor: anchor, digest: Digest(of: anchor.fileBytes))
            anchors.append(stored)
            return stored
        }
        try crash.reach(.afterAnchorLink)
        try crash.reach(.afterAnchorSync)
        return stored
    }
}
