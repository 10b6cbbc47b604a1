// SPDX-License-Identifier: Apache-2.0

internal import Bytes

/// What the indexes at the end of a file say of the pages of one chunk (parquet.thrift, `ColumnIndex` and
/// `OffsetIndex`).
struct PageIndex: Sendable {
    /// One page.
    struct Page: Sendable {
        let offset: Int64
        let byteCount: Int32
        let firstRow: Int64
        let isNull: Bool
        /// How many bytes its values have, without lengths; nil where they are all of one length.
        let valueByteCount: Int64?
        let statistics: Statistics
    }

    /// How the bounds of pages go on from page to page.
    enum Order: Int32 {
        case none = 0
        case ascending = 1
        case descending = 2
    }

    var pages: [Page] = []
    var order = Order.none

    /// Where the pages lie.
    func offsetIndex(into output: consuming ByteBuffer) -> ByteBuffer {
        var writer = ThriftWriter(output)
        writer.list(1, of: .structure, pages) { writer, page in
            writer.element {
                $0.field(1, page.offset)
                $0.field(2, page.byteCount)
                $0.field(3, page.firstRow)
            }
        }
        let sizes = pages.compactMap(\.valueByteCount)
        if sizes.count == pages.count, !sizes.isEmpty { writer.list(2, of: .int64, sizes) { $0.element($1) } }
        writer.end()
        return writer.output
    }

    /// Whether all pages that hold values have bounds; without them there is no index of bounds.
    var hasBounds: Bool {
        pages.allSatisfy { $0.isNull || $0.statistics.least != nil && $0.statistics.greatest != nil }
    }

    /// What the pages hold.
    func columnIndex(into output: consuming ByteBuffer) -> ByteBuffer {
        var writer = ThriftWriter(output)
        writer.list(1, of: .yes, pages) { $0.element($1.isNull) }
        writer.list(2, of: .binary, pages) { $0.element($1.statistics.least?.bytes ?? []) }
        writer.list(3, of: .binary, pages) { $0.element($1.statistics.greatest?.bytes ?? []) }
        writer.field(4, order.rawValue)
        writer.list(5, of: .int64, pages) { $0.element($1.statistics.nullCount) }
        writer.end()
        return writer.output
    }
}
