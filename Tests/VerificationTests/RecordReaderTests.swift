// SPDX-License-Identifier: Apache-2.0

import Anchors
import Bytes
import Changelog
import Compression
import Faults
import TestSupport
import Testing
import Verification

@Suite struct RecordReaderTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func lines(_ name: String) throws(Fault) -> [String] {
        var reader = try RecordReader(path: folder(name))
        var lines: [String] = []
        while try reader.advance() { lines.append(reader.line.decodedString()) }
        #expect(try !reader.advance())
        return lines
    }

    @Test(arguments: Codec.allCases)
    func `lines of every length come back from every codec`(codec: Codec) throws {
        let lengths = [0, 1, 7, 8, 9, 131_071, 131_072, 131_073, 5, 700_000, 3]
        let expected = lengths.enumerated().map { String(repeating: "\($0 % 10)", count: $1) }
        let text = expected.map { $0 + "\n" }.joined()
        let name = "x.ndjson." + codec.fileExtension
        try folder.write(try ExampleExport.compress(Array(text.utf8), codec), to: name)
        #expect(try lines(name) == expected)
    }

    @Test(arguments: Codec.allCases)
    func `an empty segment has no lines, and one that ends inside a line is damaged`(codec: Codec) throws {
        let name = "x.ndjson." + codec.fileExtension
        try folder.write(try ExampleExport.compress([], codec), to: name)
        #expect(try lines(name) == [])
        try folder.write(try ExampleExport.compress(Array("a\nb".utf8), codec), to: name)
        #expect(faultCode { _ = try lines(name) } == .exportBroken)
    }

    @Test(arguments: [Codec.zstd, .gzip])
    func `a segment that is cut anywhere is damaged`(codec: Codec) throws {
        let text = (0..<200).map { "{\"id\":\($0)}\n" }.joined()
        let bytes = try ExampleExport.compress(Array(text.utf8), codec)
        for count in 0..<bytes.count {
            try folder.write(Array(bytes.prefix(count)), to: "x." + codec.fileExtension)
            #expect(faultCode { _ = try lines("x." + codec.fileExtension) } == .exportBroken)
        }
    }

    @Test func `an inspection tells what a segment holds and who published it`() throws {
        let export = try ExampleExport.small()
        let path = try #require(try export.store.anchor(2)?.anchor.segments[0].path)
        let inspection = try SegmentInspection(path: export.folder.file(path))
        #expect(inspection.rows == 2)
        #expect(inspection.codec == .gzip)
        #expect(inspection.changes[.update] == 1)
        #expect(inspection.seqMin?.description == "0001/0000000000000150/0000000000000001")
        #expect(inspection.seqMax?.ordinal == 2)
        #expect(inspection.uncompressedBytes == 2 * ExampleRecord(position: 1).line.utf8.count)
        #expect(inspection.published?.anchor == 2)
        #expect(inspection.published?.table == "public.orders")
        #expect(inspection.published?.schema?.columns.map(\.name) == ["id"])
        #expect(inspection.published?.sha256 == inspection.sha256)
    }

    @Test func `a segment outside of an export is inspected alone`() throws {
        try folder.write(Array(ExampleRecord(position: 1).line.utf8), to: "x.ndjson")
        let inspection = try SegmentInspection(path: folder("x.ndjson"))
        #expect(inspection.rows == 1)
        #expect(inspection.published == nil)
        try folder.write([1, 10], to: "x.ndjson")
        #expect(faultCode { _ = try SegmentInspection(path: folder("x.ndjson")) } == .exportBroken)
        #expect(faultCode { _ = try SegmentInspection(path: folder("missing.ndjson")) } == .fileRead)
        #expect(faultCode { _ = try SegmentInspection(path: folder("x.txt")) } == .usage)
    }
}
