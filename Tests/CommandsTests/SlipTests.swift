// SPDX-License-Identifier: Apache-2.0

import Faults
import TestSupport
import Testing

@testable import Commands

@Suite struct SlipTests {
    @Test(
        arguments: [
            ("postgresql://h/d", nil), ("postgres://u:p@h:5432/d?sslmode=require", nil), ("host=h dbname=d", nil),
            ("", nil),
            ("shop", nil), ("service=shop", nil), ("host=h password='a b'", nil), ("postgresql://", nil),
            ("postgresql://u:a%3Db@h/d", nil), ("host=h application_name='a://b'", nil),
            ("mysql://h/d", "\"mysql\" is no scheme"), ("https://h/d", "\"https\" is no scheme"),
            ("db.example/shop", "has no scheme"), ("db.example:5432", "has no scheme"), ("u@h", "has no scheme"),
            ("host=h dbnam=d", "invalid connection option"),
            ("postgresql://h/d?sslmod=require", "invalid URI query parameter"),
            ("postgresql://[::1/d", "libpq"), ("host=h dbname", "missing"),
        ] as [(String, String?)])
    func `a connection string is read before anything is tried`(source: String, words: String?) throws {
        let fault = fault { _ = try settings([.source: source]).source() }
        guard let words else {
            #expect(fault == nil, "\(fault?.message ?? "")")
            return
        }
        #expect(fault?.code == .usage && fault?.message.hasPrefix("--source: no connection string: ") == true)
        if words != "libpq" { #expect(fault?.message.contains(words) == true, "\(fault?.message ?? "")") }
        let variable = faultCode { _ = try settings(environment: ["KEDGE_SOURCE": source]).source() }
        #expect(variable == .settingInvalid)
    }

    @Test(arguments: [
        "mysql://u:canary@h/d", "postgresq://u:canary@h/d", "u:canary@h/d", "postgresql://u:canary%zz@h/d",
        "host=h password=a canary", "host=h pasword=canary", "postgresql://u:canary@[::1/d",
        "postgresql://u:canary@h/d?sslmod=x",
    ])
    func `what is said of a connection string shows no password`(source: String) {
        let fault = fault { _ = try settings([.source: source]).source() }
        #expect(fault != nil && fault?.description.contains("canary") == false, "\(fault?.description ?? "")")
    }

    @Test(arguments: [
        ("postgresq://h", "did you mean postgresql://?"), ("postgre://h", "did you mean postgres://?"),
        ("Postgresql://h", "did you mean postgresql://?"),
    ])
    func `a scheme with a slip is put right`(source: String, hint: String) {
        #expect(fault { _ = try settings([.source: source]).source() }?.hint == hint)
    }

    @Test(arguments: [
        (SettingKey.snapshot, "inital", "initial"), (.snapshot, "onyl", "only"), (.toast, "unknwon", "unknown"),
        (.messages, "excude", "exclude"), (.compression, "zst", "zstd"), (.until, "NOW", "now"),
    ])
    func `a choice with a slip is put right`(key: SettingKey, slip: String, meant: String) {
        let fault = fault { _ = try PostgresRunSettings(settings([.to: "x", key: slip])) }
        #expect(fault?.code == .usage && fault?.hint == "did you mean \(meant)?")
    }

    @Test func `a choice that nobody meant lists all there are`() {
        let fault = fault { _ = try PostgresRunSettings(settings([.to: "x", .compression: "brotli"])) }
        #expect(fault?.message.hasSuffix("is not one of zstd, gzip, none") == true && fault?.hint == nil)
    }

    @Test func `a snapshot alone ends by itself`() throws {
        for until in ["0/16B3748", "2026-11-22T10:00:00Z"] {
            let flags: [SettingKey: String] = [.to: "x", .until: until]
            #expect(fault { _ = try PostgresRunSettings(settings(flags), snapshotOnly: true) }?.code == .usage)
            let both = flags.merging([.snapshot: "only"]) { first, _ in first }
            #expect(fault { _ = try PostgresRunSettings(settings(both)) }?.code == .usage)
        }
        _ = try PostgresRunSettings(settings([.to: "x", .until: "now", .snapshot: "only"]))
        let variable = ["KEDGE_UNTIL": "0/1"]
        let fault = fault {
            _ = try PostgresRunSettings(settings([.to: "x", .snapshot: "only"], environment: variable))
        }
        #expect(fault?.code == .settingInvalid && fault?.message.hasPrefix("KEDGE_UNTIL: ") == true)
    }

    @Test(arguments: [
        (["rnu"], "\"rnu\" is no command", "did you mean `kedge run`?"),
        (["export"], "\"export\" is no command", "see `kedge help`"),
        (["run", "-x"], "unknown option '-x'", "see `kedge help run`"),
        (["--nonsense"], "unknown option '--nonsense'", "see `kedge help`"),
    ])
    func `wrong usage is a fault like any other`(arguments: [String], message: String, hint: String) {
        let fault = UsageFault.fault("Unknown option '\(arguments.last ?? "")'.\nMore of it.", of: arguments)
        #expect(fault.code == .usage && fault.message == message && fault.hint == hint)
    }

    @Test(arguments: [
        ["run", "--to", "x", "--no-create", "--resnapshot"],
        ["run", "--to", "x", "--snapshot", "only", "--until", "0/1"],
        ["run", "--to", "x", "--source", "mysql://h/d"], ["plan", "--source", "db.example/shop"],
        ["doctor", "--source", "db:5432"], ["slot", "list", "--source", "mysql://h"],
        ["slot", "drop", "--slot", "s", "--source", "mysql://h"], ["slot", "drop"], ["rnu"], ["anchors", "lst"],
        ["run", "--to", "x", "--anchor-every", "10s,20s"], ["run", "--to", "x", "--exclude-tables", ".a"],
    ])
    func `what contradicts itself or cannot be read ends with 2`(arguments: [String]) {
        #expect(Kedge.status(of: arguments) == 2)
    }
}
