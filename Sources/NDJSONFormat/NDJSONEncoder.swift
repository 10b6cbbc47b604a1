// SPDX-License-Identifier: Apache-2.0

public import Bytes
public import Changelog
public import Export
public import Faults

/// Changes as NDJSON: one flat JSON object a line, whose values are what the server's `row_to_json` prints
/// (`docs/format.md`, Records).
///
/// ```
/// {"_cdc_seq":"0001/…/…","_cdc_op":"u","_cdc_xid":731,"_cdc_commit_ts":"2026-…Z",
///  <every column>,"_cdc_unset":["note"],"_cdc_old":{"id":1}}
/// ```
///
/// The order is fixed. `_cdc_xid` and `_cdc_commit_ts` are there when the transaction has them; a column that the
/// source did not send is null and named in `_cdc_unset`; `_cdc_old` holds what was sent of the old row;
/// `_cdc_violations` names the rules of a contract that the record breaks.
public struct NDJSONEncoder: SegmentEncoder, ~Copyable {
    private struct Column {
        let form: ValueForm
        /// Where `,"name":` stands in ``NDJSONEncoder/texts``.
        let label: Range<Int>
    }

    private let columns: [Column]
    private let types: [ColumnType]
    /// For each column, how its values are printed when they have parts.
    private let nestedForms: [NestedForm?]
    private let labels: RecordLabels
    private let epoch: UInt16
    /// All labels of columns, one after the other.
    private var texts = ByteBuffer()
    private var transaction: Transaction?
    /// `{"_cdc_seq":"0001/0000000000000000/` of ``NDJSONEncoder/transaction``.
    private var head = ByteBuffer()
    /// `"`, number and time of ``NDJSONEncoder/transaction``.
    private var tail = ByteBuffer()
    /// The rules that the next change breaks.
    private var violations: [String] = []

    /// Begins a segment of one table.
    public init(schema: TableSchema, layout: RecordLayout) {
        var columns: [Column] = []
        for column in schema.columns {
            let start = texts.count
            texts.append(UInt8(ascii: ","))
            texts.append(contentsOf: label(column.name))
            columns.append(Column(form: ValueForm(column.type), label: start..<texts.count))
        }
        self.columns = columns
        types = schema.columns.map(\.type)
        nestedForms = schema.columns.map { ValueForm($0.type).isNested ? NestedForm($0.type) : nil }
        labels = RecordLabels(columnPrefix: layout.columnPrefix)
        epoch = layout.epoch
    }

    /// Appends one line.
    public mutating func encode(
        _ change: borrowing Change, of transaction: Transaction, ordinal: UInt64, into output: inout ByteBuffer
    ) throws(Fault) {
        guard change.columnCount == columns.count else {
            throw Fault(.bug, "a change has \(change.columnCount) values for \(columns.count) columns")
        }
        if self.transaction != transaction { begin(transaction) }
        output.append(head.bytes)
        output.appendHexadecimal(ordinal, digits: 16)
        output.append(contentsOf: labels.operation)
        output.append(change.operation.rawValue)
        output.append(tail.bytes)
        if try appendNew(change, to: &output) { appendUnset(change, to: &output) }
        if change.hasOldRow { try appendOld(change, to: &output) }
        if !violations.isEmpty { appendViolations(to: &output) }
        output.append("}\n")
    }

    /// Puts `_cdc_violations` into the line of the next change.
    public mutating func tagNext(_ violations: [String]) {
        self.violations = violations
    }

    private mutating func appendViolations(to output: inout ByteBuffer) {
        output.append(contentsOf: labels.violations)
        var separator = UInt8(ascii: "[")
        for rule in violations {
            output.append(separator)
            Array(rule.utf8).withRawSpan { output.appendJSON(string: $0) }
            separator = UInt8(ascii: ",")
        }
        output.append(UInt8(ascii: "]"))
        violations = []
    }

    /// Appends a line for each change.
    public mutating func encode(
        _ run: Range<Int>, of batch: borrowing ChangeBatch, in transaction: Transaction, ordinalBase: UInt64,
        into output: inout ByteBuffer, until byteCount: Int
    ) throws(Fault) -> Int {
        var index = run.lowerBound
        while index < run.upperBound, output.count < byteCount {
            let change = batch.change(at: index)
            try encode(change, of: transaction, ordinal: ordinalBase + change.ordinal, into: &output)
            index += 1
        }
        return index
    }

    /// Nothing stands at the end of a segment.
    public mutating func end(into output: inout ByteBuffer) throws(Fault) {}

    private mutating func begin(_ transaction: Transaction) {
        self.transaction = transaction
        head.removeAll()
        head.append(contentsOf: labels.sequence)
        head.appendHexadecimal(UInt64(epoch), digits: 4)
        head.append(UInt8(ascii: "/"))
        head.appendHexadecimal(transaction.position.rawValue, digits: 16)
        head.append(UInt8(ascii: "/"))
        tail.removeAll()
        tail.append(UInt8(ascii: "\""))
        if let identifier = transaction.identifier {
            tail.append(contentsOf: labels.transaction)
            tail.appendDecimal(identifier)
        }
        if let time = transaction.commitTime {
            tail.append(contentsOf: labels.commitTime)
            tail.append(UInt8(ascii: "\""))
            tail.append(time)
            tail.append(UInt8(ascii: "\""))
        }
    }

    /// Appends all columns of the new row, and says whether some are unset.
    private func appendNew(_ change: borrowing Change, to output: inout ByteBuffer) throws(Fault) -> Bool {
        var hasUnset = false
        for index in columns.indices {
            output.append(texts.bytes.extracting(columns[index].label))
            switch change.field(index) {
            case .null: output.append("null")
            case .unset:
                output.append("null")
                hasUnset = true
            case .value(let value): try append(value, ofColumn: index, to: &output)
            case .number(let number): append(number, ofColumn: index, to: &output)
            }
        }
        return hasUnset
    }

    private func appendUnset(_ change: borrowing Change, to output: inout ByteBuffer) {
        output.append(contentsOf: labels.unset)
        var separator = UInt8(ascii: "[")
        for index in columns.indices {
            guard case .unset = change.field(index) else { continue }
            output.append(separator)
            let label = columns[index].label
            output.append(texts.bytes.extracting(label.lowerBound + 1..<label.upperBound - 1))
            separator = UInt8(ascii: ",")
        }
        output.append(UInt8(ascii: "]"))
    }

    private func appendOld(_ change: borrowing Change, to output: inout ByteBuffer) throws(Fault) {
        output.append(contentsOf: labels.old)
        var separator = UInt8(ascii: "{")
        for index in columns.indices {
            let field = change.oldField(index)
            if case .unset = field { continue }
            output.append(separator)
            separator = UInt8(ascii: ",")
            output.append(texts.bytes.extracting(columns[index].label.dropFirst()))
            switch field {
            case .value(let value): try append(value, ofColumn: index, to: &output)
            case .number(let number): append(number, ofColumn: index, to: &output)
            case .null, .unset: output.append("null")
            }
        }
        if separator == UInt8(ascii: "{") { output.append(separator) }
        output.append(UInt8(ascii: "}"))
    }

    @inline(never)
    private func append(_ number: Int64, ofColumn index: Int, to output: inout ByteBuffer) {
        var text = ByteBuffer(capacity: 32)
        text.append(number: number, as: types[index])
        output.appendJSON(text.bytes, as: columns[index].form)
    }

    @inline(__always)
    private func append(_ value: RawSpan, ofColumn index: Int, to output: inout ByteBuffer) throws(Fault) {
        let form = columns[index].form
        guard form.isNested else { return output.appendJSON(value, as: form) }
        guard let nested = nestedForms[index] else { throw Fault(.bug, "a nested column has no form") }
        do throws(WireFault) {
            try output.appendJSON(nested: value, as: nested)
        } catch {
            throw Fault(.bug, "a nested value cannot be read", detail: error.description)
        }
    }
}
