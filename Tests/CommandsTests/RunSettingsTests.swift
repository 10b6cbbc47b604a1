// SPDX-License-Identifier: Apache-2.0

import Faults
import PostgresAdapter
import Runtime
import TestSupport
import Testing

@testable import Commands

@Suite struct RunSettingsTests {
    @Test func `what nobody says is the default`() throws {
        let run = try PostgresRunSettings(settings([.to: "/data/shop"]))
        #expect(run.slot == "kedge_shop" && run.publication == "kedge_shop" && run.mode == .initial)
        #expect(run.target == .none && run.jobs >= 1 && run.creation == .allowed && run.run.columnPrefix == "_cdc_")
        #expect(run.run.policy == AnchorPolicy(interval: .seconds(10), transactionCount: 10_000, byteCount: 64 << 20))
        #expect(run.run.limits.queueByteCount == 4 << 20 && run.run.limits.minimumFreeByteCount == 1 << 30)
        #expect(run.run.limits.stopGrace == .seconds(10) && run.run.retryFor == .seconds(300))
    }

    @Test func `what somebody says is taken`() throws {
        let run = try PostgresRunSettings(
            settings([
                .to: "x", .slot: "s_1", .publication: "Any Name", .noCreate: "true", .snapshot: "none", .jobs: "3",
                .columnPrefix: "K_", .toast: "fail", .messages: "exclude", .slotTimeout: "5s",
            ]))
        #expect(run.slot == "s_1" && run.publication == "Any Name" && run.creation == .forbidden)
        #expect(run.mode == .streamOnly && run.jobs == 3 && run.run.columnPrefix == "K_" && run.toast == .fail)
        #expect(run.messages == .exclude && run.slotTimeout == .seconds(5))
        #expect(try PostgresRunSettings(settings([.to: "x"]), snapshotOnly: true).mode == .snapshotOnly)
    }

    @Test(arguments: [
        ("/data/shop", "kedge_shop"), ("shop", "kedge_shop"), ("/data/My Shop-2/", "kedge_my_shop_2"), ("/", "kedge"),
        (".", "kedge"), ("..", "kedge"), ("/x/__a__", "kedge_a"), ("/x/Straße", "kedge_stra_e"), ("/x/漢", "kedge"),
        ("/x/²", "kedge"),
    ])
    func `the slot is named after the folder`(path: String, slot: String) throws {
        #expect(PostgresRunSettings.defaultSlot(path) == slot)
        #expect(try PostgresRunSettings(settings([.to: path])).slot == slot)
    }

    @Test func `the name of a long folder is cut`() throws {
        #expect(PostgresRunSettings.defaultSlot("/x/" + String(repeating: "a", count: 200)).utf8.count == 63)
    }

    @Test(arguments: ["", "A", "a-b", "a b", "é", "a;b", String(repeating: "a", count: 64)])
    func `a name that no slot can have is refused, and says where it was set`(name: String) throws {
        let flag = fault { _ = try PostgresRunSettings(settings([.to: "x", .slot: name])) }
        #expect(flag?.code == .usage && flag?.message.hasPrefix("--slot: \"\(name)\"") == true)
        let variable = fault { _ = try PostgresRunSettings(settings([.to: "x"], environment: ["KEDGE_SLOT": name])) }
        #expect(variable?.code == .settingInvalid && variable?.message.hasPrefix("KEDGE_SLOT: \"\(name)\"") == true)
    }

    @Test(arguments: ["", "a b", "é", "\"", "a.b", String(repeating: "a", count: 33)])
    func `a prefix that no column can have is refused`(prefix: String) throws {
        let fault = fault { _ = try PostgresRunSettings(settings([.to: "x", .columnPrefix: prefix])) }
        #expect(fault?.code == .usage && fault?.message.hasPrefix("--column-prefix: ") == true)
    }

    @Test(arguments: ["s3://bucket/x", "file:///x", "postgresql://u:p@h/db"])
    func `an address is no folder`(path: String) throws {
        #expect(fault { _ = try PostgresRunSettings(settings([.to: path])) }?.code == .usage)
    }

    @Test(arguments: [("/a/b/", "/a/b"), ("a//", "a"), ("/", "/"), ("//", "/")])
    func `slashes at the end of a folder are nothing`(path: String, expected: String) throws {
        #expect(try PostgresRunSettings(settings([.to: path])).run.path == expected)
    }

    @Test(arguments: [
        [SettingKey.jobs: "257"], [.jobs: "-1"], [.segmentRows: "0"], [.segmentBytes: "1KiB"], [.queueBytes: "1KiB"],
        [.compression: "lz4"], [.compressionLevel: "0"], [.compressionLevel: "20"],
        [.compression: "gzip", .compressionLevel: "10"], [.snapshot: "all"], [.anchorEvery: "often"],
        [.until: "later"], [.minFree: "lots"], [.tables: "a."],
    ])
    func `a value out of its bounds is refused before anything is touched`(flags: [SettingKey: String]) throws {
        let fault = fault { _ = try PostgresRunSettings(settings(flags.merging([.to: "x"]) { first, _ in first })) }
        #expect(fault?.code == .usage)
    }

    @Test func `no folder is wrong usage`() throws {
        #expect(fault { _ = try PostgresRunSettings(settings()) }?.code == .usage)
    }
}
