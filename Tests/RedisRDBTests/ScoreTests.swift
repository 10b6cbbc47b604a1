// SPDX-License-Identifier: Apache-2.0

import Bytes
import Testing

@testable import RedisRDB

@Suite("Scores and checksums")
struct ScoreTests {
    private func text(_ score: Double) -> String {
        var buffer = ByteBuffer()
        Score.append(score, to: &buffer)
        return buffer.bytes.decodedString()
    }

    @Test("the text of a score is the shortest that reads back the same")
    func shortest() {
        var generator = SystemRandomNumberGenerator()
        for round in 0..<20_000 {
            let bits = Double(bitPattern: generator.next())
            let decimal =
                Double(Int64.random(in: -10_000_000...10_000_000)) / [1, 8, 10, 100, 1000, 1e6, 1e9][round % 7]
            for score in [bits, decimal, Double.random(in: -1000...1000)] where score.isFinite {
                let found = text(score)
                let shortest = score.description
                #expect(Double(found) == score)
                #expect(found == (shortest.hasSuffix(".0") ? String(shortest.dropLast(2)) : shortest))
            }
        }
    }

    @Test(
        "special scores have their names",
        arguments: [
            (Double.infinity, "inf"), (-.infinity, "-inf"), (.nan, "nan"), (0, "0"), (-0.0, "-0"), (1e300, "1e+300"),
            (0.1, "0.1"), (1e15, "1000000000000000"), (-9_007_199_254_740_992, "-9007199254740992"),
            (Double.leastNonzeroMagnitude, "5e-324"),
        ])
    func special(score: Double, expected: String) {
        #expect(text(score) == expected)
    }

    @Test("a text is read as the number that is nearest to it")
    func parsing() {
        for text in [
            "0", "-0", "1.5", "2.2000000000000002", "1e300", "-4.3290001231231309e+28", "inf", "-inf", "0.1",
            "123456789.125",
            "999999999999999", "9999999999999999", ".5", "5.", "-", "", "1.2.3", "1x", "+7", "00012.50",
        ] {
            let found = Array(text.utf8).withRawSpan { Score.parse($0) }
            #expect(found == Double(text), "\(text)")
        }
    }

    @Test("the checksum is that of Jones, in whatever portions the bytes come")
    func checksum() {
        let bytes = Array("123456789".utf8)
        for cut in 0...bytes.count {
            var checksum = CRC64()
            Array(bytes[..<cut]).withRawSpan { checksum.update($0) }
            Array(bytes[cut...]).withRawSpan { checksum.update($0) }
            #expect(checksum.value == 0xe9c6_d914_c4b8_d9ca)
        }
    }
}
