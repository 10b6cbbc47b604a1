// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import PostgresValues
import Testing

@testable import PostgresAdapter

@Suite struct ChangeDecoderTests {
    private static let table = Wire.relation(
        1, "t", [Wire.Column(isKey: true, name: "a", oid: 20), Wire.Column(name: "b")])
    private static let whole = Wire.relation(
        1, "t", identity: "f", [Wire.Column(isKey: true, name: "a", oid: 20), Wire.Column(isKey: true, name: "b")])

    @Test func `inserts, updates and deletes become changes in order`() throws {
        var decoding = Decoding()
        try decoding.take(
            Self.table, Wire.insert(1, [.text("1"), .null]), Wire.update(1, [.text("1"), .text("x")]),
            Wire.update(1, key: [.text("1"), .null], [.text("2"), .text("x")]),
            Wire.delete(1, key: [.text("2"), .null]))
        let changes = decoding.changes()
        #expect(
            changes == [
                "c 1 public.t a=1 b=-", "u 2 public.t a=1 b=x", "u 3 public.t a=2 b=x | a=1 b=?",
                "d 4 public.t a=2 b=? | a=2 b=?",
            ])
    }

    @Test func `whole old rows keep their nulls`() throws {
        var decoding = Decoding()
        try decoding.take(
            Self.whole, Wire.update(1, row: [.text("1"), .null], [.text("1"), .text("x")]),
            Wire.delete(1, row: [.text("1"), .null]))
        let changes = decoding.changes()
        #expect(changes == ["u 1 public.t a=1 b=x | a=1 b=-", "d 2 public.t a=1 b=- | a=1 b=-"])
    }

    @Test func `an unchanged TOAST value is unknown, never null`() throws {
        var decoding = Decoding()
        let outcome = try decoding.take(Self.table, Wire.update(1, [.text("1"), .unchanged]))
        let changes = decoding.changes()
        #expect(outcome == .done && changes == ["u 1 public.t a=1 b=?"])
    }

    @Test func `an unchanged TOAST value is refused when unknown values are`() throws {
        var decoding = Decoding(toast: .fail)
        let table = TableName(namespace: "public", name: "t")
        let outcome = try decoding.take(Self.table, Wire.update(1, [.text("1"), .unchanged]))
        #expect(outcome == .toastUnknown(table, column: "b"))
        let other = try decoding.take(Wire.update(1, [.text("1"), .text("x")]))
        #expect(other == .done)
    }

    @Test(arguments: [PostgresOptions.ToastPolicy.unknown, .fail])
    func `an unchanged TOAST value is taken from the whole old row`(toast: PostgresOptions.ToastPolicy) throws {
        var decoding = Decoding(toast: toast)
        let outcome = try decoding.take(
            Self.whole, Wire.update(1, row: [.text("1"), .text("long")], [.text("2"), .unchanged]))
        let changes = decoding.changes()
        #expect(outcome == .done && changes == ["u 1 public.t a=2 b=long | a=1 b=long"])
    }

    @Test func `an old key is no place to take a TOAST value from`() throws {
        var decoding = Decoding(toast: .fail)
        let outcome = try decoding.take(
            Self.table, Wire.update(1, key: [.text("1"), .null], [.text("2"), .unchanged]))
        #expect(outcome != .done)
    }

    @Test func `a truncate counts every table and records those that are meant`() throws {
        var decoding = Decoding(
            selection: TableSelection(exclude: [TableSelection.Pattern("public.no")].compactMap(\.self)))
        let column = [Wire.Column(name: "x")]
        try decoding.take(
            Wire.relation(1, "t", column), Wire.relation(2, "no", column), Wire.relation(3, "u", column),
            Wire.truncate([1, 2, 3]), Wire.insert(2, [.null]), Wire.insert(1, [.null]))
        let changes = decoding.changes()
        #expect(changes == ["t 1 public.t x=?", "t 3 public.u x=?", "c 5 public.t x=-"])
    }

    @Test func `ordinals begin again with each transaction`() throws {
        var decoding = Decoding()
        try decoding.take(Self.table, Wire.insert(1, [.text("1"), .null]), Wire.insert(1, [.text("2"), .null]))
        decoding.decoder.beginTransaction()
        try decoding.take(Wire.insert(1, [.text("3"), .null]))
        let changes = decoding.changes()
        #expect(changes.map { $0.prefix(3) } == ["c 1", "c 2", "c 1"])
    }

    @Test func `logical messages stand in a table of their own, as text or as bytes`() throws {
        var decoding = Decoding()
        try decoding.take(
            Wire.message("app", Array("hé".utf8)), Wire.message("bin", [0xff, 0x00], isTransactional: false),
            Wire.message("", []))
        let changes = decoding.changes()
        #expect(
            changes == [
                "m 1 _messages prefix=app content=hé content_bytes=- transactional=t",
                "m 2 _messages prefix=bin content=- content_bytes=ff00 transactional=f",
                "m 3 _messages prefix= content= content_bytes=- transactional=t",
            ])
    }

    @Test func `a change of a table that was never described is a fault`() throws {
        for message in [
            Wire.insert(9, [.null]), Wire.update(9, [.null]), Wire.delete(9, key: [.null]), Wire.truncate([9]),
        ] {
            var decoding = Decoding()
            let fault = #expect(throws: WireFault.self) { try decode(message, &decoding) }
            #expect(fault?.kind == .malformed)
        }
    }

    @Test(arguments: [[Wire.Value](), [.null], [.null, .null, .null]])
    func `a row with another number of columns is a fault`(row: [Wire.Value]) throws {
        for message in [Wire.insert(1, row), Wire.update(1, row), Wire.delete(1, key: row), Wire.delete(1, row: row)] {
            var decoding = Decoding()
            try decoding.take(Self.table)
            #expect(throws: WireFault.self) { try decode(message, &decoding) }
        }
    }

    @Test func `unknown types are asked for once, then known or text`() throws {
        let relation = Wire.relation(
            1, "t", [Wire.Column(name: "a", oid: 70_001), Wire.Column(name: "b", oid: 70_002), Wire.Column(name: "c")])
        var decoding = Decoding()
        let first = try decoding.take(relation)
        #expect(first == .needsTypes([70_001, 70_002]))
        var types = decoding.decoder.types
        types.insert(PostgresType(oid: 70_001, name: "public.mood", kind: .enumeration))
        decoding.decoder.learn(types, asked: [70_001, 70_002])
        let second = try decoding.take(relation)
        #expect(second == .newShape(TableName(namespace: "public", name: "t")))
        try decoding.take(Wire.insert(1, [.text("sad"), .text("?"), .null]))
        let columnTypes = decoding.batch.schemas[0].columns.map(\.type)
        #expect(columnTypes == [.enumeration, .text, .text])
    }

    @Test func `a new shape in the middle of a batch stands beside the old one`() throws {
        var decoding = Decoding()
        try decoding.take(
            Self.table, Wire.insert(1, [.text("1"), .null]),
            Wire.relation(1, "t", [Wire.Column(isKey: true, name: "a", oid: 20)]), Wire.insert(1, [.text("2")]),
            Wire.relation(1, "renamed", [Wire.Column(isKey: true, name: "a", oid: 20)]), Wire.insert(1, [.text("3")]))
        let changes = decoding.changes()
        #expect(changes == ["c 1 public.t a=1 b=-", "c 2 public.t a=2", "c 3 public.renamed a=3"])
    }

    @Test func `a table finds its place in every batch`() throws {
        var decoding = Decoding()
        try decoding.take(Self.table, Wire.relation(2, "u", [Wire.Column(name: "x")]))
        try decoding.take(Wire.insert(1, [.text("1"), .null]), Wire.insert(2, [.null]))
        decoding.batch.removeAll()
        decoding.decoder.beginBatch()
        decoding.batch.begin(Transaction(position: Position(rawValue: 2)))
        try decoding.take(Wire.insert(2, [.null]), Wire.insert(1, [.text("1"), .null]))
        let changes = decoding.changes()
        #expect(changes == ["c 3 public.u x=-", "c 4 public.t a=1 b=-"])
    }

    @Test func `no message that ends early, and none with a changed byte, traps`() throws {
        let messages = [
            Self.table, Wire.insert(1, [.text("1"), .null]),
            Wire.update(1, key: [.text("1"), .null], [.text("2"), .unchanged]),
            Wire.update(1, row: [.text("1"), .null], [.text("2"), .text("x")]),
            Wire.delete(1, key: [.text("2"), .null]),
            Wire.truncate([1, 1]), Wire.message("app", [1, 2, 255]),
        ]
        for message in messages {
            for length in 0..<message.count {
                var decoding = Decoding()
                try decoding.take(Self.table)
                #expect(throws: WireFault.self) { try decode(Array(message.prefix(length)), &decoding) }
            }
            for index in message.indices {
                for byte: UInt8 in [0, 1, 0x7f, 0xff, message[index] ^ 1] {
                    var changed = message
                    changed[index] = byte
                    var decoding = Decoding()
                    try decoding.take(Self.table)
                    _ = try? decode(changed, &decoding)
                }
            }
        }
    }

    private func decode(_ message: [UInt8], _ decoding: inout Decoding) throws(WireFault) {
        try decoding.take(message)
    }
}
