// SPDX-License-Identifier: Apache-2.0

import Bytes
import Testing

@testable import Contracts

/// Multiples, told from the texts of numbers.
@Suite struct DivisorTests {
    @Test(arguments: [
        ("1", ["0", "-0.000", "7", "-7.0", "1e300", "12e-0", "120e-1"], ["0.1", "7.5", "1e-1", "12e-1"]),
        ("10", ["10", "100", "1e1", "-30", "3e400"], ["1", "5", "15", "1e0", "0.10"]),
        ("0.1", ["0.1", "0.30", "0.7", "1", "1e20", "5e-1"], ["0.05", "0.15", "1e-2", "5e-324"]),
        ("0.30", [".3", "0.9", "3", "-1.2", "30e-2"], ["0.1", "1", "0.31", "10"]),
        ("8", ["8", "1e3", "1000", "1e308", "-16"], ["1e2", "12", "4", "0.8"]),
        ("125", ["125", "1e3", "1e308", "250"], ["1e2", "25", "5e1"]),
        ("0.5", ["0.5", "1", "2.5", "3.0"], ["0.25", "0.1"]),
        ("7e-9", ["7e-9", "14e-9", "0.000000021", "7"], ["1", "1e308", "6e-9", "7e-10"]),
        ("3e+12", ["3e12", "3000000000000", "6e15"], ["1e12", "1e15", "3e11"]),
        ("999999999999999999", ["999999999999999999", "1999999999999999998"], ["999999999999999998", "1e18", "9"]),
        ("576460752303423488", ["1e59", "576460752303423488"], ["1e58", "1e57", "288230376151711744"]),
        ("1267650600228229401496703205376", ["1e100", "3e308", "1267650600228229401496703205376"], ["1e99", "5e98"]),
        ("9094947017729282379150390625", ["1e40", "1e308"], ["1e39", "9094947017729282379150390620"]),
    ])
    func `a multiple is one however it is spelled`(divisor: String, good: [String], bad: [String]) {
        for value in good { #expect(divides(divisor, value) == true, "\(value) is a multiple of \(divisor)") }
        for value in bad { #expect(divides(divisor, value) == false, "\(value) is no multiple of \(divisor)") }
    }

    @Test(arguments: ["1", "0.1", "12345678901234567890123"])
    func `0 is a multiple of all, and what is not finite of none`(divisor: String) {
        for zero in ["0", "-0", "0.000", "0e99", "000"] { #expect(divides(divisor, zero) == true) }
        for none in ["NaN", "Infinity", "-Infinity"] { #expect(divides(divisor, none) == false) }
    }

    @Test(arguments: ["", "0", "-1", "0.00", "NaN", "Infinity", "-Infinity", "x", String(repeating: "1", count: 1001)])
    func `what is no number above 0, or too long, is no divisor`(text: String) {
        #expect(Divisor(Array(text.utf8)) == nil)
    }

    @Test func `zeros round a divisor do not count`() {
        let zeros = String(repeating: "0", count: 5000)
        #expect(divides("3" + zeros, "6" + zeros) == true && divides("3" + zeros, "6") == false)
        #expect(divides("0." + zeros + "3", "1") == false && divides("0." + zeros + "3", "6") == true)
    }

    /// Products of factors of all lengths round those of words and parts, and their neighbours.
    @Test func `a product is a multiple of both factors, and its neighbours are not`() {
        let lengths = [1, 2, 8, 9, 10, 17, 18, 19, 20, 27, 28, 36, 37, 60, 200]
        var chance = Chance(seed: 7)
        for left in lengths {
            for right in lengths {
                let (a, b) = (digits(left, &chance), digits(right, &chance))
                let product = Self.product(a, b)
                let (divisor, value) = (Self.text(a), Self.text(product))
                #expect(divides(divisor, value) == true, "\(value) is a multiple of \(divisor)")
                #expect(divides(divisor + "e-3", "-" + value) == true && divides("0." + divisor, value + ".0") == true)
                var neighbour = product
                neighbour[neighbour.count - 1] = (neighbour[neighbour.count - 1] + 1) % 10
                // A number of one digit may divide the neighbour as well.
                if left > 1 { #expect(divides(divisor, Self.text(neighbour)) == false, "\(divisor)") }
            }
        }
    }

    /// The parts of a long division whose quotients are as great as they can be, and whose rests are.
    @Test func `divisors that are hard to estimate with are exact`() {
        let nines = String(repeating: "9", count: 27)
        let hard = "100000000000000000999999999"
        for (divisor, number) in [
            (nines, nines), (hard, nines), ("1" + String(repeating: "0", count: 25) + "1", nines),
        ] {
            let (a, b) = (Array(divisor.utf8).map { $0 - 0x30 }, Array(number.utf8).map { $0 - 0x30 })
            let product = Self.product(a, Self.product(b, b))
            #expect(divides(divisor, Self.text(product)) == true, "\(divisor)")
            var less = product
            less[less.count - 1] -= 1
            #expect(divides(divisor, Self.text(less)) == false, "\(divisor)")
        }
    }

    @Test func `the longest numbers of a source and the greatest exponents make no work`() {
        let whole = String(repeating: "3", count: 131_072)
        let part = String(repeating: "6", count: 16_383)
        // 15872 digits of the part are whole groups of 512, as the digits before the point are.
        let divisor = String(repeating: "3", count: 512)
        let clock = ContinuousClock()
        let time = clock.measure {
            #expect(divides("3e-16383", "\(whole).\(part)") == true && divides("3e-16382", "\(whole).\(part)") == false)
            #expect(divides(divisor + "e-15872", "\(whole).\(part.prefix(15872))") == true)
            #expect(divides(divisor + "e-16383", "\(whole).\(part)") == false)
            #expect(divides(divisor, "\(whole).\(part)") == false)
            #expect(divides(divisor + "e-999999999", "1e999999999") == false)
            #expect(divides("1e-999999999", "1e999999999") == true && divides("1e999999999", "1e-999999999") == false)
            #expect(divides("3e-999999999", "3e308") == true && divides("7", "1e308") == false)
        }
        #expect(time < .seconds(10), "\(time)")
    }

    private func divides(_ divisor: String, _ value: String) -> Bool? {
        Divisor(Array(divisor.utf8)).map { divisor in Array(value.utf8).withRawSpan { divisor.divides($0) } }
    }

    /// Digits of which neither the first nor the last is 0.
    private func digits(_ count: Int, _ chance: inout Chance) -> [UInt8] {
        (0..<count).map { index in
            UInt8.random(in: (index == 0 ? 2 : index == count - 1 ? 1 : 0)...9, using: &chance)
        }
    }

    private static func text(_ digits: [UInt8]) -> String {
        String(decoding: digits.map { $0 + 0x30 }, as: UTF8.self)
    }

    /// As one learns it at school.
    private static func product(_ a: [UInt8], _ b: [UInt8]) -> [UInt8] {
        var sums = Array(repeating: 0, count: a.count + b.count)
        for (i, x) in a.enumerated() {
            for (j, y) in b.enumerated() { sums[i + j + 1] += Int(x) * Int(y) }
        }
        for index in sums.indices.dropFirst().reversed() {
            sums[index - 1] += sums[index] / 10
            sums[index] %= 10
        }
        return sums.map(UInt8.init)
    }
}

/// The same numbers every time.
private struct Chance: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ state >> 29
    }
}
