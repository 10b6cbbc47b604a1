// SPDX-License-Identifier: Apache-2.0

import Anchors
import Faults
import Metastore

/// The chain of an export for the one run that may write it: an anchor appears only while the lease is held. Whoever
/// takes the lease over sweeps what no anchor names, so that an anchor of the old run must not appear afterwards.
struct LeasedAnchorStore: AnchorStore {
    let chain: DirectoryAnchorStore
    let store: Metastore
    let holder: LeaseHolder
    /// Told when the lease turns out to be lost.
    let lost: @Sendable () -> Void

    func numbers() throws(Fault) -> [Int] { try chain.numbers() }

    func anchor(_ number: Int) throws(Fault) -> StoredAnchor? { try chain.anchor(number) }

    func append(_ anchor: Anchor) throws(Fault) -> StoredAnchor {
        do throws(Fault) {
            return try store.whileHolding(holder) { () throws(Fault) in try chain.append(anchor) }
        } catch {
            if error.code == .exportBusy { lost() }
            throw error
        }
    }
}
