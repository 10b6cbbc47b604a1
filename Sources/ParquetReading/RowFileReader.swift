// SPDX-License-Identifier: Apache-2.0

package import Bytes
internal import DurableFiles
package import Faults
internal import ParquetFormat

/// Reads the rows of a file of columns, of ours or of others', each as the JSON of some of its columns. Holds one page
/// of each column; what it cannot read is a fault ``Faults/Fault/Code/exportBroken``.
package struct RowFileReader: ~Copyable {
    /// One column that is read.
    private struct Column {
        let name: String
        let node: Node
        let printer: ColumnPrinter
    }

    private let metadata: FileMetadata
    private let shape: FileShape
    private let columns: [Column]
    private var file: ReadableFile
    private var leaves = OwnedList<LeafCursor>(count: 0) { _ in preconditionFailure("an empty list has no element") }
    private var group = 0
    private var rowsLeft: Int64 = 0
    private var text = ByteBuffer(capacity: 1 << 12)

    /// Opens the file to read the columns of these names, as far as it has them.
    package init(path: String, columns names: Set<String>) throws(Fault) {
        var file = try ReadableFile(path)
        let (metadata, shape, found) = try Self.parts(&file)
        columns = zip(found, shape.columns).filter { names.contains($0.0) }.map { name, node in
            Column(name: name, node: node, printer: ColumnPrinter(node, shape))
        }
        self.metadata = metadata
        self.shape = shape
        self.file = file
    }

    private static func parts(
        _ file: inout ReadableFile
    ) throws(Fault) -> (FileMetadata, FileShape, names: [String]) {
        let footer = try ParquetFile.footer(&file)
        let parts: (FileMetadata, FileShape, names: [String])
        do throws(WireFault) {
            let metadata = try FileMetadata(footer.bytes)
            let (shape, names) = try ForeignShape.shape(of: metadata.schema)
            parts = (metadata, shape, names)
        } catch {
            throw ParquetFile.broken("its columns cannot be read: \(error.description)")
        }
        for group in parts.0.rowGroups where group.chunks.map(\.path) != parts.1.paths {
            throw ParquetFile.broken("a group of rows lacks a column")
        }
        return parts
    }

    /// The columns of the next row that are not null; nil after the last.
    package mutating func next() throws(Fault) -> [String: JSON]? {
        while rowsLeft == 0 {
            guard group < metadata.rowGroups.count else { return nil }
            try beginGroup()
        }
        rowsLeft -= 1
        var row: [String: JSON] = [:]
        for column in columns {
            text.removeAll(keepingAtMost: 1 << 20)
            try column.printer.append(&leaves, &file, to: &text)
            guard let value = JSON(parsing: text.bytes.copiedBytes(), otherNumbers: .asText) else {
                throw ParquetFile.broken("a value of \(column.name) cannot be read")
            }
            if value != .null { row[column.name] = value }
        }
        return row
    }

    private mutating func beginGroup() throws(Fault) {
        let chunks = metadata.rowGroups[group].chunks
        rowsLeft = metadata.rowGroups[group].rowCount
        group += 1
        let shape = shape
        do throws(WireFault) {
            leaves = try OwnedList(count: chunks.count) { (leaf) throws(WireFault) in
                try LeafCursor(chunks[leaf], shape.leaves[leaf], .comparedWhereGiven)
            }
        } catch {
            throw LeafCursor.damaged(error)
        }
        for column in columns {
            for leaf in column.node.leaves { try leaves[leaf].advance(&file) }
        }
    }
}
