// SPDX-License-Identifier: Apache-2.0

import Bytes
import Testing

@testable import Contracts

/// Numbers, moments and forms of text, seen in their texts.
@Suite struct ComparisonTests {
    /// Each is less than the next.
    private static let numbers = [
        "-Infinity", "-1e30", "-9223372036854775809", "-9223372036854775808", "-12.51", "-12.5", "-1", "-0.05", "-1e-9",
        "0", "1e-30", "0.049", "0.05", "0.5", "0.50000000000000000000000000000000000001", "1", "1.0000001", "2", "9.99",
        "10", "12.5", "99", "100", "9223372036854775807", "9223372036854775808", "1e19", "10000000000000000000.1",
        "1.5e300", "Infinity", "NaN",
    ]

    @Test func `numbers compare as numbers, whatever their length`() throws {
        for (left, a) in Self.numbers.enumerated() {
            for (right, b) in Self.numbers.enumerated() {
                #expect((order(a, b) ?? 99).signum() == (left - right).signum(), "\(a) and \(b)")
            }
        }
    }

    @Test(arguments: [
        ("0", "-0.00"), ("1", "1.000"), ("1e2", "100"), ("0.001", "1E-3"), ("012", "12"), ("+5", "5"), ("1.", "1"),
        (".5", "0.50"), ("120e-1", "12"), ("infinity", "Infinity"),
    ])
    func `spellings of one number are equal`(a: String, b: String) {
        #expect(order(a, b) == 0)
    }

    @Test(arguments: ["", "-", "+", "e5", "1e", "1e+", "1.2.3", "0x10", "1 ", " 1", "one", "--1", ".", "1e99999999999"])
    func `what is no number is none`(text: String) {
        #expect(order(text, "1") == nil)
    }

    /// Each is earlier than the next.
    private static let moments = [
        "-infinity", "4713-01-01 BC", "0044-03-15 BC", "0044-03-16 BC", "0001-12-31 BC", "0001-01-01", "1969-12-31",
        "1970-01-01", "1970-01-01T00:00:00.000001", "2024-02-28", "2024-02-29", "2024-03-01T00:00:00",
        "2024-03-01T00:00:00.5", "2024-03-01 23:59:59.999999", "2024-03-02T00:00:00Z", "9999-12-31", "294276-12-31",
        "infinity",
    ]

    @Test func `moments compare as moments, before our era too`() {
        for (left, a) in Self.moments.enumerated() {
            for (right, b) in Self.moments.enumerated() {
                #expect((momentOrder(a, b) ?? 99).signum() == (left - right).signum(), "\(a) and \(b)")
            }
        }
    }

    @Test(arguments: [
        ("2024-01-02T03:04:05Z", "2024-01-02 03:04:05+00:00"), ("2024-01-02T03:04:05+02:00", "2024-01-02T01:04:05"),
        ("2024-01-01T23:30:00-01", "2024-01-02T00:30:00Z"), ("2024-01-02", "2024-01-02T00:00:00.000"),
        ("03:04:05", "03:04:05.000000"), ("10:00:00+02", "08:00:00+00"), ("24:00:00", "24:00"),
    ])
    func `spellings of one moment are equal`(a: String, b: String) {
        #expect(momentOrder(a, b) == 0)
    }

    @Test(arguments: ["", "2024", "2024-13-01", "2024-01-32", "2024-01-02T", "2024-01-02T3", "x", "25:00:00", "10:61"])
    func `what is no moment is none`(text: String) {
        #expect(momentOrder(text, "2024-01-01") == nil)
    }

    @Test(arguments: [
        (TextFormat.email, ["a@b.example", "x.y+z@host"], ["", "a", "@b", "a@", "a@b@c", "a b@c", "a@-b"]),
        (
            .uuid, ["0b36a5ff-9a0d-4c2b-8c33-7fbf5f9f1f2a", "0B36A5FF-9A0D-4C2B-8C33-7FBF5F9F1F2A"],
            ["", "0b36a5ff", "0b36a5ff-9a0d-4c2b-8c33-7fbf5f9f1f2g"]
        ),
        (.uri, ["https://a.example/b?c=d", "urn:x", "mailto:a@b"], ["", "a/b", "http://a b", "1a:b", ":x"]),
        (.hostname, ["a", "a.example", "a-b.c"], ["", "-a", "a-", "a..b", "a_b", "ä"]),
        (
            .ipv4, ["0.0.0.0", "255.255.255.255", "10.0.0.1"],
            ["", "1.2.3", "1.2.3.256", "01.2.3.4", "1.2.3.4.5", "a.b.c.d"]
        ),
        (
            .ipv6, ["::", "::1", "1:2:3:4:5:6:7:8", "fe80::1", "::ffff:10.0.0.1"],
            ["", "1:2", "1::2::3", "1:2:3:4:5:6:7:8:9", ":1", "g::"]
        ),
        (.byte, ["", "YQ==", "YWI=", "YWJj"], ["a", "YQ=", "Y===", "Y Q="]),
    ])
    func `forms of text`(format: TextFormat, good: [String], bad: [String]) {
        for text in good { #expect(format.holds(text), "\(text) is \(format.rawValue)") }
        for text in bad { #expect(!format.holds(text), "\(text) is no \(format.rawValue)") }
    }

    private func order(_ a: String, _ b: String) -> Int? {
        Array(a.utf8).withRawSpan { left in
            Array(b.utf8).withRawSpan { right in
                guard let left = NumberText(left), let right = NumberText(right) else { return nil }
                return left.compared(to: right)
            }
        }
    }

    private func momentOrder(_ a: String, _ b: String) -> Int? {
        Array(a.utf8).withRawSpan { left in
            Array(b.utf8).withRawSpan { right in
                guard let left = MomentText(left), let right = MomentText(right) else { return nil }
                return left < right ? -1 : left > right ? 1 : 0
            }
        }
    }
}
