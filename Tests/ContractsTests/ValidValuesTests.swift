// SPDX-License-Identifier: Apache-2.0

import Bytes
import Testing

@testable import Contracts

/// Valid values, found by a hash.
@Suite struct ValidValuesTests {
    @Test(arguments: [0, 1, 2, 3, 7, 8, 9, 100, 10_000])
    func `every text of a list is found, and no other`(count: Int) {
        let texts = (0..<count).map { "x\($0 &* 2_654_435_761 % 1_000_003)é" }
        let set = ValidValues(texts.map { Array($0.utf8) }, .text)
        let valid = Set(texts)
        for text in texts { #expect(contains(set, text)) }
        for number in 0..<2_000 {
            let text = "x\(number)é"
            #expect(contains(set, text) == valid.contains(text), "\(text)")
        }
        for other in ["", "x", "é", "x1", texts.joined(), (texts.first ?? "") + "é"] where !valid.contains(other) {
            #expect(!contains(set, other), "\(other.prefix(40))")
        }
    }

    @Test func `every spelling of a number of a long list is found, and no other number`() {
        let set = ValidValues((-5_000..<5_000).map { Array("\($0)e-1".utf8) }, .number)
        for number in -5_000..<5_000 {
            let (sign, whole, part) = (number < 0 ? "-" : "", abs(number) / 10, abs(number) % 10)
            for text in ["\(sign)\(whole).\(part)", "\(sign)0\(whole).\(part)00", "\(number)E-1", "\(number)000e-4"] {
                #expect(contains(set, text), "\(text)")
            }
            #expect(!contains(set, "\(sign)\(whole).\(part)1") && !contains(set, "\(abs(number))e3") || number == 0)
        }
        for other in ["500", "-500.1", "NaN", "Infinity", "", "x"] { #expect(!contains(set, other), "\(other)") }
    }

    @Test func `what is not finite is found, and 0 whatever its sign`() {
        let set = ValidValues(["NaN", "-Infinity", "0.0", "none", "0"].map { Array($0.utf8) }, .number)
        for text in ["NaN", "-Infinity", "0", "-0", "0e5"] { #expect(contains(set, text), "\(text)") }
        for text in ["Infinity", "none", "1"] { #expect(!contains(set, text), "\(text)") }
    }

    @Test func `values that stand twice are one`() {
        let set = ValidValues(Array(repeating: Array("a".utf8), count: 1_000), .text)
        #expect(contains(set, "a") && !contains(set, "b"))
    }

    private func contains(_ set: ValidValues, _ text: String) -> Bool {
        Array(text.utf8).withRawSpan { set.contains($0) }
    }
}
