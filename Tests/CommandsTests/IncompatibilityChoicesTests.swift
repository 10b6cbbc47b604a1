// SPDX-License-Identifier: Apache-2.0

import Changelog
import Export
import Testing

@testable import Commands

@Suite("What --on-incompatible says")
struct IncompatibilityChoicesTests {
    private func choice(_ text: String, _ table: String) -> IncompatibilityChoice? {
        IncompatibilityChoices(text)?.choice(for: TableName(namespace: "public", name: table))
    }

    @Test("one choice for all, and others for some")
    func choices() {
        #expect(choice("quarantine", "orders") == .quarantine)
        #expect(choice("orders=new-table", "orders") == .newTable && choice("orders=new-table", "items") == .stop)
        #expect(choice("public.o*=stop, new-table", "orders") == .stop)
        #expect(choice("new-table,public.o*=stop", "items") == .newTable)
        #expect(choice("orders=quarantine,o*=stop", "orders") == .quarantine)
    }

    @Test("anything else is none", arguments: ["", "go", "stop,quarantine", "orders=", "=stop", "a=b=stop", "a=go"])
    func refused(text: String) {
        #expect(IncompatibilityChoices(text) == nil)
    }
}
