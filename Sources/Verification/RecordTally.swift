// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import Changelog
internal import Compression
internal import Export
internal import Faults
internal import ParquetReading

/// What the records of one segment say of themselves, taken one by one.
struct RecordTally {
    private(set) var rows = 0
    private(set) var changes = OperationCounts()
    private(set) var first: SequenceKey?
    private(set) var last: SequenceKey?
    private(set) var textByteCount = 0

    private let pattern: RecordHead.Pattern

    private init(columnPrefix: String) {
        pattern = RecordHead.Pattern(columnPrefix: columnPrefix)
    }

    /// Takes all records of the segment at `path`; the first that breaks a rule is a fault.
    static func read(_ path: String, columnPrefix: String) throws(Fault) -> RecordTally {
        var tally = RecordTally(columnPrefix: columnPrefix)
        if path.hasSuffix(".\(RecordFormat.parquet.fileExtension)") {
            try tally.takeColumns(path, columnPrefix)
            return tally
        }
        var reader = try RecordReader(path: path)
        while try reader.advance() { try tally.take(reader.line) }
        tally.textByteCount = reader.textByteCount
        return tally
    }

    /// Takes all records of a Parquet segment: their heads, and the checksums of all else.
    private mutating func takeColumns(_ path: String, _ columnPrefix: String) throws(Fault) {
        var reader = try ParquetReader(path: path, depth: .heads)
        textByteCount = reader.summary.columns.reduce(0) { $0 + $1.uncompressedByteCount }
        guard reader.summary.columnPrefix == columnPrefix else {
            throw Fault(.exportBroken, "its own columns begin with \(reader.summary.columnPrefix)")
        }
        while try reader.advance() { try take(reader.key, reader.operation) }
    }

    private mutating func take(_ line: RawSpan) throws(Fault) {
        guard let head = RecordHead(line, pattern) else { throw broken("is not a record of this export") }
        guard line.isUTF8 else { throw broken("is not UTF-8") }
        try take(head.key, head.operation)
    }

    private mutating func take(_ key: SequenceKey, _ operation: Operation) throws(Fault) {
        if let last, key <= last { throw broken("does not come after the one before it") }
        rows += 1
        if first == nil { first = key }
        last = key
        changes[operation] += 1
    }

    private func broken(_ why: String) -> Fault {
        Fault(.exportBroken, "record \(rows + 1) \(why)")
    }
}
