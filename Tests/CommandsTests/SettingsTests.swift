// SPDX-License-Identifier: Apache-2.0

import Changelog
import Faults
import PostgresAdapter
import Runtime
import TestSupport
import Testing

@testable import Commands

/// Settings of a call with these layers.
func settings(
    _ flags: [SettingKey: String] = [:], environment: [String: String] = [:], yaml: String? = nil,
    in folder: TemporaryFolder? = nil
) throws -> Settings {
    guard let yaml, let folder else { return try Settings(flags: flags, environment: environment, filePath: nil) }
    try folder.write(Array(yaml.utf8), to: "kedge.yaml")
    return try Settings(flags: flags, environment: environment, filePath: folder("kedge.yaml"))
}

/// The fault that `body` throws.
func fault(_ body: () throws -> Void) -> Fault? {
    do { try body() } catch { return error as? Fault }
    return nil
}

@Suite struct SettingsTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test func `a flag comes before the environment, that before the file, that before the default`() throws {
        let layers: [([SettingKey: String], [String: String], String, String, Settings.Origin)] = [
            ([.jobs: "1"], ["KEDGE_JOBS": "2"], "jobs: 3", "1", .flag),
            ([:], ["KEDGE_JOBS": "2"], "jobs: 3", "2", .environment), ([:], [:], "jobs: 3", "3", .file),
            ([:], [:], "quiet: true", "0", .builtIn),
        ]
        for (flags, environment, yaml, value, origin) in layers {
            let entry = try settings(flags, environment: environment, yaml: yaml, in: folder).entry(.jobs)
            #expect(entry?.value == value && entry?.origin == origin)
        }
        #expect(try settings().entry(.slot) == nil)
    }

    @Test(arguments: SettingKey.allCases)
    func `every setting can be given in every layer`(key: SettingKey) throws {
        let variable = "KEDGE_" + key.rawValue.uppercased().split(separator: "-").joined(separator: "_")
        #expect(try settings(environment: [variable: "v"]).entry(key)?.origin == .environment)
        #expect(try settings(yaml: "\(key.rawValue): v", in: folder).entry(key)?.value == "v")
        #expect(try settings([key: "v"]).entry(key)?.origin == .flag)
    }

    @Test(arguments: [
        ("KEDGE_JOB", "KEDGE_JOBS"), ("KEDGE_ANCHOR_EVRY", "KEDGE_ANCHOR_EVERY"), ("KEDGE_SLOTS", "KEDGE_SLOT"),
    ])
    func `a variable with a slip of the pen is refused with what was meant`(name: String, nearest: String) {
        let fault = fault { _ = try settings(environment: [name: "1"]) }
        #expect(fault?.code == .settingUnknown && fault?.message.contains(name) == true)
        #expect(fault?.hint == "did you mean \(nearest)?")
    }

    @Test(arguments: [
        "KEDGE_SERVICE_HOST", "KEDGE_PORT_5432_TCP", "KEDGE_TEST_URI", "KEDGE_CRASH_AT", "PGHOST", "KEDGEX",
        "KEDGE_XYZZY_QUUX",
    ])
    func `variables of others are left alone`(name: String) throws {
        _ = try settings(environment: [name: "1"])
    }

    @Test func `a line that means nothing is refused with the nearest that does`() {
        let fault = fault { _ = try settings(yaml: "tabels: a.b", in: folder) }
        #expect(fault?.code == .settingUnknown && fault?.hint == "did you mean tables?")
        #expect(fault?.message.contains("\"tabels\" in \(folder("kedge.yaml"))") == true)
    }

    @Test func `a file holds texts, numbers, truth values and lists`() throws {
        let yaml = """
            # a comment
            to: /data/export
            jobs: 4
            quiet: true
            no-create: false
            tables: [public.orders, "sales.*"]
            exclude-tables:
              - public.tmp_*
              - a.b
            segment-bytes: 64MiB
            """
        let settings = try settings(yaml: yaml, in: folder)
        #expect(try settings.required(.to) == "/data/export" && settings.number(.jobs, 0...9) == 4)
        #expect(try settings.flag(.quiet) && !settings.flag(.noCreate))
        #expect(try settings.selection().include.map(\.description) == ["public.orders", "sales.*"])
        #expect(try settings.selection().exclude.map(\.description) == ["public.tmp_*", "a.b"])
        #expect(try settings.byteCount(.segmentBytes) == 64 << 20)
    }

    @Test(arguments: ["", "\n\n", "# nothing\n"])
    func `an empty file says nothing`(yaml: String) throws {
        #expect(try settings(yaml: yaml, in: folder).entry(.to) == nil)
    }

    @Test(arguments: ["to: [", "- a\n- b", "just text", "to: \"open", "a: b: c", "\tto: x"])
    func `what is no YAML, and no list of settings, is unreadable`(yaml: String) {
        let fault = fault { _ = try settings(yaml: yaml, in: folder) }
        #expect(fault?.code == .configUnreadable && fault?.message.contains("kedge.yaml") == true)
    }

    @Test func `a missing file is unreadable`() {
        let path = folder("none.yaml")
        let fault = fault { _ = try Settings(flags: [:], environment: [:], filePath: path) }
        #expect(fault?.code == .configUnreadable && fault?.message.contains(path) == true)
    }

    @Test func `a value that is a mapping is refused`() {
        let fault = fault { _ = try settings(yaml: "to:\n  folder: x", in: folder) }
        #expect(fault?.code == .settingInvalid && fault?.message.contains("\"to\"") == true)
    }
}

@Suite struct ValueTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test func `an error says what was wrong, what was expected, and where it was set`() throws {
        let flag = fault { _ = try settings([.jobs: "x"]).number(.jobs, 0...9) }
        #expect(flag?.code == .usage && flag?.message == "--jobs: \"x\" is not a whole number from 0 to 9")
        let variable = fault { _ = try settings(environment: ["KEDGE_JOBS": "x"]).number(.jobs, 0...9) }
        #expect(variable?.code == .settingInvalid && variable?.message.hasPrefix("KEDGE_JOBS: \"x\"") == true)
        let file = fault { _ = try settings(yaml: "jobs: x", in: folder).number(.jobs, 0...9) }
        #expect(
            file?.code == .settingInvalid && file?.message.hasPrefix("jobs in the configuration file: \"x\"") == true)
    }

    @Test func `an error never shows a password`() throws {
        let fault = fault { _ = try PostgresRunSettings(settings([.to: "s3://u:canary@h/x"])) }
        #expect(fault?.message.contains("canary") == false && fault?.message.contains("s3://u:***@h/x") == true)
    }

    @Test func `what must be there and is not names its flag and its variable`() throws {
        for flags: [SettingKey: String] in [[:], [.to: ""]] {
            let fault = fault { _ = try settings(flags).required(.to) }
            #expect(fault?.code == .usage && fault?.message == "--to is missing")
            #expect(fault?.hint == "give --to, or set KEDGE_TO")
        }
    }

    @Test(arguments: [
        ("4096", 4096), ("0", 0), ("1b", 1), ("1kb", 1000), ("1KiB", 1024), ("64MiB", 64 << 20),
        ("2 GB", 2_000_000_000),
        ("1gib", 1 << 30), ("3TB", 3_000_000_000_000), ("1TiB", 1 << 40),
    ])
    func `sizes have units`(text: String, expected: Int) throws {
        #expect(Quantity.byteCount(text) == expected)
        #expect(try settings([.minFree: text]).byteCount(.minFree) == expected)
    }

    @Test(arguments: [
        "", "MiB", "-1", "+1", "1.5GB", "64M", "1 0", "9223372036854775808", "9223372036854775807KiB", "10s", "１",
    ])
    func `what is no size is refused`(text: String) throws {
        #expect(Quantity.byteCount(text) == nil)
        #expect(fault { _ = try settings([.minFree: text]).byteCount(.minFree) }?.code == .usage)
    }

    @Test func `a size below the least is refused with the least`() throws {
        let fault = fault { _ = try settings([.segmentBytes: "1KiB"]).byteCount(.segmentBytes, minimum: 65_536) }
        #expect(fault?.message.contains("at least 65536 bytes") == true)
    }

    @Test(arguments: [
        ("250ms", Duration.milliseconds(250)), ("10s", .seconds(10)), ("5m", .seconds(300)), ("5min", .seconds(300)),
        ("1h", .seconds(3600)), ("2d", .seconds(172_800)), ("0s", .zero), ("10 s", .seconds(10)),
    ])
    func `times have units`(text: String, expected: Duration) throws {
        #expect(try settings([.retryFor: text]).duration(.retryFor) == expected)
    }

    @Test(arguments: ["", "10", "s", "-1s", "1.5s", "10sec", "10s5m", "64M", "99999999999999999999s"])
    func `what is no time is refused`(text: String) throws {
        #expect(fault { _ = try settings([.retryFor: text]).duration(.retryFor) }?.code == .usage)
    }

    @Test func `an anchor's policy is a list in any order`() throws {
        let whole = AnchorPolicy(interval: .seconds(10), transactionCount: 500, byteCount: 64 << 20)
        #expect(Quantity.anchorPolicy("10s,500tx,64MiB") == whole)
        #expect(Quantity.anchorPolicy("64MiB, 10s ,500TX") == whole)
        #expect(Quantity.anchorPolicy("5tx")?.transactionCount == 5)
        #expect(Quantity.anchorPolicy("5tx")?.byteCount == .max)
        #expect(Quantity.anchorPolicy("1s")?.transactionCount == .max)
        #expect(Quantity.anchorPolicy("0tx,0b")?.transactionCount == 1)
    }

    @Test(arguments: ["", ",", "x", "10s,10s", "1tx,2tx", "1MiB,2MiB", "10s,", "10s;5tx", "1s,1tx,1b,1b"])
    func `what is no policy is refused`(text: String) {
        let isEmptyEnd = text == "10s,"
        #expect((Quantity.anchorPolicy(text) == nil) != isEmptyEnd)
    }

    @Test func `a run ends nowhere, now, at a position or at a time`() throws {
        #expect(try settings().stopTarget() == .none)
        #expect(try settings([.until: "now"]).stopTarget() == .now)
        #expect(try settings([.until: "0/16B3748"]).stopTarget() == .position(Position(rawValue: 0x16B_3748)))
        #expect(
            try settings([.until: "1970-01-01T00:00:01Z"]).stopTarget() == .time(Timestamp(microseconds: 1_000_000)))
    }

    @Test(arguments: ["", "Now", "tomorrow", "0/", "0/G", "2026-02-30", "2026-11-22T10:00:00+::"])
    func `what is no end is refused`(text: String) throws {
        #expect(fault { _ = try settings([.until: text]).stopTarget() }?.code == .usage)
    }

    @Test(arguments: [("true", true), ("yes", true), ("1", true), ("false", false), ("no", false), ("0", false)])
    func `yes and no have three spellings`(text: String, expected: Bool) throws {
        #expect(try settings(environment: ["KEDGE_QUIET": text]).flag(.quiet) == expected)
    }

    @Test(arguments: ["", "TRUE", "on", "2"])
    func `what is neither yes nor no is refused`(text: String) throws {
        #expect(fault { _ = try settings([.quiet: text]).flag(.quiet) }?.code == .usage)
    }

    @Test func `a choice names all there are`() throws {
        let fault = fault { _ = try settings([.toast: "null"]).choice(.toast, PostgresOptions.ToastPolicy.self) }
        #expect(fault?.message == "--toast: \"null\" is not one of unknown, fail")
    }

    @Test(arguments: ["a.", ".b", "a.b,.", "a.b, c."])
    func `half a pattern is refused`(text: String) throws {
        #expect(fault { _ = try settings([.tables: text]).selection() }?.code == .usage)
    }
}
