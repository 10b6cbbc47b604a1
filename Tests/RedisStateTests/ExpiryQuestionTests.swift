// SPDX-License-Identifier: Apache-2.0

import Faults
import Hiredis
import Testing

@testable import RedisState

/// Answers of which an absolute time is made.
@Suite("When a key expires")
struct ExpiryQuestionTests {
    private static func clock(_ microseconds: Int64) -> Reply {
        .array([
            .bulk(Array("\(microseconds / 1_000_000)".utf8)), .bulk(Array("\(microseconds % 1_000_000)".utf8)),
        ])
    }

    @Test("a server that tells the time is taken at its word")
    func absolute() throws {
        #expect(try ExpiryQuestion.absolute.answer([.integer(1_700_000_000_123)]) == .at(1_700_000_000_123))
        #expect(try ExpiryQuestion.absolute.answer([.integer(-1)]) == .at(nil))
        #expect(try ExpiryQuestion.absolute.answer([.integer(-2)]) == .at(nil))
    }

    @Test("what is left counts when the clock stood in the same millisecond before and after")
    func relative() throws {
        let question = ExpiryQuestion.relative(tries: 2)
        let quiet = [Self.clock(5_000_100), .integer(70), Self.clock(5_000_900), .integer(70), Self.clock(5_001_000)]
        #expect(try question.answer(quiet[...]) == .at(5070))
        let second = [Self.clock(5_000_900), .integer(70), Self.clock(5_001_100), .integer(69), Self.clock(5_001_200)]
        #expect(try question.answer(second[...]) == .at(5070))
        let hasty = [Self.clock(5_000_900), .integer(70), Self.clock(5_001_100), .integer(69), Self.clock(5_002_200)]
        #expect(try question.answer(hasty[...]) == .unclear)
    }

    @Test("a key that never expires needs no clock")
    func never() throws {
        let replies = [Self.clock(5_000_900), .integer(-1), Self.clock(5_001_100)]
        #expect(try ExpiryQuestion.relative(tries: 1).answer(replies[...]) == .at(nil))
    }

    @Test(
        "what Redis does not say is refused",
        arguments: [
            [], [.null], [.integer(1), .integer(2), .integer(3)],
            [.array([]), .integer(2), .array([])], [.array([.null, .null]), .integer(2), .array([.null, .null])],
        ] as [[Reply]])
    func nonsense(replies: [Reply]) {
        #expect(throws: Fault.self) { try ExpiryQuestion.relative(tries: 1).answer(replies[...]) }
    }

    @Test("the largest time is not gone beyond")
    func overflow() throws {
        let replies = [Self.clock(5_000_100), .integer(.max), Self.clock(5_000_200)]
        #expect(try ExpiryQuestion.relative(tries: 1).answer(replies[...]) == .at(.max))
    }
}
