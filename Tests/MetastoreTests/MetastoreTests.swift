// SPDX-License-Identifier: Apache-2.0

import Anchors
import Bytes
import Changelog
import Digests
import DurableFiles
import Faults
import Metastore
import TestSupport
import Testing

@Suite struct MetastoreTests {
    let folder: TemporaryFolder
    let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder("catalog.sqlite")
    }

    private func chain(_ count: Int) throws -> MemoryAnchorStore {
        let store = MemoryAnchorStore()
        for _ in 0..<count { _ = try store.append(.example(after: try store.latest())) }
        return store
    }

    @Test func `recorded anchors are found again, also by the next one that opens the catalog`() throws {
        let chain = try chain(3)
        let store = try Metastore(path: path)
        #expect(try store.lastRecorded() == nil)
        for number in 1...3 { try store.record(try #require(try chain.anchor(number))) }
        try store.close()
        let again = try Metastore(path: path)
        let latest = try #require(try chain.latest())
        let last = try #require(try again.lastRecorded())
        #expect(last.number == 3)
        #expect(last.digest == latest.digest)
        #expect(last.to == latest.anchor.to)
        #expect(last.publishedAt == latest.anchor.run.publishedAt)
        #expect(try again.recorded(1)?.kind == .snapshot)
        #expect(try again.recorded(4) == nil)
    }

    @Test func `the index becomes what the chain says`() throws {
        let store = try Metastore(path: path)
        try store.rebuild(from: try chain(5))
        #expect(try store.lastRecorded()?.number == 5)
        try store.rebuild(from: try chain(2))
        #expect(try store.lastRecorded()?.number == 2)
        #expect(try store.recorded(5) == nil)
        try store.rebuild(from: MemoryAnchorStore())
        #expect(try store.lastRecorded() == nil)
    }

    @Test func `the index knows the schemas of each table of the source, and where its records went last`() throws {
        func segment(_ table: String, _ schema: String, of origin: String? = nil) -> SegmentRecord {
            let key = SequenceKey(epoch: 1, position: Position(rawValue: 1), ordinal: 1)
            return SegmentRecord(
                table: table, path: "\(table)/data/x", rows: 1, bytes: 1, sha256: Digest(of: []), schema: schema,
                seqMin: key, seqMax: key, changes: OperationCounts(), origin: origin)
        }
        let chain = MemoryAnchorStore()
        _ = try chain.append(.example(segments: [segment("s.t", "A"), segment("s.u", "U")]))
        _ = try chain.append(.example(after: try chain.latest(), segments: [segment("s.t", "B"), segment("s.t", "A")]))
        _ = try chain.append(
            .example(
                after: try chain.latest(), segments: [segment("s.t__v2", "C2", of: "s.t")],
                notices: [
                    SourceNotice(code: "schema.changed", table: "s.t", message: "m", details: ["schema": .text("C")])
                ]))
        let store = try Metastore(path: path)
        #expect(try !store.hasShapes(upTo: 3))
        for number in 1...2 { try store.record(try #require(try chain.anchor(number))) }
        #expect(try store.shapes(of: "s.t") == TableShapes(newest: "A", folder: "A", schemas: ["B", "A"]))
        try store.record(try #require(try chain.anchor(3)))
        try store.close()
        let again = try Metastore(path: path)
        for _ in 0..<2 {
            #expect(try again.hasShapes(upTo: 3))
            #expect(try again.shapes(of: "s.t") == TableShapes(newest: "C", folder: "C2", schemas: ["C2"]))
            #expect(try again.shapes(of: "s.u") == TableShapes(newest: "U", folder: "U", schemas: ["U"]))
            #expect(try again.shapes(of: "s.v") == TableShapes(newest: nil, folder: nil, schemas: []))
            #expect(try again.origin(of: "s.t__v2") == "s.t" && again.origin(of: "s.u") == "s.u")
            #expect(try again.origin(of: "s.v") == nil)
            try again.rebuild(from: chain)
        }
    }

    @Test func `notes are kept, replaced and forgotten`() throws {
        let store = try Metastore(path: path)
        #expect(try store.note("health") == nil)
        try store.note("health", "good")
        try store.note("health", "ill")
        #expect(try store.note("health") == "ill")
        try store.note("health", nil)
        #expect(try store.note("health") == nil)
    }

    @Test func `runs are listed, the newest first`() throws {
        let store = try Metastore(path: path)
        for number in 1...3 { try store.beginRun("r\(number)", at: Timestamp(microseconds: Int64(number))) }
        try store.endRun("r2", at: Timestamp(microseconds: 9), outcome: "stopped")
        let runs = try store.runs()
        #expect(runs.map(\.id) == ["r3", "r2", "r1"])
        #expect(runs.map(\.outcome) == [nil, "stopped", nil])
        #expect(runs[1].ended == Timestamp(microseconds: 9))
        #expect(try store.runs(limit: 1).count == 1)
    }

    @Test(arguments: [
        Array("this is no database, but long enough to be taken for the header of one, and then some more".utf8),
        [], [0], [UInt8](repeating: 0xff, count: 5000), Array("SQLite format 3\0".utf8),
    ])
    func `a catalog that is garbage is made anew`(garbage: [UInt8]) throws {
        try folder.write(garbage, to: "catalog.sqlite")
        let store = try Metastore(path: path)
        #expect(try store.lastRecorded() == nil)
        try store.rebuild(from: try chain(1))
        #expect(try store.lastRecorded()?.number == 1)
    }

    @Test func `a catalog that lost a part of itself is made anew or still good`() throws {
        let store = try Metastore(path: path)
        try store.rebuild(from: try chain(50))
        for index in 0..<200 { try store.note("key \(index)", String(repeating: "x", count: 300)) }
        try store.close()
        let whole = try folder.read("catalog.sqlite")
        for start in stride(from: 0, to: whole.count, by: 4096) {
            var damaged = whole
            for index in start..<min(start + 1000, whole.count) { damaged[index] = 0xa5 }
            for cut in [damaged, Array(whole.prefix(start + 100))] {
                for suffix in ["-wal", "-shm"] { try Files.remove(path + suffix) }
                try folder.write(cut, to: "catalog.sqlite")
                let store = try Metastore(path: path)
                try store.rebuild(from: try chain(2))
                #expect(try store.lastRecorded()?.number == 2)
                try store.note("key", "value")
                try store.close()
            }
        }
    }

    @Test func `tables of another making are made anew`() throws {
        let other = try Metastore(path: path)
        try other.close()
        let bytes = try folder.read("catalog.sqlite")
        let text = "process_namespace"
        var damaged = bytes
        let place = try #require(bytes.firstRange(of: Array(text.utf8)))
        damaged.replaceSubrange(place, with: Array("process_somewhere".utf8))
        try folder.write(damaged, to: "catalog.sqlite")
        #expect(try Metastore(path: path).leaseHolder() == nil)
    }

    @Test(arguments: [Array("no database at all, but long enough to be looked at as one".utf8), []])
    func `reading a damaged catalog mends nothing`(content: [UInt8]) throws {
        try folder.write(content, to: "catalog.sqlite")
        #expect(faultCode { _ = try Metastore(reading: path) } != nil)
        #expect(try folder.read("catalog.sqlite") == content)
    }

    @Test func `reading makes no catalog, and sees what another has written`() throws {
        #expect(faultCode { _ = try Metastore(reading: path) } != nil)
        #expect(try !Files.exists(path))
        let writer = try Metastore(path: path)
        try writer.rebuild(from: try chain(3))
        let reader = try Metastore(reading: path)
        #expect(try reader.lastRecorded()?.number == 3)
        #expect(faultCode { try reader.note("key", "value") } != nil)
    }

    @Test func `a folder that is missing is a fault`() {
        #expect(faultCode { _ = try Metastore(path: folder("nowhere/catalog.sqlite")) } == .fileCreate)
    }
}
