// SPDX-License-Identifier: Apache-2.0

import Changelog
import PostgresAdapter
import Testing

@Suite struct TableSelectionTests {
    @Test(arguments: [
        ("public.orders", "public.orders", true), ("orders", "public.orders", true), ("orders", "sales.orders", false),
        ("sales.*", "sales.orders", true), ("sales.*", "sales2.orders", false), ("*.orders", "a.orders", true),
        ("*.*", "a.b", true), ("a.b?", "a.b", false), ("a.b?", "a.b1", true), ("a.b?", "a.b12", false),
        ("a.*_log", "a.x_log_log", true), ("a.*_log", "a.x_logs", false), ("a.x*y*z", "a.xyyz", true),
        ("a.x*y*z", "a.xz", false), ("a.*", "a.", true), ("Public.orders", "public.orders", false),
        ("a.orders", "a.Orders", false), ("a.b.c", "a.b.c", true), ("a.***", "a.b", true), ("a.größe", "a.größe", true),
        ("a.?", "a.漢", true), ("a.[b]", "a.b", false), ("a.%", "a.b", false),
    ])
    func `a pattern means the tables that it matches`(pattern: String, table: String, isMeant: Bool) throws {
        let parts = table.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let name = TableName(namespace: parts[0], name: parts[1])
        #expect(try #require(TableSelection.Pattern(pattern)).matches(name) == isMeant)
    }

    @Test(arguments: ["", ".", "a.", ".a", "..a"])
    func `a pattern of which a half is missing is none`(text: String) {
        #expect(TableSelection.Pattern(text) == nil)
    }

    @Test func `what a pattern excludes is left out though another includes it`() throws {
        let include = try ["s.*", "t.a"].map { try #require(TableSelection.Pattern($0)) }
        let exclude = try ["s.tmp_*"].map { try #require(TableSelection.Pattern($0)) }
        let selection = TableSelection(include: include, exclude: exclude)
        let names = [("s", "a"), ("s", "tmp_1"), ("t", "a"), ("t", "b")].map { TableName(namespace: $0, name: $1) }
        #expect(names.filter(selection.contains).map(\.description) == ["s.a", "t.a"])
        #expect(names.filter(TableSelection(exclude: exclude).contains).map(\.description) == ["s.a", "t.a", "t.b"])
        #expect(names.filter(TableSelection().contains).count == 4)
    }

    @Test func `many stars do not take for ever`() throws {
        let pattern = try #require(TableSelection.Pattern("a." + String(repeating: "*a", count: 30) + "b"))
        let begun = ContinuousClock.now
        #expect(!pattern.matches(TableName(namespace: "a", name: String(repeating: "a", count: 63))))
        #expect(ContinuousClock.now - begun < .seconds(1))
    }
}
