// SPDX-License-Identifier: Apache-2.0

package import Bytes

/// What a chunk says of how much its values are when they are read (parquet.thrift, `SizeStatistics`): readers plan
/// their memory by it.
package struct SizeStatistics: Hashable, Sendable {
    /// How many bytes the values have, without lengths; nil where they are all of one length.
    package var valueByteCount: Int64?
    /// How many entries have each repetition level; empty where there is only one.
    package var repetitionCounts: [Int64] = []
    /// How many entries have each definition level; empty where the counts of values and nulls tell it.
    package var definitionCounts: [Int64] = []

    /// Says nothing.
    package init() {}

    /// Whether there is nothing to say.
    var isEmpty: Bool { valueByteCount == nil && repetitionCounts.isEmpty && definitionCounts.isEmpty }

    func write(to writer: inout ThriftWriter) {
        if let valueByteCount { writer.field(1, valueByteCount) }
        if !repetitionCounts.isEmpty { writer.list(2, of: .int64, repetitionCounts) { $0.element($1) } }
        if !definitionCounts.isEmpty { writer.list(3, of: .int64, definitionCounts) { $0.element($1) } }
    }

    /// Reads the struct of a footer.
    package init(reading reader: inout ThriftReader) throws(WireFault) {
        while let field = try reader.nextField() {
            switch field.id {
            case 1: valueByteCount = try reader.int64(field)
            case 2: repetitionCounts = try Self.counts(&reader, field)
            case 3: definitionCounts = try Self.counts(&reader, field)
            default: try reader.skip(field)
            }
        }
    }

    private static func counts(_ reader: inout ThriftReader, _ field: ThriftReader.Field) throws(WireFault) -> [Int64] {
        var counts: [Int64] = []
        for _ in 0..<(try reader.count(field, of: .int64)) { counts.append(try reader.int64()) }
        return counts
    }
}

extension LeafBuilder {
    /// What its entries come to.
    var sizes: SizeStatistics {
        var sizes = SizeStatistics()
        if form.type == .byteArray { sizes.valueByteCount = Int64(values.count) }
        let all = 0..<entryCount
        if form.maxRepetition > 0 {
            sizes.repetitionCounts = (0...form.maxRepetition).map { Int64(repetitions.countOf($0, in: all)) }
        }
        if form.maxDefinition > 1 {
            sizes.definitionCounts = (0...form.maxDefinition).map { Int64(definitions.countOf($0, in: all)) }
        }
        return sizes
    }
}
