// SPDX-License-Identifier: Apache-2.0

import Anchors
import Changelog
import Faults
import PostgresAdapter

extension ResumePoint {
    /// The place behind `last`, the newest anchor of `chain`.
    init(behind last: Anchor, in chain: some AnchorStore) {
        self.init(position: last.to, source: last.source) { confirmed throws(Fault) in
            var anchor: Anchor? = last
            while let current = anchor, current.to > confirmed {
                if current.transactions > 0 || current.beginsHistory { return current.tail }
                anchor = try current.previous.flatMap { link throws(Fault) in try chain.anchor(link.number)?.anchor }
            }
            return nil
        }
    }
}

extension Anchor {
    /// Whether nothing before it belongs to its history.
    fileprivate var beginsHistory: Bool { [.snapshot, .gap, .fork, .reset].contains(kind) }

    /// What it tells of its transactions. Messages are left out, for not all of them belong to one. An anchor that begins
    /// a history tells nothing of what came before it.
    fileprivate var tail: ExportedTail {
        guard !beginsHistory else { return ExportedTail(range: to...to, lastChange: nil, commitTime: nil) }
        return ExportedTail(
            range: from...to, lastChange: segments.filter { $0.table != "_messages" }.map(\.seqMax.position).max(),
            commitTime: commitTimeLast)
    }
}
