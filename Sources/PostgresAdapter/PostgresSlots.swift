// SPDX-License-Identifier: Apache-2.0

public import Changelog
public import Faults
import LibPQ

/// The replication slots of a server, for those who look after it.
public struct PostgresSlots: Sendable {
    private let source: Redacted
    private let applicationName: String

    /// Slots of the server behind a connection string.
    public init(_ source: Redacted, applicationName: String) {
        self.source = source
        self.applicationName = applicationName
    }

    /// All logical slots of the connected database that read with `pgoutput`.
    public func list() throws(Fault) -> [SlotHealth] {
        let catalog = try Session.open(source, applicationName: applicationName, for: .catalog)
        return try SlotControl.all(catalog).filter { $0.plugin == "pgoutput" && $0.database == catalog.database }
    }

    /// One slot, or nil.
    public func health(_ name: String) throws(Fault) -> SlotHealth? {
        try SlotControl.health(name, try Session.open(source, applicationName: applicationName, for: .catalog))
    }

    /// What reading one slot has cost the server, or nil when it does not count.
    public func cost(_ name: String) throws(Fault) -> SlotCost? {
        try SlotCost.read(name, try Session.open(source, applicationName: applicationName, for: .catalog))
    }

    /// Up to where the server's log is durable.
    public func serverPosition() throws(Fault) -> Position {
        let catalog = try Session.open(source, applicationName: applicationName, for: .catalog)
        let isStandby = try catalog.query("select pg_catalog.pg_is_in_recovery()").scalar == "t"
        return try ServerFacts.currentPosition(catalog, isStandby: isStandby)
    }

    /// Drops a slot that nobody reads, and the publication of the same name when `alsoPublication` names one.
    public func drop(_ name: String, alsoPublication publication: String?) throws(Fault) {
        let catalog = try Session.open(source, applicationName: applicationName, for: .catalog)
        guard let health = try SlotControl.health(name, catalog) else {
            throw Fault(
                .postgresSlotMissing, "slot \"\(name)\" does not exist", hint: "`kedge slot list` shows what is there")
        }
        try health.refuseForeign(to: catalog.database)
        guard !health.isActive else {
            throw Fault(
                .postgresSlotActive, "slot \"\(name)\" is in use",
                detail: health.activePID.map { "server process \($0)" })
        }
        try SlotControl.drop(name, catalog)
        if let publication { try PublicationControl.drop(publication, catalog) }
    }
}
