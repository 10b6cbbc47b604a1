// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import Changelog
internal import Compression
internal import Faults

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
        var reader = try RecordReader(path: path)
        while try reader.advance() { try tally.take(reader.line) }
        tally.textByteCount = reader.textByteCount
        return tally
    }

    private mutating func take(_ line: RawSpan) throws(Fault) {
        rows += 1
        guard let head = RecordHead(line, pattern) else { throw broken("is not a record of this export") }
        guard line.isUTF8 else { throw broken("is not UTF-8") }
        if let last, head.key <= last { throw broken("does not come after the one before it") }
        if first == nil { first = head.key }
        last = head.key
        changes[head.operation] += 1
    }

    private func broken(_ why: String) -> Fault {
        Fault(.exportBroken, "record \(rows) \(why)")
    }
}
