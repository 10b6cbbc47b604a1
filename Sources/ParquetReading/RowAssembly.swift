// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import Changelog
internal import DurableFiles
internal import Faults
internal import NDJSONFormat
internal import ParquetFormat

/// Prints one column of the table, row by row, as records hold it.
struct ColumnPrinter: Sendable {
    private let node: Node
    private let form: LeafForm
    private let printer: ValuePrinter
    private let elements: [ColumnPrinter]
    /// `"name":` for each field of a structure.
    private let labels: [[UInt8]]

    init(_ node: Node, _ shape: FileShape) {
        self.node = node
        form = shape.leaves[node.leaves.lowerBound]
        printer = ValuePrinter(node.type)
        labels = node.names.map { ValuePrinter.label($0) }
        elements =
            switch node.kind {
            case .list(let element): [ColumnPrinter(element, shape)]
            case .structure(let fields): fields.map { ColumnPrinter($0, shape) }
            case .leaf, .map, .interval: []
            }
    }

    /// Appends the JSON of the current entries and goes behind them.
    func append(
        _ leaves: inout OwnedList<LeafCursor>, _ file: inout ReadableFile, to output: inout ByteBuffer
    ) throws(Fault) {
        let first = node.leaves.lowerBound
        guard !leaves[first].isAtEnd else { throw ParquetFile.broken("a column has fewer rows than its group") }
        guard leaves[first].definition >= node.definition else {
            output.append("null")
            return try advance(&leaves, &file)
        }
        switch node.kind {
        case .leaf:
            try appendScalar(leaves[first], to: &output)
            try leaves[first].advance(&file)
        case .list: try appendList(&leaves, &file, to: &output)
        case .structure:
            for index in elements.indices {
                output.append(index == 0 ? UInt8(ascii: "{") : UInt8(ascii: ","))
                output.append(contentsOf: labels[index])
                try elements[index].append(&leaves, &file, to: &output)
            }
            output.append(UInt8(ascii: "}"))
        case .map: try appendMap(&leaves, &file, to: &output)
        case .interval: try appendInterval(&leaves, &file, to: &output)
        }
    }

    /// Goes to the next entry of every leaf.
    private func advance(_ leaves: inout OwnedList<LeafCursor>, _ file: inout ReadableFile) throws(Fault) {
        for leaf in node.leaves { try leaves[leaf].advance(&file) }
    }

    private func appendScalar(_ leaf: borrowing LeafCursor, to output: inout ByteBuffer) throws(Fault) {
        if form.intake == .recordJSON { return leaf.appendValue(to: &output) }
        var value = ByteBuffer(capacity: 64)
        leaf.appendValue(to: &value)
        var text = ByteBuffer(capacity: 64)
        do throws(WireFault) {
            try text.append(sourceTextOf: value.bytes, form)
            try printer.append(text.bytes, to: &output)
        } catch {
            throw LeafCursor.damaged(error)
        }
    }

    private func appendList(
        _ leaves: inout OwnedList<LeafCursor>, _ file: inout ReadableFile, to output: inout ByteBuffer
    ) throws(Fault) {
        output.append(UInt8(ascii: "["))
        let first = node.leaves.lowerBound
        if leaves[first].definition == node.definition {
            try advance(&leaves, &file)
        } else {
            try elements[0].append(&leaves, &file, to: &output)
            while !leaves[first].isAtEnd, leaves[first].repetition >= node.repetition {
                output.append(UInt8(ascii: ","))
                try elements[0].append(&leaves, &file, to: &output)
            }
        }
        output.append(UInt8(ascii: "]"))
    }

    private func appendMap(
        _ leaves: inout OwnedList<LeafCursor>, _ file: inout ReadableFile, to output: inout ByteBuffer
    ) throws(Fault) {
        let (key, value) = (node.leaves.lowerBound, node.leaves.lowerBound + 1)
        output.append(UInt8(ascii: "{"))
        if leaves[key].definition == node.definition {
            try advance(&leaves, &file)
        } else {
            var isFirst = true
            repeat {
                if !isFirst { output.append(UInt8(ascii: ",")) }
                isFirst = false
                Self.appendText(leaves[key], to: &output)
                output.append(UInt8(ascii: ":"))
                if leaves[value].isValue { Self.appendText(leaves[value], to: &output) } else { output.append("null") }
                try advance(&leaves, &file)
            } while !leaves[key].isAtEnd && leaves[key].repetition >= node.repetition
        }
        output.append(UInt8(ascii: "}"))
    }

    private static func appendText(_ leaf: borrowing LeafCursor, to output: inout ByteBuffer) {
        var text = ByteBuffer(capacity: 64)
        leaf.appendValue(to: &text)
        ValuePrinter.append(string: text.bytes, to: &output)
    }

    private func appendInterval(
        _ leaves: inout OwnedList<LeafCursor>, _ file: inout ReadableFile, to output: inout ByteBuffer
    ) throws(Fault) {
        var value = ByteBuffer(capacity: 64)
        for leaf in node.leaves { leaves[leaf].appendValue(to: &value) }
        try advance(&leaves, &file)
        guard value.count == 16 else { throw ParquetFile.broken("a span of time lacks a part") }
        var text = ByteBuffer(capacity: 64)
        let bytes = value.bytes
        text.append(
            IntervalParts(
                months: Int32(bitPattern: bytes.littleEndianHalfWord(at: 0)),
                days: Int32(bitPattern: bytes.littleEndianHalfWord(at: 4)),
                microseconds: Int64(bitPattern: bytes.littleEndianWord(at: 8))))
        ValuePrinter.append(string: text.bytes, to: &output)
    }
}
