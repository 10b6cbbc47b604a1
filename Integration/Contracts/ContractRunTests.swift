// SPDX-License-Identifier: Apache-2.0

import Faults
import Foundation
import Testing

extension IntegrationSuites {
    /// What becomes of records that break a contract, in both formats.
    @Suite("Contracts of runs", .serialized)
    struct ContractRunTests {
        @Test("fail anchors everything before, names the rule and never the value", arguments: ["ndjson", "parquet"])
        func fail(format: String) throws {
            let scene = try ContractScene("fail", format: format)
            let contract = try scene.strict()
            try KedgeProcess.expect(0, scene.run("--contract", contract))
            try scene.write()
            // One anchor for all of it, so that the good transaction shares segments with the bad one.
            let run = scene.run("--contract", contract, "--anchor-every", "1h")
            for _ in 0..<2 {
                let report = try scene.faults.expect(
                    .contractViolated, run, names: ["public.orders", "amount", "maximum", "--on-violation"])
                #expect(!report.text.contains("1000.01"))
                let ids = try scene.records(of: "public.orders").map { $0["id"] as? Int }
                #expect(ids == Array(1...11), "what is whole before it is anchored, and nothing behind it")
            }
            try KedgeProcess.expect(0, ["verify", "--to", scene.export.path])
            // Nothing is lost: without the contract it goes on.
            try KedgeProcess.expect(0, scene.run())
            #expect(try scene.records(of: "public.orders").count == 18)
        }

        @Test("a snapshot that breaks the contract begins nothing")
        func snapshot() throws {
            let scene = try ContractScene("snapshot", format: "parquet")
            try scene.write()
            let run = scene.run("--contract", try scene.strict())
            let report = try scene.faults.expect(.contractViolated, run, names: ["public.orders"])
            #expect(!report.text.contains("secret"))
            try scene.faults.expectNothingBegun()
        }

        @Test("a new snapshot that the contract or a Delta table refuses costs no slot")
        func refusedBeginning() throws {
            let scene = try ContractScene("again", format: "parquet")
            let contract = try scene.strict()
            try KedgeProcess.expect(0, scene.run())
            let slots = "SELECT slot_name FROM pg_replication_slots WHERE database = current_database()"
            let before = try scene.faults.sql(slots)
            #expect(!before.isEmpty)
            try scene.faults.sql("ALTER TABLE orders ALTER COLUMN amount TYPE text")
            _ = try scene.faults.expect(
                .contractViolated, scene.run("--resnapshot", "--contract", contract), names: ["public.orders"])
            #expect(try scene.faults.sql(slots) == before)
            try scene.faults.sql(
                #"ALTER TABLE orders ALTER COLUMN amount TYPE numeric(12,2) USING amount::numeric, ADD COLUMN "Amount" int"#
            )
            _ = try scene.faults.expect(.deltaSchema, scene.run("--resnapshot"), names: ["public.orders"])
            #expect(try scene.faults.sql(slots) == before)
        }

        @Test("quarantine puts records aside whole, under their keys", arguments: ["ndjson", "parquet"])
        func quarantine(format: String) throws {
            let scene = try ContractScene("quarantine", format: format)
            let contract = try scene.strict(
                settings: "customProperties: [{property: kedgeOnViolation, value: quarantine}]")
            try scene.faults.sql("UPDATE orders SET amount = -1 WHERE id = 10")
            try KedgeProcess.expect(0, scene.run("--contract", contract))
            try scene.write()
            try KedgeProcess.expect(0, scene.run("--contract", contract))
            let kept = try scene.records(of: "public.orders")
            #expect(kept.map { $0["id"] as? Int } == Array(1...9) + [11, 20, 23, 22, 30])
            let aside = try scene.records(of: "public.orders__quarantine")
            #expect(
                aside.map { $0["rule"] as? String } == [
                    "amount.minimum", "amount.maximum",
                    "customer.minLength,mail.format,amount.minimum,mood.validValues,day.minimum,big.pattern",
                    "mail.required",
                ])
            for record in aside {
                let whole = try #require(record["record"] as? [String: Any])
                #expect(whole["_cdc_seq"] as? String == record["_cdc_seq"] as? String)
                #expect(whole["_cdc_op"] as? String == record["_cdc_op"] as? String && whole["id"] != nil)
                let schema = try #require(record["schema"] as? String).dropFirst(7)
                #expect(FileManager.default.fileExists(atPath: "\(scene.export.path)/_kedge/schemas/\(schema).json"))
                #expect(!(record["reason"] as? String ?? "").contains("secret"))
            }
            #expect(
                aside[2]["reason"] as? String != nil
                    && (aside[2]["record"] as? [String: Any])?["big"] as? String == "secret")
            try KedgeProcess.expect(0, ["verify", "--to", scene.export.path])
            let status = try scene.report(0, ["status", "--to", scene.export.path])
            let transactions = format == "parquet" ? try scene.records(of: "transactions").count : 0
            #expect(status["records"] as? Int == 10 + kept.count + aside.count + transactions)
            #expect(
                status["quarantined"] as? Int == 4
                    && (status["contract"] as? [String: Any])?["version"] as? String == "1.0.0")
            try Self.expectNamed(contract, in: scene)
        }

        @Test("tag marks records where they are, and only those", arguments: ["ndjson", "parquet"])
        func tag(format: String) throws {
            let scene = try ContractScene("tag", format: format)
            let contract = try scene.strict()
            try KedgeProcess.expect(0, scene.run("--contract", contract, "--on-violation", "tag"))
            try scene.write()
            try KedgeProcess.expect(0, scene.run("--contract", contract, "--on-violation", "tag"))
            let records = try scene.records(of: "public.orders")
            #expect(records.count == 18)
            let tagged = records.filter { $0["_cdc_violations"] != nil }
            #expect(tagged.map { $0["id"] as? Int } == [21, 22, 1])
            #expect(tagged[0]["_cdc_violations"] as? [String] == ["amount.maximum"])
            try KedgeProcess.expect(0, ["verify", "--to", scene.export.path])
            let found = try scene.report(65, ["verify", "--to", scene.export.path, "--contract", contract])
            #expect(found["sound"] as? Bool == false)
            #expect((found["contract"] as? [String: Any] ?? [:]).findingNames.contains("public.orders.mail required"))
            // A reader with the same contract is told, and has the records all the same.
            let cat = ["cat", "--to", scene.export.path, "--table", "public.orders", "--contract", contract]
            let printed = try KedgeProcess.expect(65, cat)
            #expect(printed.output.split(separator: "\n").count == 18)
            #expect(printed.errors.contains("amount maximum") && printed.errors.contains("[contract.violated]"))
            #expect(!printed.errors.contains("secret"))
            let check = try scene.report(
                65, ["contract", "check", "--contract", contract, "--to", scene.export.path, "--records"])
            let breaches = (check["findings"] as? [[String: Any]] ?? []).filter { $0["weight"] as? String == "breach" }
            #expect(breaches.count == 8, "one for each rule that is broken, with a count")
            try Self.expectNamed(contract, in: scene)
        }

        @Test("a value that the source did not send is not judged", arguments: ["ndjson", "parquet"])
        func unset(format: String) throws {
            let scene = try ContractScene("unset", format: format)
            let contract = try scene.strict()
            try scene.faults.sql(
                "ALTER TABLE orders ALTER big SET STORAGE EXTERNAL; UPDATE orders SET big = repeat('x', 9000) WHERE id = 2"
            )
            try KedgeProcess.expect(0, scene.run("--contract", contract))
            try scene.faults.sql("UPDATE orders SET amount = 3 WHERE id = 2; DELETE FROM orders WHERE id = 3")
            try KedgeProcess.expect(0, scene.run("--contract", contract))
            let last = try #require(try scene.records(of: "public.orders").dropLast().last)
            #expect(last["_cdc_unset"] as? [String] == ["big"])
            try KedgeProcess.expect(0, ["verify", "--to", scene.export.path, "--contract", contract])
        }

        @Test(
            "a change of columns that the contract forbids follows --on-incompatible", arguments: ["ndjson", "parquet"])
        func schemaChange(format: String) throws {
            let scene = try ContractScene("columns", format: format)
            let contract = try scene.file("c.yaml", scene.draft())
            try KedgeProcess.expect(0, scene.run("--contract", contract))
            try scene.faults.sql("INSERT INTO items VALUES (50, 1, 1)")
            try scene.faults.sql(
                "ALTER TABLE items ALTER COLUMN qty TYPE text; INSERT INTO items VALUES (51, 1, 'many')")
            let run = scene.run("--contract", contract, "--anchor-every", "1h", "--on-rewrite", "warn")
            try scene.faults.expect(.schemaIncompatible, run, names: ["public.items", "qty"])
            #expect(try scene.records(of: "public.items").count == 11)
            try KedgeProcess.expect(0, run + ["--on-incompatible", "quarantine"])
            #expect(try scene.records(of: "public.items").count == 11)
            let aside = try scene.records(of: "public.items__quarantine")
            #expect(aside.count == 1 && (aside[0]["reason"] as? String)?.contains("qty") == true)
            try KedgeProcess.expect(0, ["verify", "--to", scene.export.path])
        }

        @Test("records from before a change of columns are held to what readers of the contract can read of them")
        func earlierRecords() throws {
            let scene = try ContractScene("earlier")
            try KedgeProcess.expect(0, scene.run())
            try scene.faults.sql("ALTER TABLE orders ADD COLUMN extra int; INSERT INTO orders VALUES (11, 'more')")
            try KedgeProcess.expect(0, scene.run())
            try scene.faults.sql(
                "ALTER TABLE orders RENAME customer TO buyer; INSERT INTO orders VALUES (12, 'again')")
            try KedgeProcess.expect(0, scene.run())
            let draft = try scene.draft()
            let renamed = try scene.file(
                "renamed.yaml",
                draft.replacing(
                    "- name: buyer\n",
                    with: "- name: buyer\n    customProperties: [{property: kedgeRenamedFrom, value: customer}]\n"))
            #expect(try String(contentsOfFile: renamed, encoding: .utf8) != draft)
            for arguments in [
                ["verify"], ["cat", "--table", "public.orders"], ["contract", "check"],
                ["contract", "check", "--records"],
            ] {
                let all = arguments + ["--to", scene.export.path, "--contract"]
                try KedgeProcess.expect(0, all + [renamed])
                guard arguments != ["contract", "check"] else { continue }
                // A name that nobody tells readers of is a value that they miss, told once for two schemas.
                let plain = try scene.file("plain.yaml", draft)
                let failed = try KedgeProcess.expect(65, all + [plain])
                let told = (failed.output + failed.errors).components(separatedBy: "buyer compatibility").count - 1
                #expect(told == 1, "\(arguments): \(failed.output) \(failed.errors)")
            }
        }

        @Test(
            "a contract that describes the columns of a new folder is kept there", arguments: ["ndjson", "parquet"])
        func newFolder(format: String) throws {
            let scene = try ContractScene("folder", format: format)
            let before = try scene.file("before.yaml", scene.draft())
            try KedgeProcess.expect(0, scene.run("--contract", before))
            try scene.faults.sql(
                "ALTER TABLE items ALTER COLUMN qty TYPE text; INSERT INTO items VALUES (51, 1, 'many')")
            let more = ["--on-incompatible", "new-table", "--on-rewrite", "warn"]
            try KedgeProcess.expect(0, scene.run("--contract", before) + more)
            #expect(try scene.export.segments().contains { $0.table == "public.items__v2" })
            let draft = try scene.draft("--compatibility", "none").replacing("version: 1.0.0", with: "version: 2.0.0")
            let after = try scene.file(
                "after.yaml",
                draft.replacing(
                    "- name: qty\n", with: "- name: qty\n    logicalTypeOptions: {maxLength: 5}\n"))
            try scene.faults.sql("INSERT INTO items VALUES (52, 1, 'few'), (53, 1, 'too many')")
            let run = scene.run("--contract", after) + more
            try scene.faults.expect(.contractViolated, run, names: ["public.items", "qty", "maxLength"])
            try KedgeProcess.expect(0, run + ["--on-violation", "quarantine"])
            let printed = try scene.records(of: "public.items").suffix(2).map { $0["qty"] as? String }
            #expect(printed == ["many", "few"])
            #expect(
                try scene.records(of: "public.items__quarantine").map { $0["rule"] as? String } == ["qty.maxLength"])
            for contract in [[], ["--contract", after]] {
                try KedgeProcess.expect(0, ["verify", "--to", scene.export.path] + contract)
            }
            let check = ["contract", "check", "--to", scene.export.path, "--records", "--contract"]
            try KedgeProcess.expect(0, check + [after])
            try scene.faults.expect(.contractViolated, check + [before], names: ["before.yaml", "1 findings"])
            let exported = try KedgeProcess.expect(0, ["contract", "init", "--to", scene.export.path]).output
            let drafted = try scene.draft()
            #expect(!exported.contains("__v2") && exported == drafted)
        }

        @Test("a contract that disappoints readers of the one before is refused when a run begins")
        func restart() throws {
            let scene = try ContractScene("restart")
            try KedgeProcess.expect(0, scene.run("--contract", try scene.strict()))
            let looser = try scene.strict(version: "1.1.0", maximum: "2000")
            try KedgeProcess.expect(0, scene.run("--contract", looser))
            let tighter = try scene.strict(version: "2.0.0", maximum: "500")
            let report = try scene.faults.expect(
                .contractIncompatible, scene.run("--contract", tighter), names: ["2.0.0", "1.", "amount"])
            #expect(report.detail.contains("old records may break it"))
            let forced = try scene.strict(
                version: "2.0.1", maximum: "500",
                settings: "customProperties: [{property: kedgeCompatibility, value: NONE}]")
            try KedgeProcess.expect(0, scene.run("--contract", forced))
            try scene.faults.change(1)
            try KedgeProcess.expect(0, scene.run("--contract", forced))
            let kept = try FileManager.default.contentsOfDirectory(atPath: "\(scene.export.path)/_kedge/contracts")
            #expect(kept.count == 2, "those under which something was anchored")
            try KedgeProcess.expect(0, ["verify", "--to", scene.export.path])
            try Data("kind: x".utf8).write(to: URL(fileURLWithPath: "\(scene.export.path)/_kedge/contracts/\(kept[0])"))
            try scene.faults.expect(.verificationFailed, ["verify", "--to", scene.export.path])
        }

        @Test("a crash in the middle of it leaves the same files", arguments: ["ndjson", "parquet"])
        func crash(format: String) throws {
            let scene = try ContractScene("crash", format: format)
            let contract = try scene.strict()
            let quarantine = ["--contract", contract, "--on-violation", "quarantine"]
            try KedgeProcess.expect(0, scene.run() + quarantine)
            let twin = try scene.export.copied()
            defer { twin.remove() }
            try scene.write()
            try scene.faults.sql(
                "INSERT INTO orders SELECT n, 'many', 'm@b.example', n FROM generate_series(500, 1999) n")
            let target = try scene.faults.server.flushedPosition()
            let rest = ["--until", target, "--anchor-every", "1h", "--segment-rows", "100"] + quarantine
            func run(to folder: ExportFolder) -> [String] {
                [
                    "run", "--source", scene.faults.source, "--to", folder.path, "--min-free", "1MiB", "--format",
                    format,
                ] + rest
            }
            try KedgeProcess.expect(137, run(to: scene.export), environment: ["KEDGE_CRASH_AT": "beforeAcknowledge:1"])
            for point in ["duringSegment:5", "afterSegmentRename:7", "afterAnchorWrite"] {
                try KedgeProcess.expect(137, run(to: twin), environment: ["KEDGE_CRASH_AT": point])
            }
            try KedgeProcess.expect(0, run(to: twin))
            #expect(try twin.dataDigests() == scene.export.dataDigests())
            try KedgeProcess.expect(0, run(to: scene.export))
            for folder in [twin, scene.export] {
                try KedgeProcess.expect(0, ["verify", "--to", folder.path])
                let rows = try folder.segments().filter { $0.table == "public.orders__quarantine" }.map(\.rows)
                #expect(rows.reduce(0, +) == 1002 && rows.count > 10)
            }
        }

        /// Every anchor names the contract, and the export keeps it byte by byte.
        private static func expectNamed(_ contract: String, in scene: ContractScene) throws {
            for anchor in try scene.export.anchors() {
                let link = try #require(anchor["contract"] as? [String: Any])
                #expect(link["id"] as? String == "shop-orders" && link["version"] as? String == "1.0.0")
                let kept = "\(scene.export.path)/_kedge/contracts/\(link["sha256"] as? String ?? "").yaml"
                #expect(
                    try String(contentsOfFile: kept, encoding: .utf8)
                        == String(contentsOfFile: contract, encoding: .utf8))
            }
        }
    }
}

extension FaultScene {
    /// Changes one order that keeps every rule.
    fileprivate func change(_ id: Int) throws {
        try sql("UPDATE orders SET customer = customer || '!' WHERE id = \(id)")
    }
}
