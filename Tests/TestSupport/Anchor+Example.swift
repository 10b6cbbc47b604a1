// SPDX-License-Identifier: Apache-2.0

public import Anchors
public import Changelog

extension SourceIdentity {
    /// A PostgreSQL server that does not exist.
    public static let example = SourceIdentity(
        kind: "postgresql",
        facts: [
            "systemIdentifier": .text("7412000000000000001"), "timeline": .number(1), "database": .text("shop"),
            "slot": .text("kedge"), "publication": .text("kedge"), "serverVersion": .text("15.20"),
        ], notation: .lsn)
}

extension SourceIdentity {
    /// A store with lanes that does not exist.
    public static let exampleWithLanes = SourceIdentity(
        kind: "redis", facts: ["serverVersion": .text("7.0.15")], notation: .clock)
}

extension RunStamp {
    /// A run that never ran.
    public static let example = RunStamp(
        id: "01890000-0000-7000-8000-000000000001", kedge: "0.1.0",
        publishedAt: Timestamp(microseconds: 1_795_341_610_100_000))
}

extension Anchor {
    /// The identifier of the export that example anchors belong to.
    public static let exampleExport = "5e1c2b34-0000-4000-8000-000000000042"

    /// An anchor that follows `previous` and publishes `segments` up to `to`.
    public static func example(
        after previous: StoredAnchor? = nil, kind: AnchorKind? = nil, epoch: UInt16? = nil, from: Position? = nil,
        to: Position? = nil, segments: [SegmentRecord] = [], run: RunStamp = .example, reason: String? = nil,
        notices: [SourceNotice] = [], tables: String? = nil, contract: ContractLink? = nil
    ) -> Anchor {
        let kind = kind ?? (previous == nil ? .snapshot : .changes)
        let from = from ?? previous?.anchor.to ?? Position(rawValue: 0x16_0000)
        var changes = OperationCounts()
        for segment in segments { changes += segment.changes }
        return Anchor(
            number: (previous?.anchor.number ?? 0) + 1, kind: kind, export: exampleExport,
            epoch: epoch ?? previous?.anchor.epoch ?? 1, source: .example, from: from,
            to: to ?? (kind == .changes ? Position(rawValue: from.rawValue + 0x100) : from), transactions: 1,
            changes: changes, segments: segments, previous: previous?.link, run: run, reason: reason, notices: notices,
            tables: tables, contract: contract)
    }
}
