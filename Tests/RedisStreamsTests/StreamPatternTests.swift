// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import RedisStreams

/// Which keys are meant.
@Suite struct StreamPatternTests {
    @Test(arguments: [
        ("orders", "orders", true), ("orders", "orders2", false), ("events:*", "events:", true),
        ("events:*", "events:eu:1", true), ("events:*", "event:", false), ("*", "", true), ("a*b*c", "aXbXbc", true),
        ("a*b*c", "aXbXbcd", false), ("a?c", "abc", true), ("a?c", "ac", false), (#"a\*c"#, "a*c", true),
        (#"a\*c"#, "abc", false), ("**x", "aax", true), ("[ab]", "a", false), ("[ab]", "[ab]", true),
    ])
    func `stars stand for any bytes, question marks for one`(pattern: String, key: String, isMeant: Bool) throws {
        let pattern = try #require(StreamPattern(pattern))
        #expect(pattern.matches(Array(key.utf8)) == isMeant)
    }

    @Test func `a pattern without wildcards is a key`() throws {
        #expect(StreamPattern("") == nil)
        #expect(StreamPattern("orders")?.key == Array("orders".utf8))
        #expect(StreamPattern(#"a\*"#)?.key == Array("a*".utf8))
        #expect(StreamPattern("a*")?.key == nil)
    }

    @Test func `the server is asked for what lies behind the literal beginning alone`() throws {
        let patterns = ["orders", "ev[1]-*x?", "*"].compactMap { StreamPattern($0) }
        let selection = StreamSelection(patterns)
        #expect(selection.keys == [Array("orders".utf8)])
        #expect(selection.searches.map { String(decoding: $0, as: UTF8.self) } == [#"ev\[1\]\-*"#, "*"])
        #expect(selection.contains([0xff]) && selection.contains(Array("orders".utf8)))
    }

    @Test func `a key that is no text is shown with its odd bytes escaped, and found again`() throws {
        let name = StreamName(key: [0x61, 0xff, 0xc3, 0xa9, 0x80])
        #expect(name.text == #"a\xffé\x80"# && name.isEscaped)
        #expect(StreamName(lane: name.text, keyFact: name.keyFact) == name)
        #expect(StreamName(lane: "other", keyFact: name.keyFact) == nil)
        let plain = StreamName("é")
        #expect(plain.keyFact == nil && StreamName(lane: "é", keyFact: nil) == plain)
    }
}
