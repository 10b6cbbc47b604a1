// SPDX-License-Identifier: Apache-2.0

import Anchors
import Bytes
import Changelog
import Faults
import Synchronization
import TestSupport
import Testing

@testable import Export

@Suite("Where records go when columns change")
struct SchemaGateTests {
    private static let table = TableName(namespace: "public", name: "t")

    /// What an export holds, in the place of a chain.
    private final class Held: Sendable {
        let newest = Mutex<TableSchema?>(nil)
        let folder = Mutex<TableName?>(nil)
        let schemas = Mutex<[TableSchema]>([])
        let origins = Mutex<[TableName: String]>([:])
    }

    private let held = Held()

    private func gate(_ choice: IncompatibilityChoice, comparing: Bool = true) -> SchemaGate {
        let held = held
        let form: ColumnFormOf = { AnyHashable($0) }
        return SchemaGate(
            SchemaRules(
                form: comparing ? form : nil, choice: { _ in choice },
                history: { table in
                    guard table == Self.table else { return TableHistory(newest: nil, folder: nil) { [] } }
                    let (newest, folder) = (held.newest.withLock { $0 }, held.folder.withLock { $0 })
                    return TableHistory(newest: newest, folder: folder) { held.schemas.withLock { $0 } }
                }, origin: { table in held.origins.withLock { $0[table] } }))
    }

    /// `a int4, b text` and so on; a number behind a name is the column's, `!` a key.
    private func schema(
        _ columns: KeyValuePairs<String, ColumnType>, key: [String] = [], table: TableName = table
    ) -> TableSchema {
        TableSchema(
            table: table,
            columns: columns.map { TableSchema.Column(name: $0, type: $1, sourceType: "pg.\($1)") }, key: key)
    }

    /// What a verdict says, in words.
    private func words(_ gate: SchemaGate, _ schema: TableSchema) throws(Fault) -> String {
        switch try gate.verdict(on: schema) {
        case .keep: "keep"
        case .judge: "judge"
        case .redirect(let table, _): table.description
        case .quarantine(let violation): "\(violation.rule): \(violation.reason)"
        }
    }

    private let first: KeyValuePairs<String, ColumnType> = ["a": .integer(bits: 32), "b": .text]

    @Test(
        "what readers by name can take goes on in the folder",
        arguments: [
            ["a": .integer(bits: 32), "b": .text, "c": .json], ["b": .text], ["x": .integer(bits: 32), "b": .text],
            ["b": .text, "a": .integer(bits: 32)], [:],
        ] as [KeyValuePairs<String, ColumnType>])
    func compatible(columns: KeyValuePairs<String, ColumnType>) throws {
        let gate = gate(.stop)
        #expect(try words(gate, schema(first)) == "keep")
        #expect(try words(gate, schema(columns)) == "keep")
    }

    @Test("another type ends the run, and says which column, both types and the way on")
    func stops() throws {
        let gate = gate(.stop)
        _ = try gate.verdict(on: schema(first, key: ["a"]))
        for _ in 0..<2 {
            let fault = #expect(throws: Fault.self) {
                _ = try gate.verdict(on: schema(["a": .integer(bits: 64), "b": .json], key: ["a"]))
            }
            #expect(fault?.code == .schemaIncompatible && fault?.code.exitStatus == 65)
            #expect(
                fault?.message == "public.t cannot go on in public.t: column \"a\" was pg.int32 and is pg.int64")
            #expect(fault?.detail == "column \"b\" was pg.text and is pg.json")
            #expect(fault?.code.hint.contains("--on-incompatible new-table") == true)
        }
        #expect(try words(gate, schema(first, key: ["a"])) == "keep")
        #expect(gate.takeNews().notices.isEmpty, "a change that was refused is not told of")
    }

    @Test("a column that comes again must be what it was, however long ago")
    func union() throws {
        let gate = gate(.stop)
        for columns: KeyValuePairs<String, ColumnType> in [first, ["b": .text], ["b": .text, "c": .date]] {
            #expect(try words(gate, schema(columns)) == "keep")
        }
        #expect(try words(gate, schema(first)) == "keep")
        #expect(faultCode { _ = try gate.verdict(on: schema(["a": .boolean])) } == .schemaIncompatible)
    }

    @Test("the key must stay, in whatever order; one that comes is welcome")
    func keys() throws {
        let gate = gate(.stop)
        for key in [[], ["a", "b"], ["b", "a"]] { #expect(try words(gate, schema(first, key: key)) == "keep") }
        for key in [["a"], []] {
            let fault = #expect(throws: Fault.self) { _ = try gate.verdict(on: schema(first, key: key)) }
            #expect(fault?.message.contains("the key was (b, a) and is") == true)
        }
    }

    @Test("new folders are numbered, and each has columns of its own")
    func newTables() throws {
        let gate = gate(.newTable)
        #expect(try words(gate, schema(["a": .text])) == "keep")
        #expect(try words(gate, schema(["a": .json])) == "public.t__v2")
        #expect(try words(gate, schema(["a": .json, "b": .text])) == "public.t__v2")
        #expect(try words(gate, schema(["a": .text])) == "public.t__v3")
        let news = gate.takeNews()
        #expect(news.notices.map(\.message).first?.hasSuffix("its records go on in public.t__v2") == true)
        #expect(news.notices.map { $0.details["outcome"]?.text } == ["new-table", "kept", "new-table"])
        #expect(news.notices.compactMap { $0.details["folder"]?.text } == ["public.t__v2", "public.t__v3"])
        #expect(news.schemas.count == 3 && gate.takeNews().notices.isEmpty)
    }

    @Test("a quarantine lasts until the columns fit again")
    func quarantine() throws {
        let gate = gate(.quarantine)
        #expect(try words(gate, schema(first)) == "keep")
        let reason = #"schema.incompatible: column "b" was pg.text and is pg.json"#
        #expect(try words(gate, schema(["b": .json, "d": .date])) == reason)
        #expect(try words(gate, schema(["b": .text, "d": .time])) == "keep", "what is set aside binds nobody")
        #expect(gate.takeNews().notices.map { $0.details["outcome"]?.text } == ["quarantined", "kept"])
    }

    @Test("where each record stands for itself everything goes on and is told of")
    func lines() throws {
        let gate = gate(.stop, comparing: false)
        _ = try gate.verdict(on: schema(first, key: ["a"]))
        #expect(try words(gate, schema(["a": .text])) == "keep")
        let notice = try #require(gate.takeNews().notices.first)
        #expect(notice.code == "schema.changed" && notice.table == "public.t")
        #expect(notice.details["changes"]?.elements?.count == 3)
        #expect(notice.details["schema"] == .text(schema(["a": .text]).schemaID))
        #expect(notice.details["schemaBefore"] == .text(schema(first, key: ["a"]).schemaID))
    }

    @Test("a gate begins from what the chain says")
    func goesOn() throws {
        held.newest.withLock { $0 = schema(["a": .json]) }
        held.folder.withLock { $0 = TableName(namespace: "public", name: "t__v2") }
        held.schemas.withLock { $0 = [schema(["a": .json])] }
        let gate = gate(.newTable)
        #expect(try words(gate, schema(["a": .json])) == "public.t__v2")
        #expect(gate.takeNews().notices.isEmpty)
        #expect(try words(gate, schema(["a": .text])) == "public.t__v3")
    }

    @Test("a table that is called like a folder of another is refused, whichever comes first")
    func collisions() throws {
        let second = TableName(namespace: "public", name: "t__v2")
        let gate = gate(.newTable)
        _ = try gate.verdict(on: schema(["a": .text]))
        _ = try gate.verdict(on: schema(["a": .json]))
        #expect(faultCode { _ = try gate.verdict(on: schema(["a": .text], table: second)) } == .tableReserved)
        held.origins.withLock { $0[second] = "public.t" }
        let next = self.gate(.newTable)
        #expect(faultCode { _ = try next.verdict(on: schema(["a": .text], table: second)) } == .tableReserved)
        held.origins.withLock { $0[second] = second.description }
        let third = self.gate(.newTable)
        _ = try third.verdict(on: schema(["a": .text], table: second))
        _ = try third.verdict(on: schema(["a": .text]))
        #expect(faultCode { _ = try third.verdict(on: schema(["a": .json])) } == .tableReserved)
    }
}
