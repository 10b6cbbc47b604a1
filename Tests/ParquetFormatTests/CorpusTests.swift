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
