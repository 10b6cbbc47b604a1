// SPDX-License-Identifier: Apache-2.0

import Faults
import LibPQ

/// What reading a slot has cost its server, by the server's own count (`pg_stat_replication_slots`, 14 and later).
public struct SlotCost: Sendable, Equatable {
    /// How many bytes of changes the server has decoded; what it reads again after a break counts again.
    public let decodedByteCount: Int64
    /// How many of them it wrote to its own disk before it sent them.
    public let spilledByteCount: Int64
    /// How many of them it sent before their transactions had ended.
    public let streamedByteCount: Int64

    /// Asks the server; nil when it does not count.
    static func read(_ slot: String, _ catalog: borrowing PQConnection) throws(Fault) -> SlotCost? {
        guard catalog.serverVersion >= 140_000 else { return nil }
        let row = try catalog.query(
            """
            select total_bytes, spill_bytes, stream_bytes from pg_catalog.pg_stat_replication_slots
            where slot_name = \(PQConnection.quoted(literal: slot))
            """
        ).records.first
        guard let row else { return nil }
        func count(_ name: String) -> Int64 { row[name].flatMap { Int64($0) } ?? 0 }
        return SlotCost(
            decodedByteCount: count("total_bytes"), spilledByteCount: count("spill_bytes"),
            streamedByteCount: count("stream_bytes"))
    }
}
