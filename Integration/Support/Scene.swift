// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// One database with its workload and its export: what most tests begin with.
final class Scene {
    let server: PostgresServer
    /// Stands between kedge and the server; the oracles go past it.
    let proxy: FaultyProxy?
    let database: String
    let export: ExportFolder
    let workload: Workload
    let records: RecordTable

    /// Makes a database of its own on a server, the shared one unless another is given, fills it, and puts the audit
    /// triggers in place.
    init(_ label: String, on server: PostgresServer? = nil, through proxy: FaultyProxy? = nil) throws {
        self.server = try server ?? PostgresServer.shared()
        self.proxy = proxy
        database = "kedge_\(label)_" + String(UInt32.random(in: 0...UInt32.max), radix: 36)
        export = try ExportFolder()
        try self.server.createDatabase(database)
        workload = try Workload(self.server, database: database)
        try AuditTrigger.install(on: self.server, database: database)
        records = RecordTable(server: self.server, database: database)
        try records.install()
    }

    deinit {
        proxy?.end()
        try? server.dropDatabase(database)
        export.remove()
    }

    /// The address of the database, for `--source`.
    var source: String { proxy?.address(of: database) ?? server.address(of: database) }

    /// The name that kedge gives the slot of the export.
    var slot: String { "kedge_" + export.name }

    /// Where the slot stands, as the server prints positions.
    func slotPosition() throws -> String {
        try server.sql("SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = '\(slot)'")
    }

    /// The arguments of `kedge run` for this scene: small anchors, so that there are many.
    func run(_ more: String..., to folder: ExportFolder? = nil, anchors: String = "1s,200tx,1MiB") -> [String] {
        [
            "run", "--source", source, "--to", (folder ?? export).path, "--tables", "public.*,\(AuditTrigger.table)",
            "--anchor-every", anchors, "--min-free", "1MiB",
        ] + more
    }

    /// Catches up with the source.
    func catchUp(_ more: String..., environment: [String: String] = [:]) throws {
        try KedgeProcess.expect(0, run("--until", "now") + more, environment: environment, deadline: .seconds(300))
    }

    /// Waits until the export has at least `count` anchors.
    func waitForAnchors(_ count: Int, while process: KedgeProcess) throws {
        try waitUntil("\(count) anchors", deadline: .seconds(90)) {
            guard process.isRunning else { throw TestFailure("kedge ended early:\n\(process.errors.suffix(3000))") }
            return try export.anchors().count >= count
        }
    }

    /// Everything that is wrong with the export beside the source, by the order of its records, O1 and O2, and by
    /// kedge's own verification. Call when nobody writes and the export has caught up.
    func faults(of folder: ExportFolder? = nil) throws -> [String] {
        try faults(of: folder ?? export, beside: records)
    }

    /// The same beside a server that has taken the place of the scene's own.
    func faults(on server: PostgresServer) throws -> [String] {
        let records = RecordTable(server: server, database: database)
        // What is not logged did not come over.
        try records.install()
        return try faults(of: export, beside: records)
    }

    private func faults(of folder: ExportFolder, beside records: RecordTable) throws -> [String] {
        var found: [String] = []
        let verified = try KedgeProcess.run(["verify", "--to", folder.path])
        if verified.status != 0 { found.append("verify: \(verified.status) \(verified.errors.suffix(2000))") }
        try records.load(folder)
        found += try records.disorder()
        found += try StateFold(records: records).differences()
        found += try AuditTrigger(records: records).differences()
        return found
    }

    /// Records every fault as an issue of the test.
    func expectNoFaults(in folder: ExportFolder? = nil, at place: SourceLocation = #_sourceLocation) throws {
        let found = try faults(of: folder)
        #expect(found.isEmpty, "\(found.joined(separator: "\n"))", sourceLocation: place)
    }

    /// How many events of the stream the last ``faults(of:)`` compared.
    func comparedEventCount() throws -> Int {
        try AuditTrigger(records: records).count()
    }
}
