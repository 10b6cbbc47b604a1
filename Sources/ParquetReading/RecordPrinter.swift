// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import Changelog
internal import DurableFiles
internal import Export
internal import Faults
internal import NDJSONFormat
internal import ParquetFormat

/// Prints whole records, as NDJSON would hold them.
struct RecordPrinter: Sendable {
    private let labels: RecordLabels
    /// `,"name":` of each column.
    private let columnLabels: [[UInt8]]
    private let shape: FileShape
    private let columns: [ColumnPrinter]
    private let raws: [RawPrinter]
    private let names: [String]

    init(_ file: ParquetFile) {
        labels = RecordLabels(columnPrefix: file.layout.columnPrefix)
        columnLabels = file.schema.columns.map { [UInt8(ascii: ",")] + ValuePrinter.label($0.name) }
        shape = file.shape
        columns = file.shape.columns.map { ColumnPrinter($0, file.shape) }
        raws = file.schema.columns.map { RawPrinter($0.type) }
        names = file.schema.columns.map(\.name)
    }

    /// Appends `{"_cdc_seq":"…","_cdc_op":"…"` and returns what it says.
    func appendHead(
        _ leaves: inout OwnedList<LeafCursor>, _ file: inout ReadableFile, to output: inout ByteBuffer
    ) throws(Fault) -> (SequenceKey, Changelog.Operation) {
        output.append(contentsOf: labels.sequence)
        let start = output.count
        try take(FileShape.Own.sequence, &leaves, &file, to: &output)
        let keyEnd = output.count
        output.append(contentsOf: labels.operation)
        try take(FileShape.Own.operation, &leaves, &file, to: &output)
        let letter = output.bytes[output.count - 1]
        guard let key = SequenceKey(output.bytes.extracting(start..<keyEnd).decodedString()),
            output.count == keyEnd + labels.operation.count + 1, let operation = Changelog.Operation(rawValue: letter)
        else { throw ParquetFile.broken("a record has no key or operation") }
        output.append(UInt8(ascii: "\""))
        return (key, operation)
    }

    /// Appends everything else.
    func appendRest(
        _ leaves: inout OwnedList<LeafCursor>, _ file: inout ReadableFile, to output: inout ByteBuffer
    ) throws(Fault) {
        try appendTransaction(&leaves, &file, to: &output)
        let raw = try takeRaw(&leaves, &file)
        for index in columns.indices {
            output.append(contentsOf: columnLabels[index])
            let start = output.count
            try columns[index].append(&leaves, &file, to: &output)
            guard let text = raw[names[index]] else { continue }
            output.truncate(to: start)
            do throws(WireFault) {
                try raws[index].append(text, to: &output)
            } catch {
                throw LeafCursor.damaged(error)
            }
        }
        try appendNames(shape.unset, labels.unset, &leaves, &file, to: &output)
        if leaves[shape.old].isValue {
            output.append(contentsOf: labels.old)
            leaves[shape.old].appendValue(to: &output)
        }
        try leaves[shape.old].advance(&file)
        if let leaf = shape.violations { try appendNames(leaf, labels.violations, &leaves, &file, to: &output) }
        output.append(UInt8(ascii: "}"))
    }

    /// Appends the value of a leaf that always has one, and goes to the next.
    private func take(
        _ leaf: Int, _ leaves: inout OwnedList<LeafCursor>, _ file: inout ReadableFile, to output: inout ByteBuffer
    ) throws(Fault) {
        guard !leaves[leaf].isAtEnd else { throw ParquetFile.broken("a column has fewer rows than its group") }
        leaves[leaf].appendValue(to: &output)
        try leaves[leaf].advance(&file)
    }

    private func appendTransaction(
        _ leaves: inout OwnedList<LeafCursor>, _ file: inout ReadableFile, to output: inout ByteBuffer
    ) throws(Fault) {
        for leaf in [FileShape.Own.transaction, FileShape.Own.commitTime] {
            let isValue = leaves[leaf].isValue && !leaves[leaf].isAtEnd
            var value = ByteBuffer(capacity: 64)
            try take(leaf, &leaves, &file, to: &value)
            guard isValue else { continue }
            guard value.count == 8 else { throw ParquetFile.broken("a number has another length") }
            let number = value.bytes.littleEndianWord(at: 0)
            if leaf == FileShape.Own.transaction {
                output.append(contentsOf: labels.transaction)
                output.appendDecimal(number)
            } else {
                output.append(contentsOf: labels.commitTime)
                output.append(UInt8(ascii: "\""))
                output.append(Timestamp(microseconds: Int64(bitPattern: number)))
                output.append(UInt8(ascii: "\""))
            }
        }
    }

    /// What `_cdc_raw` holds, by the name of the column.
    private func takeRaw(
        _ leaves: inout OwnedList<LeafCursor>, _ file: inout ReadableFile
    ) throws(Fault) -> [String: [UInt8]] {
        var raw: [String: [UInt8]] = [:]
        let (keys, values) = (shape.raw, shape.raw + 1)
        repeat {
            guard !leaves[keys].isAtEnd, !leaves[values].isAtEnd else {
                throw ParquetFile.broken("a column has fewer rows than its group")
            }
            if leaves[keys].isValue {
                var name = ByteBuffer()
                var text = ByteBuffer()
                leaves[keys].appendValue(to: &name)
                leaves[values].appendValue(to: &text)
                raw[name.bytes.decodedString()] = text.bytes.copiedBytes()
            }
            try leaves[keys].advance(&file)
            try leaves[values].advance(&file)
        } while !leaves[keys].isAtEnd && leaves[keys].repetition > 0
        return raw
    }

    /// Appends a list of names behind `label`, unless it is null.
    private func appendNames(
        _ leaf: Int, _ label: [UInt8], _ leaves: inout OwnedList<LeafCursor>, _ file: inout ReadableFile,
        to output: inout ByteBuffer
    ) throws(Fault) {
        var isFirst = true
        repeat {
            guard !leaves[leaf].isAtEnd else { throw ParquetFile.broken("a column has fewer rows than its group") }
            if leaves[leaf].isValue {
                if isFirst { output.append(contentsOf: label) }
                output.append(isFirst ? UInt8(ascii: "[") : UInt8(ascii: ","))
                isFirst = false
                var name = ByteBuffer()
                leaves[leaf].appendValue(to: &name)
                ValuePrinter.append(string: name.bytes, to: &output)
            }
            try leaves[leaf].advance(&file)
        } while !leaves[leaf].isAtEnd && leaves[leaf].repetition > 0
        if !isFirst { output.append(UInt8(ascii: "]")) }
    }
}
