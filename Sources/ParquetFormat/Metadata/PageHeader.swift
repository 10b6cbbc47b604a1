// SPDX-License-Identifier: Apache-2.0

package import Bytes

/// What stands before the bytes of a page (parquet.thrift, `PageHeader`).
package struct PageHeader: Hashable, Sendable {
    /// What a page holds.
    package enum Kind: Hashable, Sendable {
        /// Levels and values, `valueCount` with nulls.
        case data(valueCount: Int32, encoding: Encoding, statistics: Statistics?)
        /// The values of a dictionary.
        case dictionary(valueCount: Int32)
    }

    /// What it holds.
    package var kind: Kind
    /// How many bytes it has when they are not compressed.
    package var byteCount: Int32
    /// How many bytes follow the header.
    package var compressedByteCount: Int32
    /// The CRC-32 of the bytes that follow the header.
    package var checksum: UInt32?

    func write(to writer: inout ThriftWriter) {
        let isData = if case .data = kind { true } else { false }
        writer.field(1, Int32(isData ? 0 : 2))
        writer.field(2, byteCount)
        writer.field(3, compressedByteCount)
        if let checksum { writer.field(4, Int32(bitPattern: checksum)) }
        switch kind {
        case .data(let valueCount, let encoding, let statistics):
            writer.structure(5) {
                $0.field(1, valueCount)
                $0.field(2, encoding.rawValue)
                $0.field(3, Encoding.hybrid.rawValue)
                $0.field(4, Encoding.hybrid.rawValue)
                if let statistics { $0.structure(5) { statistics.write(to: &$0) } }
            }
        case .dictionary(let valueCount):
            writer.structure(7) {
                $0.field(1, valueCount)
                $0.field(2, Encoding.plain.rawValue)
            }
        }
        writer.end()
    }

    /// Reads one header from the beginning of `bytes`, and says how long it is.
    package static func read(_ bytes: RawSpan) throws(WireFault) -> (header: PageHeader, byteCount: Int) {
        var reader = ThriftReader(bytes)
        let header = try PageHeader(reading: &reader)
        return (header, reader.offset)
    }

    init(kind: Kind, byteCount: Int32, compressedByteCount: Int32, checksum: UInt32?) {
        self.kind = kind
        self.byteCount = byteCount
        self.compressedByteCount = compressedByteCount
        self.checksum = checksum
    }

    private init(reading reader: inout ThriftReader) throws(WireFault) {
        var (type, byteCount, compressed): (Int32?, Int32?, Int32?) = (nil, nil, nil)
        var (checksum, kind): (UInt32?, Kind?) = (nil, nil)
        while let field = try reader.nextField() {
            switch field.id {
            case 1: type = try reader.int32(field)
            case 2: byteCount = try reader.int32(field)
            case 3: compressed = try reader.int32(field)
            case 4: checksum = UInt32(bitPattern: try reader.int32(field))
            case 5, 7: kind = try Self.kind(&reader, field)
            default: try reader.skip(field)
            }
        }
        let isData = if case .data? = kind { true } else { false }
        guard let kind, let byteCount, let compressed, byteCount >= 0, compressed >= 0, type == (isData ? 0 : 2)
        else { throw WireFault(.malformed, at: reader.offset) }
        self.init(kind: kind, byteCount: byteCount, compressedByteCount: compressed, checksum: checksum)
    }

    private static func kind(
        _ reader: inout ThriftReader, _ field: ThriftReader.Field
    ) throws(WireFault) -> Kind {
        var (valueCount, encoding, statistics): (Int32?, Encoding?, Statistics?) = (nil, nil, nil)
        let outer = try reader.enter(field)
        while let inner = try reader.nextField() {
            switch inner.id {
            case 1: valueCount = try reader.int32(inner)
            case 2: encoding = Encoding(number: try reader.int32(inner))
            case 5 where field.id == 5:
                let around = try reader.enter(inner)
                statistics = try Statistics(reading: &reader)
                reader.leave(around)
            default: try reader.skip(inner)
            }
        }
        reader.leave(outer)
        guard let valueCount, valueCount >= 0, let encoding else { throw WireFault(.malformed, at: reader.offset) }
        guard field.id == 7 else {
            return .data(valueCount: valueCount, encoding: encoding, statistics: statistics)
        }
        // The values of a dictionary are plain, whichever of two names that has.
        guard encoding == .plain || encoding == .dictionary else { throw WireFault(.malformed, at: reader.offset) }
        return .dictionary(valueCount: valueCount)
    }
}
