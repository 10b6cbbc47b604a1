// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("x")
struct FixtureTests {
    @Test("p") func p() throws {
        for f in try FileManager.default.contentsOfDirectory(atPath: "/work/shared/fixtures/rdb/librdb").sorted() where f.hasSuffix(".rdb") && f != "100_lists.rdb" {
            let b = Array(try Data(contentsOf: URL(fileURLWithPath: "/work/shared/fixtures/rdb/librdb/" + f)))
            print("==", f)
            let l = EventPrinter.lines(b)
            print(l.joined(separator: "\n"))
            for n in [1,2,7] { if EventPrinter.lines(b, portion: n) != l { print("DIFFER", n) } }
        }
    }
}
