// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import Hiredis
import Testing

@testable import RedisStreams

/// What servers answer, in the shapes of 6.2 and of 7.0.
@Suite struct ReplyTests {
    @Test(arguments: [
        ("0-0", EntryID(0, 0)), ("1700000000000-5", EntryID(1_700_000_000_000, 5)),
        ("18446744073709551615-18446744073709551615", EntryID.last), ("007-01", EntryID(7, 1)),
        ("18446744073709551616-0", nil), ("1-18446744073709551616", nil), ("", nil), ("-", nil), ("1-", nil),
        ("-1", nil), ("1", nil), ("1-2-3", nil), ("+1-2", nil), ("1- 2", nil), ("a-b", nil),
    ])
    func `an identifier is two unsigned numbers of 64 bits`(text: String, id: EntryID?) {
        let read = Array(text.utf8).withRawSpan { EntryID(reading: $0) }
        #expect(read == id)
    }

    @Test func `before an identifier lies another, until there is none`() {
        #expect(EntryID(5, 3).predecessor == EntryID(5, 2))
        #expect(EntryID(5, 0).predecessor == EntryID(4, .max))
        #expect(EntryID.zero.predecessor == .zero)
        #expect(EntryID.last.predecessor == EntryID(.max, .max - 1))
    }

    private static let old = [
        "length", ":3", "radix-tree-keys", ":1", "radix-tree-nodes", ":2", "last-generated-id", "9-1", "groups", ":0",
        "first-entry", "[7-1 a b]", "last-entry", "[9-1 a c]",
    ]

    @Test func `the state of a stream is read in both shapes`() throws {
        let old = try #require(try state(Self.old))
        #expect(old.length == 3 && old.lastGenerated == EntryID(9, 1) && old.first == EntryID(7, 1))
        #expect(old.added == nil && old.maxDeleted == nil)
        #expect(old.firstWitness != old.lastWitness && old.lastWitness?.id == EntryID(9, 1))
        let new = try #require(
            try state(
                Self.old + ["max-deleted-entry-id", "4-4", "entries-added", ":12", "recorded-first-entry-id", "7-1"])
        )
        #expect(new.added == 12 && new.maxDeleted == EntryID(4, 4))
        let empty = try #require(try state(["length", ":0", "last-generated-id", "9-1", "first-entry", "nil"]))
        #expect(empty.first == nil && empty.length == 0)
    }

    @Test func `a reply that does not say enough is none`() throws {
        #expect(try state(["length", ":0"]) == nil)
        #expect(try state(["last-generated-id", "9-1"]) == nil)
        #expect(try state(["length", ":2", "last-generated-id", "9-1", "first-entry", "nil"]) == nil)
        #expect(try state(["length", ":2", "last-generated-id"]) == nil)
    }

    @Test func `witnesses differ when anything in an entry does`() throws {
        let entries = [
            "[1-1 a b]", "[1-1 a c]", "[1-1 ab ]", "[1-1 a b c d]", "[1-1 aaaaaaaab b]", "[1-1 aaaaaaaac b]",
            "[1-2 a b]",
        ]
        var witnesses: [Witness] = []
        for entry in entries { witnesses.append(try #require(try read(item(entry)) { Witness($0) })) }
        #expect(Set(witnesses).count == entries.count)
        for witness in witnesses { #expect(Witness(witness.description) == witness) }
        #expect(Witness("1-1") == nil && Witness("x/1") == nil)
    }

    @Test func `what others left lying is read in both shapes`() throws {
        let new = try read("*3\r\n" + item("0-0") + "*1\r\n" + item("[5-1 a b]") + "*2\r\n" + item("1-1") + item("2-1"))
        {
            try ClaimReply($0)
        }
        #expect(
            new.next == nil && new.entryCount == 1 && new.lost == [EntryID(1, 1), EntryID(2, 1)] && !new.hasNameless)
        let old = try read("*2\r\n" + item("6-0") + "*2\r\n" + item("nil") + item("[5-1 a b]")) { try ClaimReply($0) }
        #expect(old.next == EntryID(6, 0) && old.entryCount == 2 && old.lost.isEmpty && old.hasNameless)
        #expect(throws: (any Error).self) { try read("*1\r\n" + item("6-0")) { try ClaimReply($0) } }
    }

    @Test func `an entry that was trimmed while it was pending has no fields`() throws {
        let there = try read(item("[5-1 a b]")) { try GroupEntry.id(of: $0) }
        #expect(there?.id == EntryID(5, 1) && there?.isThere == true)
        let gone = try read("*2\r\n" + item("5-1") + "*-1\r\n") { try GroupEntry.id(of: $0) }
        #expect(gone?.id == EntryID(5, 1) && gone?.isThere == false)
        let nameless = try read("$-1\r\n") { try GroupEntry.id(of: $0) }
        #expect(nameless == nil)
    }

    // MARK: Parts

    private func state(_ items: [String]) throws -> StreamState? {
        try read("*\(items.count)\r\n" + items.map(item).joined()) { StreamState($0) }
    }

    /// `:3` is a number, `nil` nothing, `[1-1 a b]` an entry, everything else text.
    private func item(_ text: String) -> String {
        if text.hasPrefix(":") { return "\(text)\r\n" }
        if text == "nil" { return "$-1\r\n" }
        if text.hasPrefix("[") {
            let words = text.dropFirst().dropLast().split(separator: " ", omittingEmptySubsequences: false)
            let fields = words.dropFirst().map { item(String($0)) }
            return "*2\r\n" + item(String(words[0])) + "*\(fields.count)\r\n" + fields.joined()
        }
        return "$\(text.utf8.count)\r\n\(text)\r\n"
    }

    private func read<R>(_ text: String, _ body: (ReplyView) throws -> R) throws -> R {
        var reader = try ReplyReader()
        try Array(text.utf8).withRawSpan { try reader.feed($0) }
        #expect(try reader.advance())
        return try body(reader.reply)
    }
}
