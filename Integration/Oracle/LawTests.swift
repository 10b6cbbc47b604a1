// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension IntegrationSuites {
    /// Oracles that watch from beside are tried on what they must find.
    @Suite("The oracles beside", .serialized)
    struct LawTests {
        @Test("a slot that somebody moves beyond the last anchor is found", arguments: ServerPrograms.all)
        func slotAhead(programs: ServerPrograms) throws {
            let scene = try Scene("law", on: .shared(programs))
            let law = try SlotLaw(of: scene.export, slot: scene.slot, on: scene.server)
            try scene.catchUp()
            try scene.workload.writeOneTransaction(rows: 10)
            try scene.server.sql(
                "SELECT pg_replication_slot_advance('\(scene.slot)', pg_current_wal_flush_lsn())", in: scene.database)
            Thread.sleep(forTimeInterval: 0.3)
            let violations = try law.violations()
            #expect(violations.contains { $0.contains("the slot stood at") }, "\(violations)")
        }

        @Test("two changes in the wrong order, and one that is missing, are found")
        func wrongOrder() throws {
            let server = try OrderOracle.makeServer()
            defer { try? server.remove() }
            for lie in [
                """
                UPDATE oracle.records SET rec = rec || '{"_cdc_op": "d"}'
                WHERE id = (SELECT max(id) FROM oracle.records WHERE tbl = 'public.big')
                """,
                "DELETE FROM oracle.records WHERE id = (SELECT max(id) FROM oracle.records WHERE tbl = 'public.big')",
                """
                UPDATE oracle.records SET rec = rec || jsonb_build_object('id', (rec->>'id')::int + 1)
                WHERE id = (SELECT max(id) FROM oracle.records WHERE tbl = 'public.big')
                """,
            ] {
                let scene = try Scene("lie", on: server)
                try scene.catchUp()
                let order = try OrderOracle(scene)
                try scene.workload.writeOneTransaction(rows: 5)
                try scene.catchUp()
                try scene.expectNoFaults()
                try server.sql(lie, in: scene.database)
                #expect(try !order.differences().isEmpty, "not found: \(lie)")
            }
        }

        @Test("the proxy cuts after exactly as many bytes as it is told")
        func exactCut() throws {
            let server = try PostgresServer.shared()
            let proxy = try FaultyProxy(to: server)
            defer { proxy.end() }
            proxy.cut(after: 20_000, .toClient)
            let query = ["psql", "-X", "-c", "SELECT repeat('x', 100000)", "-d", proxy.address(of: "postgres")]
            let broken = try ShellCommand(query).wait(deadline: .seconds(20))
            #expect(broken.status == 2)
            #expect(proxy.passed(.toClient) == 20_000 && proxy.cutCount == 1)
            #expect(try ShellCommand.run(query).contains("xxx"))
        }
    }
}
