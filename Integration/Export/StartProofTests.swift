// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension IntegrationSuites {
    /// What a run refuses to go on with, and what it says.
    @Suite("The proof at the start", .serialized)
    struct StartProofTests {
        @Test("a lost slot ends the run, and a new snapshot begins a new history")
        func lostSlot() throws {
            let scene = try Scene("lost")
            try scene.catchUp()
            try scene.server.sql("SELECT pg_drop_replication_slot('\(slotName(scene))')", in: scene.database)
            try scene.workload.writeOneTransaction(rows: 10)
            try KedgeProcess.expect(66, scene.run("--until", "now"))
            try scene.catchUp("--resnapshot")
            #expect(try scene.export.lastEpoch() == 2)
            try scene.expectNoFaults()
        }

        @Test("another server is not the source")
        func otherServer() throws {
            let scene = try Scene("other")
            try scene.catchUp()
            let other = try Scene("stranger")
            var arguments = scene.run("--until", "now")
            arguments[2] = other.source
            try KedgeProcess.expect(66, arguments)
        }

        @Test("slots are listed and dropped")
        func slotCommands() throws {
            let scene = try Scene("slots")
            try scene.catchUp()
            let slot = try slotName(scene)
            let listed = try KedgeProcess.expect(0, ["slot", "list", "--source", scene.source])
            #expect(listed.output.contains(slot))
            try KedgeProcess.expect(0, ["slot", "drop", "--source", scene.source, "--slot", slot])
            #expect(
                try scene.server.sql("SELECT count(*) FROM pg_replication_slots WHERE slot_name = '\(slot)'") == "0")
        }

        private func slotName(_ scene: Scene) throws -> String {
            let name = try scene.server.sql(
                "SELECT slot_name FROM pg_replication_slots WHERE database = '\(scene.database)'")
            guard !name.isEmpty, !name.contains("\n") else { throw TestFailure("expected one slot, found: \(name)") }
            return name
        }
    }
}
