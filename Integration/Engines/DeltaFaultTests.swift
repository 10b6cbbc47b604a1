// SPDX-License-Identifier: Apache-2.0

import Faults
import Foundation
import Testing

extension IntegrationSuites {
    /// What kedge does not write to is named, and left as it is.
    @Suite("Delta tables that others have changed", .serialized)
    struct DeltaFaultTests {
        @Test("Delta tables are files of columns: with another format the settings are refused")
        func otherFormat() throws {
            let scene = try FaultScene("delta")
            try scene.expect(.usage, scene.run("--delta", "on"), names: ["--delta", "--format parquet"])
            try scene.expect(
                .usage, scene.run("--format", "parquet", "--delta", "off", "--delta-checkpoint-every", "5"),
                names: ["--delta-checkpoint-every", "--delta off"])
            try scene.expect(.usage, scene.run("--format", "parquet", "--delta", "maybe"), names: ["on, off"])
            try scene.expectNothingBegun()
        }

        @Test("columns that are one name for Delta end the run before anything is read")
        func names() throws {
            let scene = try FaultScene("delta")
            try scene.sql(#"CREATE TABLE twins (id int PRIMARY KEY, "Name" text, name text)"#)
            try scene.expect(
                .deltaSchema, scene.run("--format", "parquet"), names: ["Name and name", "public.twins", "--delta off"])
            let plan = ["plan", "--source", scene.source, "--to", scene.export.path, "--format", "parquet"]
            try scene.expect(.deltaSchema, plan, names: ["Name and name"])
            try KedgeProcess.expect(0, plan + ["--delta", "off"])
            try scene.expectNothingBegun()
            try KedgeProcess.expect(0, scene.run("--format", "parquet", "--delta", "off"))
        }

        @Test("a table feature that kedge does not know ends the run; removing the log makes the table anew")
        func unknownFeature() throws {
            let delta = try DeltaScene()
            try delta.catchUp()
            try delta.orders.commit([
                ["commitInfo": ["operation": "ADD FEATURE"]],
                [
                    "protocol": [
                        "minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": ["deletionVectors"],
                        "writerFeatures": ["deletionVectors"],
                    ]
                ],
            ])
            try delta.change()
            try delta.scene.expect(
                .deltaUnsupported, delta.run(), names: ["deletionVectors", "public.orders", "_delta_log"])
            // The anchor had not been made: the columns are looked at before.
            try delta.orders.remove()
            try delta.catchUp()
            try delta.expectWhole()
        }

        @Test("a version that is missing in the middle ends the run; removing the log makes the table anew")
        func hole() throws {
            let delta = try DeltaScene(DeltaScene.long)
            try delta.catchUp()
            try delta.changeAndCatchUp(times: 2)
            try FileManager.default.removeItem(atPath: delta.items.path(of: 1))
            try delta.change()
            try delta.scene.expect(.deltaLog, delta.run(), names: ["versions are missing", "public.items"])
            let verified = try KedgeProcess.run(["verify", "--to", delta.export.path])
            #expect(verified.status == 65)
            #expect(verified.output.contains("public.items/_delta_log: versions are missing"))
            try delta.items.remove()
            try delta.catchUp()
            try delta.expectWhole()
        }

        @Test("a log that has seen another chain is not appended to; removing it makes the table anew")
        func otherChain() throws {
            let delta = try DeltaScene(DeltaScene.long)
            try delta.catchUp()
            try delta.changeAndCatchUp()
            let copy = try delta.export.copied()
            defer { copy.remove() }
            try delta.changeAndCatchUp(times: 2)
            // Everything but the logs is as it was two anchors ago.
            for folder in ["_kedge", "public.orders/data", "public.items/data", "transactions/data"] {
                try FileManager.default.removeItem(atPath: "\(delta.export.path)/\(folder)")
                try ShellCommand.run(["cp", "-a", "\(copy.path)/\(folder)", "\(delta.export.path)/\(folder)"])
            }
            try delta.scene.sql("SELECT pg_drop_replication_slot('\(delta.scene.slot)')")
            try delta.scene.sql("SELECT pg_create_logical_replication_slot('\(delta.scene.slot)', 'pgoutput')")
            try delta.change()
            try delta.scene.expect(
                .deltaLog, delta.run("--accept-gap"), names: ["holds anchor 4", "_delta_log"])
            try delta.orders.remove()
            try delta.items.remove()
            try FileManager.default.removeItem(atPath: delta.export.path + "/transactions/_delta_log")
            try delta.catchUp("--accept-gap")
            try delta.expectWhole()
        }

        @Test("who changes the table itself while kedge appends ends the run; the next one goes on")
        func conflict() throws {
            let delta = try DeltaScene(DeltaScene.long)
            try delta.catchUp()
            let run = try KedgeProcess(delta.follow() + ["--log-format", "json"])
            try delta.change()
            try waitUntil("an anchor of the run") { try delta.export.newestCut().anchor >= 2 }
            var table = try delta.orders.newest("metaData")
            table["description"] = "ours"
            try delta.orders.commit([["commitInfo": ["operation": "SET TBLPROPERTIES"]], ["metaData": table]])
            try delta.change()
            try FaultScene.check(try run.wait(), .deltaConflict, names: ["public.orders"])
            try delta.catchUp()
            #expect(try delta.orders.newest("metaData")["description"] as? String == "ours")
            try delta.expectWhole()
        }

        @Test("verify finds what a log has too much, too little, or twice")
        func damage() throws {
            let delta = try DeltaScene(DeltaScene.long)
            try delta.catchUp()
            try delta.changeAndCatchUp(times: 3)
            let path = delta.orders.path(of: 2)
            let text = try String(contentsOfFile: path, encoding: .utf8)
            let lines = text.split(separator: "\n").map(String.init)
            let spoiled: [(String, String, String)] = [
                ("a file is missing", lines.filter { !$0.contains(#""add""#) }.joined(separator: "\n"), "it lacks"),
                (
                    "another anchor", text.replacingOccurrences(of: #""version":3"#, with: #""version":2"#),
                    "behind anchor"
                ),
                (
                    "other records", text.replacingOccurrences(of: #"numRecords\":8"#, with: #"numRecords\":9"#),
                    "records instead"
                ),
                ("no JSON", "{", "cannot be read"),
            ]
            for (what, spoiledText, finding) in spoiled {
                #expect(spoiledText != text, "\(what)")
                try spoiledText.write(toFile: path, atomically: true, encoding: .utf8)
                let verified = try KedgeProcess.run(["verify", "--to", delta.export.path])
                #expect(verified.status == 65, "\(what)")
                #expect(verified.output.contains(finding), "\(what): \(verified.output)")
            }
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            try delta.orders.commit([
                ["commitInfo": ["operation": "WRITE"]],
                [
                    "remove": [
                        "path": "data/x.parquet", "deletionTimestamp": 1, "dataChange": true,
                    ]
                ],
            ])
            let verified = try KedgeProcess.run(["verify", "--to", delta.export.path])
            #expect(verified.output.contains("takes records away"))
        }
    }
}
