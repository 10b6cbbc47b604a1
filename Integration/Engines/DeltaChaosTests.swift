// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension IntegrationSuites {
    /// Kedge appends under load and is killed, others rewrite the tables and clean up, and readers look on.
    @Suite("Delta tables under load", .serialized)
    struct DeltaChaosTests {
        @Test("promise 41: every engine sees exactly the anchored records, whenever kedge is killed and whatever others do")
        func chaos() throws {
            // Readers of a version have a while before the commits below it may go.
            let delta = try DeltaScene([
                "--format", "parquet", "--delta-checkpoint-every", "5", "--delta-log-retention", "30s",
            ])
            let load = try DeltaLoad(delta.scene)
            try load.start()
            let kills = Count.of("KEDGE_TEST_KILLS", default: 4)
            for number in 1...kills {
                let run = try KedgeProcess(delta.follow("--anchor-every", "200ms,100tx,1MiB"))
                try waitUntil("the first cut") { delta.export.cutCount() > 0 || !run.isRunning }
                // A kill must also hit a run that has only begun.
                if number % 5 != 0 { Thread.sleep(forTimeInterval: .random(in: 0.1...1.2)) }
                switch number % 4 {
                case 1: try delta.compare("--cut", "--engines", "deltalake")
                case 2: try delta.compare("--cut", "--engines", "deltalake", "--compact", "--vacuum", "168")
                case 3 where number % 8 == 7: try delta.compare("--cut")
                default: break
                }
                #expect(run.isRunning, "ended before kill \(number): \(run.errors.suffix(2000))")
                run.killNow()
                _ = try run.wait(deadline: .seconds(10))
                guard number % 8 == 4 else { continue }
                // Who vacuums without waiting must not do it while segments wait for their commit.
                try delta.catchUp()
                try delta.compare("--engines", "deltalake", "--compact", "--vacuum", "0")
            }
            try load.stop()
            try delta.catchUp()
            try delta.compare()
            let verified = try KedgeProcess.run(["verify", "--to", delta.export.path])
            #expect(verified.status == 0, "\(verified.output.suffix(2000))")
            #expect(verified.output.contains("segments are gone, replaced there"))
            #expect(try delta.export.newestCut().anchor == delta.export.anchors().count)
        }
    }
}
