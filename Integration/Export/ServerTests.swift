// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension IntegrationSuites {
    /// The floor that the other suites stand on.
    @Suite("A server of our own", .serialized)
    struct ServerTests {
        @Test("a server starts, answers and stops", .enabled(if: PostgresServer.isPrivate))
        func startsAndStops() throws {
            let server = try PostgresServer()
            #expect(try server.sql("SHOW wal_level") == "logical")
            #expect(try server.sql("SELECT 1; SELECT 'two'") == "1\ntwo")
            try server.restart()
            #expect(try server.sql("SELECT 3") == "3")
            try server.remove()
        }

        @Test("the versions that the tests need are at hand")
        func versions() {
            #expect(ServerPrograms.all.map(\.major).contains([16, 18]), "run Integration/scripts/servers.sh")
        }

        @Test("every version starts and answers", arguments: ServerPrograms.all)
        func everyVersion(programs: ServerPrograms) throws {
            let server = try PostgresServer.shared(programs)
            #expect(try server.sql("SHOW server_version_num").hasPrefix("\(programs.major)"))
        }

        @Test("a statement that fails is an error")
        func failuresAreErrors() throws {
            let server = try PostgresServer.shared()
            #expect(throws: TestFailure.self) { try server.sql("SELECT 1/0") }
        }

        @Test("the workload writes what the oracles can read")
        func workloadWrites() throws {
            let scene = try Scene("workload")
            try scene.workload.startRows()
            try scene.workload.startDefinitions()
            Thread.sleep(forTimeInterval: 3)
            try scene.workload.writeOneTransaction(rows: 1000)
            try scene.workload.stop()
            let kinds = try scene.server.sql("SELECT DISTINCT op FROM audit.events ORDER BY 1", in: scene.database)
            #expect(kinds == "c\nd\nt\nu")
        }
    }
}
