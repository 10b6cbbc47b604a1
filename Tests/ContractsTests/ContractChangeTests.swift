// SPDX-License-Identifier: Apache-2.0

import Changelog
import Contracts
import Testing

/// Each kind of change under each mode.
@Suite struct ContractChangeTests {
    private static let base = [
        ContractColumn(name: "id", logicalType: .integer, physicalType: "int8", rules: [.required]),
        ContractColumn(name: "n", logicalType: .integer, physicalType: "int4"),
        ContractColumn(name: "v", logicalType: .string, physicalType: "varchar(10)", rules: [.maxLength(10)]),
        ContractColumn(name: "e", logicalType: .string, physicalType: "public.mood", rules: [.oneOf(["a", "b"])]),
        ContractColumn(name: "r", logicalType: .number, rules: [.minimum(bound("1")), .maximum(bound("9.5"))]),
        ContractColumn(name: "p", logicalType: .string, rules: [.pattern("x"), .minLength(2)]),
        ContractColumn(name: "d", logicalType: .number, rules: [.multipleOf("0.2")]),
    ]

    /// What is changed, and whether it breaks BACKWARD and FORWARD.
    private static let cases: [(String, [ContractColumn], backward: Bool, forward: Bool)] = [
        ("nothing", base, false, false),
        ("an optional column is new", base + [ContractColumn(name: "x", logicalType: .string)], false, false),
        ("a required column is new", base + [ContractColumn(name: "x", rules: [.required])], true, false),
        ("an optional column is gone", base.filter { $0.name != "n" }, false, false),
        ("a required column is gone", base.filter { $0.name != "id" }, false, true),
        (
            "a column has another name, and says so",
            with("n", ContractColumn(name: "m", logicalType: .integer, physicalType: "int4", renamedFrom: "n")), false,
            true
        ),
        (
            "a required column has another name, and does not say so",
            with("id", ContractColumn(name: "key", logicalType: .integer, physicalType: "int8", rules: [.required])),
            true, true
        ),
        (
            "an integer is wider", with("n", ContractColumn(name: "n", logicalType: .integer, physicalType: "bigint")),
            false, true
        ),
        (
            "an integer is narrower", with("n", ContractColumn(name: "n", logicalType: .integer, physicalType: "int2")),
            true, true
        ),
        (
            "a type has another spelling",
            with("n", ContractColumn(name: "n", logicalType: .integer, physicalType: "pg_catalog.INT4")), false, false
        ),
        (
            "a type is another", with("n", ContractColumn(name: "n", logicalType: .string, physicalType: "text")), true,
            true
        ),
        ("an integer is a number", with("r", ContractColumn(name: "r", logicalType: .string)), true, true),
        (
            "a text is longer",
            with(
                "v",
                ContractColumn(name: "v", logicalType: .string, physicalType: "varchar(20)", rules: [.maxLength(20)])),
            false, false
        ),
        (
            "a text has no bound", with("v", ContractColumn(name: "v", logicalType: .string, physicalType: "text")),
            false, false
        ),
        (
            "a label is new",
            with(
                "e",
                ContractColumn(
                    name: "e", logicalType: .string, physicalType: "public.mood", rules: [.oneOf(["a", "b", "c"])])),
            false, false
        ),
        (
            "a label is gone",
            with(
                "e",
                ContractColumn(name: "e", logicalType: .string, physicalType: "public.mood", rules: [.oneOf(["a"])])),
            true, false
        ),
        (
            "a value is required",
            with("n", ContractColumn(name: "n", logicalType: .integer, physicalType: "int4", rules: [.required])), true,
            false
        ),
        (
            "a value is no longer required",
            with("id", ContractColumn(name: "id", logicalType: .integer, physicalType: "int8")), false, true
        ),
        ("a minimum is higher", with("r", range("2", "9.5")), true, false),
        ("a minimum is lower", with("r", range("0.99", "9.5")), false, true),
        ("a maximum is lower", with("r", range("1", "9.49")), true, false),
        ("a maximum is higher", with("r", range("1", "10")), false, true),
        ("a minimum is spelled otherwise", with("r", range("1", "9.5", isExclusive: true)), true, false),
        ("a bound has another spelling", with("r", range("1.0", "95e-1")), false, false),
        ("values are multiples of a multiple", with("d", multiple("1")), true, false),
        ("values are multiples of a divisor", with("d", multiple("0.05")), false, true),
        ("values are multiples of another number", with("d", multiple("0.3")), true, true),
        ("a divisor has another spelling", with("d", multiple("2e-1")), false, false),
        ("values need be no multiples", with("d", ContractColumn(name: "d", logicalType: .number)), false, true),
        (
            "values are multiples",
            with(
                "r",
                ContractColumn(
                    name: "r", logicalType: .number,
                    rules: [.minimum(bound("1")), .maximum(bound("9.5")), .multipleOf("3")])), true, false
        ),
        (
            "a second minimum is higher",
            with("r", numbers([.minimum(bound("0")), .minimum(bound("2")), .maximum(bound("9.5"))])), true, false
        ),
        (
            "bounds have another spelling, with more that follow from them",
            with(
                "r",
                numbers([.minimum(bound("0")), .minimum(bound("1")), .maximum(bound("9.5")), .maximum(bound("10"))])),
            false, false
        ),
        (
            "a second pattern is asked for",
            with(
                "p",
                ContractColumn(name: "p", logicalType: .string, rules: [.pattern("x"), .minLength(2), .pattern("y")])),
            true, false
        ),
        (
            "a bound is gone",
            with("r", ContractColumn(name: "r", logicalType: .number, rules: [.minimum(bound("1"))])), false, true
        ),
        (
            "a pattern is another",
            with("p", ContractColumn(name: "p", logicalType: .string, rules: [.pattern("y"), .minLength(2)])), true,
            true
        ),
        (
            "a shorter text is valid",
            with("p", ContractColumn(name: "p", logicalType: .string, rules: [.pattern("x"), .minLength(1)])), false,
            true
        ),
        (
            "a form is asked for",
            with(
                "p",
                ContractColumn(name: "p", logicalType: .string, rules: [.pattern("x"), .minLength(2), .format(.email)])),
            true, false
        ),
    ]

    @Test(arguments: cases.indices)
    func `a change breaks the modes that it should`(index: Int) {
        let (what, columns, backward, forward) = Self.cases[index]
        let changes = ContractChange.between(Self.contract(Self.base), Self.contract(columns))
        func breaks(_ mode: CompatibilityMode) -> Bool { changes.contains { $0.breaks(mode) } }
        #expect(breaks(.backward) == backward && breaks(.backwardTransitive) == backward, "\(what): \(changes)")
        #expect(breaks(.forward) == forward && breaks(.forwardTransitive) == forward, "\(what): \(changes)")
        #expect(breaks(.full) == (backward || forward) && breaks(.fullTransitive) == (backward || forward), "\(what)")
        #expect(!breaks(.none), "\(what)")
        #expect(what == "nothing" || what.contains("spelling") || !changes.isEmpty, "\(what)")
    }

    @Test func `of long lists of values those that come and go are told, the first by name`() {
        func contract(_ values: Range<Int>) -> DataContract {
            Self.contract([ContractColumn(name: "e", rules: [.oneOf(values.map { "v\($0)" })])], key: nil)
        }
        let changes = ContractChange.between(contract(0..<20_000), contract(10..<20_001))
        #expect(
            changes.map(\.what) == [
                "valid values are gone: v0, v1, v2, v3, v4, v5, v6, v7 and 2 more", "valid values are new: v20000",
            ])
        #expect(changes.map(\.harm) == [.newReaders, .none])
    }

    @Test func `a table that is gone breaks every mode but NONE, a new one none`() {
        let one = Self.contract(Self.base)
        let two = DataContract(
            id: "c", version: "2", status: "active", tables: one.tables + [ContractTable(name: "u", columns: [])])
        #expect(ContractChange.between(one, two).allSatisfy { $0.harm == .none })
        let back = ContractChange.between(two, one)
        #expect(CompatibilityMode.allCases.filter { mode in back.contains { $0.breaks(mode) } }.count == 6)
    }

    @Test func `another key breaks both ways, its order does not`() {
        let old = Self.contract(Self.base, key: ["id", "n"])
        #expect(ContractChange.between(old, Self.contract(Self.base, key: ["n", "id"])).isEmpty)
        #expect(ContractChange.between(old, Self.contract(Self.base, key: nil)).isEmpty)
        #expect(ContractChange.between(old, Self.contract(Self.base, key: ["id"])).map(\.harm) == [.both])
    }

    @Test func `a key whose column has another name, and says so, is the same key`() {
        let old = Self.contract(Self.base)
        let columns = Self.with(
            "id",
            ContractColumn(
                name: "key", logicalType: .integer, physicalType: "int8", rules: [.required], renamedFrom: "id"))
        let changes = ContractChange.between(old, Self.contract(columns, key: ["key"]))
        #expect(changes.map(\.harm) == [.oldReaders] && changes.map(\.column) == ["id"], "\(changes)")
    }

    @Test func `a name that another column has taken is followed where it is told, and only there`() {
        let id = ContractColumn(name: "id", physicalType: "int8", rules: [.required])
        let text = ContractColumn(name: "a", physicalType: "text")
        let moved = ContractColumn(name: "b", physicalType: "text", renamedFrom: "a")
        let taken = ContractColumn(name: "a", physicalType: "int4")
        let first = Self.contract([id, text])
        let second = Self.contract([id, taken, moved])
        #expect(
            ContractChange.between(first, second).map { "\($0.column ?? "") \($0.harm)" } == ["a oldReaders", "a none"])
        // The name is told in later versions, too.
        #expect(ContractChange.between(second, second).isEmpty)
    }

    @Test func `records of earlier schemas are held to what new readers can read`() {
        func schema(_ columns: (String, String)..., key: [String] = ["id"]) -> TableSchema {
            TableSchema(
                table: TableName(namespace: nil, name: "t__v2"),
                columns: columns.map { TableSchema.Column(name: $0, type: .text, sourceType: $1) }, key: key)
        }
        let table = ContractTable(
            name: "t",
            columns: [
                ContractColumn(name: "id", physicalType: "int8", rules: [.required]),
                ContractColumn(name: "_cdc_seq", rules: [.required]),
                ContractColumn(name: "new", physicalType: "text"),
                ContractColumn(name: "after", physicalType: "int4", renamedFrom: "before"),
            ], key: ["id"])
        func found(_ schema: TableSchema, _ mode: CompatibilityMode = .backward) -> [String] {
            table.findings(inEarlier: schema, mode: mode, columnPrefix: "_cdc_").map { "\($0.column ?? "") \($0.rule)" }
        }
        // Columns that came later, had another name, were narrower or are gone.
        #expect(found(schema(("id", "int4"), ("before", "int2"), ("gone", "text"))).isEmpty)
        #expect(found(schema(("before", "int4"))) == ["id compatibility"])
        #expect(found(schema(("id", "int8"), ("before", "text"))) == ["after compatibility"])
        #expect(found(schema(("id", "int8"), ("after", "int4"), key: ["after"])) == [" compatibility"])
        for mode in [CompatibilityMode.none, .forward, .forwardTransitive] {
            #expect(found(schema(("before", "text")), mode).isEmpty)
        }
    }

    @Test func `structure alone passes over what no catalog tells`() {
        let old = ContractTable(name: "t", columns: Self.base)
        let new = ContractTable(
            name: "t",
            columns: Self.base.map {
                ContractColumn(name: $0.name, logicalType: $0.logicalType, physicalType: $0.physicalType)
            } + [ContractColumn(name: "x", rules: [.required])])
        let changes = ContractChange.between(old, new, .structure)
        #expect(changes.map(\.column) == ["x"] && changes.allSatisfy { $0.harm == .none })
    }

    private static func contract(_ columns: [ContractColumn], key: [String]? = ["id"]) -> DataContract {
        DataContract(
            id: "c", version: "1", status: "active", tables: [ContractTable(name: "t", columns: columns, key: key)])
    }

    private static func with(_ name: String, _ column: ContractColumn) -> [ContractColumn] {
        base.map { $0.name == name ? column : $0 }
    }

    private static func bound(_ text: String) -> ValueRule.Bound { ValueRule.Bound(text) }

    private static func numbers(_ rules: [ValueRule]) -> ContractColumn {
        ContractColumn(name: "r", logicalType: .number, rules: rules)
    }

    private static func multiple(_ divisor: String) -> ContractColumn {
        ContractColumn(name: "d", logicalType: .number, rules: [.multipleOf(divisor)])
    }

    private static func range(_ low: String, _ high: String, isExclusive: Bool = false) -> ContractColumn {
        ContractColumn(
            name: "r", logicalType: .number,
            rules: [.minimum(ValueRule.Bound(low, isExclusive: isExclusive)), .maximum(bound(high))])
    }
}
