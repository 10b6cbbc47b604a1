// SPDX-License-Identifier: Apache-2.0

public import Bytes
internal import Export
public import Faults
internal import ParquetReading

/// Reads the records of one segment in order, as lines of NDJSON, whatever its format.
///
///     var reader = try SegmentReader(path: path)
///     while try reader.advance() { reader.appendLine(to: &buffer) }
public struct SegmentReader: ~Copyable {
    private var lines: RecordReader?
    private var columns: ParquetReader?

    /// Opens a segment; the end of `path` tells what it is.
    public init(path: String) throws(Fault) {
        if path.hasSuffix(".\(RecordFormat.parquet.fileExtension)") {
            columns = try ParquetReader(path: path)
        } else {
            lines = try RecordReader(path: path)
        }
    }

    /// Goes to the next record; false after the last. A segment that is damaged or ends inside a record is a fault.
    public mutating func advance() throws(Fault) -> Bool {
        if let isThere = try lines?.advance() { return isThere }
        return try columns?.advance() ?? false
    }

    /// Appends the record that the last ``advance()`` went to, without the line feed.
    public func appendLine(to output: inout ByteBuffer) {
        lines?.appendLine(to: &output)
        columns?.appendLine(to: &output)
    }
}

extension RecordReader {
    fileprivate func appendLine(to output: inout ByteBuffer) { output.append(line) }
}

extension ParquetReader {
    fileprivate func appendLine(to output: inout ByteBuffer) { output.append(line) }
}
