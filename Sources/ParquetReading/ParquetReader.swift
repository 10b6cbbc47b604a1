// SPDX-License-Identifier: Apache-2.0

internal import Bytes
public import Changelog
internal import DurableFiles
public import Faults
internal import NDJSONFormat
internal import ParquetFormat

/// How much of a file is read.
public enum ParquetReadingDepth: Sendable {
    /// Key and operation of every record; of the other columns the checksums only.
    case heads
    /// All of every record.
    case records
}

/// What becomes of the checksums of pages.
package enum ChecksumRule: Sendable {
    /// A page whose checksum is another is damaged.
    case compared
    /// The same, where a page has one.
    case comparedWhereGiven
    /// Pages are read whatever it is.
    case ignored
}

/// Reads the records of a Parquet segment in order. Holds one page of each column; whatever damages a file ends in a
/// fault ``Faults/Fault/Code/exportBroken``.
///
///     var reader = try ParquetReader(path: path)
///     while try reader.advance() { use(reader.line) }
public struct ParquetReader: ~Copyable {
    /// What the footer says.
    public let summary: ParquetSummary
    /// The columns of the table.
    public let schema: TableSchema
    private let depth: ParquetReadingDepth
    private let checksums: ChecksumRule
    private let parts: ParquetFile
    private let printer: RecordPrinter
    private var file: ReadableFile
    private var leaves = OwnedList<LeafCursor>(count: 0) { _ in preconditionFailure("an empty list has no element") }
    private var group = -1
    private var rowsLeft: Int64 = 0
    private var text = ByteBuffer(capacity: 1 << 12)
    /// The key of the current record.
    public private(set) var key = SequenceKey(epoch: 0, position: Position(rawValue: 0), ordinal: 0)
    /// What the current record did.
    public private(set) var operation = Operation.read

    /// Opens a segment and reads its footer.
    public init(path: String, depth: ParquetReadingDepth = .records) throws(Fault) {
        try self.init(path: path, depth: depth, checksums: .compared)
    }

    /// The same; whoever damages pages on purpose can have their checksums ignored.
    package init(path: String, depth: ParquetReadingDepth, checksums: ChecksumRule) throws(Fault) {
        var file = try ReadableFile(path)
        let parts: ParquetFile
        do throws(Fault) { parts = try ParquetFile(&file) } catch { throw error.adding("reading \(path)") }
        self.depth = depth
        self.checksums = checksums
        self.parts = parts
        self.file = file
        schema = parts.schema
        summary = ParquetSummary(parts)
        printer = RecordPrinter(parts)
    }

    /// Goes to the next record; false after the last.
    public mutating func advance() throws(Fault) -> Bool {
        do throws(Fault) {
            while rowsLeft == 0 {
                try endGroup()
                guard group < parts.metadata.rowGroups.count else { return false }
                try beginGroup()
            }
            rowsLeft -= 1
            try readRecord()
            return true
        } catch {
            throw error.adding("reading \(file.path)")
        }
    }

    /// The current record as a line of NDJSON, without the line feed; only the head when only heads are read.
    public var line: RawSpan {
        @_lifetime(borrow self)
        borrowing get { text.bytes }
    }

    private mutating func beginGroup() throws(Fault) {
        let chunks = parts.metadata.rowGroups[group].chunks
        rowsLeft = parts.metadata.rowGroups[group].rowCount
        let count = depth == .records ? chunks.count : 2
        let (shape, checksums) = (parts.shape, checksums)
        do throws(WireFault) {
            leaves = try OwnedList(count: count) { (leaf) throws(WireFault) in
                try LeafCursor(chunks[leaf], shape.leaves[leaf], checksums)
            }
        } catch {
            throw LeafCursor.damaged(error)
        }
        for leaf in 0..<count { try leaves[leaf].advance(&file) }
    }

    /// Every column must end where its group does; those that were not read are checked.
    private mutating func endGroup() throws(Fault) {
        defer { group += 1 }
        guard group >= 0 else { return }
        for leaf in 0..<leaves.count where !leaves[leaf].isAtEnd {
            throw ParquetFile.broken("a column has more rows than its group")
        }
        let chunks = parts.metadata.rowGroups[group].chunks
        for leaf in leaves.count..<chunks.count {
            try LeafCursor.check(chunks[leaf], parts.shape.leaves[leaf], &file)
        }
    }

    private mutating func readRecord() throws(Fault) {
        text.removeAll(keepingAtMost: 1 << 20)
        (key, operation) = try printer.appendHead(&leaves, &file, to: &text)
        if depth == .records { try printer.appendRest(&leaves, &file, to: &text) }
    }
}
