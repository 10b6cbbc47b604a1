// SPDX-License-Identifier: Apache-2.0

import LibPQ
import Testing

@Suite struct QuotingTests {
    @Test(arguments: [
        ("orders", #""orders""#), ("", #""""#), (#"a"b"#, #""a""b""#), (#"""#, #""""""#), ("Größe 漢", #""Größe 漢""#),
        (#"a\b'c"#, #""a\b'c""#), ("a\"\u{301}; drop", "\"a\"\"\u{301}; drop\""),
    ])
    func `identifiers stand in double quotes`(name: String, expected: String) {
        #expect(scalars(PQConnection.quoted(identifier: name)) == scalars(expected))
    }

    @Test(arguments: [
        ("orders", "'orders'"), ("", "''"), ("it's", "'it''s'"), (#"a\b"#, #" E'a\\b'"#), (#"\'"#, #" E'\\'''"#),
        ("Größe 漢", "'Größe 漢'"), (#"a"b"#, #"'a"b'"#), ("a'\u{301}; drop", "'a''\u{301}; drop'"),
        ("\\\u{301}", " E'\\\\\u{301}'"),
    ])
    func `literals stand in single quotes, whatever the server makes of backslashes`(text: String, expected: String) {
        #expect(scalars(PQConnection.quoted(literal: text)) == scalars(expected))
    }

    /// Texts that look the same are not the same to a server.
    private func scalars(_ text: String) -> [Unicode.Scalar] { Array(text.unicodeScalars) }
}
