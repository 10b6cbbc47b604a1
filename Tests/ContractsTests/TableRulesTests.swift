// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import Compression
import Contracts
import Export
import Faults
import NDJSONFormat
import TestSupport
import Testing

/// A value, the type of its column, a rule, and whether the value keeps it.
private struct Case: Sendable {
    let type: ColumnType
    let rule: ValueRule
    let good: [String]
    let bad: [String]

    init(_ type: ColumnType, _ rule: ValueRule, good: [String], bad: [String]) {
        (self.type, self.rule, self.good, self.bad) = (type, rule, good, bad)
    }
}

/// Values before they are written and behind it are judged alike.
@Suite struct TableRulesTests {
    private static let decimal = ColumnType.decimal(precision: nil, scale: nil)

    private static let cases = [
        Case(.text, .required, good: ["", "x"], bad: []),
        Case(.text, .oneOf(["a", "it's", "é\n"]), good: ["a", "it's", "é\n"], bad: ["", "A", "aa"]),
        Case(.enumeration, .oneOf(["a"]), good: ["a"], bad: ["b"]),
        Case(.integer(bits: 64), .oneOf(["1", "20"]), good: ["1", "20"], bad: ["2", "10"]),
        Case(
            .text, .oneOf((0..<10_000).map { "code \($0)" }), good: ["code 0", "code 9999"], bad: ["code 10000", ""]),
        Case(
            decimal, .oneOf((0..<10_000).map { "\($0).50" }), good: ["0.5", "9999.500"],
            bad: ["10000.5", "-0.5", "1", "NaN"]),
        Case(decimal, .oneOf(["1.5"]), good: ["1.5", "1.50"], bad: ["1.51"]),
        Case(.boolean, .oneOf(["true"]), good: ["t"], bad: ["f"]),
        Case(
            .integer(bits: 64), .minimum(.init("9223372036854775807")), good: ["9223372036854775807"],
            bad: ["9223372036854775806", "-1"]),
        Case(.integer(bits: 16), .maximum(.init("0", isExclusive: true)), good: ["-1"], bad: ["0", "1"]),
        Case(
            decimal, .maximum(.init("0.1")), good: ["0.1", "0.10000000000000000000", "-5"],
            bad: ["0.10000000000000000000000001", "NaN", "Infinity"]),
        Case(
            .float(bits: 64), .minimum(.init("1e-3")), good: ["0.001", "1e+20", "Infinity"],
            bad: ["0.0009", "-Infinity"]),
        Case(
            .integer(bits: 64), .multipleOf("5"), good: ["0", "5", "-10", "9223372036854775805"],
            bad: ["1", "-4", "9223372036854775807", "-9223372036854775808"]),
        Case(
            decimal, .multipleOf("0.1"), good: ["0", "0.00", "0.30", "-0.3", "1e2", "12345678901234567890.10"],
            bad: ["0.35", "-0.01", "12345678901234567890.11", "NaN", "Infinity", "-Infinity"]),
        Case(
            decimal, .multipleOf("1234567890123456789012345678901234567890123456789012345678.9"),
            good: [
                "0", "1234567890123456789012345678901234567890123456789012345678.9",
                "-11111111011111111101111111110111111111011111111101111111110.1000",
            ], bad: ["1", "1234567890123456789012345678901234567890123456789012345678.8"]),
        Case(
            .float(bits: 64), .multipleOf("2.5e-1"), good: ["0", "-0", "1e+308", "0.75", "1e+16", "5e-1"],
            bad: ["0.3", "1e-05", "5e-324", "NaN", "Infinity", "-Infinity"]),
        Case(.text, .multipleOf("5"), good: ["3", "x"], bad: []),
        Case(
            .date, .minimum(.init("2024-02-29")), good: ["2024-02-29", "infinity"],
            bad: ["2024-02-28", "0001-01-01 BC"]),
        Case(
            .timestampWithZone, .maximum(.init("2024-01-01T02:00:00+02:00")), good: ["2024-01-01T00:00:00+00:00"],
            bad: ["2024-01-01T00:00:00.000001+00:00"]),
        Case(
            .time, .maximum(.init("12:00:00", isExclusive: true)), good: ["11:59:59.999999"],
            bad: ["12:00:00", "24:00:00"]),
        Case(.text, .minLength(2), good: ["ab", "éé"], bad: ["", "é"]),
        Case(.text, .maxLength(2), good: ["", "éé", "\u{1F600}\u{1F600}"], bad: ["abc", "ééé"]),
        Case(.text, .pattern("^[a-z]+$"), good: ["abc"], bad: ["", "aBc", "a c"]),
        Case(.text, .pattern("b"), good: ["abc"], bad: ["ac"]),
        Case(.text, .format(.email), good: ["a@b.c"], bad: ["a"]),
        Case(.uuid, .format(.uuid), good: ["0b36a5ff-9a0d-4c2b-8c33-7fbf5f9f1f2a"], bad: []),
        // A bound of another type than the column's says nothing of its values.
        Case(.text, .minimum(.init("5")), good: ["", "x"], bad: []),
        Case(.integer(bits: 32), .maximum(.init("2024-01-01")), good: ["1"], bad: []),
        // What has no text of its own is not judged by one.
        Case(.json, .maxLength(1), good: ["{\"a\": 1}", "null"], bad: []),
        Case(.binary, .maxLength(1), good: ["00ff"], bad: []),
    ]

    @Test(arguments: cases.indices)
    func `a rule holds or not, before the record is written and behind it`(index: Int) throws {
        let subject = Self.cases[index]
        for (value, isGood) in subject.good.map({ ($0, true) }) + subject.bad.map({ ($0, false) }) {
            let verdicts = try verdicts(subject.type, [subject.rule], .create, .value(value))
            #expect(
                verdicts == (isGood ? [] : ["v.\(subject.rule.name)"]), "\(value.debugDescription), \(subject.rule)")
        }
    }

    @Test func `a null breaks only what requires a value`() throws {
        #expect(try verdicts(.text, [.required, .minLength(5)], .update, .null) == ["v.required"])
        #expect(try verdicts(.text, [.minLength(5), .oneOf(["a"])], .create, .null) == [])
    }

    @Test func `what the source did not send breaks nothing, and neither does a row that goes away`() throws {
        #expect(try verdicts(.text, [.required, .minLength(5)], .update, .unset) == [])
        for operation in [Changelog.Operation.delete, .truncate, .message] {
            #expect(try verdicts(.text, [.required, .oneOf(["a"])], operation, .null) == [])
            #expect(try verdicts(.text, [.required, .oneOf(["a"])], operation, .value("b")) == [])
        }
    }

    @Test(arguments: [
        (ColumnType.integer(bits: 64), "3", [-9, 0, 6], [-8, 7]),
        (.decimal(precision: 18, scale: 3), "0.05", [0, 50, -100, 999_999_999_999_999_950], [49, -51]),
        (.float(bits: 64), "0.1", [bits(0.3), bits(-7), bits(1e22)], [bits(0.1 + 0.2), bits(.nan), bits(.infinity)]),
    ])
    func `numbers of a binary copy are judged by what they are`(
        type: ColumnType, divisor: String, good: [Int64], bad: [Int64]
    ) throws {
        for (number, isGood) in good.map({ ($0, true) }) + bad.map({ ($0, false) }) {
            let verdicts = try verdicts(type, [.multipleOf(divisor)], .read, .number(number))
            #expect(verdicts == (isGood ? [] : ["v.multipleOf"]), "\(number) as \(type)")
        }
    }

    private static func bits(_ value: Double) -> Int64 { Int64(bitPattern: value.bitPattern) }

    @Test func `several rules are named in the order of the contract`() throws {
        let rules: [ValueRule] = [.minLength(5), .oneOf(["a"]), .pattern("z")]
        #expect(try verdicts(.text, rules, .read, .value("b")) == ["v.minLength", "v.validValues", "v.pattern"])
    }

    @Test func `a line that is no record of the columns is none`() {
        let rules = TableRules(ContractTable(name: "t", columns: []), for: Self.schema(.text))
        for line in ["", "{", "[]", "{}", #"{"_cdc_op":"x","v":1}"#, #"{"_cdc_op":"c"}"#, #"{"_cdc_op":"c","v":"a"}}"#]
        {
            let verdict = Array(line.utf8).withRawSpan { rules.verdict(onLine: $0, columnPrefix: "_cdc_") }
            #expect(verdict == nil, "\(line)")
        }
    }

    @Test func `no damage to a line is more than no record, or another`() {
        let table = ContractTable(
            name: "t",
            columns: [ContractColumn(name: "v", rules: [.required, .minLength(2), .pattern("a"), .format(.email)])])
        let rules = TableRules(table, for: Self.schema(.text))
        let line = Array(
            #"{"_cdc_seq":"x","_cdc_op":"c","v":"a\u00e9\"{","_cdc_unset":["v"],"_cdc_old":{"v":[1]}}"#.utf8)
        for end in line.indices { #expect(Self.isNone(rules, Array(line[..<end]))) }
        for index in line.indices {
            for byte in [0, 0x22, 0x5c, 0x2c, 0x3a, 0x5b, 0x7b, 0x7d, 0xff] as [UInt8] {
                var damaged = line
                damaged[index] = byte
                _ = Self.isNone(rules, damaged)
            }
        }
    }

    private static func isNone(_ rules: TableRules, _ line: [UInt8]) -> Bool {
        line.withRawSpan { rules.verdict(onLine: $0, columnPrefix: "_cdc_") } == nil
    }

    @Test func `a number in quotes is judged as one without`() {
        let table = ContractTable(
            name: "t", columns: [ContractColumn(name: "v", rules: [.multipleOf("0.1"), .oneOf(["0.3", "NaN"])])])
        let rules = TableRules(table, for: Self.schema(Self.decimal))
        let cases = [
            ("0.30", []), (#""0.30""#, []), ("3e-1", []), ("0.31", ["multipleOf", "validValues"]),
            (#""0.31""#, ["multipleOf", "validValues"]), (#""0.4""#, ["validValues"]), (#""NaN""#, ["multipleOf"]),
        ]
        for (value, broken) in cases {
            let line = #"{"_cdc_op":"c","v":\#(value)}"#
            let verdict = Array(line.utf8).withRawSpan { rules.verdict(onLine: $0, columnPrefix: "_cdc_") }
            #expect(verdict?.broken.map(\.name.rule) == broken, "\(line)")
        }
    }

    @Test func `the tags of a line are read`() throws {
        let rules = TableRules(ContractTable(name: "t", columns: []), for: Self.schema(.text))
        let line = #"{"_cdc_seq":"x","_cdc_op":"c","v":"a","_cdc_violations":["v.a","v.\"b\""]}"#
        let verdict = Array(line.utf8).withRawSpan { rules.verdict(onLine: $0, columnPrefix: "_cdc_") }
        #expect(verdict?.tags == ["v.a", "v.\"b\""] && verdict?.operation == .create)
    }

    // MARK: The gate

    @Test(arguments: ViolationPolicy.allCases)
    func `records that break a rule go where the policy says`(policy: ViolationPolicy) throws {
        let gate = Self.gate(policy)
        #expect(gate.tags == (policy == .tag))
        let sink = MemorySink()
        let recorder = SegmentRecorder<NDJSONEncoder, MemorySink>(
            layout: RecordLayout(epoch: 1, violations: .present), compression: CompressionChoice(codec: .none),
            limits: SegmentLimits(), sink: sink, gate: gate)
        let batch = Self.batch(.text, .create, [.value("good"), .value("secret"), .null])
        guard policy != .fail else {
            let fault = try #require(throws: Fault.self) { try recorder.record(batch.slices[0], of: batch) }
            #expect(fault.code == .contractViolated && fault.message.contains("public.t"))
            #expect(fault.message.contains("\"v\"") && fault.message.contains("maxLength"))
            #expect(fault.context == ["recording the change 0001/0000000000000007/0000000000000002"])
            #expect(!fault.description.contains("secret"))
            return
        }
        try recorder.record(batch.slices[0], of: batch)
        let lines = try recorder.takeSegments().map { segment in
            let path = "x/data/\(segment.draft.token)"
            try sink.place(segment.draft, at: path)
            return String(decoding: sink.files[path] ?? [], as: UTF8.self)
        }
        if policy == .tag {
            #expect(lines.count == 1 && lines[0].contains(#""v":"secret","_cdc_violations":["v.maxLength"]}"#))
            #expect(lines[0].contains(#""v":null,"_cdc_violations":["v.required"]}"#))
            #expect(lines[0].contains("\"v\":\"good\"}\n"))
        } else {
            #expect(lines.count == 2 && !lines[0].contains("secret"))
            #expect(lines[1].contains(#""rule":"v.maxLength""#) && lines[1].contains(#""v":"secret"}"#))
        }
    }

    @Test func `a table of which the contract says nothing is kept unasked`() throws {
        let other = TableSchema(table: TableName(namespace: "sales", name: "t"), columns: [], key: [])
        guard case .keep = try Self.gate(.fail).verdict(on: other) else {
            Issue.record("it is not kept")
            return
        }
    }

    @Test func `what the mode allows of columns is no breach`() {
        let gate = Self.gate(.fail)
        #expect(gate.breaches(of: Self.schema(.text)).isEmpty)
        #expect(gate.breaches(of: Self.schema(.text, name: "other")).isEmpty)
        #expect(gate.breaches(of: Self.schema(.integer(bits: 32), source: "pg_catalog.int4")).map(\.column) == ["v"])
        #expect(gate.breaches(of: Self.schema(.text, key: ["v"])).map(\.column) == [nil])
    }

    private static func gate(_ policy: ViolationPolicy) -> ContractGate {
        let column = ContractColumn(
            name: "v", logicalType: .string, physicalType: "text", rules: [.required, .maxLength(4)])
        let own = ContractColumn(name: "_cdc_seq", logicalType: .string, rules: [.required])
        return ContractGate(
            DataContract(
                id: "c", version: "1", status: "active",
                tables: [ContractTable(name: "t", physicalName: "public.t", columns: [own, column], key: [])],
                onViolation: policy), columnPrefix: "_cdc_")
    }

    // MARK: Both sides of the encoder

    private enum Field {
        case null
        case unset
        case value(String)
        case number(Int64)
    }

    /// The names of the rules that the change breaks; the same from the change and from its line.
    private func verdicts(
        _ type: ColumnType, _ rules: [ValueRule], _ operation: Changelog.Operation, _ field: Field
    ) throws -> [String] {
        let schema = Self.schema(type)
        let table = ContractTable(name: "t", columns: [ContractColumn(name: "v", rules: rules)])
        let ready = TableRules(table, for: schema)
        let batch = Self.batch(type, operation, [field])
        let before = ready.broken(by: batch.change(at: 0)).map(\.name.description)
        var encoder = NDJSONEncoder(schema: schema, layout: RecordLayout(epoch: 1))
        var line = ByteBuffer()
        try encoder.encode(batch.change(at: 0), of: batch.slices[0].transaction, ordinal: 1, into: &line)
        let text = line.bytes.extracting(0..<line.count - 1)
        let found = ready.verdict(onLine: text, columnPrefix: "_cdc_")
        let verdict = try #require(found)
        #expect(verdict.broken.map(\.name.description) == before, "what is written is judged as what is to be written")
        return before
    }

    private static func batch(_ type: ColumnType, _ operation: Changelog.Operation, _ fields: [Field]) -> ChangeBatch {
        var batch = ChangeBatch(byteLimit: 1 << 16)
        batch.begin(Transaction(position: Position(rawValue: 7)))
        for (index, field) in fields.enumerated() {
            batch.beginChange(operation, schema: batch.index(of: schema(type)), ordinal: UInt64(index + 1))
            switch field {
            case .null: batch.appendNull()
            case .unset: batch.appendUnset()
            case .number(let number): batch.append(number: number)
            case .value(let text): Array(text.utf8).withRawSpan { batch.append($0) }
            }
            batch.endChange()
        }
        batch.end()
        return batch
    }

    private static func schema(
        _ type: ColumnType, name: String = "v", source: String = "pg_catalog.text", key: [String] = []
    ) -> TableSchema {
        TableSchema(
            table: TableName(namespace: "public", name: "t"),
            columns: [TableSchema.Column(name: name, type: type, sourceType: source)], key: key)
    }
}
