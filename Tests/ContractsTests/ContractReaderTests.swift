// SPDX-License-Identifier: Apache-2.0

import Changelog
import Contracts
import Faults
import Testing

@Suite struct ContractReaderTests {
    @Test func `a contract is read with its rules and kedge's own settings`() throws {
        let contract = try DataContract(yaml: Array(Self.whole.utf8), place: "c.yaml")
        #expect(contract.id == "orders" && contract.version == "1.2.0" && contract.status == "active")
        #expect(contract.compatibility == .full && contract.onViolation == .quarantine)
        let table = try #require(contract.table(TableName(namespace: "public", name: "orders")))
        #expect(table.sourceName == "public.orders" && table.key == ["region", "id"] && table.onViolation == .tag)
        let rules = Dictionary(uniqueKeysWithValues: table.columns.map { ($0.sourceName, $0.rules) })
        #expect(
            rules["id"] == [
                .required, .minimum(ValueRule.Bound("1")), .maximum(ValueRule.Bound("99999999999999999999")),
            ])
        #expect(rules["amount"] == [.minimum(ValueRule.Bound("0.00", isExclusive: true)), .multipleOf("0.01")])
        #expect(rules["status"] == [.oneOf(["new", "yes", "on: hold"])])
        #expect(rules["mail"] == [.maxLength(80), .minLength(3), .pattern("@"), .format(.email)])
        #expect(rules["small"] == [.minimum(ValueRule.Bound("-128")), .maximum(ValueRule.Bound("127"))])
        #expect(table.columns.first { $0.name == "mail" }?.renamedFrom == "email")
        #expect(table.columns.first { $0.name == "Day" }?.sourceName == "day_of_order")
        #expect(table.unenforced == ["id.unique", "amount.enough", "rowCount"])
    }

    /// What is wrong, what the message must name, and the line.
    @Test(arguments: [
        ("kind: DataContract\n  id: x\n", ":2"),
        ("- a\n", "is not a list of properties"),
        ("", "is empty"),
        ("kind: Other\nid: x\n", ":1: the contract is of kind \"Other\""),
        ("kind: DataContract\napiVersion: v2.2.2\n", ":2: the contract is of version v2.2.2"),
        ("apiVersion: v3.1.0\nkind: DataContract\nversion: 1.0.0\nstatus: active\n", "has no id"),
        (head + "schema: 7\n", ":6: the contract has a schema that is no list"),
        (head + "schema:\n- physicalName: t\n", ":7: schema[0] has no name"),
        (head + "schema:\n- name: t\n- name: t\n", ":8: schema[t] describes t again"),
        (head + table + "  - name: a\n    logicalType: text\n", ":10: schema[t].properties[a] has the logical type"),
        (head + table + "  - name: a\n    required: maybe\n", ":10: schema[t].properties[a] has a required"),
        (head + table + "  - name: a\n  - name: a\n", "describes column a again"),
        (head + column("integer", "minimum: abc"), ":12: schema[t].properties[a].logicalTypeOptions has a minimum"),
        (head + column("string", "minimum: 1"), "cannot be compared"),
        (head + column("integer", "multipleOf: 0"), ":12: schema[t].properties[a].logicalTypeOptions has a multipleOf"),
        (head + column("number", "multipleOf: -0.1"), "no number above 0"),
        (head + column("number", "multipleOf: Infinity"), "no number above 0"),
        (head + column("number", "multipleOf: NaN"), "no number above 0"),
        (head + column("number", "multipleOf: 1\(String(repeating: "0", count: 999))1"), "at most 1000 digits"),
        (
            head + column("number", "multipleOf: two"),
            ":12: schema[t].properties[a].logicalTypeOptions has a multipleOf"
        ),
        (head + column("string", "multipleOf: 2"), "cannot be compared"),
        (head + column("date", "multipleOf: '2024-01-01'"), "no number above 0"),
        (head + column("string", "maxLength: -1"), "below 0"),
        (head + column("string", "pattern: '['"), "no regular expression"),
        (head + column("integer", "format: i7"), "format"),
        (head + "customProperties:\n- property: kedgeCompatibility\n  value: BACKWARDS\n", ":8"),
        (head + "customProperties:\n- property: kedgeOnViolation\n  value: ignore\n", "fail, quarantine, tag"),
    ])
    func `what is wrong is said with its line`(yaml: String, words: String) throws {
        let fault = try #require(throws: Fault.self) { _ = try DataContract(yaml: Array(yaml.utf8), place: "c.yaml") }
        #expect(fault.code == .contractUnreadable && fault.message.hasPrefix("c.yaml"))
        #expect(fault.message.contains(words), "\(fault.message)")
    }

    @Test func `no damage to a contract is more than an unreadable one, or another`() throws {
        let whole = Array(Self.whole.utf8)
        for end in stride(from: 0, to: whole.count, by: 7) { Self.read(Array(whole[..<end])) }
        for index in stride(from: 0, to: whole.count, by: 5) {
            for byte in [0x20, 0x22, 0x3a, 0x7b, 0x5d, 0x0a, 0xff] as [UInt8] {
                var damaged = whole
                damaged[index] = byte
                Self.read(damaged)
            }
        }
    }

    private static func read(_ bytes: [UInt8]) {
        do throws(Fault) {
            _ = try DataContract(yaml: bytes, place: "c")
        } catch {
            #expect(error.code == .contractUnreadable)
        }
    }

    @Test func `bytes that are no text are refused`() {
        #expect(throws: Fault.self) { _ = try DataContract(yaml: [0xff, 0xfe, 0x00], place: "c") }
    }

    @Test func `what is drafted reads back as what was drafted`() throws {
        let schemas = [Self.schema(), Self.schema("we ird: \"#'\n\u{85}", namespace: "S\\")]
        for view in ContractView.allCases {
            let text = try ContractText(
                id: "on", version: "1.0.0", schemas: schemas, view: view, columnPrefix: "_cdc_",
                compatibility: .forward, onViolation: .tag
            ).text
            let contract = try DataContract(yaml: Array(text.utf8), place: "draft")
            #expect(contract.id == "on" && contract.compatibility == .forward && contract.onViolation == .tag)
            for schema in schemas {
                let table = try #require(contract.table(schema.table))
                let own = table.columns.filter { !$0.sourceName.hasPrefix("_cdc_") }
                #expect(own == ContractTable(drafting: schema).columns && table.key == schema.key)
                #expect(own.count == table.columns.count - (view == .changelog ? 2 : 0))
            }
            #expect(contract.findings(in: schemas, columnPrefix: "_cdc_").isEmpty)
        }
    }

    static let head = "apiVersion: v3.1.0\nkind: DataContract\nid: x\nversion: 1.0.0\nstatus: active\n"
    private static let table = "schema:\n- name: t\n  properties:\n"

    private static func column(_ type: String, _ option: String) -> String {
        table + "  - name: a\n    logicalType: \(type)\n    logicalTypeOptions:\n      \(option)\n"
    }

    static func schema(_ name: String = "orders", namespace: String = "public") -> TableSchema {
        TableSchema(
            table: TableName(namespace: namespace, name: name),
            columns: [
                TableSchema.Column(
                    name: "id", type: .integer(bits: 64), sourceType: "pg_catalog.int8", isNullable: false),
                TableSchema.Column(name: name, type: .text, sourceType: "pg_catalog.varchar(20)"),
                TableSchema.Column(
                    name: "mood", type: .enumeration, sourceType: "public.mood", labels: ["no", "3", "it's \"ok\"", ""]),
                TableSchema.Column(name: "u", type: .uuid, sourceType: "pg_catalog.uuid", isNullable: true),
                TableSchema.Column(name: "l", type: .list(.list(.date)), sourceType: "pg_catalog.date[]"),
            ], key: ["id"])
    }

    private static let whole = """
        apiVersion: v3.1.0
        kind: DataContract
        id: orders
        version: 1.2.0
        status: active
        customProperties:
          - {property: kedgeCompatibility, value: FULL}
          - {property: kedgeOnViolation, value: quarantine}
          - {property: somebodyElses, value: {deep: [1, 2]}}
        servers: [{server: x, type: local, path: ./data, format: parquet}]
        schema:
          - name: orders
            physicalName: public.orders
            customProperties: [{property: kedgeOnViolation, value: tag}]
            quality: [{type: library, metric: rowCount, mustBeGreaterThan: 5}]
            properties:
              - name: id
                logicalType: integer
                required: true
                unique: true
                primaryKey: true
                primaryKeyPosition: 2
                logicalTypeOptions: {minimum: 1, maximum: 99999999999999999999}
              - name: region
                logicalType: string
                primaryKey: true
                primaryKeyPosition: 1
              - name: amount
                logicalType: number
                logicalTypeOptions: {exclusiveMinimum: 0.00, multipleOf: 0.01}
                quality: [{type: library, name: enough, metric: nullValues, mustBeLessThan: 5}]
              - name: status
                quality:
                  - metric: invalidValues
                    mustBe: 0
                    arguments: {validValues: [new, yes, "on: hold"]}
              - name: mail
                logicalType: string
                logicalTypeOptions: {maxLength: 80, minLength: 3, pattern: "@", format: email}
                customProperties: [{property: kedgeRenamedFrom, value: email}]
              - name: Day
                physicalName: day_of_order
                logicalType: date
              - name: small
                logicalType: integer
                logicalTypeOptions: {format: i8}
        """
}
