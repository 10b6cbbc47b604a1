// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension IntegrationSuites {
    /// Kedge appends under load and is killed, others rewrite the tables and clean up, and readers look on.
    @Suite("Delta tables under load", .serialized)
    struct DeltaChaosTests {
        @Test("every engine sees exactly the anchored records, whenever kedge is killed and whatever others do")
        func chaos() throws {
            let scene = try Scene("delta")
            let mirror = scene.export.url.deletingLastPathComponent().appendingPathComponent("mirror").path
            try scene.workload.startRows(clients: 2)
            let kills = Count.of("KEDGE_TEST_KILLS", default: 4)
            // Readers of a version have a while before the commits below it may go.
            let settings = ["--format", "parquet", "--delta-checkpoint-every", "5", "--delta-log-retention", "20s"]
            func look(_ more: String...) throws {
                _ = try DeltaScene.compare(scene.export, mirror: mirror, more)
            }
            for number in 1...kills {
                let run = try KedgeProcess(scene.run(anchors: "200ms,100tx,1MiB") + settings)
                try scene.waitForAnchors(1, while: run)
                try waitUntil("the first cut") { scene.export.cutCount() > 0 }
                // A kill must also hit a run that has only begun.
                if number % 5 != 0 { Thread.sleep(forTimeInterval: .random(in: 0.1...1.2)) }
                switch number % 4 {
                case 1: try look("--cut", "--engines", "deltalake")
                case 2: try look("--cut", "--engines", "deltalake", "--compact", "--vacuum", "168")
                case 3 where number % 8 == 7: try look("--cut")
                default: break
                }
                #expect(run.isRunning, "ended before kill \(number): \(run.errors.suffix(2000))")
                run.killNow()
                _ = try run.wait(deadline: .seconds(10))
                guard number % 8 == 4 else { continue }
                // Who vacuums without waiting must not do it while segments wait for their commit.
                try KedgeProcess.expect(0, scene.run("--until", "now") + settings)
                try look("--engines", "deltalake", "--compact", "--vacuum", "0")
                try look()
            }
            try scene.workload.stop()
            try KedgeProcess.expect(0, scene.run("--until", "now") + settings)
            try look()
            let verified = try KedgeProcess.run(["verify", "--to", scene.export.path])
            #expect(verified.status == 0, "\(verified.output.suffix(2000))")
            #expect(verified.output.contains("segments are gone, replaced there"))
            #expect(try scene.export.newestCut().anchor == scene.export.anchors().count)
        }
    }
}
