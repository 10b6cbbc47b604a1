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

    /// Every option that the standard knows, of every type: in force, or told to be not.
    @Test(arguments: [
        ("string", "minLength: 1", ["minLength"], []), ("string", "maxLength: 1", ["maxLength"], []),
        ("string", "pattern: a", ["pattern"], []), ("string", "format: uuid", ["format"], []),
        ("string", "format: password", [], ["format"]), ("string", "format: binary", [], ["format"]),
        ("date", "format: yyyy-MM-dd", [], ["format"]), ("date", "minimum: '2024-01-01'", ["minimum"], []),
        ("date", "maximum: '2024-01-01'", ["maximum"], []),
        ("date", "exclusiveMinimum: '2024-01-01'", ["exclusiveMinimum"], []),
        ("timestamp", "exclusiveMaximum: '2024-01-01T00:00:00Z'", ["exclusiveMaximum"], []),
        ("timestamp", "timezone: true", [], ["timezone"]),
        ("timestamp", "defaultTimezone: Etc/UTC", [], ["defaultTimezone"]),
        ("time", "minimum: '12:00'", ["minimum"], []), ("time", "timezone: false", [], ["timezone"]),
        ("integer", "multipleOf: 5", ["multipleOf"], []), ("integer", "maximum: 5", ["maximum"], []),
        ("integer", "exclusiveMaximum: 5", ["exclusiveMaximum"], []),
        ("integer", "format: u16", ["minimum", "maximum"], []), ("number", "multipleOf: 5e-1", ["multipleOf"], []),
        ("number", "minimum: 5", ["minimum"], []), ("number", "exclusiveMinimum: 5", ["exclusiveMinimum"], []),
        ("number", "format: f32", [], ["format"]), ("object", "maxProperties: 5", [], ["maxProperties"]),
        ("object", "minProperties: 5", [], ["minProperties"]), ("object", "required: [a]", [], ["required"]),
        ("array", "maxItems: 5", [], ["maxItems"]), ("array", "minItems: 5", [], ["minItems"]),
        ("array", "uniqueItems: true", [], ["uniqueItems"]),
        ("number", "{minimum: 5, exclusiveMinimum: true}", ["exclusiveMinimum"], []),
        ("number", "{minimum: 5, exclusiveMinimum: false}", ["minimum"], []),
        ("date", "{maximum: '2024-01-01', exclusiveMaximum: true}", ["exclusiveMaximum"], []),
    ])
    func `no option is passed over`(type: String, option: String, rules: [String], unenforced: [String]) throws {
        let contract = try DataContract(yaml: Array((Self.head + Self.column(type, option)).utf8), place: "c.yaml")
        let table = try #require(contract.tables.first)
        #expect(table.columns.first?.rules.map(\.name) == rules, "\(type) \(option)")
        #expect(table.unenforced == unenforced.map { "a.\($0)" }, "\(type) \(option)")
    }

    @Test func `what is asked of parts of values, or cannot be judged, is told`() throws {
        let yaml = """
            - name: tags
              logicalType: array
              items: {logicalType: string, required: true, logicalTypeOptions: {maxLength: 5, pattern: a}}
            - name: doc
              logicalType: object
              properties:
              - {name: x, logicalType: integer, unique: true, quality: [{metric: nullValues, mustBe: 0}]}
              - {name: y, logicalType: array, items: {logicalType: object, properties: [{name: z, required: true}]}}
            - name: code
              quality:
              - {metric: invalidValues, mustBe: 0, arguments: {validValues: []}}
              - {metric: invalidValues, mustBe: 0, arguments: {other: 1}}
              - {metric: missingValues, mustBe: 0, arguments: {missingValues: ["", none]}}
              relationships: [{to: other.code}]
            """
        let indented = yaml.split(separator: "\n").map { "  \($0)\n" }.joined()
        let text = Self.head + Self.table + indented + "  relationships: [{from: t.code, to: u.code}]\n"
        let table = try #require(try DataContract(yaml: Array(text.utf8), place: "c.yaml").tables.first)
        #expect(table.columns.allSatisfy { $0.rules.isEmpty })
        #expect(
            table.unenforced == [
                "tags.items.required", "tags.items.maxLength", "tags.items.pattern", "doc.x.unique", "doc.x.nullValues",
                "doc.y.items.z.required", "code.invalidValues", "code.invalidValues", "code.missingValues",
                "code.relationships", "relationships",
            ])
    }

    @Test func `a rule that the type of its column keeps from being judged is a note`() {
        let types: [(ColumnType, String)] = [
            (.json, "pg_catalog.jsonb"), (.list(.text), "pg_catalog.text[]"), (.bytes, "pg_catalog.bytea"),
        ]
        for (type, source) in types {
            let schema = TableSchema(
                table: TableName(namespace: "public", name: "t"),
                columns: [TableSchema.Column(name: "v", type: type, sourceType: source, isNullable: false)], key: [])
            let table = ContractTable(
                name: "t",
                columns: [
                    ContractColumn(name: "v", physicalType: source, rules: [.required, .maxLength(5), .pattern("a")])
                ]
            )
            let findings = table.findings(in: schema, columnPrefix: "_cdc_")
            #expect(findings.map(\.rule) == ["maxLength", "pattern"] && findings.allSatisfy { $0.weight == .note })
            #expect(findings.allSatisfy { $0.found == "values of \(source) are not judged" })
        }
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
