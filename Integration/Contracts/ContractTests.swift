// SPDX-License-Identifier: Apache-2.0

import Faults
import Foundation
import Testing

extension IntegrationSuites {
    /// Contracts on a real server: drafted, checked, compared.
    @Suite("Contracts", .serialized)
    struct ContractTests {
        @Test("what is drafted is valid by the standard's own schema, and the source keeps it")
        func drafted() throws {
            let scene = try ContractScene("draft")
            let changelog = try scene.file("changelog.yaml", scene.draft())
            let latest = try scene.file("latest.yaml", scene.draft("--of", "latest", "--compatibility", "full"))
            try KedgeProcess.expect(0, scene.run())
            let exported = try scene.file(
                "exported.yaml", KedgeProcess.expect(0, ["contract", "init", "--to", scene.export.path]).output)
            let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .appendingPathComponent("scripts/contracts.sh").path
            let files = [changelog, latest, exported, try scene.strict()]
            let validated = try ShellCommand.run([script] + files)
            for file in files { #expect(validated.contains("\(file): valid") && validated.contains("\(file): linted")) }
            let text = try String(contentsOfFile: changelog, encoding: .utf8)
            #expect(try String(contentsOfFile: exported, encoding: .utf8) == text, "source and export promise the same")
            for words in ["validValues: [sad, ok, happy]", "maxLength: 12", "value: [line, order_id]", "unique: true"] {
                #expect(text.contains(words), "\(words)")
            }
            #expect(try String(contentsOfFile: latest, encoding: .utf8).contains("primaryKeyPosition: 2"))
            for place in [["--source", scene.faults.source], ["--to", scene.export.path, "--records"]] {
                for file in [changelog, latest] {
                    let report = try scene.report(0, ["contract", "check", "--contract", file] + place)
                    #expect(report["holds"] as? Bool == true && report.findingNames.isEmpty)
                }
            }
            let plan = try scene.report(0, ["plan", "--source", scene.faults.source, "--contract", changelog])
            #expect((plan["contract"] as? [String: Any])?["holds"] as? Bool == true)
        }

        @Test("an export of columns promises what its source does, and nothing of the tables that kedge adds")
        func draftedFromColumns() throws {
            let scene = try ContractScene("columns", format: "parquet")
            let draft = try scene.draft()
            try KedgeProcess.expect(0, scene.run())
            try scene.faults.sql("INSERT INTO orders VALUES (31, 'more')")
            try KedgeProcess.expect(0, scene.run())
            let exported = try KedgeProcess.expect(0, ["contract", "init", "--to", scene.export.path]).output
            #expect(try scene.export.segments().contains { $0.table == "transactions" })
            #expect(exported == draft)
        }

        @Test("a source that went another way is found, column by column")
        func check() throws {
            let scene = try ContractScene("check")
            let contract = try scene.file("c.yaml", scene.draft())
            try scene.faults.sql(
                """
                ALTER TABLE orders DROP COLUMN big, ALTER COLUMN amount TYPE text, ALTER COLUMN customer DROP NOT NULL,
                    ALTER COLUMN customer TYPE varchar(30), ADD COLUMN extra int;
                ALTER TYPE mood ADD VALUE 'wild';
                DROP TABLE items
                """)
            let arguments = ["contract", "check", "--contract", contract, "--source", scene.faults.source]
            let report = try scene.report(65, arguments)
            #expect(
                report.findingNames == [
                    "public.items table", "public.orders.customer type", "public.orders.customer required",
                    "public.orders.customer maxLength", "public.orders.amount type", "public.orders.mood validValues",
                    "public.orders.big column",
                ])
            let weights = (report["findings"] as? [[String: Any]] ?? []).map { $0["weight"] as? String }
            #expect(weights == ["breach", "breach", "note", "note", "breach", "note", "breach"])
            try scene.faults.expect(.contractViolated, arguments, names: [contract, "4 findings"])
            let plan = try KedgeProcess.expect(0, ["plan", "--source", scene.faults.source, "--contract", contract])
            #expect(plan.output.contains("BROKEN  public.items table"))
            let run = scene.run("--contract", contract)
            try scene.faults.expect(.contractViolated, run, names: [contract, "public.items", "kedge contract check"])
            try scene.faults.expectNothingBegun()
        }

        @Test("what a contract asks for and nobody enforces is listed, and a rule that cannot be judged is a note")
        func unenforced() throws {
            let scene = try ContractScene("asked")
            let strict = try String(contentsOfFile: scene.strict(), encoding: .utf8)
            let contract = try scene.file(
                "asked.yaml",
                strict + """
                          - name: tags
                            logicalType: array
                            logicalTypeOptions: {minItems: 1, uniqueItems: true}
                            items: {logicalType: string, logicalTypeOptions: {maxLength: 5}}
                          - {name: doc, logicalType: string, physicalType: jsonb, logicalTypeOptions: {minLength: 3}}

                    """)
            let asked = ["tags.minItems", "tags.uniqueItems", "tags.items.maxLength"].map { "public.orders.\($0)" }
            for place in ["check", "plan"] {
                let command = place == "plan" ? ["plan"] : ["contract", "check"]
                let arguments = command + ["--source", scene.faults.source, "--contract", contract]
                let whole = try scene.report(0, arguments)
                let report = place == "plan" ? whole["contract"] as? [String: Any] ?? [:] : whole
                #expect(report["unenforced"] as? [String] == asked && report["holds"] as? Bool == true)
                #expect(report.findingNames.contains("public.orders.doc minLength"))
                let printed = try KedgeProcess.expect(0, arguments).output
                #expect(printed.contains("not enforced: \(asked.joined(separator: ", "))"))
                #expect(printed.contains("values of pg_catalog.jsonb are not judged"))
            }
            try KedgeProcess.expect(0, scene.run("--contract", contract))
            try KedgeProcess.expect(0, ["verify", "--to", scene.export.path, "--contract", contract])
        }

        @Test("versions are compared under every mode, and a break is told by the status")
        func diff() throws {
            let scene = try ContractScene("diff")
            let old = try scene.file("1.yaml", scene.draft())
            try scene.faults.sql("ALTER TABLE items ALTER COLUMN qty TYPE bigint; ALTER TYPE mood ADD VALUE 'wild'")
            let middle = try scene.file("2.yaml", scene.draft())
            try scene.faults.sql(
                "ALTER TABLE items ALTER COLUMN qty TYPE text; ALTER TABLE orders ADD COLUMN extra int")
            let new = try scene.file("3.yaml", scene.draft())
            func diff(_ status: Int32, _ files: [String], _ mode: String?) throws -> [String: Any] {
                try scene.report(status, ["contract", "diff"] + files + (mode.map { ["--compatibility", $0] } ?? []))
            }
            #expect((try diff(0, [old, middle], nil))["compatibility"] as? String == "BACKWARD_TRANSITIVE")
            for mode in ["NONE", "BACKWARD", "backward_transitive"] { _ = try diff(0, [old, middle], mode) }
            for mode in ["FORWARD", "FORWARD_TRANSITIVE", "FULL", "FULL_TRANSITIVE"] {
                let report = try diff(65, [old, middle], mode)
                let broken = (report["changes"] as? [[String: Any]] ?? []).filter { $0["breaks"] as? Bool == true }
                #expect(broken.map { $0["column"] as? String } == ["qty"], "\(mode)")
            }
            _ = try diff(0, [middle, new], "NONE")
            _ = try diff(65, [middle, new], nil)
            // Of older versions only transitive modes speak.
            _ = try diff(0, [new, middle, middle], "BACKWARD")
            _ = try diff(65, [new, middle, middle], "BACKWARD_TRANSITIVE")
            try scene.faults.expect(
                .contractIncompatible, ["contract", "diff", middle, new], names: [new, "1 promises"])
        }

        @Test("what is no contract is refused with file and line")
        func unreadable() throws {
            let scene = try ContractScene("unreadable")
            let broken = try scene.file("broken.yaml", "kind: DataContract\n  id: x\n")
            let other = try scene.file("other.yaml", "kind: Deployment\napiVersion: v1\n")
            let plain = try scene.strict().replacingOccurrences(of: "strict-1.0.0", with: "missing")
            for (file, words) in [(broken, "\(broken):2"), (other, "\(other):1"), (plain, plain)] {
                for arguments in [
                    ["contract", "check", "--source", scene.faults.source, "--contract", file],
                    ["contract", "diff", file, file], scene.run("--contract", file),
                    ["verify", "--to", scene.export.path, "--contract", file],
                ] where arguments[0] != "verify" {
                    try scene.faults.expect(.contractUnreadable, arguments, names: [words])
                }
            }
            let wrong = try scene.strict(settings: "customProperties: [{property: kedgeOnViolation, value: warn}]")
            try scene.faults.expect(.contractUnreadable, scene.run("--contract", wrong), names: [":6", "quarantine"])
            try scene.faults.expect(
                .usage, scene.run("--on-violation", "tag"), names: ["--on-violation", "--contract"])
            try scene.faults.expectNothingBegun()
        }
    }
}
