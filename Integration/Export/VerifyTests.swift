// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension IntegrationSuites {
    /// The offline proof finds what the disk did to the files.
    @Suite("Verifying", .serialized)
    struct VerifyTests {
        @Test("one flipped bit anywhere is found")
        func flippedBit() throws {
            let scene = try Scene("flip")
            try scene.catchUp()
            try scene.workload.writeOneTransaction(rows: 50)
            try scene.catchUp()
            try KedgeProcess.expect(0, ["verify", "--to", scene.export.path])
            // The metadata store is no part of the proof: it is made again from the chain.
            for file in try scene.export.files() where !file.contains("/catalog.sqlite") {
                let url = URL(fileURLWithPath: file)
                let original = try Data(contentsOf: url)
                for _ in 0..<3 where !original.isEmpty {
                    var spoiled = original
                    let place = Int.random(in: 0..<original.count)
                    spoiled[place] ^= 1 << UInt8.random(in: 0..<8)
                    try spoiled.write(to: url)
                    let outcome = try KedgeProcess.run(["verify", "--to", scene.export.path])
                    #expect(outcome.status == 65, "byte \(place) of \(file)")
                }
                try original.write(to: url)
            }
            try KedgeProcess.expect(0, ["verify", "--to", scene.export.path])
        }

        @Test("a missing file is found")
        func missingFile() throws {
            let scene = try Scene("missing")
            try scene.catchUp()
            let segment = try #require(scene.export.segments().first)
            try FileManager.default.removeItem(atPath: scene.export.path + "/" + segment.path)
            try KedgeProcess.expect(65, ["verify", "--to", scene.export.path])
        }

        @Test("cat prints what the segments hold")
        func cat() throws {
            let scene = try Scene("cat")
            try scene.catchUp()
            let printed = try KedgeProcess.expect(0, ["cat", "--to", scene.export.path, "--table", "public.accounts"])
            #expect(
                try printed.output.split(separator: "\n").map(String.init)
                    == scene.export.records(of: "public.accounts"))
        }
    }
}
