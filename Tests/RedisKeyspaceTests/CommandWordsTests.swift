// SPDX-License-Identifier: Apache-2.0

import Bytes
import Testing

@testable import RedisKeyspace

@Suite("The words of commands")
struct CommandWordsTests {
    private func find(_ text: String) throws(WireFault) -> CommandWords.Outcome {
        var words = CommandWords()
        let bytes = Array(text.utf8)
        return try bytes.withRawSpan { (text) throws(WireFault) in try words.find(in: text, from: 0) }
    }

    @Test("a command ends behind its last word")
    func whole() throws {
        #expect(try find("*2\r\n$3\r\nDEL\r\n$1\r\na\r\n*1") == .whole(20))
        #expect(try find("*2\r\n$3\r\nDEL\r\n$1\r\na\r") == .short)
    }

    @Test(
        "a word that does not end where it should is malformed, at that place",
        arguments: [
            ("*2\r\n$3\r\nDELX\r\n$1\r\na\r\n", 11), ("*2\r\n$3\r\nDEL\r\n$1\r\na*1\r\n", 18),
            ("*1\r\n$4\r\nPING\n\n", 12),
        ])
    func ends(text: String, place: Int) throws {
        #expect(throws: WireFault(.malformed, at: place)) { try find(text) }
    }
}
