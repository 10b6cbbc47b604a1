// SPDX-License-Identifier: Apache-2.0

import Faults
import Foundation
import Testing

extension IntegrationSuites {
    /// Slips of the pen, through the real program, and exports that are asked for what they do not have.
    @Suite("Faults of the command line and of exports", .serialized)
    struct CommandLineFaultTests {
        @Test(
            "a slip on the command line ends with 2, and what was meant is proposed",
            arguments: [
                (["rnu"], "did you mean `kedge run`?"), (["run", "--too", "x"], "--to"),
                (["run", "--to", "x", "--sorce", "y"], "--source"),
                (["run", "--to", "x", "--acept-gap"], "--accept-gap"),
                (["verify", "--to", "x", "--frm", "2"], "--from"), (["run"], "KEDGE_TO"),
                (["run", "--to", "x", "--snapshot", "initail"], "did you mean initial?"),
                (["run", "--to", "x", "--compression", "zst"], "did you mean zstd?"),
                (["run", "--to", "x", "--until", "Now"], "did you mean now?"),
                (["run", "--to", "x", "--retry-for", "5 minutes"], "10s, 250ms, 5m or 1h"),
                (["run", "--to", "x", "--segment-bytes", "64M"], "64MiB"),
                (["run", "--to", "x", "--slot", "My-Slot"], "a-z, 0-9 and _"),
                (["run", "--to", "x", "--tables", "public."], "public.orders"),
                (["run", "--to", "x", "--source", "postgresq://h/d"], "did you mean postgresql://?"),
                (["run", "--to", "x", "--source", "mysql://u:canary@h/d"], "\"mysql\" is no scheme"),
                (["run", "--to", "x", "--source", "db.example/shop"], "has no scheme"),
                (["run", "--to", "x", "--source", "host=h dbnam=d"], "--source"),
                (["run", "--to", "s3://bucket/x"], "a folder of this machine"),
                (["run", "--to", "x", "--accept-gap", "--resnapshot"], "exclude each other"),
                (["run", "--to", "x", "--no-create", "--resnapshot"], "exclude each other"),
                (["run", "--to", "x", "--snapshot-only", "--snapshot", "none"], "exclude each other"),
                (["run", "--to", "x", "--snapshot", "only", "--until", "0/1"], "leave out --until"),
                (["anchors", "show", "--to", "x", "one"], "one"),
            ])
        func slips(arguments: [String], words: String) throws {
            let outcome = try KedgeProcess.run(arguments + ["--log-format", "json"])
            let report = try FaultScene.check(outcome, .usage, names: [words])
            #expect(!report.text.contains("canary"))
        }

        @Test(
            "a slip in the environment ends with 78, and what was meant is proposed",
            arguments: [
                (["KEDGE_SORCE": "x"], Fault.Code.settingUnknown, "did you mean KEDGE_SOURCE?"),
                (["KEDGE_JOBS": "many"], .settingInvalid, "KEDGE_JOBS"),
                (["KEDGE_SOURCE": "mysql://u:canary@h/d"], .settingInvalid, "KEDGE_SOURCE"),
                (["KEDGE_NO_CREATE": "maybe"], .settingInvalid, "true or false"),
                (["KEDGE_CONFIG": "/no/such.yaml"], .configUnreadable, "/no/such.yaml"),
                (["KEDGE_CRASH_AT": "never"], .settingInvalid, "never"),
            ])
        func environment(variables: [String: String], code: Fault.Code, words: String) throws {
            let outcome = try KedgeProcess.run(
                ["run", "--to", "/no/such/folder", "--log-format", "json"], environment: variables)
            let report = try FaultScene.check(outcome, code, names: [words])
            #expect(!report.text.contains("canary"))
        }

        @Test(
            "a slip in the file ends with 78, and what was meant is proposed",
            arguments: [
                ("tabels: a.b", Fault.Code.settingUnknown, "did you mean tables?"),
                ("toast: unknwon", .settingInvalid, "did you mean unknown?"),
                ("segment-bytes: 1KiB", .settingInvalid, "at least 65536 bytes"),
                ("to: [", .configUnreadable, "not YAML"), ("just words", .configUnreadable, "not a list of settings"),
                ("slot:\n  name: x", .settingInvalid, "neither a value nor a list"),
            ])
        func file(yaml: String, code: Fault.Code, words: String) throws {
            let folder = try TemporaryFolder.make("config")
            defer { try? FileManager.default.removeItem(at: folder) }
            let path = folder.appendingPathComponent("kedge.yaml").path
            try yaml.write(toFile: path, atomically: true, encoding: .utf8)
            let outcome = try KedgeProcess.run(
                ["run", "--to", "/no/such/folder", "--log-format", "json", "--config", path])
            try FaultScene.check(outcome, code, names: [words])
        }

        @Test("an export is asked for what it does not have, is not there, or is of a later format")
        func exports() throws {
            let scene = try FaultScene("asked")
            let none = scene.export.path + "-none"
            for command in [["status"], ["verify"], ["anchors", "list"], ["cat", "--table", "a.b"]] {
                try scene.expect(.exportMissing, command + ["--to", none], names: [none])
            }
            try scene.catchUp()
            let here = ["--to", scene.export.path]
            try scene.expect(
                .tableMissing, ["cat", "--table", "public.order"] + here, names: ["did you mean public.orders?"])
            try scene.expect(.anchorMissing, ["anchors", "show", "99"] + here, names: ["99"])
            try scene.expect(
                .settingInvalid, scene.run("--column-prefix", "other_"), names: ["_cdc_"])
            let record = scene.export.path + "/_kedge/export.json"
            let original = try String(contentsOfFile: record, encoding: .utf8)
            try sealed(original.replacingOccurrences(of: "\"format\":1", with: "\"format\":2"), to: record)
            for command in [["status"] + here, ["cat", "--table", "public.orders"] + here, scene.run()] {
                try scene.expect(.exportFormat, command, names: ["format", "2"])
            }
            try scene.expect(.verificationFailed, ["verify"] + here, names: ["1 findings"])
            try original.write(toFile: record, atomically: false, encoding: .utf8)
            try scene.expectWhole(anchors: 1)
        }

        /// Writes `text` with a checksum that fits it.
        private func sealed(_ text: String, to path: String) throws {
            let body = try #require(text.range(of: ",\"check\":")).lowerBound
            let digest = try ShellCommand.run(["sha256sum"], input: String(text[..<body])).prefix(64)
            try "\(text[..<body]),\"check\":\"\(digest)\"}\n".write(toFile: path, atomically: false, encoding: .utf8)
        }
    }
}
