// SPDX-License-Identifier: Apache-2.0

import Anchors
import Contracts
import Faults
import TestSupport
import Testing
import Verification

/// Exports that say that they keep a contract, and do or do not.
@Suite struct ContractTests {
    private static let yaml = """
        apiVersion: v3.1.0
        kind: DataContract
        id: c
        version: 1.0.0
        status: active
        schema:
          - name: orders
            properties:
              - {name: id, logicalType: integer, required: true, logicalTypeOptions: {maximum: 10}}

        """

    private let kept = [
        ExampleRecord(position: 0x110), ExampleRecord(position: 0x120, operation: "d", rest: #","id":99"#),
    ]
    private let broken = ExampleRecord(position: 0x130, rest: #","id":11"#)
    private let tagged = ExampleRecord(position: 0x130, rest: #","id":11,"_cdc_violations":["id.maximum"]"#)
    private let wronglyTagged = ExampleRecord(position: 0x140, rest: #","id":9,"_cdc_violations":["id.maximum"]"#)

    @Test(arguments: [nil, "quarantine", "tag"])
    func `records that keep the contract of their anchor are sound`(policy: String?) throws {
        #expect(try findings(kept, policy).isEmpty)
    }

    @Test(arguments: [nil, "fail", "quarantine"])
    func `a record that breaks it is found, and told with its key and not its value`(policy: String?) throws {
        let found = try findings(kept + [broken], policy)
        #expect(found.count == 1 && found[0].contains("orders.id maximum") && found[0].contains("0000000000000130"))
        #expect(!found[0].contains("11 "))
    }

    @Test func `under tag it is sound with the names of its rules, and only so`() throws {
        #expect(try findings(kept + [tagged], "tag").isEmpty)
        #expect(try findings(kept + [broken], "tag").contains { $0.contains("1 records do not name") })
        #expect(try findings(kept + [wronglyTagged], "tag").contains { $0.contains("1 records do not name") })
        #expect(try !findings(kept + [tagged], nil).isEmpty, "without tag there is none")
    }

    @Test func `a table of which the contract says nothing may hold anything`() throws {
        #expect(try findings([broken], nil, table: "others").isEmpty)
        #expect(try findings([broken], nil, table: "orders__quarantine").isEmpty)
    }

    @Test func `a record without the columns of its schema is found`() throws {
        let found = try findings([ExampleRecord(position: 0x110, rest: #","other":1"#)], nil)
        #expect(found.contains { $0.contains("not one of its schema") })
    }

    @Test func `a contract that is missing, damaged or none is found`() throws {
        let export = try ExampleExport()
        let missing = ContractLink(id: "c", version: "1", file: ContractStore.id(of: [1]))
        try export.append(kind: .reset, from: 0x100, to: 0x100, [], reason: "begun")
        try export.append(to: 0x200, [try export.segment("orders", kept)], contract: missing)
        #expect(try Verifier(exportPath: export.path).verify().findings.contains { $0.what.contains("is missing") })
        let other = try ExampleExport()
        let link = ContractLink(id: "c", version: "1", file: try ContractStore(other.folder).save(Array("a: 1".utf8)))
        try other.append(kind: .reset, from: 0x100, to: 0x100, [], reason: "begun")
        try other.append(to: 0x200, [try other.segment("orders", kept)], contract: link)
        let found = try Verifier(exportPath: other.path).verify().findings
        #expect(found.count == 1 && found[0].path.hasSuffix(".yaml"))
    }

    @Test func `another contract that is brought along is held to all records`() throws {
        let export = try ExampleExport()
        try export.append(kind: .reset, from: 0x100, to: 0x100, [], reason: "begun")
        try export.append(to: 0x200, [try export.segment("orders", kept + [broken])])
        let contract = try DataContract(yaml: Array(Self.yaml.utf8), place: "c")
        #expect(try Verifier(exportPath: export.path).verify().isSound)
        let report = try Verifier(exportPath: export.path).verify(contract: contract)
        #expect(report.findings.isEmpty && !report.isSound)
        #expect(report.contractFindings.map(\.rule) == ["maximum"])
    }

    private func findings(_ records: [ExampleRecord], _ policy: String?, table: String = "orders") throws -> [String] {
        let export = try ExampleExport()
        let file = try ContractStore(export.folder).save(Array(Self.yaml.utf8))
        let link = ContractLink(id: "c", version: "1.0.0", file: file, onViolation: policy)
        try export.append(kind: .reset, from: 0x100, to: 0x100, [], reason: "begun", contract: link)
        try export.append(to: 0x200, [try export.segment(table, records)], contract: link)
        return try Verifier(exportPath: export.path).verify().findings.map(\.what)
    }
}
