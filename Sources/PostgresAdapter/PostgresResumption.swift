// SPDX-License-Identifier: Apache-2.0

public import Changelog
public import Faults
import LibPQ
import Threads

/// What came of going on where an export ends.
public enum PostgresResumption: ~Copyable {
    /// The history goes on there, and so does the stream.
    case ready(PostgresSource, ServerFacts)
    /// It does not; the operator must choose.
    case broken(HistoryBreak, ServerFacts)

    /// Proves that the source's history goes on at `point`, and begins to stream from exactly there.
    public static func open(
        _ options: PostgresOptions, from point: ResumePoint, until target: StopTarget
    ) throws(Fault) -> PostgresResumption {
        let catalog = try Session.open(options, for: .catalog)
        let replication = try Session.openReplication(options, beside: catalog)
        let facts = try ServerFacts.read(replication: replication)
        try facts.requireSameServer(catalog)
        let health = try idleSlot(options, catalog)
        let proof = StartProof(facts: facts, health: health, resume: point, slot: options.slot)
        let broken = try proof.check { timeline throws(Fault) in
            try replication.query("TIMELINE_HISTORY \(timeline)").first["content"] ?? ""
        }
        if let broken { return .broken(broken, facts) }
        if let fork = try OverlapProof.check(options, facts: facts, health: health, resume: point) {
            return .broken(fork, facts)
        }
        var options = options
        if health?.isTwoPhase == true { options.streaming.keepsTwoPhase = true }
        let plan = try PostgresPlan.read(options, mode: .streamOnly, catalog: catalog, facts: facts)
        for warning in plan.warnings { options.report(PostgresNotice(.warning, warning)) }
        guard plan.publication == .exists else {
            throw Fault(.postgresPublicationMissing, "publication \"\(options.publication)\" is missing")
        }
        let stream = try ReplicationStream.begin(
            replication,
            ReplicationStream.Request(options, from: point.position, serverVersion: facts.versionNumber))
        return .ready(
            try PostgresSource(options, plan: plan, stream: stream, spooled: nil, from: point.position, until: target),
            facts)
    }

    /// The slot, once nobody reads it: a reader that has only just gone is waited for, another one is not disturbed.
    private static func idleSlot(
        _ options: PostgresOptions, _ catalog: borrowing PQConnection
    ) throws(Fault) -> SlotHealth? {
        let deadline = ContinuousClock.now + .seconds(10)
        while true {
            guard let health = try SlotControl.health(options.slot, catalog) else { return nil }
            guard health.isActive else { return health }
            guard .now < deadline else {
                throw Fault(
                    .postgresSlotActive, "slot \"\(options.slot)\" is in use by another connection",
                    detail: health.activePID.map { "server process \($0)" })
            }
            pause(.milliseconds(100))
        }
    }

    /// Makes the slot anew after a gap that the operator has accepted; returns where it begins.
    public static func recreateSlot(_ options: PostgresOptions) throws(Fault) -> (Position, ServerFacts) {
        let catalog = try Session.open(options, for: .catalog)
        let replication = try Session.openReplication(options, beside: catalog)
        let facts = try ServerFacts.read(replication: replication)
        try facts.requireSameServer(catalog)
        try SlotControl.dropOwn(options.slot, catalog)
        let slot = try SlotControl.create(
            options, lifetime: .permanent, facts: facts, replication: replication, catalog: catalog)
        return (slot.consistentPoint, facts)
    }

    /// Drops the slot of a history that is given up.
    public static func dropSlot(_ options: PostgresOptions) throws(Fault) {
        try SlotControl.dropOwn(options.slot, try Session.open(options, for: .catalog))
    }
}
