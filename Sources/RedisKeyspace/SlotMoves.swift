// SPDX-License-Identifier: Apache-2.0

import Bytes
import RedisCluster

/// Which shard holds each slot, as far as the streams of the shards themselves have told.
///
/// A key that is moved is restored on the taker first and then deleted on the giver, both as commands of the streams. So
/// a restored key tells where its slot goes; deletions of keys of that slot in other shards are marked from then on.
public final class SlotHomes {
    /// The number of the shard that holds each slot, from 1; 0 where nobody has said.
    private var homes = [UInt16](repeating: 0, count: KeySlot.count)

    /// Nothing is known.
    public init() {}

    /// A shard holds these slots.
    public func settle(_ slots: SlotRanges, at shard: Int) {
        for range in slots.ranges {
            for slot in range { homes[slot] = UInt16(truncatingIfNeeded: shard + 1) }
        }
    }

    /// The slot is the shard's, or nobody has said whose it is.
    func isAtHome(_ slot: KeySlot, at shard: Int) -> Bool {
        homes[slot.number] == 0 || homes[slot.number] == UInt16(truncatingIfNeeded: shard + 1)
    }

    /// A key of the slot has come to a shard.
    func arrive(_ slot: KeySlot, at shard: Int) {
        homes[slot.number] = UInt16(truncatingIfNeeded: shard + 1)
    }
}

/// What one shard's stream tells of keys that move.
public struct SlotMoves {
    private let homes: SlotHomes
    private let shard: Int

    /// The view of the shard of this number.
    public init(_ homes: SlotHomes, shard: Int) {
        self.homes = homes
        self.shard = shard
    }

    /// Why the command was sent, where it is about a key that moves between shards.
    func cause(of nameBytes: RawSpan, about key: RawSpan) -> StaticString? {
        switch CommandName(nameBytes) {
        case .restoreAsking: homes.arrive(KeySlot(of: key.copiedBytes()), at: shard)
        case .del, .unlink:
            if homes.isAtHome(KeySlot(of: key.copiedBytes()), at: shard) { return nil }
        default: return nil
        }
        return "slot_migration"
    }
}
