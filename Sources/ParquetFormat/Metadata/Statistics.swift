// SPDX-License-Identifier: Apache-2.0

package import Bytes

/// The least or greatest value of a chunk or page, in the plain encoding, maybe cut.
package struct Bound: Hashable, Sendable {
    /// The bytes.
    package var bytes: [UInt8]
    /// Whether a value is just this, and not only on the right side of it.
    package var isExact: Bool
}

/// What a chunk or page says of its values (parquet.thrift, `Statistics`).
package struct Statistics: Hashable, Sendable {
    /// How many entries are no value.
    package var nullCount: Int64
    /// No value is less.
    package var least: Bound?
    /// No value is greater.
    package var greatest: Bound?

    func write(to writer: inout ThriftWriter) {
        writer.field(3, nullCount)
        if let greatest { writer.field(5, greatest.bytes) }
        if let least { writer.field(6, least.bytes) }
        if let greatest { writer.field(7, greatest.isExact) }
        if let least { writer.field(8, least.isExact) }
    }

    init(nullCount: Int64, least: Bound?, greatest: Bound?) {
        self.nullCount = nullCount
        self.least = least
        self.greatest = greatest
    }

    /// Reads the struct `Statistics` of the footer.
    package init(reading reader: inout ThriftReader) throws(WireFault) {
        var (nullCount, least, greatest): (Int64, [UInt8]?, [UInt8]?) = (0, nil, nil)
        var (isLeastExact, isGreatestExact) = (true, true)
        while let field = try reader.nextField() {
            switch field.id {
            case 3: nullCount = try reader.int64(field)
            case 5: greatest = try reader.bytes(field)
            case 6: least = try reader.bytes(field)
            case 7: isGreatestExact = try reader.bool(field)
            case 8: isLeastExact = try reader.bool(field)
            default: try reader.skip(field)
            }
        }
        self.init(
            nullCount: nullCount, least: least.map { Bound(bytes: $0, isExact: isLeastExact) },
            greatest: greatest.map { Bound(bytes: $0, isExact: isGreatestExact) })
    }
}
