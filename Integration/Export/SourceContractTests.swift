// SPDX-License-Identifier: Apache-2.0

import Changelog
import Faults
import Foundation
import PostgresAdapter
import TestSupport
import Testing

extension IntegrationSuites {
    /// A replication slot keeps the same law as the scripted source of the unit tests.
    @Suite("The contract of sources", .serialized)
    struct SourceContractTests {
        @Test("a slot is a source like any other")
        func slotKeepsTheContract() throws {
            let server = try PostgresServer.shared()
            let name = "kedge_contract_" + String(UInt32.random(in: 0...UInt32.max), radix: 36)
            try server.createDatabase(name)
            defer { try? server.dropDatabase(name) }
            try server.sql("CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE u (id int PRIMARY KEY)", in: name)
            let folder = try ExportFolder()
            defer { folder.remove() }
            let options = try self.options(server.address(of: name), slot: name, folder: folder.path)
            let beginning = try PostgresBeginning.begin(options, mode: .streamOnly, epoch: 1)
            try beginning.confirm()
            let identity = beginning.plan.facts.identity(slot: name, publication: name)
            for statement in Self.statements { try server.sql(statement, in: name) }
            let target = try #require(PositionNotation.lsn.position(try server.flushedPosition()))
            try checkSourceContract { position in
                let from = position == .zero ? beginning.position : position
                let point = ResumePoint(position: from, source: identity)
                switch try PostgresResumption.open(options, from: point, until: .position(target)) {
                case .ready(let source, _): return source
                case .broken(let broken, _): throw broken.fault
                }
            }
        }

        private static let statements = [
            "INSERT INTO t VALUES (1, 'one')", "BEGIN; UPDATE t SET v = 'two'; INSERT INTO u VALUES (1), (2); COMMIT",
            "BEGIN; INSERT INTO t SELECT i, repeat('x', 200) FROM generate_series(2, 3000) i; DELETE FROM u; COMMIT",
            "TRUNCATE t, u", "SELECT pg_logical_emit_message(false, 'a', 'b')", "INSERT INTO u VALUES (9)",
        ]

        private func options(_ source: String, slot: String, folder: String) throws -> PostgresOptions {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            return PostgresOptions(
                source: Redacted(source), applicationName: "kedge/contract", selection: TableSelection(), slot: slot,
                publication: slot, spoolFolder: folder, intentPath: folder + "/intent"
            ) { _ in }
        }
    }
}
