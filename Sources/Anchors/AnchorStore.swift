// SPDX-License-Identifier: Apache-2.0

public import Faults

/// Where anchors are kept.
///
/// The law: an anchor that `append` returned is durable and stays as it is. Numbers have no gaps; each anchor names
/// the one before. Of several that append one number, one succeeds.
public protocol AnchorStore: Sendable {
    /// The numbers of all anchors, ascending.
    func numbers() throws(Fault) -> [Int]
    /// One anchor, nil when there is none of this number. A damaged one is a fault.
    func anchor(_ number: Int) throws(Fault) -> StoredAnchor?
    /// The newest anchor, nil in an empty store.
    func latest() throws(Fault) -> StoredAnchor?
    /// Commits `anchor`. One whose number is taken is refused with ``Fault/Code/exportOverwrite``; one that does not
    /// follow the newest is a bug.
    func append(_ anchor: Anchor) throws(Fault) -> StoredAnchor
}

extension AnchorStore {
    /// The newest anchor, nil in an empty store.
    public func latest() throws(Fault) -> StoredAnchor? {
        guard let last = try numbers().last else { return nil }
        return try anchor(last)
    }

    /// The numbers of all anchors, from 1 on; one that is missing is a fault.
    public func unbrokenNumbers() throws(Fault) -> [Int] {
        let numbers = try numbers()
        for (index, number) in numbers.enumerated() where number != index + 1 {
            throw Fault(.exportBroken, "anchor \(index + 1) is missing")
        }
        return numbers
    }

    /// The newest anchor, once it is proved that none is missing and that the newest `count` are whole and follow each
    /// other; nil in an empty store.
    public func latest(provingNewest count: Int) throws(Fault) -> StoredAnchor? {
        var previous: StoredAnchor?
        for number in try unbrokenNumbers().suffix(count) {
            guard let stored = try anchor(number) else { throw Fault(.exportBroken, "anchor \(number) is missing") }
            guard previous == nil || stored.anchor.previous == previous?.link else {
                throw Fault(.exportBroken, "anchor \(number - 1) is not the one that anchor \(number) follows")
            }
            previous = stored
        }
        return previous
    }

    /// Refuses what does not follow `previous`; what all stores ask before they append.
    public func checkSuccession(of anchor: Anchor, after previous: StoredAnchor?) throws(Fault) {
        guard anchor.number == (previous?.anchor.number ?? 0) + 1, anchor.previous == previous?.link else {
            throw Fault(.bug, "anchor \(anchor.number) does not follow the newest anchor")
        }
    }
}

extension Fault {
    /// An anchor was there already.
    public static func anchorTaken(_ number: Int) -> Fault {
        Fault(.exportOverwrite, "anchor \(number) exists already")
    }
}
