// SPDX-License-Identifier: Apache-2.0

import Faults
import Testing

@Suite struct SpellingTests {
    private static let words = ["run", "plan", "doctor", "status", "anchors", "verify", "cat"]

    @Test(arguments: [
        ("rnu", "run"), ("rn", "run"), ("runn", "run"), ("RUN", "run"), ("sttaus", "status"), ("verfiy", "verify"),
        ("doktor", "doctor"), ("anchor", "anchors"),
    ])
    func `a slip is put right`(slip: String, meant: String) {
        #expect(Spelling.nearest(to: slip, among: Self.words) == meant)
    }

    @Test(arguments: ["xyzzy", "export", ""])
    func `what is nobody's slip is left alone`(word: String) {
        #expect(Spelling.nearest(to: word, among: Self.words) == nil)
        #expect(Spelling.nearest(to: word, among: []) == nil)
    }

    @Test func `two letters that changed places are one slip`() {
        #expect(Spelling.nearest(to: "rnu", among: ["run"], within: 1) == "run")
        #expect(Spelling.nearest(to: "nur", among: ["run"], within: 1) == nil)
        #expect(Spelling.nearest(to: "öä", among: ["äö"], within: 1) == "äö")
    }

    @Test func `the nearest wins, and of equals the first`() {
        #expect(Spelling.nearest(to: "orders_2", among: ["orders", "orders_1", "orders_22"]) == "orders_1")
    }
}
