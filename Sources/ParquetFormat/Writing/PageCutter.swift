// SPDX-License-Identifier: Apache-2.0

/// What one page of a chunk holds.
struct PageExtent {
    /// Its entries.
    let entries: Range<Int>
    /// Its values.
    let values: Range<Int>
    /// The row that it begins with, in its row group.
    let firstRow: Int
}

/// Cuts a chunk into pages that begin where a row begins.
struct PageCutter {
    /// A page has at most so many rows,
    static let rowLimit = 20_000
    /// and, where it has several, about so many bytes of values.
    static let byteLimit = 1 << 20

    private var entry = 0
    private var value = 0
    private var row = 0

    /// The next page; nil after the last.
    mutating func next(_ builder: borrowing LeafBuilder) -> PageExtent? {
        guard entry < builder.entryCount else { return nil }
        let end: Int
        let rowCount: Int
        if builder.form.maxRepetition > 0 {
            (end, rowCount) = nestedEnd(builder)
        } else {
            rowCount = flatCount(builder)
            end = entry + rowCount
        }
        let valueCount = builder.definitions.countOf(builder.form.maxDefinition, in: entry..<end)
        defer {
            entry = end
            value += valueCount
            row += rowCount
        }
        return PageExtent(entries: entry..<end, values: value..<value + valueCount, firstRow: row)
    }

    private func byteCount(_ builder: borrowing LeafBuilder, _ values: Range<Int>) -> Int {
        guard let first = values.first, let last = values.last else { return 0 }
        return builder.range(ofValue: last).upperBound - builder.range(ofValue: first).lowerBound
    }

    /// How many rows of one entry each: all that a page may have, or fewer in proportion to their bytes.
    private func flatCount(_ builder: borrowing LeafBuilder) -> Int {
        var count = min(Self.rowLimit, builder.entryCount - entry)
        while count > 1 {
            let valueCount = builder.definitions.countOf(builder.form.maxDefinition, in: entry..<entry + count)
            let byteCount = byteCount(builder, value..<value + valueCount)
            guard byteCount > Self.byteLimit + Self.byteLimit / 4 else { break }
            count = max(1, min(count / 2, count * Self.byteLimit / byteCount))
        }
        return count
    }

    private func nestedEnd(_ builder: borrowing LeafBuilder) -> (end: Int, rowCount: Int) {
        var (end, rowCount, seen, begun) = (entry, 0, value, value)
        while end < builder.entryCount {
            if builder.repetitions[end] == 0 {
                let isFull = rowCount == Self.rowLimit || byteCount(builder, value..<begun) >= Self.byteLimit
                if isFull { break }
                rowCount += 1
            }
            if builder.definitions[end] == builder.form.maxDefinition { seen += 1 }
            begun = seen
            end += 1
        }
        return (end, rowCount)
    }
}
