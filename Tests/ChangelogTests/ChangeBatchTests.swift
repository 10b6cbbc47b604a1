// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import Testing

@Suite struct ChangeBatchTests {
    private let schema = TableSchema(
        table: TableName(namespace: "public", name: "t"),
        columns: ["a", "b", "c"].map { TableSchema.Column(name: $0, type: .text, sourceType: "text") }, key: ["a"])
    private let first = Transaction(position: Position(rawValue: 10), identifier: 1)
    private let second = Transaction(position: Position(rawValue: 20), identifier: 2)

    @Test func `a null, an unknown and an empty value are three different things`() {
        var batch = ChangeBatch(byteLimit: 1 << 16)
        batch.begin(first)
        append([nil, .unset, .text("")], to: &batch)
        #expect(fields(of: batch, at: 0) == ["null", "unset", "'"])
    }

    @Test func `old rows stand beside new ones`() {
        var batch = ChangeBatch(byteLimit: 1 << 16)
        batch.begin(first)
        append([.text("1"), .text("new"), nil], old: [.text("0"), .unset, nil], to: &batch)
        append([.text("2"), nil, nil], to: &batch)
        #expect(fields(of: batch, at: 0) == ["'1", "'new", "null"])
        #expect(oldFields(of: batch, at: 0) == ["'0", "unset", "null"])
        #expect(fields(of: batch, at: 1) == ["'2", "null", "null"])
        #expect(oldFields(of: batch, at: 1) == nil)
    }

    @Test func `changes know what they did, where, and in which place`() {
        var batch = ChangeBatch(byteLimit: 1 << 16)
        let other = TableSchema(table: TableName(namespace: nil, name: "u"), columns: [], key: [])
        batch.begin(first)
        append([nil, nil, nil], .delete, ordinal: 7, to: &batch)
        batch.beginChange(.truncate, schema: batch.index(of: other), ordinal: 8)
        batch.endChange()
        #expect(batch.schemas == [schema, other])
        #expect(batch.index(of: schema) == 0 && batch.index(of: other) == 1)
        let (left, right) = (batch.change(at: 0), batch.change(at: 1))
        #expect(left.operation == .delete && left.ordinal == 7 && left.schemaIndex == 0 && left.columnCount == 3)
        #expect(right.operation == .truncate && right.ordinal == 8 && right.schemaIndex == 1 && right.columnCount == 0)
    }

    @Test func `runs belong to transactions, which may span batches`() {
        var batch = ChangeBatch(byteLimit: 1 << 16)
        batch.begin(first)
        append([nil, nil, nil], to: &batch)
        append([nil, nil, nil], to: &batch)
        batch.end()
        batch.begin(second)
        append([nil, nil, nil], to: &batch)
        #expect(batch.slices.map(\.transaction) == [first, second])
        #expect(batch.slices.map(\.changes) == [0..<2, 2..<3])
        #expect(batch.slices.map(\.isComplete) == [true, false])
        batch.removeAll()
        batch.begin(second)
        batch.end()
        #expect(batch.slices.map(\.changes) == [0..<0])
        #expect(batch.slices.map(\.isComplete) == [true])
    }

    @Test func `a change that was taken back leaves nothing`() {
        var batch = ChangeBatch(byteLimit: 1 << 16)
        batch.begin(first)
        append([.text("kept"), nil, nil], to: &batch)
        let byteCount = batch.byteCount
        let index = batch.index(of: schema)
        batch.beginChange(.update, schema: index, ordinal: 2)
        batch.appendNull()
        append(.text("gone"), to: &batch)
        batch.abandonChange()
        #expect(batch.count == 1 && batch.byteCount == byteCount && batch.slices[0].changes == 0..<1)
        append([.text("next"), nil, .text("x")], to: &batch)
        #expect(fields(of: batch, at: 0) == ["'kept", "null", "null"])
        #expect(fields(of: batch, at: 1) == ["'next", "null", "'x"])
    }

    @Test func `a value whose writer fails is taken back`() {
        var batch = ChangeBatch(byteLimit: 1 << 16)
        batch.begin(first)
        batch.beginChange(.create, schema: batch.index(of: schema), ordinal: 1)
        #expect(throws: WireFault.self) {
            try batch.append { (buffer: inout ByteBuffer) throws(WireFault) in
                buffer.append("half a val")
                throw WireFault(.truncated, at: 3)
            }
        }
        batch.append(literal: "whole")
        batch.append { buffer in buffer.append("written") }
        batch.appendNull()
        batch.endChange()
        #expect(fields(of: batch, at: 0) == ["'whole", "'written", "null"])
    }

    @Test func `a batch is full when its values and their bookkeeping reach the limit`() {
        var batch = ChangeBatch(byteLimit: 4096)
        batch.begin(first)
        while !batch.isFull { append([.text("0123456789"), nil, nil], to: &batch) }
        #expect(batch.byteCount >= 4096 && batch.byteCount < 4096 + 400)
        #expect(batch.count > 4 && batch.count < 409)
    }

    @Test func `an emptied batch says nothing and keeps bounded room`() {
        var batch = ChangeBatch(byteLimit: 4096)
        batch.begin(first)
        append([.text(String(repeating: "x", count: 1 << 20)), nil, nil], to: &batch)
        batch.reached = Position(rawValue: 9)
        #expect(!batch.isEmpty && batch.isFull)
        batch.removeAll()
        #expect(batch.isEmpty && !batch.isFull && batch.count == 0 && batch.byteCount == 0 && batch.reached == nil)
        #expect(batch.schemas.isEmpty && batch.slices.isEmpty)
        batch.begin(second)
        append([.text("again"), nil, nil], to: &batch)
        #expect(fields(of: batch, at: 0) == ["'again", "null", "null"])
    }

    @Test func `a point reached is something to say`() {
        var batch = ChangeBatch(byteLimit: 4096)
        let before = batch.isEmpty
        batch.reached = .zero
        let after = batch.isEmpty
        #expect(before && !after)
    }

    // MARK: Filling and looking

    private enum Value {
        case text(String)
        case unset
    }

    private func append(
        _ values: [Value?], old: [Value?]? = nil, _ operation: Changelog.Operation = .create, ordinal: UInt64 = 1,
        to batch: inout ChangeBatch
    ) {
        batch.beginChange(operation, schema: batch.index(of: schema), ordinal: ordinal)
        for value in values { append(value, to: &batch) }
        if let old {
            batch.beginOldRow()
            for value in old { append(value, to: &batch) }
        }
        batch.endChange()
    }

    private func append(_ value: Value?, to batch: inout ChangeBatch) {
        switch value {
        case .text(let text): Array(text.utf8).withRawSpan { batch.append($0) }
        case .unset: batch.appendUnset()
        case nil: batch.appendNull()
        }
    }

    private func fields(of batch: borrowing ChangeBatch, at index: Int) -> [String] {
        let change = batch.change(at: index)
        return (0..<change.columnCount).map { describe(change.field($0)) }
    }

    private func oldFields(of batch: borrowing ChangeBatch, at index: Int) -> [String]? {
        let change = batch.change(at: index)
        return change.hasOldRow ? (0..<change.columnCount).map { describe(change.oldField($0)) } : nil
    }

    private func describe(_ field: Change.Field) -> String {
        switch field {
        case .null: "null"
        case .unset: "unset"
        case .value(let bytes): "'" + bytes.decodedString()
        case .number(let number): "#\(number)"
        }
    }
}
