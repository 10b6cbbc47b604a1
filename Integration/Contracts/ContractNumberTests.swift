// SPDX-License-Identifier: Apache-2.0

import Faults
import Foundation
import Testing

extension IntegrationSuites {
    /// Rules for numbers, on numbers as a real server sends them: as text and in binary, in a snapshot and behind it.
    @Suite("Contracts of numbers", .serialized)
    struct ContractNumberTests {
        private static let contract = """
            apiVersion: v3.1.0
            kind: DataContract
            id: shop-steps
            version: 1.0.0
            status: active
            schema:
              - name: steps
                physicalName: public.steps
                customProperties: [{property: kedgeKey, value: [id]}]
                properties:
                  - {name: id, logicalType: integer, physicalType: int8, required: true}
                  - {name: n, logicalType: integer, physicalType: int8, logicalTypeOptions: {multipleOf: 5}}
                  - {name: price, logicalType: number, logicalTypeOptions: {multipleOf: 0.05}}
                  - {name: d, logicalType: number, physicalType: numeric, logicalTypeOptions: {multipleOf: 0.1}}
                  - {name: f, logicalType: number, physicalType: float8, logicalTypeOptions: {multipleOf: 0.25}}

            """

        /// Rows by their key: those from 1 on keep the rules, those from 10 on break them.
        private static let rows = """
            (1, 0, 0, 0, 0), (2, -5, 0.05, 0.30, 0.75), (3, 9223372036854775805, -9999999999.95, 1e30, 1e308),
            (4, NULL, NULL, repeat('7', 60)::numeric + 0.7, NULL),
            (5, 10, 1, ('1' || repeat('0', 131071) || '.' || repeat('0', 16382) || '0')::numeric, -0.25),
            (10, 9223372036854775807, 0, 0, 0), (11, 0, 0.06, 0, 0), (12, 0, 0, repeat('7', 60)::numeric + 0.07, 0),
            (13, 0, 0, 'NaN', 'NaN'), (14, 0, 0, 0, 'Infinity'), (15, 0, 0, 0, 0.3), (16, 1, 0.01, 0.01, 1e-300)
            """
        private static let broken = [
            "n.multipleOf", "price.multipleOf", "d.multipleOf", "d.multipleOf,f.multipleOf", "f.multipleOf",
            "f.multipleOf", "n.multipleOf,price.multipleOf,d.multipleOf,f.multipleOf",
        ]

        @Test("what is no multiple is put aside, in a snapshot and behind it", arguments: ["ndjson", "parquet"])
        func multiples(format: String) throws {
            let scene = try ContractScene("multiples", format: format)
            try scene.faults.sql(
                """
                CREATE TABLE steps (id bigint PRIMARY KEY, n bigint, price numeric(12,2), d numeric, f float8);
                INSERT INTO steps VALUES \(Self.rows)
                """)
            let contract = try scene.file("steps.yaml", Self.contract)
            let run = scene.run("--contract", contract, "--on-violation", "quarantine")
            try KedgeProcess.expect(0, run)
            try scene.faults.sql("UPDATE steps SET id = id + 100")
            try KedgeProcess.expect(0, run)
            let kept = try Self.lines(of: "public.steps", in: scene).filter { !$0.contains(#""_cdc_op":"d""#) }
            let keys = kept.compactMap { $0.firstMatch(of: /"id":([0-9]+)/).flatMap { Int($0.1) } }
            #expect(keys == Array(1...5) + Array(101...105))
            let aside = try Self.lines(of: "public.steps__quarantine", in: scene)
            let rules = aside.compactMap { $0.firstMatch(of: /"rule":"([^"]*)"/).map { String($0.1) } }
            #expect(rules == Self.broken + Self.broken && aside.count == rules.count)
            // Readers judge what is written as the writer judged what it wrote.
            try KedgeProcess.expect(0, ["verify", "--to", scene.export.path, "--contract", contract])
            let check = ["contract", "check", "--contract", contract, "--to", scene.export.path, "--records"]
            try KedgeProcess.expect(0, check)
        }

        /// The records as they are printed: numbers are longer than parsers of JSON read.
        private static func lines(of table: String, in scene: ContractScene) throws -> [Substring] {
            try KedgeProcess.expect(0, ["cat", "--to", scene.export.path, "--table", table]).output
                .split(separator: "\n")
        }

        @Test("records that were written without the contract are found by readers", arguments: ["ndjson", "parquet"])
        func readers(format: String) throws {
            let scene = try ContractScene("readers", format: format)
            try scene.faults.sql(
                """
                CREATE TABLE steps (id bigint PRIMARY KEY, n bigint, price numeric(12,2), d numeric, f float8);
                INSERT INTO steps VALUES \(Self.rows)
                """)
            try KedgeProcess.expect(0, scene.run())
            let contract = try scene.file("steps.yaml", Self.contract)
            let report = try scene.report(
                65, ["contract", "check", "--contract", contract, "--to", scene.export.path, "--records"])
            #expect(
                report.findingNames.sorted() == ["d", "f", "n", "price"].map { "public.steps.\($0) multipleOf" })
            let zero = try scene.file("zero.yaml", Self.contract.replacing("multipleOf: 0.05", with: "multipleOf: 0"))
            try scene.faults.expect(
                .contractUnreadable, scene.run("--contract", zero), names: ["\(zero):13", "multipleOf", "above 0"])
        }
    }
}
