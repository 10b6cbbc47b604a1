// SPDX-License-Identifier: Apache-2.0

import Faults
import Foundation
import Testing

extension IntegrationSuites {
    /// The power goes while streams are exported.
    @Suite("Streams and crashes", .serialized)
    struct StreamCrashTests {
        private static let points = CrashPoint.allCases.filter { $0.occasion == .publishing }

        @Test("after a crash at any moment the export is what the streams hold", arguments: points)
        func crash(point: CrashPoint) throws {
            let scene = try StreamScene(streams: "s,t")
            for number in 1...300 {
                try scene.add("s", "n", "\(number)", id: "\(number / 7)-\(number)")
                try scene.add("t", "n", "\(number)", id: "\(number)-1")
            }
            let more = ["--until", "now", "--segment-rows", "40"]
            let arguments = scene.run(anchors: "1h,100tx,1GiB") + more
            let outcome = try KedgeProcess.run(arguments, environment: ["KEDGE_CRASH_AT": "\(point.rawValue):1"])
            #expect([0, 137].contains(outcome.status))
            if outcome.status == 0 {
                try FileManager.default.removeItem(at: scene.export.url)
                try KedgeProcess.expect(137, arguments, environment: ["KEDGE_CRASH_AT": point.rawValue])
            }
            try KedgeProcess.expect(0, arguments)
            try scene.expectEqual(["s", "t"])
        }

        @Test("kills at random under load lose nothing and repeat nothing", arguments: RedisPrograms.all)
        func kills(programs: RedisPrograms) throws {
            let scene = try StreamScene(programs, streams: "load:*")
            let stop = scene.server.folder + "/stop"
            let script = """
                i=0
                while [ ! -e \(stop) ]; do
                  i=$((i + 1))
                  for s in 1 2 3; do echo "XADD load:$s * n $i payload $(printf 'x%.0s' $(seq 1 $((i % 60 + 1))))"; done
                done
                """
            try scene.add("load:1", "n", "0")
            let load = try ShellCommand([
                "bash", "-c", "{ \(script)\n} | redis-cli -p \(scene.server.port) > /dev/null",
            ])
            let kills = Count.of("KEDGE_TEST_KILLS", default: 5)
            for _ in 0..<kills {
                let process = try KedgeProcess(scene.run(anchors: "100ms,500tx,64KiB"))
                Thread.sleep(forTimeInterval: .random(in: 0.15...1.0))
                #expect(process.isRunning, "\(process.errors.suffix(2000))")
                process.killNow()
                _ = try process.wait(deadline: .seconds(10))
            }
            try Data().write(to: URL(fileURLWithPath: stop))
            #expect(try load.wait(deadline: .seconds(20)).status == 0)
            try scene.catchUp()
            try scene.expectEqual(["load:1", "load:2", "load:3"])
            let odd = try scene.export.anchors().filter { !["changes", "reset"].contains($0["kind"] as? String) }
            #expect(odd.isEmpty)
            #expect(try scene.exported("load:1").count > 10)
        }

        @Test("a server that restarts is waited for, and the run goes on")
        func serverRestarts() throws {
            let server = try RedisServer(settings: ["appendonly yes", "appendfsync always"])
            let scene = try StreamScene(server: server, streams: "s")
            for number in 1...50 { try scene.add("s", "n", "\(number)") }
            let process = try KedgeProcess(scene.run("--retry-for", "1m"))
            try scene.waitForRecords(50, of: "s", while: process)
            try server.restart()
            for number in 51...80 { try scene.add("s", "n", "\(number)") }
            try scene.waitForRecords(80, of: "s", while: process)
            try server.kill9()
            try server.start()
            for number in 81...90 { try scene.add("s", "n", "\(number)") }
            try scene.waitForRecords(90, of: "s", while: process)
            process.terminate()
            #expect(try process.wait().status == 0)
            try scene.expectEqual(["s"])
            #expect(try scene.breaks(of: "s").isEmpty)
        }
    }
}
