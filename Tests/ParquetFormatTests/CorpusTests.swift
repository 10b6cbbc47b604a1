// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import Compression
import DurableFiles
import Export
import Faults
import NDJSONFormat
import ParquetFormat
import ParquetReading
import TestSupport
import Testing

@Suite("Every type through Parquet and back")
struct CorpusTests {
    @Test(
        "what the reader prints is what NDJSON holds", arguments: CorpusTable.all.map(\.name), ColumnarProfile.allCases)
    func sameRecords(table: String, profile: ColumnarProfile) throws {
        let table = try #require(CorpusTable.all.first { $0.name == table })
        let expected = try lines(try table.encoded(NDJSONEncoder.self, RecordLayout(epoch: 3)))
        for codec in PageCodec.allCases where table.rowCount < 1000 || codec == .zstd {
            let choice = ColumnarChoice(
                profile: profile, codec: codec, rowGroupByteCount: table.rowCount < 1000 ? 1 << 16 : 1 << 20,
                bloomFilters: .key, exportID: "e", version: "1.2.3")
            let file = try table.encoded(ParquetEncoder.self, RecordLayout(epoch: 3, columnar: choice))
            let found = try read(file)
            #expect(found.count == expected.count)
            for (index, line) in found.enumerated() where line != expected[index] {
                Issue.record(
                    "row \(index) with \(codec): \(line.prefix(20000)) is not \(expected[index].prefix(20000))")
                break
            }
        }
    }

    @Test(
        "numbers that are widened read back as they were", arguments: CorpusTable.all.map(\.name),
        ColumnarProfile.allCases)
    func widened(table: String, profile: ColumnarProfile) throws {
        let table = try #require(CorpusTable.all.first { $0.name == table })
        let choice = ColumnarChoice(profile: profile, widening: .eager, rowGroupByteCount: 1 << 18, bloomFilters: .key)
        let expected = try lines(try table.encoded(NDJSONEncoder.self, RecordLayout(epoch: 3)))
        #expect(
            try read(try table.encoded(ParquetEncoder.self, RecordLayout(epoch: 3, columnar: choice))) == expected)
    }

    @Test("files agree where types have one form, which widening gives to more of them")
    func forms() {
        let pairs: [(ColumnType, ColumnType, always: Bool, widened: Bool)] = [
            (.integer(bits: 16), .integer(bits: 64), false, true), (.float(bits: 32), .float(bits: 64), false, true),
            (.decimal(precision: 5, scale: 2), .decimal(precision: 30, scale: 2), false, true),
            (.decimal(precision: 5, scale: 2), .decimal(precision: 5, scale: 3), false, false),
            (.decimal(precision: 38, scale: 2), .decimal(precision: 39, scale: 2), false, false),
            (.text, .enumeration, true, true), (.text, .json, true, true), (.integer(bits: 64), .text, false, false),
            (.list(.integer(bits: 16)), .list(.integer(bits: 32)), false, true),
            (.timestamp, .timestampWithZone, false, false), (.date, .timestamp, false, false),
            (.record([.init(name: "a", type: .text)]), .record([]), true, true), (.map, .text, false, false),
        ]
        for (one, other, always, widened) in pairs {
            for (widening, agree) in [(ColumnarWidening.none, always), (.eager, widened)] {
                let choice = ColumnarChoice(widening: widening)
                #expect((ColumnForm(one, choice) == ColumnForm(other, choice)) == agree, "\(one) \(other) \(widening)")
            }
        }
    }

    @Test("footers say how much the values are, and how deep they lie", arguments: CorpusTable.all.map(\.name))
    func sizes(table: String) throws {
        let table = try #require(CorpusTable.all.first { $0.name == table })
        let choice = ColumnarChoice(rowGroupByteCount: 1 << 18)
        let bytes = try table.encoded(ParquetEncoder.self, RecordLayout(epoch: 3, columnar: choice))
        let length = (0..<4).reduce(0) { $0 | Int(bytes[bytes.count - 8 + $1]) << (8 * $1) }
        let metadata = try Array(bytes[(bytes.count - 8 - length)..<(bytes.count - 8)]).withRawSpan {
            (span: RawSpan) throws(WireFault) in try FileMetadata(span)
        }
        for group in metadata.rowGroups {
            for chunk in group.chunks {
                let sizes = chunk.sizes
                #expect((sizes.valueByteCount != nil) == (chunk.type == .byteArray), "\(chunk.path)")
                #expect(sizes.valueByteCount ?? 0 >= 0)
                let isNested = chunk.path.contains("list") || chunk.path.contains("key_value")
                #expect(sizes.repetitionCounts.isEmpty == !isNested, "\(chunk.path)")
                for counts in [sizes.repetitionCounts, sizes.definitionCounts] where !counts.isEmpty {
                    #expect(counts.reduce(0, +) == chunk.entryCount, "\(chunk.path)")
                }
                // Every row begins with an entry of the lowest level.
                if let first = sizes.repetitionCounts.first { #expect(first == group.rowCount, "\(chunk.path)") }
                if let values = sizes.definitionCounts.last {
                    #expect(values == chunk.entryCount - chunk.statistics.nullCount, "\(chunk.path)")
                }
            }
        }
        guard table.name == "none" || metadata.rowCount > 0 else { return }
        let keys = metadata.rowGroups.map(\.chunks[0].sizes.valueByteCount).reduce(0) { $0 + ($1 ?? 0) }
        #expect(keys == 38 * metadata.rowCount, "a key has 38 characters")
    }

    @Test("tagged records say so in both formats, and only there is a column")
    func violations() throws {
        let schema = TableSchema(
            table: TableName(namespace: "public", name: "t"),
            columns: [TableSchema.Column(name: "v", type: .text, sourceType: "text")], key: [])
        let layout = RecordLayout(epoch: 3, violations: .present)
        let tags: [[String]] = [[], ["v.maxLength"], [], ["v.pattern", "w \"x\""], []]
        let text = try Self.tagged(NDJSONEncoder.self, schema, layout, tags)
        let columns = try Self.tagged(ParquetEncoder.self, schema, layout, tags)
        let expected = try lines(text)
        #expect(try read(columns) == expected && expected.count == 5)
        #expect(expected[3].hasSuffix(#""v":"3","_cdc_violations":["v.pattern","w \"x\""]}"#))
        #expect(expected[2].hasSuffix(#""v":"2"}"#))
        let plain = try Self.tagged(ParquetEncoder.self, schema, RecordLayout(epoch: 3), Array(repeating: [], count: 5))
        #expect(try read(plain).allSatisfy { !$0.contains("violations") })
        #expect(!String(decoding: plain, as: UTF8.self).contains("_cdc_violations"))
    }

    private static func tagged<E: SegmentEncoder & ~Copyable>(
        _ type: E.Type, _ schema: TableSchema, _ layout: RecordLayout, _ tags: [[String]]
    ) throws -> [UInt8] {
        var encoder = E(schema: schema, layout: layout)
        var output = ByteBuffer()
        let transaction = Transaction(position: Position(rawValue: 7))
        var batch = ChangeBatch(byteLimit: 1 << 16)
        batch.begin(transaction)
        for (row, _) in tags.enumerated() {
            batch.beginChange(.create, schema: batch.index(of: schema), ordinal: UInt64(row + 1))
            Array("\(row)".utf8).withRawSpan { batch.append($0) }
            batch.endChange()
        }
        for (row, rules) in tags.enumerated() {
            if !rules.isEmpty { encoder.tagNext(rules) }
            let change = batch.change(at: row)
            try encoder.encode(change, of: transaction, ordinal: change.ordinal, into: &output)
        }
        try encoder.end(into: &output)
        return output.bytes.copiedBytes()
    }

    @Test("the encoder keeps the contract of encoders")
    func contract() throws {
        try checkEncoderContract(ParquetEncoder.self)
    }
}

func lines(_ bytes: [UInt8]) throws -> [String] {
    bytes.split(separator: 0x0a).map { String(decoding: $0, as: UTF8.self) }
}

/// Writes the bytes to a file and reads all records.
func read(_ bytes: [UInt8], depth: ParquetReadingDepth = .records) throws -> [String] {
    let folder = try TemporaryFolder()
    try folder.write(bytes, to: "segment.parquet")
    var reader = try ParquetReader(path: folder("segment.parquet"), depth: depth)
    var found: [String] = []
    while try reader.advance() { found.append(reader.line.decodedString()) }
    return found
}
