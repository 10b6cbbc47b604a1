// SPDX-License-Identifier: Apache-2.0

import Compression
import Export
import Faults
import ParquetFormat
import ParquetReading
import TestSupport
import Testing

@Suite("Damaged Parquet files")
struct DamageTests {
    private static func file(_ table: String, _ codec: PageCodec) throws -> [UInt8] {
        let table = try #require(CorpusTable.all.first { $0.name == table })
        let choice = ColumnarChoice(profile: .rich, codec: codec, rowGroupByteCount: 1 << 14, bloomFilters: .key)
        return try table.encoded(ParquetEncoder.self, RecordLayout(epoch: 1, columnar: choice))
    }

    /// Whatever the bytes are, reading ends in records or in the one fault.
    private func outcome(_ bytes: [UInt8]) throws -> [String]? {
        do {
            return try read(bytes)
        } catch let fault as Fault {
            #expect(fault.code == .exportBroken || fault.code == .exportFormat, "\(fault)")
            return nil
        }
    }

    @Test("no beginning of a file is a file")
    func truncations() throws {
        let bytes = try Self.file("bytes", .zstd)
        for end in 0..<bytes.count { #expect(try outcome(Array(bytes[..<end])) == nil) }
    }

    @Test("a changed byte is a fault, or changes no record", arguments: [PageCodec.zstd, .none])
    func changedBytes(codec: PageCodec) throws {
        let bytes = try Self.file("bytes", codec)
        let records = try read(bytes)
        var faults = 0
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= index.isMultiple(of: 2) ? 0x01 : 0x80
            guard let found = try outcome(changed) else {
                faults += 1
                continue
            }
            // Names, statistics and indexes are not what records are read from.
            #expect(found == records, "byte \(index)")
        }
        #expect(faults > bytes.count / 4)
    }

    @Test("a page whose checksum is not looked at ends in records or a fault, too", arguments: [PageCodec.zstd, .none])
    func uncheckedPages(codec: PageCodec) throws {
        let bytes = try Self.file("bytes", codec)
        let folder = try TemporaryFolder()
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 0xa5
            try folder.write(changed, to: "segment.parquet")
            do throws(Fault) {
                var reader = try ParquetReader(path: folder("segment.parquet"), depth: .records, checksums: .ignored)
                var rows = 0
                while rows < 1000, try reader.advance() { rows += 1 }
            } catch {
                #expect(error.code == .exportBroken || error.code == .exportFormat, "\(error)")
            }
        }
    }

    @Test("reading heads alone finds damage in every column")
    func heads() throws {
        let bytes = try Self.file("scalars", .none)
        let heads = try read(bytes, depth: .heads)
        #expect(heads.count == 240)
        var found = 0
        for index in stride(from: 4, to: bytes.count / 2, by: 97) {
            var changed = bytes
            changed[index] ^= 0x10
            if (try? read(changed, depth: .heads)) == nil { found += 1 }
        }
        #expect(found > 100)
    }
}
